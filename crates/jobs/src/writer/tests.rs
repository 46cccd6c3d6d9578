//! The writer turned by hand, so that nothing here waits for a clock.

use tempfile::TempDir;
use weir_store::{SpanFilter, Tx};

use super::*;
use crate::{
    prepare_queue,
    testing::{START, impatient_store, record, scoring, settings},
};
use weir_core::{clock::ManualClock, sink::SpanSink};

struct Place {
    dir: TempDir,
    store: Store,
}

impl Place {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = impatient_store(dir.path()).await;
        prepare_queue(&store).await.unwrap();
        Self { dir, store }
    }

    /// A process's recorder and writer over this place.
    fn start(&self, max_bytes: u64, queue: usize) -> (Arc<Recorder>, Writer) {
        let spool = self.dir.path().join("spool");
        let (recorder, tail) = Recorder::open_sized(&spool, max_bytes, queue).unwrap();
        let parts = WriterParts {
            store: self.store.clone(),
            scoring: Arc::new(ArcSwap::from_pointee(scoring(&settings("24h")))),
            rates: Arc::default(),
            turns: Arc::default(),
            clock: Arc::new(ManualClock::new(START)),
            mirrors: Arc::default(),
            recent: Arc::default(),
            bells: Bells::default(),
            tokens: Arc::default(),
            exporter: None,
        };
        (recorder, Writer::new(tail, parts))
    }

    /// Another program's write lock, until it commits: what is dropped is rolled back some time later.
    async fn lock(&self) -> Tx {
        let other = impatient_store(self.dir.path()).await;
        other.begin_spans().await.unwrap()
    }

    /// The answers stored, in order of commit.
    async fn stored(&self) -> Vec<i64> {
        let page = self.store.span_list(&SpanFilter::default(), None, 10_000).await.unwrap();
        let first = record(0).span.started_at.0;
        page.items.iter().rev().map(|row| row.started_at.0 - first).collect()
    }
}

async fn turn(writer: &mut Writer) {
    let mut group = Vec::new();
    writer.drain_into(&mut group);
    if !group.is_empty() {
        writer.write(&mut group).await;
    }
    writer.keep_house().await;
}

fn send(recorder: &Recorder, numbers: std::ops::Range<u32>) {
    numbers.for_each(|number| recorder.record(record(number)));
}

fn segments(place: &Place) -> usize {
    fs::read_dir(place.dir.path().join("spool")).unwrap().count()
}

#[tokio::test]
async fn records_become_spans_with_their_scoring_job() {
    let place = Place::new().await;
    let (recorder, mut writer) = place.start(1 << 30, 100);
    send(&recorder, 0..5);
    turn(&mut writer).await;
    assert_eq!(place.stored().await, [0, 1, 2, 3, 4]);
    assert_eq!(place.store.job_counts().await.unwrap().ready, 1, "one job for the group");
    assert!(writer.parts.recent.take(record(3).span.id).is_some());
    assert_eq!(place.store.payload_get(record(4).span.id).await.unwrap(), Some(record(4).payload));
    assert_eq!(place.store.span_get(record(4).span.id).await.unwrap(), Some(record(4).span));
}

#[tokio::test]
async fn what_the_store_refuses_waits_on_disk_and_comes_back_in_order_and_once() {
    let place = Place::new().await;
    let (recorder, mut writer) = place.start(1 << 30, 100);
    let lock = place.lock().await;
    send(&recorder, 0..3);
    turn(&mut writer).await;
    assert!(recorder.is_behind());
    send(&recorder, 3..5);
    turn(&mut writer).await;
    assert!(place.stored().await.is_empty());
    lock.commit().await.unwrap();
    send(&recorder, 5..7);
    turn(&mut writer).await;
    assert_eq!(place.stored().await, [0, 1, 2, 3, 4, 5, 6]);
    assert!(!recorder.is_behind());
    assert_eq!(segments(&place), 1, "only the active segment is left");
    send(&recorder, 7..8);
    turn(&mut writer).await;
    assert_eq!(place.stored().await.len(), 8);
    assert_eq!((recorder.taken(), recorder.settled()), (8, 8));
}

#[tokio::test]
async fn what_only_memory_has_counts_as_behind_until_it_is_stored() {
    let place = Place::new().await;
    let (recorder, mut writer) = place.start(1 << 30, 100);
    let lock = place.lock().await;
    send(&recorder, 0..2);
    let mut group = Vec::new();
    writer.drain_into(&mut group);
    group.iter_mut().for_each(|queued| queued.segment = None);
    writer.write(&mut group).await;
    writer.keep_house().await;
    assert!(recorder.is_behind());
    lock.commit().await.unwrap();
    writer.keep_house().await;
    assert_eq!((recorder.settled(), recorder.is_behind()), (2, false));
}

