//! How soon a canary that is proven worse gets no more traffic: from the score that completes the proof, as it is sent, to
//! the last answer of the candidate that a caller of the canary got.
//!
//! Each trial is a workload of its own with one canary at half of the traffic. Its first answers are graded, the
//! candidate's as 0 and the control's as 1, but for the very first one: evidence is folded in the order of assignment, so
//! nothing is known before that one is graded, and all of it at once then. Steady traffic looks who serves. The figure
//! errs upwards, by the way of the score to the store, the model's latency and up to one interval.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};
use tokio::{
    sync::oneshot,
    task::JoinSet,
    time::{MissedTickBehavior, interval, sleep},
};

use super::quantile;
use crate::weir::{KEY, Weir};

const GOAL_P99: Duration = Duration::from_secs(1);
/// Answers graded before the proof is complete: several times what proves a loss of everything.
const GRADED: usize = 60;
/// Time in which whatever was graded would have been acted upon, were it acted upon early.
const EARLY: Duration = Duration::from_millis(1_500);
/// Traffic goes on this long after the decisive score.
const TAIL: Duration = Duration::from_secs(3);
/// Between two looks of the traffic.
const PACE: Duration = Duration::from_millis(10);
const LOOK: Duration = Duration::from_millis(20);
const START: Duration = Duration::from_secs(20);

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Measure the development build: what holds there holds in a release build too
    #[arg(long)]
    pub(super) dev: bool,
    /// Canaries that are proven worse
    #[arg(long, default_value_t = 30)]
    trials: u32,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// One answer of a canary's traffic.
struct Served {
    span: String,
    /// `candidate`, `control`, or empty once nobody is exposed.
    arm: String,
    /// When its headers came.
    at: Instant,
}

pub(super) async fn run(args: &Args, binary: &Path) -> anyhow::Result<()> {
    ensure!(args.trials > 0, "no trials measure nothing");
    let weir = Weir::start(binary, Some(&config(args.trials))).await?;
    let client = reqwest::Client::builder().no_proxy().tcp_nodelay(true).build()?;
    let mut found = Vec::new();
    for trial in 0..args.trials {
        let took = retreat(&weir, &client, &format!("w{trial}")).await;
        found.push(took.with_context(|| format!("trial {trial}"))?);
    }
    weir.stop().await?;
    found.sort_unstable();
    report(args, &found)
}

fn config(trials: u32) -> String {
    let head = "[server]\nbind = \"127.0.0.1:0\"\nscores_per_s = 100000\n[telemetry]\nlog = \"warn\"\n\
         [keys.bench]\nsecret = \"env:WEIR_KEY\"\ngrant = \"admin\"\n"
        .to_owned();
    (0..trials).fold(head, |text, trial| {
        text + &format!(
            "[workloads.w{trial}]\ncandidates = [\"sim/large\", \"sim/small\"]\npolicy = [\"filter\", \"canary\"]\n"
        )
    })
}

/// Starts a canary, proves it worse with one score, and says how long it went on.
async fn retreat(weir: &Weir, client: &reqwest::Client, workload: &str) -> anyhow::Result<Duration> {
    let order = json!({
        "workload": workload, "candidate": "sim/small", "steps": [0.5], "margin": 0.1, "min_pairs": 10,
        "step_pairs": 5, "bake_ms": 0, "min_duration_ms": 0, "risk_budget": 1.0, "verify_pairs": 0,
    });
    let canary = weir.post("/api/v1/canaries", &order).await?;
    let id = canary.get("id").and_then(Value::as_str).context("a canary without an id")?.to_owned();
    let url = format!("{}/v1/chat/completions", weir.url());
    let begun = Instant::now();
    let mut graded = Vec::new();
    while graded.len() < GRADED {
        let one = ask(client, &url, workload).await?;
        if one.arm.is_empty() {
            ensure!(begun.elapsed() < START, "nobody is exposed to {id}");
            sleep(LOOK).await;
        } else {
            graded.push(one);
        }
    }
    let (first, rest) = graded.split_first().context("nobody was exposed")?;
    for served in rest {
        weir.post("/api/v1/scores", &grade(served)).await?;
    }
    sleep(EARLY).await;
    ensure!(state(weir, &id).await? == "running", "it ended before its proof was complete");

    let (stop, stopped) = oneshot::channel::<()>();
    let traffic = tokio::spawn(traffic(client.clone(), url, workload.to_owned(), stopped));
    let decisive = Instant::now();
    weir.post("/api/v1/scores", &grade(first)).await?;
    sleep(TAIL).await;
    drop(stop);
    let served = traffic.await??;
    ensure!(state(weir, &id).await? == "rolled_back", "{id} was not rolled back");
    let after = served.iter().filter(|one| one.at > decisive).collect::<Vec<_>>();
    ensure!(after.iter().any(|one| one.arm.is_empty()), "callers are still exposed to {id}");
    let last = after.iter().filter(|one| one.arm == "candidate").map(|one| one.at - decisive).max();
    Ok(last.unwrap_or_default())
}

