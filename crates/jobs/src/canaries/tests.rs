//! Whole canaries over stored rows: each arm's answers with their grades, then one look.

use tempfile::TempDir;
use weir_core::{
    Grade, NanoUsd,
    canary::{Baseline, CanaryState, HoldCause},
    clock::ManualClock,
    decision::{Arm, Decision, Exposure as Exposed},
    entropy::Seeded,
    route::Features,
    score::{Score, Source, Verdict},
    sink::SpanSink,
    span::Record,
};
use weir_optimizer::canary::{Ground, StartRequest};
use weir_store::{Options, Steps};

use super::*;
use crate::{
    bootstrap,
    testing::{START, record, settings},
};

struct Place {
    dir: TempDir,
    store: Store,
    clock: Arc<ManualClock>,
    canary: Canary,
    settings: Arc<ArcSwap<Settings>>,
}

impl Place {
    /// A canary of `sim/small` against `sim/large`, at its only step.
    async fn new() -> Self {
        Self::watched(None).await
    }

    /// The same with a watcher of its steps.
    async fn watched(steps: Option<Steps>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(START));
        let options = Options { steps, ..Options::default() };
        let store = Store::open_with(dir.path(), clock.clone(), &options).await.unwrap();
        let settings = settings("24h");
        bootstrap::policies(&store, &settings, &*clock).await.unwrap();
        let workload = &settings.workloads["maths"];
        let head = store.policy_head(&workload.id).await.unwrap().unwrap();
        let request = StartRequest {
            steps: Some(vec![0.5]),
            margin: Some(0.3),
            min_pairs: Some(20),
            step_pairs: Some(5),
            max_pairs: Some(1_000),
            bake_ms: Some(0),
            min_duration_ms: Some(0),
            risk_budget: Some(1.0),
            verify_pairs: Some(0),
            ..StartRequest::new(workload.id.clone(), "sim/small".into())
        };
        let entropy = Seeded::new(1);
        let ground = Ground { workload, head: &head, history: &[], baseline: Baseline::default(), kin: &[] };
        let (canary, event) = canary::start(&request, &ground, "test", &entropy, clock.now()).unwrap();
        store.canary_insert(&canary, &event).await.unwrap();
        Self { dir, store, clock, canary, settings: Arc::new(ArcSwap::from_pointee(settings)) }
    }

    fn reconciler(&self) -> Canaries {
        let spool = self.dir.path().join("spool");
        // What the one before it left was read back: no writer runs here to do it.
        drop(std::fs::remove_dir_all(&spool));
        let (recorder, _tail) = Recorder::open(&spool, 1 << 20).unwrap();
        Canaries::new(CanariesParts {
            store: self.store.clone(),
            live: Arc::default(),
            cell: Arc::default(),
            settings: Arc::clone(&self.settings),
            mirrors: Arc::default(),
            clock: self.clock.clone(),
            recorder,
        })
    }

    /// Stores `pairs` answers of each arm, graded alike within an arm, then lets the last seconds pass.
    async fn expose(&self, pairs: u32, candidate: f64, control: f64) {
        self.expose_from(0, START, "v1", pairs, candidate, control).await;
    }

    /// The same with spans numbered from `first`, assigned from `from` on, by this version of the scorer.
    async fn expose_from(&self, first: u32, from: Timestamp, version: &str, pairs: u32, candidate: f64, control: f64) {
        let rows: Vec<(Record, Score)> = (0..pairs * 2)
            .map(|number| {
                let (arm, grade) = if number % 2 == 0 { (Arm::Candidate, candidate) } else { (Arm::Control, control) };
                let (mut record, score) = self.row(first + number, arm, grade);
                record.span.started_at = from.plus(Duration::from_millis(1 + u64::from(number)));
                let at = record.span.started_at;
                (record, Score { version: version.into(), at, ..score })
            })
            .collect();
        let (records, scores): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
        let mut tx = self.store.begin_spans().await.unwrap();
        tx.span_insert_many(&records).await.unwrap();
        tx.commit().await.unwrap();
        self.store.score_insert_many(&scores).await.unwrap();
        self.clock.advance(Duration::from_secs(60));
    }

    fn row(&self, number: u32, arm: Arm, grade: f64) -> (Record, Score) {
        let mut record = record(number);
        let deployment = match arm {
            Arm::Candidate => "sim/small",
            Arm::Control => "sim/large",
        };
        record.span.started_at = START.plus(Duration::from_millis(1 + u64::from(number)));
        record.span.attempts[0].deployment = deployment.into();
        record.span.decision = Some(Arc::new(Decision {
            workload: "maths".into(),
            segment: "all".into(),
            strategy: "canary".into(),
            revision: "r-0001".into(),
            snapshot_seq: 1,
            score_seq: 0,
            candidates: Vec::new(),
            chain: vec![deployment.into()],
            propensity: 0.5,
            exposure: Some(Exposed { canary: self.canary.id.clone(), arm, unit: number.into() }),
            features: Features::default(),
            seed: 0,
            inputs: Default::default(),
            plan: Default::default(),
        }));
        let score = Score {
            span_id: record.span.id,
            workload: "maths".into(),
            segment: "all".into(),
            deployment: deployment.into(),
            scorer: self.canary.scorer.clone(),
            version: "v1".into(),
            verdict: Verdict::Scored { grade: Grade::new(grade).unwrap() },
            source: Source::Check,
            explanation: None,
            p_sample: 1.0,
            propensity: 0.5,
            cost: NanoUsd::ZERO,
            at: record.span.started_at,
        };
        (record, score)
    }

    async fn state(&self) -> CanaryState {
        self.store.canary_get(&self.canary.id).await.unwrap().unwrap().state
    }

    async fn admitted(&self) -> Vec<String> {
        let head = self.store.policy_head(&self.canary.workload).await.unwrap().unwrap();
        head.admitted.iter().map(ToString::to_string).collect()
    }
}

