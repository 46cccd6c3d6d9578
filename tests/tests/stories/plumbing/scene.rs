//! A weir on a clock of its own with a canary, and answers whose worth the story decides.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::{
    task::JoinSet,
    time::{sleep, timeout},
};
use weir::app::Options;
use weir_core::{
    Clock, Timestamp,
    canary::CanaryState,
    clock::ManualClock,
    entropy::{mix, unit},
};
use weir_stats::{
    eprocess::{Grid, log_e_promote},
    histogram::PairHistogram,
};
use weir_store::Grant;

use crate::rig::{DEADLINE, Rig, ask};

pub(crate) const CONFIG: &str = r#"
[server]
bind = "127.0.0.1:0"
data_dir = "data"
drain_ms = 2000
scores_per_s = 100000
[workloads.maths]
candidates = ["sim/large", "sim/small"]
policy = ["filter", "canary"]
"#;
/// Largest acceptable loss.
pub(crate) const MARGIN: f64 = 0.1;
/// Log evidence that promotes at 1 %.
pub(crate) const PROMOTES: f64 = 4.605_170_185_988_092;
/// Requests at once.
const CROWD: usize = 64;
/// Of the clock, between two requests.
const PACE: Duration = Duration::from_millis(20);
/// How long exposure lasts after a look, and when a look renews it.
const LEASE: Duration = Duration::from_secs(30);
const RENEWED_AFTER: Duration = Duration::from_secs(10);
/// Of the clock, between two looks that are waited for.
const STRIDE: Duration = Duration::from_secs(25);
/// A held canary that has stayed so for this long, in real time, stays so.
const UNMOVED: Duration = Duration::from_secs(1);
/// A score later than this is missing.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(120);

/// One answer and what it is worth.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) span: String,
    /// `candidate` or `control`; empty for bystanders.
    pub(crate) arm: String,
    /// As the decision said.
    pub(crate) segment: String,
    pub(crate) deployment: String,
    pub(crate) grade: f64,
}

/// A weir on a clock of its own, with a canary against `sim/large`: of `sim/small` unless the story tries out another.
pub(crate) struct Scene {
    pub(crate) rig: Rig,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) canary: String,
    asked: u64,
    seed: u64,
}

impl Scene {
    pub(super) async fn new(seed: u64, steps: &[f64]) -> Self {
        Self::with(CONFIG, seed, steps).await
    }

    /// The same under another configuration.
    pub(crate) async fn with(config: &str, seed: u64, steps: &[f64]) -> Self {
        let mut scene = Self::idle(config, seed).await;
        scene.try_out("sim/small", steps).await;
        scene
    }

