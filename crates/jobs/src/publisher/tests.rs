//! Scores and reloads as the router sees them. Waits end with what is waited for; the deadline is for a defect.

use tempfile::TempDir;
use weir_core::{
    Grade, SpanId,
    clock::ManualClock,
    score::{Score, Source, Verdict},
};

use super::*;
use crate::{
    bootstrap,
    testing::{START, settings},
};

const DEADLINE: Duration = Duration::from_secs(20);

struct Running {
    _dir: TempDir,
    store: Store,
    settings: Arc<ArcSwap<Settings>>,
    reloads: watch::Sender<u64>,
    cell: Arc<SnapshotCell>,
    windows: watch::Receiver<Arc<Windows>>,
    stop: CancellationToken,
}

impl Running {
    async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::new(START));
        let store = Store::open(dir.path(), Arc::clone(&clock)).await.unwrap();
        let configured = settings("24h");
        bootstrap::policies(&store, &configured, &*clock).await.unwrap();
        let settings = Arc::new(ArcSwap::from_pointee(configured));
        let (sender, windows) = watch::channel(Arc::default());
        let (reloads, receiver) = watch::channel(0);
        let cell = Arc::new(SnapshotCell::default());
        let parts = PublisherParts {
            store: store.clone(),
            settings: Arc::clone(&settings),
            reloads: receiver,
            cell: Arc::clone(&cell),
            live: Arc::default(),
            tokens: Arc::default(),
            clock,
            windows: sender,
        };
        let stop = CancellationToken::new();
        let publisher = Publisher::start(parts).await.unwrap();
        tokio::spawn(publisher.run(stop.clone()));
        Self { _dir: dir, store, settings, reloads, cell, windows, stop }
    }

    async fn until(&mut self, done: impl FnMut(&Arc<Windows>) -> bool) -> Arc<Windows> {
        let waited = time::timeout(DEADLINE, self.windows.wait_for(done)).await;
        Arc::clone(&waited.unwrap().unwrap())
    }

    async fn score(&self, number: u32, grade: f64) {
        let score = Score {
            span_id: SpanId::from_bits(number.into()),
            workload: "maths".into(),
            segment: "all".into(),
            deployment: "sim/small".into(),
            scorer: "exact".into(),
            version: "v1".into(),
            verdict: Verdict::Scored { grade: Grade::new(grade).unwrap() },
            source: Source::Check,
            explanation: None,
            p_sample: 1.0,
            propensity: 1.0,
            cost: weir_core::NanoUsd::ZERO,
            at: START.plus(Duration::from_hours(u64::from(number))),
        };
        self.store.score_insert_many(&[score]).await.unwrap();
    }

    /// The published mean grade and count of `sim/small`.
    fn quality(&self) -> Option<(f64, u64)> {
        let snapshot = self.cell.load();
        let candidates = &snapshot.workloads.get("maths").unwrap().candidates;
        let small = candidates.iter().find(|view| view.deployment.id.as_str() == "sim/small");
        small.unwrap().quality.map(|quality| (quality.mean, quality.n))
    }
}

#[tokio::test]
async fn a_score_changes_the_snapshots_window_and_its_score_seq() {
    let mut running = Running::start().await;
    assert_eq!((running.cell.load().score_seq, running.quality()), (0, None));
    running.score(1, 1.0).await;
    running.until(|windows| windows.score_seq() == 1).await;
    assert_eq!(running.cell.load().score_seq, 1);
    let (mean, n) = running.quality().unwrap();
    assert!(mean > 0.5 && n == 1, "{mean} {n}");
    running.score(2, 0.0).await;
    running.until(|windows| windows.score_seq() == 2).await;
    let (lower, n) = running.quality().unwrap();
    assert!(lower < mean && n == 2, "{lower} {n}");
    running.stop.cancel();
}

#[tokio::test]
async fn a_reload_with_another_half_life_folds_the_log_again() {
    let mut running = Running::start().await;
    running.score(1, 1.0).await;
    running.score(20, 0.0).await;
    running.until(|windows| windows.score_seq() == 2).await;
    let (slow, _) = running.quality().unwrap();
    running.settings.store(Arc::new(settings("1h")));
    running.reloads.send(1).unwrap();
    let hour = |windows: &Arc<Windows>| {
        (windows.half_life_s(&"maths".into()) - 3_600.0).abs() < 1.0 && windows.score_seq() == 2
    };
    running.until(hour).await;
    let (quick, n) = running.quality().unwrap();
    assert!(quick < slow, "the old grade fades sooner: {quick} against {slow}");
    assert_eq!(n, 2);
    running.stop.cancel();
}

#[tokio::test]
async fn a_restart_publishes_what_the_log_says() {
    let mut running = Running::start().await;
    running.score(1, 1.0).await;
    running.until(|windows| windows.score_seq() == 1).await;
    let before = running.quality();
    let (sender, windows) = watch::channel(Arc::default());
    let (_reloads, receiver) = watch::channel(0);
    let again = Publisher::start(PublisherParts {
        store: running.store.clone(),
        settings: Arc::clone(&running.settings),
        reloads: receiver,
        cell: Arc::clone(&running.cell),
        live: Arc::default(),
        tokens: Arc::default(),
        clock: Arc::new(ManualClock::new(START)),
        windows: sender,
    });
    again.await.unwrap();
    assert_eq!(windows.borrow().score_seq(), 1);
    assert_eq!(running.quality(), before);
    running.stop.cancel();
}