#[tokio::test]
async fn equal_arms_promote_and_the_candidate_leads_the_next_revision() {
    let place = Place::new().await;
    place.expose(200, 1.0, 1.0).await;
    place.reconciler().turn().await.unwrap();
    assert_eq!(place.state().await, CanaryState::Promoted);
    assert_eq!(place.admitted().await, ["sim/small", "sim/large"]);
}

#[tokio::test]
async fn a_worse_candidate_is_rolled_back_and_nothing_new_is_admitted() {
    let place = Place::new().await;
    place.expose(200, 0.0, 1.0).await;
    place.reconciler().turn().await.unwrap();
    assert_eq!(place.state().await, CanaryState::RolledBack);
    assert_eq!(place.admitted().await, ["sim/large"]);
}

#[tokio::test]
async fn a_record_that_waits_for_the_writer_holds_back_everything_assigned_after_it() {
    let place = Place::new().await;
    let (recorder, _tail) = Recorder::open(&place.dir.path().join("waits"), 1 << 20).unwrap();
    let mut reconciler = place.reconciler();
    reconciler.parts.recorder = Arc::clone(&recorder);
    assert_eq!(reconciler.complete_before(place.clock.now()), START);
    // Begun and ended between two looks, so that none ever saw it in flight.
    recorder.record(place.row(9_000, Arm::Candidate, 0.0).0);
    place.expose(200, 1.0, 1.0).await;
    for _ in 0..3 {
        place.clock.advance(Duration::from_secs(20));
        reconciler.turn().await.unwrap();
        assert_eq!(reconciler.complete_before(place.clock.now()), START);
    }
    assert_eq!(place.state().await, CanaryState::Running, "nobody knows yet what became of the first of them");
    recorder.settle(1);
    place.clock.advance(Duration::from_secs(20));
    reconciler.turn().await.unwrap();
    assert_eq!(place.state().await, CanaryState::Promoted);
}

#[tokio::test]
async fn two_reconcilers_at_once_move_a_canary_once() {
    let place = Place::new().await;
    place.expose(200, 1.0, 1.0).await;
    let (mut one, mut two) = (place.reconciler(), place.reconciler());
    let (first, second) = tokio::join!(one.turn(), two.turn());
    first.unwrap();
    second.unwrap();
    assert_eq!(place.store.policy_list(&place.canary.workload).await.unwrap().len(), 2);
    assert_eq!(place.state().await, CanaryState::Promoted);
}

#[tokio::test]
async fn a_canary_that_someone_else_moved_is_left_as_they_left_it() {
    let place = Place::new().await;
    place.expose(200, 1.0, 1.0).await;
    place.reconciler().turn().await.unwrap();
    let moved = place.store.canary_get(&place.canary.id).await.unwrap();
    // The reconciler still holds the canary as it was before the promotion.
    let complete = place.clock.now();
    let mut late = place.reconciler();
    late.look(&place.canary, place.clock.now(), complete).await.unwrap();
    assert_eq!(place.store.canary_get(&place.canary.id).await.unwrap(), moved);
    assert_eq!(place.store.policy_list(&place.canary.workload).await.unwrap().len(), 2);
}

