//! How many answers are scored in a minute while the gateway serves: steady traffic of the built-in provider, every answer
//! graded by ten programmatic scorers, all in one process over SQLite.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{bail, ensure};
use serde_json::{Value, json};
use tokio::{task::JoinSet, time::MissedTickBehavior};

use super::{process::cpu_s, quantile};
use crate::weir::{KEY, Weir};

/// The goal.
const SPANS_A_MINUTE: f64 = 20_000.0;
/// How long the queue may take to empty after the last answer.
const DRAIN: Duration = Duration::from_secs(120);
const LOOK: Duration = Duration::from_millis(100);
/// Looks in a row at an empty queue that count as the end.
const QUIET_LOOKS: u32 = 5;

const SCORERS: &str = r#"
[scorers.exact]
kind = "exact_match"
[scorers.holds]
kind = "icontains"
value = "the"
[scorers.pattern]
kind = "regex"
must_match = '\w+'
[scorers.edit]
kind = "levenshtein"
[scorers.bleu]
kind = "bleu"
[scorers.rouge]
kind = "rouge"
[scorers.words]
kind = "word_count"
max = 500
[scorers.quick]
kind = "latency_ms"
max = 2000
[scorers.clean]
kind = "secret_regex"
[scorers.expr]
kind = "expr"
expr = "size(answer) > 0 ? 1.0 : 0.0"
"#;
const NAMES: [&str; 10] = ["exact", "holds", "pattern", "edit", "bleu", "rouge", "words", "quick", "clean", "expr"];

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Measure the development build: what holds there holds in a release build too
    #[arg(long)]
    pub(super) dev: bool,
    /// How long traffic runs
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Requests a second
    #[arg(long, default_value_t = 340)]
    rate: u32,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: &Args, binary: &Path) -> anyhow::Result<()> {
    ensure!(args.rate > 0 && args.seconds > 0, "a rate or a time of 0 measures nothing");
    let weir = Weir::start(binary, Some(&config())).await?;
    let pid = weir.pid()?;
    let url = format!("{}/v1/chat/completions", weir.url());
    let client = reqwest::Client::builder().no_proxy().tcp_nodelay(true).build()?;
    let total = args.seconds * u64::from(args.rate);
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / args.rate);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let (started, cpu) = (Instant::now(), cpu_s(pid)?);
    let mut tasks = JoinSet::new();
    for nth in 0..total {
        ticks.tick().await;
        let (client, url) = (client.clone(), url.clone());
        tasks.spawn(async move { ask(&client, &url, nth).await });
    }
    let mut latencies = Vec::with_capacity(usize::try_from(total)?);
    while let Some(one) = tasks.join_next().await {
        latencies.push(one??);
    }
    let served_s = started.elapsed().as_secs_f64();
    drain(&weir).await?;
    let scored_s = started.elapsed().as_secs_f64() - LOOK.as_secs_f64() * f64::from(QUIET_LOOKS);
    let cpu_us = (cpu_s(pid)? - cpu) * 1e6 / total as f64;
    let windows = weir.get("/api/v1/workloads/bench/windows").await?;
    let scores = graded(&windows);
    weir.stop().await?;
    latencies.sort_unstable();
    let p95_ms = quantile(&latencies, 0.95)?.as_secs_f64() * 1e3;
    let (a_minute, rate) = (total as f64 / scored_s * 60.0, total as f64 / served_s);
    if args.json {
        println!(
            "{}",
            json!({"spans": total, "scorers": NAMES.len(), "scores": scores, "spans_a_minute": a_minute, "served_a_second": rate, "p95_ms": p95_ms, "cpu_us_a_span": cpu_us})
        );
    } else {
        println!(
            "{total} answers by {} scorers ({scores} scores): {a_minute:.0} scored a minute, {rate:.0} served a second, \
             p95 {p95_ms:.1} ms, {cpu_us:.0} µs of CPU an answer",
            NAMES.len()
        );
    }
    if a_minute < SPANS_A_MINUTE {
        bail!("the goal was missed: {a_minute:.0} scored a minute, wanted {SPANS_A_MINUTE:.0}");
    }
    Ok(())
}

fn config() -> String {
    let names = NAMES.map(|name| format!("\"{name}\"")).join(", ");
    format!(
        "[server]\nbind = \"127.0.0.1:0\"\n[telemetry]\nlog = \"warn\"\n\
         [keys.bench]\nsecret = \"env:WEIR_KEY\"\ngrant = \"admin\"\n\
         [workloads.bench]\ncandidates = [\"sim/large\", \"sim/medium\"]\nfloor = 0.5\nscorers = [{names}]\nquality = \"words\"\n{SCORERS}"
    )
}

async fn ask(client: &reqwest::Client, url: &str, nth: u64) -> anyhow::Result<Duration> {
    let body = json!({"model": "weir/bench", "messages": [{"role": "user", "content": format!("What is {nth} + 1?")}]});
    let sent = Instant::now();
    let response = client.post(url).bearer_auth(KEY).json(&body).send().await?;
    let status = response.status();
    let text = response.text().await?;
    ensure!(status.is_success(), "{status}: {text}");
    Ok(sent.elapsed())
}

/// Waits until no scoring job is left.
async fn drain(weir: &Weir) -> anyhow::Result<()> {
    let start = Instant::now();
    let mut quiet = 0;
    while quiet < QUIET_LOOKS {
        let jobs = weir.get("/api/v1/jobs?status=dead").await?;
        let count = |status: &str| jobs.pointer(&format!("/counts/{status}")).and_then(Value::as_u64).unwrap_or(0);
        ensure!(count("dead") == 0, "{} jobs were given up", count("dead"));
        quiet = if count("ready") + count("running") + count("failed") == 0 { quiet + 1 } else { 0 };
        ensure!(start.elapsed() < DRAIN, "the queue did not empty in {DRAIN:?}");
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}

/// Grades and missing grades in all windows of the workload.
fn graded(windows: &Value) -> u64 {
    let rows = windows.get("items").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let of = |row: &Value, name: &str| row.get(name).and_then(Value::as_u64).unwrap_or(0);
    rows.iter().map(|row| of(row, "n") + of(row, "missing")).sum()
}
