//! `kill -9` at every numbered step of a promotion and of a rollback, and at moments of no number: real processes, killed
//! with traffic on them, and started again on what they left.
//!
//! `cargo xtask drill-kill --injections 1000` runs a thousand of them; here each step is ended at once.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use serde_json::json;
use tempfile::TempDir;
use tokio::{task::JoinSet, time::sleep};
use weir_core::{
    CanaryId, Clock, Grade, NanoUsd, SpanId, Timestamp,
    canary::CanaryState,
    clock::SystemClock,
    decision::Arm,
    entropy::{mix, unit},
    score::{Score, Source, Verdict},
};
use weir_optimizer::pairing::SETTLE;
use weir_store::{Grant, Store};

use crate::{
    process::Process,
    rig::{Caller, DEADLINE, Rig, eventually},
};

const CONFIG: &str = r#"
[server]
bind = "127.0.0.1:0"
data_dir = "data"
drain_ms = 2000
[workloads.maths]
candidates = ["sim/large", "sim/small"]
policy = ["filter", "canary"]
"#;
/// Requests before the drill; half of them in each arm at the last step.
const REQUESTS: usize = 120;
/// Requests at once.
const CROWD: usize = 32;
/// Processes at once.
const AT_ONCE: usize = 4;
/// Steps of a rollback: read, decided, withdrawn, and the five of a change.
const ROLLBACK_STEPS: u64 = 7;
/// Steps of an advance and of a promotion, with its revision.
const PROMOTION_STEPS: u64 = 13;
/// Requests after the end that nobody may be exposed by.
const AFTERWARDS: usize = 20;

/// What a drill starts from: a canary whose pairs are graded and which nobody has looked at since.
struct Scene {
    dir: TempDir,
    canary: CanaryId,
    /// The first step's share is not the last one's: two changes to a promotion.
    ends_as: CanaryState,
    spans: Vec<SpanId>,
}

impl Scene {
    async fn new(ends_as: CanaryState) -> Self {
        let rig = Rig::start(CONFIG).await;
        let promotes = ends_as == CanaryState::Promoted;
        let order = json!({
            "workload": "maths", "candidate": "sim/small", "steps": if promotes { vec![0.49, 0.5] } else { vec![0.5] },
            "margin": 0.3, "min_pairs": 20, "step_pairs": 5, "bake_ms": 0, "min_duration_ms": 0, "risk_budget": 1.0,
            "verify_pairs": 0,
        });
        let started = rig.order("/canaries", order).await.expect(201).json();
        eventually("the canary is exposed", async || {
            rig.app.snapshots.load().workloads["maths"].canary.as_ref().map(drop)
        })
        .await;
        let mut crowd = JoinSet::new();
        for number in 0..REQUESTS {
            let caller = rig.caller.clone();
            crowd.spawn(async move { span(&caller, number).await.unwrap() });
            if crowd.len() >= CROWD {
                crowd.join_next().await;
            }
        }
        crowd.join_all().await;
        let canary = CanaryId::from(started["id"].as_str().unwrap());
        let dir = rig.stop().await;
        let store = open(dir.path()).await;
        let rows = store.exposure_list(&canary, Timestamp(i64::MIN)).await.unwrap().rows;
        assert!(rows.len() > REQUESTS / 2, "{} exposures", rows.len());
        let score = |row: &weir_core::canary::Exposure| Score {
            span_id: row.span_id,
            workload: "maths".into(),
            segment: "all".into(),
            deployment: if row.arm == Arm::Candidate { "sim/small" } else { "sim/large" }.into(),
            scorer: "quality".into(),
            version: "by hand".into(),
            verdict: Verdict::Scored {
                grade: Grade::new(f64::from(u8::from(promotes || row.arm == Arm::Control))).unwrap(),
            },
            source: Source::Api,
            explanation: None,
            p_sample: 1.0,
            propensity: 0.5,
            cost: NanoUsd::ZERO,
            at: row.ended_at,
        };
        let scores: Vec<Score> = rows.iter().map(score).collect();
        store.score_insert_many(&scores).await.unwrap();
        // The drill is not about how long ago this was: leave that has not run out yet.
        let expires_at = SystemClock::default().now().plus(Duration::from_hours(1));
        let grant = Grant { canary: canary.clone(), version: 1, share: 0.49, expires_at };
        store.grant_put(&grant).await.unwrap();
        store.close().await;
        // The first look must see them all: a look at a few of them would rightly hold the canary before it rolls it back.
        let newest = rows.iter().map(|row| row.assigned_at.max(row.ended_at)).max().unwrap();
        eventually("every unit is old enough to be trusted", async || {
            (SystemClock::default().now() > newest.plus(SETTLE)).then_some(())
        })
        .await;
        Self { dir, canary, ends_as, spans: rows.iter().map(|row| row.span_id).collect() }
    }

