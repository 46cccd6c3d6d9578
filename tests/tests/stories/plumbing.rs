//! The plumbing matters more than the test. Each story poisons what is compared in a way that destroys any test, however
//! good, and runs it through the real path: HTTP, recorder, scores, reconcilers, with a clock that moves when told.
//! Beside it stands the negative control: what the naive rule makes of the very same answers.
//!
//! `WEIR_PLUMBING_RUNS=20 cargo test -p weir-tests --test stories plumbing` runs each of them twenty times.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::{task::JoinSet, time::sleep};
use weir::app::Options;
use weir_core::{
    Timestamp,
    clock::ManualClock,
    entropy::{mix, unit},
};
use weir_stats::{
    eprocess::{Grid, log_e_promote},
    histogram::PairHistogram,
};

use crate::rig::{Rig, ask};

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

/// A weir on a clock of its own, with a canary of `sim/small` against `sim/large`.
pub(crate) struct Scene {
    pub(crate) rig: Rig,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) canary: String,
    asked: u64,
    seed: u64,
}

impl Scene {
    async fn new(seed: u64, steps: &[f64]) -> Self {
        Self::with(CONFIG, seed, steps).await
    }

    /// The same under another configuration.
    pub(crate) async fn with(config: &str, seed: u64, steps: &[f64]) -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp(1_800_000_000_000_000)));
        let rig = Rig::with(config, Options { clock: Some(clock.clone()), ..Options::default() }).await;
        let order = json!({
            "workload": "maths", "candidate": "sim/small", "steps": steps, "margin": MARGIN, "min_pairs": 10,
            "step_pairs": 5, "alpha_promote": 0.01, "score_timeout_ms": TIMEOUT.as_millis() as u64,
            "bake_ms": 0, "min_duration_ms": 0, "risk_budget": 1.0, "verify_pairs": 0,
        });
        let canary = rig.order("/canaries", order).await.expect(201).json()["id"].as_str().unwrap().to_owned();
        while rig.app.snapshots.load().workloads["maths"].canary.is_none() {
            sleep(Duration::from_millis(5)).await;
        }
        Self { rig, clock, canary, asked: 0, seed }
    }

    /// Sends `count` requests to `model`, in sessions of `turns` where that is more than one. What an answer is worth
    /// depends on who gave it: `quality(deployment)`; all turns of a session are worth the same.
    async fn send(&mut self, model: &str, count: u64, turns: u64, quality: fn(&str) -> f64) -> Vec<Answer> {
        let seed = self.seed;
        let body = |number: u64| ask(model, &format!("{seed}/{number}"));
        self.send_these(count, turns, body, move |answer| quality(&answer.deployment)).await
    }

    /// The same with requests of one's own, each made of its number; an answer's worth may depend on its segment too.
    pub(crate) async fn send_these(
        &mut self,
        count: u64,
        turns: u64,
        body: impl Fn(u64) -> Value,
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
        answers
    }

    /// Tells weir what these answers are worth.
    pub(crate) async fn grade<'a>(&self, answers: impl IntoIterator<Item = &'a Answer>) {
        let answers: Vec<&Answer> = answers.into_iter().collect();
        for crowd in answers.chunks(CROWD) {
            let mut tasks = JoinSet::new();
            for answer in crowd {
                let (caller, span, grade) = (self.rig.caller.clone(), answer.span.clone(), answer.grade);
                tasks.spawn(async move { caller.grade(&span, "quality", grade).await.expect(201) });
            }
            tasks.join_all().await;
        }
    }

    pub(crate) async fn view(&self) -> Value {
        self.rig.api(&format!("/canaries/{}", self.canary)).await
    }

    /// Lets `time` pass, and waits until the reconcilers have nothing more to say.
    pub(crate) async fn settle(&self, time: Duration) -> Value {
        self.clock.advance(time);
        let (start, mut last, mut since) = (Instant::now(), Value::Null, Instant::now());
        loop {
            let view = self.view().await;
            if view["evidence"] != last["evidence"] || view["state"] != last["state"] {
                (last, since) = (view, Instant::now());
            } else if since.elapsed() > Duration::from_millis(700) || start.elapsed() > Duration::from_secs(20) {
                return last;
            }
            sleep(Duration::from_millis(50)).await;
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

pub(crate) fn runs() -> std::ops::Range<u64> {
    let runs = std::env::var("WEIR_PLUMBING_RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(1);
    1..runs + 1
}

fn on_small(deployment: &str, small: f64, large: f64) -> f64 {
    if deployment == "sim/small" { small } else { large }
}

#[track_caller]
fn not_promoted(view: &Value) {
    assert_ne!(view["state"], json!("promoted"), "{view}");
}

/// The traffic that a canary may not see is harder: against all of it, a candidate that is 20 points worse looks better.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hard_traffic_elsewhere_makes_no_bad_candidate_look_good() {
    for seed in runs() {
        let mut scene = Scene::new(seed, &[0.5]).await;
        let hard = scene.send("sim/large", 200, 1, |_| 0.1).await;
        let easy = scene.send("weir/maths", 240, 1, |who| on_small(who, 0.75, 0.95)).await;
        scene.grade(hard.iter().chain(&easy)).await;
        let view = scene.settle(Duration::from_secs(10)).await;
        not_promoted(&view);
        assert!(view["evidence"]["delta"].as_f64().unwrap() < -0.05, "{view}");
        let windows = scene.rig.api("/workloads/maths/windows").await;
        let of = |who: &str| {
            let items = windows["items"].as_array().unwrap().iter();
            items.filter(|item| item["deployment"] == who).filter_map(|item| item["mean"].as_f64()).sum::<f64>()
        };
        assert!(of("sim/small") > of("sim/large"), "the control bites: {windows}");
        scene.rig.stop().await;
    }
}

/// Traffic becomes easier while the share grows: pooled over both, a candidate that is 20 points worse looks better.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn traffic_that_becomes_easier_while_the_share_grows_promotes_nobody() {
    for seed in runs() {
        let mut scene = Scene::new(seed, &[0.08, 0.5]).await;
        let hard = scene.send("weir/maths", 300, 1, |who| on_small(who, 0.3, 0.5)).await;
        scene.grade(&hard).await;
        scene.settle(Duration::from_secs(10)).await;
        let easy = scene.send("weir/maths", 240, 1, |who| on_small(who, 0.75, 0.95)).await;
        scene.grade(&easy).await;
        not_promoted(&scene.settle(Duration::from_secs(10)).await);
        let all = || hard.iter().chain(&easy);
        let candidate = mean(all().filter(|answer| answer.arm == "candidate").map(|answer| answer.grade));
        let rest = mean(all().filter(|answer| answer.arm != "candidate").map(|answer| answer.grade));
        if all().filter(|answer| answer.arm == "candidate").count() > 90 {
            assert!(candidate > rest - MARGIN, "the control bites: {candidate} against {rest}");
        }
        scene.rig.stop().await;
    }
}

/// Bad answers of the candidate take longer to grade: in order of arrival it has no bad ones.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_answers_that_are_graded_late_are_waited_for() {
    for seed in runs() {
        let mut scene = Scene::new(seed, &[0.5]).await;
        let answers = scene.send("weir/maths", 260, 1, |who| on_small(who, 0.65, 0.95)).await;
        let late = |answer: &&Answer| answer.arm == "candidate" && answer.grade == 0.0;
        let (late, early): (Vec<&Answer>, Vec<&Answer>) = answers.iter().partition(late);
        scene.grade(early.iter().copied()).await;
        let arrived: Vec<Answer> = early.into_iter().cloned().collect();
        not_promoted(&scene.settle(Duration::from_secs(20)).await);
        assert!(naive(&arrived) >= PROMOTES, "the control bites: {}", naive(&arrived));
        scene.grade(late).await;
        let view = scene.settle(Duration::from_secs(10)).await;
        not_promoted(&view);
        assert!(view["evidence"]["delta"].as_f64().unwrap() < -MARGIN, "{view}");
        scene.rig.stop().await;
    }
}