#[tokio::test]
async fn nothing_moves_while_records_wait_on_disk() {
    let place = Place::new().await;
    place.expose(200, 1.0, 1.0).await;
    let mut reconciler = place.reconciler();
    reconciler.parts.recorder.set_behind(true);
    reconciler.turn().await.unwrap();
    assert_eq!(place.state().await, CanaryState::Running);
    reconciler.parts.recorder.set_behind(false);
    reconciler.turn().await.unwrap();
    assert_eq!(place.state().await, CanaryState::Promoted);
}

#[tokio::test]
async fn a_request_in_flight_holds_back_everything_assigned_after_it() {
    let place = Place::new().await;
    place.expose(200, 1.0, 1.0).await;
    let mut reconciler = place.reconciler();
    let slow = reconciler.parts.live.exposed().begin(START.plus(Duration::from_millis(5)));
    reconciler.turn().await.unwrap();
    assert_eq!(place.state().await, CanaryState::Running);
    drop(slow);
    place.clock.advance(Duration::from_secs(5));
    reconciler.turn().await.unwrap();
    assert_eq!(place.state().await, CanaryState::Promoted);
}

mod crash;
mod odd;

#[tokio::test]
async fn leave_is_renewed_while_the_controller_lives_and_a_lapse_holds() {
    let place = Place::new().await;
    let mut reconciler = place.reconciler();
    reconciler.turn().await.unwrap();
    let first = place.store.grant_list().await.unwrap();
    assert_eq!((first[0].version, first[0].share), (1, 0.5));
    place.clock.advance(Duration::from_secs(9));
    reconciler.turn().await.unwrap();
    assert_eq!(place.store.grant_list().await.unwrap(), first, "still fresh");
    place.clock.advance(Duration::from_secs(2));
    reconciler.turn().await.unwrap();
    assert!(place.store.grant_list().await.unwrap()[0].expires_at > first[0].expires_at);
    place.clock.advance(Duration::from_secs(31));
    reconciler.turn().await.unwrap();
    let held = place.store.canary_get(&place.canary.id).await.unwrap().unwrap();
    assert_eq!((held.state, held.held, held.ceiling()), (CanaryState::Held, Some(HoldCause::Lease), 0.0));
    place.clock.advance(Duration::from_mins(10));
    reconciler.turn().await.unwrap();
    let resumed = place.store.canary_get(&place.canary.id).await.unwrap().unwrap();
    assert_eq!((resumed.state, resumed.auto_resumes), (CanaryState::Running, 1));
}

#[tokio::test]
async fn a_candidate_that_leaves_the_configuration_ends_its_canary() {
    let place = Place::new().await;
    let mut settings = Settings::clone(&place.settings.load());
    settings.workloads["maths"].candidates.retain(|id| id.as_str() != "sim/small");
    place.settings.store(Arc::new(settings));
    place.reconciler().turn().await.unwrap();
    let over = place.store.canary_get(&place.canary.id).await.unwrap().unwrap();
    assert_eq!(over.state, CanaryState::Aborted);
    assert_eq!(over.reason, "sim/small or sim/large is no longer a candidate of maths");
}

#[tokio::test]
async fn a_freeze_stops_a_promotion_and_never_a_rollback() {
    for (candidate, frozen, thawed) in
        [(1.0, CanaryState::Running, CanaryState::Promoted), (0.0, CanaryState::RolledBack, CanaryState::RolledBack)]
    {
        let place = Place::new().await;
        let freeze = weir_store::Freeze { workload: None, actor: "ada".into(), reason: String::new(), at: START };
        place.store.freeze_put(&freeze).await.unwrap();
        place.expose(200, candidate, 1.0).await;
        let mut reconciler = place.reconciler();
        reconciler.turn().await.unwrap();
        assert_eq!(place.state().await, frozen);
        place.store.freeze_delete(None).await.unwrap();
        reconciler.turn().await.unwrap();
        assert_eq!(place.state().await, thawed);
    }
}

#[tokio::test]
async fn a_tripped_gate_is_a_rollback() {
    let place = Place::new().await;
    let mut reconciler = place.reconciler();
    let gate = reconciler.parts.live.gates().of(&place.canary.id);
    for _ in 0..3 {
        gate.sent(Arm::Candidate);
        gate.failed(Arm::Candidate);
    }
    reconciler.turn().await.unwrap();
    assert_eq!(place.state().await, CanaryState::RolledBack);
    assert!(!reconciler.parts.live.gates().of(&place.canary.id).is_open(1));
}
