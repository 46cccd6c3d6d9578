//! How long a score takes to reach routing: from the last byte of an answer to the first decision, made afterwards,
//! that knows the answer's score.
//!
//! Nothing is added to the product for it. Steady traffic is both what is scored and what looks (`known.rs`). The figure
//! errs upwards, by the model's latency and up to one interval.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};
use tokio::{task::JoinSet, time::MissedTickBehavior};

use super::{known, known::Seen, quantile};
use crate::{paths, weir::Weir};

const DATASET: &str = "evals/datasets/maths.jsonl";
const GOAL_P99: Duration = Duration::from_millis(500);
/// Requests after the measured ones go on this long, so that the last scores are seen.
const TAIL: Duration = Duration::from_secs(5);
/// The workload's only scorer.
const SCORER: &str = "number";

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Requests measured
    #[arg(long, default_value_t = 1_500)]
    requests: usize,
    /// Requests a second
    #[arg(long, default_value_t = 50)]
    rate: u32,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: &Args, binary: &Path) -> anyhow::Result<()> {
    ensure!(args.rate > 0, "a rate of 0 sends nothing");
    let bodies = Arc::new(bodies()?);
    let weir = Weir::start(binary, Some(&config())).await?;
    let url = format!("{}/v1/chat/completions", weir.url());
    let client = reqwest::Client::builder().no_proxy().tcp_nodelay(true).build()?;
    let total = args.requests + (TAIL.as_secs_f64() * f64::from(args.rate)) as usize;
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / args.rate);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut tasks = JoinSet::new();
    for nth in 0..total {
        ticks.tick().await;
        let (client, url, bodies) = (client.clone(), url.clone(), Arc::clone(&bodies));
        tasks.spawn(async move {
            let body = bodies.get(nth % bodies.len()).context("no such item")?;
            known::ask(&client, &url, body).await.map(|seen| (nth, seen))
        });
    }
    let mut seen = Vec::with_capacity(total);
    while let Some(one) = tasks.join_next().await {
        seen.push(one??);
    }
    seen.sort_by_key(|(nth, _)| *nth);
    let seen: Vec<Seen> = seen.into_iter().map(|(_, seen)| seen).collect();
    let measured = seen.get(..args.requests).unwrap_or(&seen);
    let sequences = known::sequences(&weir, measured).await?;
    weir.stop().await?;
    report(args, &known::latencies(&seen, args.requests, &sequences)?)
}

fn config() -> String {
    let dataset = paths::root().join(DATASET);
    format!(
        "[server]\nbind = \"127.0.0.1:0\"\n[telemetry]\nlog = \"warn\"\n\
         [keys.bench]\nsecret = \"env:WEIR_KEY\"\ngrant = \"admin\"\n\
         [workloads.maths]\ncandidates = [\"sim/large\", \"sim/medium\", \"sim/small\"]\nfloor = 0.85\n\
         scorers = [\"{SCORER}\"]\n[scorers.{SCORER}]\nkind = \"match\"\nnumeric = true\n\
         [datasets.maths]\nfile = {:?}\nworkload = \"maths\"\n",
        dataset.display().to_string()
    )
}

/// A request for each item of the shipped dataset.
fn bodies() -> anyhow::Result<Vec<Value>> {
    let text = std::fs::read_to_string(paths::root().join(DATASET)).context(DATASET)?;
    let mut rows = text.lines().map(serde_json::from_str::<Value>);
    let head = rows.next().context("the dataset is empty")??;
    let system = head.get("system").and_then(Value::as_str).context("the dataset has no system prompt")?;
    rows.map(|row| {
        let row = row?;
        let input = row.get("input").and_then(Value::as_str).context("an item without input")?;
        Ok(json!({
            "model": "weir/maths",
            "messages": [{"role": "system", "content": system}, {"role": "user", "content": input}],
        }))
    })
    .collect()
}

fn report(args: &Args, sorted: &[Duration]) -> anyhow::Result<()> {
    let ms = |share| quantile(sorted, share).map(|value| value.as_secs_f64() * 1e3);
    let (p50, p95, p99, max) = (ms(0.5)?, ms(0.95)?, ms(0.99)?, ms(1.0)?);
    let goal_ms = GOAL_P99.as_secs_f64() * 1e3;
    if args.json {
        println!(
            "{}",
            json!({"requests": sorted.len(), "rate": args.rate, "p50_ms": p50, "p95_ms": p95, "p99_ms": p99, "max_ms": max, "goal_p99_ms": goal_ms})
        );
    } else {
        println!("end of answer → first decision that knows its score, {} requests at {}/s", sorted.len(), args.rate);
        println!(
            "p50 {p50:.0} ms   p95 {p95:.0} ms   p99 {p99:.0} ms   max {max:.0} ms   goal: p99 up to {goal_ms:.0} ms"
        );
    }
    if p99 > goal_ms {
        bail!("the goal was missed: p99 is {p99:.0} ms");
    }
    Ok(())
}