/// Bad answers of the candidate are never graded: of those that are, none is bad.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_that_nobody_grades_count_against_the_candidate() {
    for seed in runs() {
        let mut scene = Scene::new(seed, &[0.5]).await;
        let answers = scene.send("weir/maths", 260, 1, |who| on_small(who, 0.65, 0.95)).await;
        let graded: Vec<Answer> =
            answers.iter().filter(|answer| answer.arm != "candidate" || answer.grade > 0.0).cloned().collect();
        scene.grade(&graded).await;
        let view = scene.settle(TIMEOUT + Duration::from_secs(30)).await;
        not_promoted(&view);
        assert!(naive(&graded) >= PROMOTES, "the control bites: {}", naive(&graded));
        scene.rig.stop().await;
    }
}

/// A dozen conversations of each arm happen to go well. Counted by turns that is proof; it is a dozen pairs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_turns_of_one_conversation_are_one_piece_of_evidence() {
    for seed in runs() {
        let mut scene = Scene::new(seed, &[0.5]).await;
        let answers = scene.send("weir/maths", 400, 16, |_| 1.0).await;
        scene.grade(&answers).await;
        let view = scene.settle(Duration::from_mins(11)).await;
        not_promoted(&view);
        let pairs = view["evidence"]["pairs"].as_u64().unwrap();
        assert!((1..=25).contains(&pairs), "25 conversations in two arms: {view}");
        assert!(naive(&answers) >= PROMOTES, "the control bites: {}", naive(&answers));
        scene.rig.stop().await;
    }
}