    /// One injection: the process is killed where it stands still at a step, or after a time; which of the two it was.
    async fn injure(&self, at: Blow) -> &'static str {
        let dir = tempfile::tempdir().unwrap();
        copy(self.dir.path(), dir.path());
        let step = match at {
            Blow::Step(step) => step.to_string(),
            Blow::After(_) => String::new(),
        };
        let answered = Arc::new(std::sync::Mutex::new(Vec::new()));
        let (mut by, begin) = ("step", Instant::now());
        let doomed = Process::start_with(dir.path(), &[("WEIR_STAND_AT", &step)]);
        let mut crowd = JoinSet::new();
        for number in 0..2 {
            crowd.spawn(load(doomed.caller.clone(), number, Arc::clone(&answered)));
        }
        while !doomed.log().contains("a drill stands still") {
            let waited = begin.elapsed();
            if matches!(at, Blow::After(after) if waited >= after) || waited > DEADLINE {
                by = "time";
                break;
            }
            sleep(Duration::from_millis(5)).await;
        }
        doomed.kill();
        crowd.join_all().await;
        let heir = Process::start(dir.path());
        let path = format!("/canaries/{}", self.canary);
        // Not `eventually`: an async closure that borrows cannot be sent to another thread.
        let start = Instant::now();
        while heir.caller.api(&path).await["state"] != self.ends_as.name() {
            span(&heir.caller, 7).await;
            assert!(start.elapsed() < DEADLINE, "it does not end, {at:?}: {}", heir.log());
            sleep(Duration::from_millis(10)).await;
        }
        // The end is on record before the router reads of it: from the first request that is not exposed on, none is.
        let start = Instant::now();
        while self.exposes(&heir.caller).await {
            assert!(start.elapsed() < DEADLINE, "it exposes on and on, {at:?}: {}", heir.log());
        }
        for _ in 0..AFTERWARDS {
            assert!(!self.exposes(&heir.caller).await, "exposed after the end, {at:?}: {}", heir.log());
        }
        heir.kill();
        let answered = answered.lock().unwrap().clone();
        self.check(dir.path(), &answered, at).await;
        by
    }

    /// Whether a request is one of the canary's own now.
    async fn exposes(&self, caller: &Caller) -> bool {
        let span = span(caller, 8).await.unwrap().to_string();
        let trace = caller.trace(&span).await;
        trace["decision"]["exposure"]["canary"] == self.canary.as_str()
    }

    /// Nothing lost, nothing done twice.
    async fn check(&self, dir: &Path, answered: &[SpanId], at: Blow) {
        let process = Process::start(dir);
        for id in self.spans.iter().chain(answered) {
            process.caller.trace(&id.to_string()).await;
        }
        process.kill();
        let store = open(dir).await;
        assert_eq!(store.chain_check().await.unwrap().broken_at, None, "{at:?}");
        let events = store.canary_event_list(&self.canary).await.unwrap();
        let states: Vec<CanaryState> = events.iter().map(|event| event.state).collect();
        let wanted = match self.ends_as {
            CanaryState::Promoted => vec![CanaryState::Running, CanaryState::Running, CanaryState::Promoted],
            ends_as => vec![CanaryState::Running, ends_as],
        };
        let reasons: Vec<&str> = events.iter().map(|event| event.reason.as_str()).collect();
        assert_eq!(states, wanted, "{at:?}: {reasons:?}");
        let revisions = store.policy_list(&"maths".into()).await.unwrap().len();
        assert_eq!(revisions, 1 + usize::from(self.ends_as == CanaryState::Promoted), "{at:?}");
        let rows = store.exposure_list(&self.canary, Timestamp(i64::MIN)).await.unwrap().rows;
        let graded = rows.iter().filter(|row| row.grade.is_some()).count();
        assert_eq!(graded, self.spans.len(), "grades are lost, {at:?}");
        store.close().await;
    }
}