fn grade(served: &Served) -> Value {
    json!({"span_id": served.span, "name": "quality", "value": f64::from(u8::from(served.arm == "control"))})
}

async fn state(weir: &Weir, id: &str) -> anyhow::Result<String> {
    let canary = weir.get(&format!("/api/v1/canaries/{id}")).await?;
    Ok(canary.get("state").and_then(Value::as_str).unwrap_or_default().to_owned())
}

/// Steady requests until told to stop.
async fn traffic(
    client: reqwest::Client,
    url: String,
    workload: String,
    mut stopped: oneshot::Receiver<()>,
) -> anyhow::Result<Vec<Served>> {
    let mut ticks = interval(PACE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut tasks = JoinSet::new();
    loop {
        tokio::select! {
            _ = &mut stopped => break,
            _ = ticks.tick() => {
                let (client, url, workload) = (client.clone(), url.clone(), workload.clone());
                tasks.spawn(async move { ask(&client, &url, &workload).await });
            }
        }
    }
    let mut served = Vec::new();
    while let Some(one) = tasks.join_next().await {
        served.push(one??);
    }
    Ok(served)
}

async fn ask(client: &reqwest::Client, url: &str, workload: &str) -> anyhow::Result<Served> {
    let body = json!({"model": format!("weir/{workload}"), "messages": [{"role": "user", "content": "1 + 1?"}]});
    let response = client.post(url).bearer_auth(KEY).header("x-weir-explain", "1").json(&body).send().await?;
    let at = Instant::now();
    let header = |name: &str| {
        let value = response.headers().get(name).with_context(|| format!("no {name} in the reply"))?;
        anyhow::Ok(value.to_str()?.to_owned())
    };
    let decision: Value = serde_json::from_str(&header("x-weir-decision")?)?;
    let arm = decision.pointer("/exposure/arm").and_then(Value::as_str).unwrap_or_default().to_owned();
    let served = Served { span: header("x-weir-span-id")?, arm, at };
    let status = response.status();
    let text = response.text().await?;
    ensure!(status.is_success(), "{status}: {text}");
    Ok(served)
}

fn report(args: &Args, sorted: &[Duration]) -> anyhow::Result<()> {
    let ms = |share| quantile(sorted, share).map(|value| value.as_secs_f64() * 1e3);
    let (p50, p99, max) = (ms(0.5)?, ms(0.99)?, ms(1.0)?);
    let goal_ms = GOAL_P99.as_secs_f64() * 1e3;
    if args.json {
        println!(
            "{}",
            json!({"trials": sorted.len(), "p50_ms": p50, "p99_ms": p99, "max_ms": max, "goal_p99_ms": goal_ms})
        );
    } else {
        println!("decisive score → last answer of the candidate, {} canaries at half of the traffic", sorted.len());
        println!("p50 {p50:.0} ms   p99 {p99:.0} ms   max {max:.0} ms   goal: p99 up to {goal_ms:.0} ms");
    }
    if p99 > goal_ms {
        bail!("the goal was missed: p99 is {p99:.0} ms");
    }
    Ok(())
}