#[tokio::test]
async fn segments_of_a_killed_process_are_read_back_once() {
    let place = Place::new().await;
    let (recorder, mut writer) = place.start(1 << 30, 100);
    send(&recorder, 0..2);
    turn(&mut writer).await;
    send(&recorder, 2..4);
    drop((recorder, writer));
    let (recorder, mut writer) = place.start(1 << 30, 100);
    send(&recorder, 4..5);
    turn(&mut writer).await;
    let mut stored = place.stored().await;
    stored.sort_unstable();
    assert_eq!(stored, [0, 1, 2, 3, 4]);
    assert_eq!(segments(&place), 1);
}

#[tokio::test]
async fn two_processes_write_side_by_side_and_the_heir_takes_up_what_the_elder_leaves() {
    let place = Place::new().await;
    let (elder, mut elders) = place.start(1 << 30, 100);
    send(&elder, 0..2);
    let (heir, mut heirs) = place.start(1 << 30, 100);
    send(&heir, 2..4);
    turn(&mut heirs).await;
    assert_eq!(place.stored().await, [2, 3], "what the elder holds is the elder's");
    assert!(heir.is_behind(), "the elder may have more");
    turn(&mut elders).await;
    assert_eq!(place.stored().await, [2, 3, 0, 1]);
    send(&elder, 4..6);
    drop((elder, elders));
    turn(&mut heirs).await;
    assert_eq!(place.stored().await, [2, 3, 0, 1, 4, 5]);
    assert!(!heir.is_behind());
    assert_eq!(segments(&place), 1);
}

#[tokio::test]
async fn a_full_queue_falls_behind_and_is_read_back() {
    let place = Place::new().await;
    let (recorder, mut writer) = place.start(1 << 30, 4);
    send(&recorder, 0..10);
    assert!(recorder.is_behind());
    turn(&mut writer).await;
    assert_eq!(place.stored().await, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert_eq!((recorder.lost(), recorder.is_behind()), (0, false));
    assert_eq!((recorder.taken(), recorder.settled()), (10, 10));
}

#[tokio::test]
async fn a_spool_over_its_bound_drops_its_oldest_segment() {
    let place = Place::new().await;
    let frame = {
        let spool = tempfile::tempdir().unwrap();
        let (recorder, _tail) = Recorder::open(spool.path(), 1).unwrap();
        send(&recorder, 0..1);
        recorder.spool().used_bytes()
    };
    let (recorder, mut writer) = place.start(frame * 3 + frame / 2, 100);
    let lock = place.lock().await;
    for number in 0..5 {
        send(&recorder, number..number + 1);
        turn(&mut writer).await;
    }
    lock.commit().await.unwrap();
    turn(&mut writer).await;
    assert_eq!(place.stored().await, [2, 3, 4]);
}

#[tokio::test]
async fn a_stopped_writer_has_stored_everything_and_leaves_no_segment_to_read() {
    let place = Place::new().await;
    let (recorder, writer) = place.start(1 << 30, 100);
    send(&recorder, 0..20);
    let stop = CancellationToken::new();
    stop.cancel();
    writer.run(stop).await;
    assert_eq!(place.stored().await.len(), 20);
    assert_eq!(recorder.spool().used_bytes(), 0);
}

#[tokio::test]
async fn a_provider_that_answers_as_somebody_else_is_noted_once_and_one_that_never_repeats_itself_so_often() {
    let place = Place::new().await;
    let (recorder, mut writer) = place.start(1 << 30, 1_000);
    let named = |number: u32, model: &str| {
        let mut record = record(number);
        record.span.identity = Identity::new(Some(model), None);
        record
    };
    for (number, model) in [(0, "m-1"), (1, "m-1"), (2, "m-2"), (3, "m-1")] {
        recorder.record(named(number, model));
        turn(&mut writer).await;
    }
    let told = place.store.identity_since(0).await.unwrap();
    let models: Vec<_> = told.iter().map(|row| row.identity.model.as_deref().unwrap_or_default()).collect();
    assert_eq!(models, ["m-1", "m-2"]);
    for number in 10..210 {
        recorder.record(named(number, &format!("m-{number}")));
        if number % 10 == 9 {
            turn(&mut writer).await;
        }
    }
    let told = place.store.identity_since(0).await.unwrap().len();
    assert!((IDENTITIES_MAX..IDENTITIES_MAX + 10).contains(&told), "{told}");
}

/// The loop must not feed on itself: a judge's own answer is never judged, and what weir asks is marked.
#[tokio::test]
async fn judges_are_never_scored_and_probes_and_shadow_answers_are() {
    let place = Place::new().await;
    let (recorder, mut writer) = place.start(1 << 30, 100);
    for (number, origin) in [(1, Origin::Eval), (2, Origin::Probe), (3, Origin::Shadow), (4, Origin::Client)] {
        let mut record = record(number);
        record.span.origin = origin;
        recorder.record(record);
    }
    turn(&mut writer).await;
    let scored: Vec<u32> =
        (1..=4).filter(|&number| writer.parts.recent.take(record(number).span.id).is_some()).collect();
    assert_eq!(scored, [2, 3, 4]);
}