    /// Nobody is tried out yet.
    pub(super) async fn idle(config: &str, seed: u64) -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp(1_800_000_000_000_000)));
        let rig = Rig::with(config, Options { clock: Some(clock.clone()), ..Options::default() }).await;
        Self { rig, clock, canary: String::new(), asked: 0, seed }
    }

    /// Starts a canary and waits until callers are exposed to it.
    pub(super) async fn try_out(&mut self, candidate: &str, steps: &[f64]) {
        let order = json!({
            "workload": "maths", "candidate": candidate, "steps": steps, "margin": MARGIN, "min_pairs": 10,
            "step_pairs": 5, "alpha_promote": 0.01, "score_timeout_ms": TIMEOUT.as_millis() as u64,
            "bake_ms": 0, "min_duration_ms": 0, "risk_budget": 1.0, "verify_pairs": 0,
        });
        let canary = self.rig.order("/canaries", order).await.expect(201).json();
        canary["id"].as_str().unwrap().clone_into(&mut self.canary);
        while self.rig.app.snapshots.load().workloads["maths"].canary.is_none() {
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// Sends `count` requests to `model`, in sessions of `turns` where that is more than one. What an answer is worth
    /// depends on who gave it: `quality(deployment)`; all turns of a session are worth the same.
    pub(super) async fn send(&mut self, model: &str, count: u64, turns: u64, quality: fn(&str) -> f64) -> Vec<Answer> {
        let seed = self.seed;
        let body = |number: u64| ask(model, &format!("{seed}/{number}"));
        self.send_these(count, turns, body, move |answer| quality(&answer.deployment)).await
    }

    /// The same with requests of one's own, each made of its number; an answer's worth may depend on its segment too.
    pub(crate) async fn send_these(
        &mut self,
        count: u64,
        turns: u64,
        body: impl Fn(u64) -> Value + Send + Sync,
        quality: impl Fn(&Answer) -> f64 + Copy + Send + 'static,
    ) -> Vec<Answer> {
        let mut answers = Vec::new();
        let (first, last) = (self.asked, self.asked + count);
        self.asked = last;
        let numbers: Vec<u64> = (first..last).collect();
        for crowd in numbers.chunks(CROWD) {
            let mut tasks = JoinSet::new();
            for &number in crowd {
                self.clock.advance(PACE);
                let (caller, seed) = (self.rig.caller.clone(), self.seed);
                let (session, body) = (number / turns, body(number));
                tasks.spawn(async move {
                    let session_name = format!("s-{seed}-{session}");
                    let mut headers = vec![("x-weir-explain", "1"), ("x-weir-workload", "maths")];
                    if turns > 1 {
                        headers.push(("x-weir-session", session_name.as_str()));
                    }
                    let reply = caller.chat_with(&headers, body).await.expect(200);
                    let decision: Value = serde_json::from_str(reply.header("x-weir-decision")).unwrap();
                    let draw = unit(mix(seed ^ mix(session)));
                    let answer = Answer {
                        span: reply.span().to_owned(),
                        arm: decision["exposure"]["arm"].as_str().unwrap_or_default().to_owned(),
                        segment: decision["segment"].as_str().unwrap_or_default().to_owned(),
                        deployment: reply.deployment().to_owned(),
                        grade: 0.0,
                    };
                    Answer { grade: f64::from(u8::from(draw < quality(&answer))), ..answer }
                });
            }
            answers.extend(tasks.join_all().await);
        }
        self.recorded(&answers).await;
        answers
    }

    /// Waits until these are on record, however much the machine has to do: the clock stands still meanwhile, so a record
    /// that is late in real time is late for nobody who measures. It may take as long as something is recorded.
    async fn recorded(&self, answers: &[Answer]) {
        let store = &self.rig.app.store;
        let mut commits = store.span_changes();
        let everything = async {
            for answer in answers {
                let span = answer.span.parse().unwrap();
                loop {
                    commits.mark_unchanged();
                    if store.span_get(span).await.unwrap().is_some() {
                        break;
                    }
                    let recorded = timeout(DEADLINE, commits.changed()).await;
                    recorded.unwrap_or_else(|_| panic!("{span} is not recorded, nor is anything else")).unwrap();
                }
            }
        };
        timeout(DEADLINE * 5, everything).await.unwrap_or_else(|_| panic!("one of the answers is never recorded"));
    }

    /// Tells weir what these answers are worth.
    pub(crate) async fn grade<'a>(&self, answers: impl IntoIterator<Item = &'a Answer> + Send) {
        let answers: Vec<&Answer> = answers.into_iter().collect();
        for crowd in answers.chunks(CROWD) {
            let mut tasks = JoinSet::new();
            for answer in crowd {
                let (caller, span, grade) = (self.rig.caller.clone(), answer.span.clone(), answer.grade);
                tasks.spawn(async move {
                    let start = Instant::now();
                    loop {
                        let reply = caller.grade(&span, "quality", grade).await;
                        // A machine with much to do: nothing was written, and it is to be sent again.
                        if reply.status != 503 || start.elapsed() > DEADLINE {
                            return reply.expect(201);
                        }
                        sleep(Duration::from_millis(100)).await;
                    }
                });
            }
            tasks.join_all().await;
        }
    }

    pub(crate) async fn view(&self) -> Value {
        self.rig.api(&format!("/canaries/{}", self.canary)).await
    }

    /// Lets `time` pass and returns what the canary's reconciler has made of it. The clock goes in strides that a lease
    /// outlives, and after each of them the reconciler is waited for: a machine that is slow changes nothing.
    pub(crate) async fn settle(&self, time: Duration) -> Value {
        let mut left = time;
        while !left.is_zero() {
            let stride = left.min(STRIDE);
            self.clock.advance(stride);
            self.looked().await;
            left -= stride;
        }
        // A look that had begun before the clock moved may have renewed the lease. The next one has seen everything.
        self.clock.advance(RENEWED_AFTER);
        self.looked().await;
        self.view().await
    }

    /// Waits until the reconciler has renewed the canary's lease at the present time; where there is nothing to renew,
    /// until the canary has stayed as it is for a while.
    async fn looked(&self) {
        let (store, id) = (&self.rig.app.store, self.canary.as_str().into());
        let renewed = self.clock.now().plus(LEASE);
        let (mut version, mut since, start) = (0, Instant::now(), Instant::now());
        loop {
            let canary = store.canary_get(&id).await.unwrap().unwrap();
            let grants = store.grant_list().await.unwrap();
            let granted = |grant: &Grant| grant.canary == id && grant.version == canary.version;
            if canary.state.is_final() || grants.iter().any(|grant| granted(grant) && grant.expires_at >= renewed) {
                return;
            }
            if canary.version != version {
                (version, since) = (canary.version, Instant::now());
            }
            if canary.state == CanaryState::Held && since.elapsed() > UNMOVED {
                return;
            }
            assert!(start.elapsed() < DEADLINE, "nobody looks at {canary:?}");
            sleep(Duration::from_millis(20)).await;
        }
    }
}

/// The evidence of a test that compares the k-th answer of one arm with the k-th of the other, as they come.
pub(crate) fn naive(answers: &[Answer]) -> f64 {
    let of = |arm: &'static str| answers.iter().filter(move |answer| answer.arm == arm).map(|answer| answer.grade);
    let mut pairs = PairHistogram::default();
    of("candidate").zip(of("control")).for_each(|(candidate, control)| pairs.add(candidate, control));
    log_e_promote(&Grid::for_margin(MARGIN), &pairs, MARGIN)
}

pub(crate) fn mean(grades: impl Iterator<Item = f64>) -> f64 {
    let (count, sum) = grades.fold((0_u32, 0.0), |(count, sum), grade| (count + 1, sum + grade));
    sum / f64::from(count.max(1))
}