/// When a process is killed.
#[derive(Debug, Clone, Copy)]
enum Blow {
    /// At the step with this number.
    Step(u64),
    /// This long after it was started.
    After(Duration),
}

async fn open(dir: &Path) -> Store {
    Store::open(&dir.join("data"), Arc::new(SystemClock::default())).await.unwrap()
}

/// One request; its span when it was answered.
async fn span(caller: &Caller, number: usize) -> Option<SpanId> {
    let body = crate::rig::ask("weir/maths", &format!("{number}")).to_string();
    let reply = caller.send(reqwest::Method::POST, "/v1/chat/completions", &[], body).await.ok()?;
    (reply.status == 200).then(|| reply.span().parse().unwrap())
}

/// Asks until the process is gone.
async fn load(caller: Caller, number: usize, answered: Arc<std::sync::Mutex<Vec<SpanId>>>) {
    while let Some(span) = span(&caller, number).await {
        answered.lock().unwrap().push(span);
        sleep(Duration::from_millis(10)).await;
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Every step of both, and where there are more to do, seeded ones and blows from outside.
fn blows(injections: u64) -> Vec<(CanaryState, Blow)> {
    let each = |state, steps| (1..=steps).map(move |step| (state, Blow::Step(step)));
    let mut blows: Vec<_> = each(CanaryState::RolledBack, ROLLBACK_STEPS).collect();
    blows.extend(each(CanaryState::Promoted, PROMOTION_STEPS));
    for number in blows.len() as u64..injections {
        let draw = mix(number);
        let (state, steps) = if draw & 1 == 0 {
            (CanaryState::Promoted, PROMOTION_STEPS)
        } else {
            (CanaryState::RolledBack, ROLLBACK_STEPS)
        };
        let blow = match draw % 5 {
            0 => Blow::After(Duration::from_secs_f64(0.2 + 1.5 * unit(mix(draw)))),
            _ => Blow::Step(1 + mix(draw) % steps),
        };
        blows.push((state, blow));
    }
    blows
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
#[ignore = "long: cargo xtask stories"]
async fn killed_at_any_step_a_canary_ends_once_and_nothing_is_lost() {
    let injections = std::env::var("WEIR_DRILL_KILLS").ok().and_then(|count| count.parse().ok()).unwrap_or(0);
    let scenes = [Scene::new(CanaryState::Promoted).await, Scene::new(CanaryState::RolledBack).await];
    let scenes = Arc::new(scenes);
    let (blows, next) = (Arc::new(blows(injections)), Arc::new(AtomicUsize::new(0)));
    let mut crowd = JoinSet::new();
    for _ in 0..AT_ONCE {
        let (scenes, blows, next) = (Arc::clone(&scenes), Arc::clone(&blows), Arc::clone(&next));
        crowd.spawn(async move {
            let mut ended: BTreeMap<&str, usize> = BTreeMap::new();
            while let Some(&(ends_as, at)) = blows.get(next.fetch_add(1, Relaxed)) {
                let scene = scenes.iter().find(|scene| scene.ends_as == ends_as).unwrap();
                *ended.entry(scene.injure(at).await).or_default() += 1;
            }
            ended
        });
    }
    let mut ended: BTreeMap<&str, usize> = BTreeMap::new();
    for (by, count) in crowd.join_all().await.into_iter().flatten() {
        *ended.entry(by).or_default() += count;
    }
    println!("{} injections, killed by: {ended:?}", blows.len());
    let at_step = ended.get("step").copied().unwrap_or(0);
    let at_steps = blows.iter().filter(|(_, blow)| matches!(blow, Blow::Step(_))).count();
    assert_eq!(at_step, at_steps, "every numbered step was reached: {ended:?}");
}
