//! Whole canaries over stored rows: each arm's answers with their grades, then one look.

use tempfile::TempDir;
use weir_core::{
    Grade, NanoUsd,
    canary::CanaryState,
    clock::ManualClock,
    decision::{Arm, Decision, Exposure as Exposed},
    entropy::Seeded,
    route::Features,
    score::{Score, Source, Verdict},
    span::Record,
};
use weir_optimizer::canary::StartRequest;

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
}

impl Place {
    /// A canary of `sim/small` against `sim/large`, at its only step.
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(START));
        let store = Store::open(dir.path(), clock.clone()).await.unwrap();
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
            ..StartRequest::new(workload.id.clone(), "sim/small".into())
        };
        let entropy = Seeded::new(1);
        let (canary, event) = canary::start(&request, workload, &head, "test", &entropy, clock.now()).unwrap();
        store.canary_insert(&canary, &event).await.unwrap();
        Self { dir, store, clock, canary }
    }

    fn reconciler(&self) -> Canaries {
        let spool = self.dir.path().join("spool");
        let (recorder, _tail) = Recorder::open(&spool, 1 << 20).unwrap();
        Canaries::new(self.store.clone(), Arc::default(), self.clock.clone(), recorder)
    }

    /// Stores `pairs` answers of each arm, graded alike within an arm, then lets the last seconds pass.
    async fn expose(&self, pairs: u32, candidate: f64, control: f64) {
        let rows: Vec<(Record, Score)> = (0..pairs * 2)
            .map(|number| match number % 2 {
                0 => self.row(number, Arm::Candidate, candidate),
                _ => self.row(number, Arm::Control, control),
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
    reconciler.recorder.set_behind(true);
    reconciler.turn().await.unwrap();
    assert_eq!(place.state().await, CanaryState::Running);
    reconciler.recorder.set_behind(false);
    reconciler.turn().await.unwrap();
    assert_eq!(place.state().await, CanaryState::Promoted);
}

#[tokio::test]
async fn a_request_in_flight_holds_back_everything_assigned_after_it() {
    let place = Place::new().await;
    place.expose(200, 1.0, 1.0).await;
    let mut reconciler = place.reconciler();
    let slow = reconciler.live.exposed().begin(START.plus(Duration::from_millis(5)));
    reconciler.turn().await.unwrap();
    assert_eq!(place.state().await, CanaryState::Running);
    drop(slow);
    place.clock.advance(Duration::from_secs(5));
    reconciler.turn().await.unwrap();
    assert_eq!(place.state().await, CanaryState::Promoted);
}
