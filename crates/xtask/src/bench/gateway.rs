//! What a request costs in weir: CPU, latency, throughput and memory, beside a bare proxy and a pass-through under the
//! same load in the same run, because absolute figures only hold for one machine and one moment.
//!
//! CPU of weir is counted until its queue is empty again, so recording, scoring and folding are part of it. Every
//! repetition visits every process before the next one begins, and medians are reported: a neighbour's burst hits all.

use std::{net::SocketAddr, path::Path, time::Duration};

use anyhow::{Context, bail};
use serde::Serialize;
use serde_json::Value;

use super::{
    fakes::{Fake, Role},
    load::{self, MODEL},
    median,
    process::{cpu_s, rss_mb},
    quantile,
};
use crate::weir::Weir;

const CONNECTIONS: usize = 32;
/// The goals: at most so many times the CPU of the pass-through.
const GOAL_PLAIN: f64 = 4.0;
const GOAL_STREAM: f64 = 2.5;
/// Weir is done when it looked done this often in a row.
const QUIET_LOOKS: u32 = 5;
const LOOK: Duration = Duration::from_millis(100);
const LOOKS_MAX: u32 = 1_200;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Repetitions; medians are reported
    #[arg(long, default_value_t = 5)]
    repetitions: usize,
    /// Requests of one run over 32 connections; runs over one connection and of streams are a quarter of it
    #[arg(long, default_value_t = 12_000)]
    requests: usize,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// One process under one kind of load.
#[derive(Debug, Clone, Serialize)]
struct Row {
    process: &'static str,
    stream: bool,
    requests_per_s: f64,
    c1_p50_us: f64,
    c1_p99_us: f64,
    c32_p50_us: f64,
    c32_p99_us: f64,
    /// Of the process, per request over 32 connections.
    cpu_us: f64,
    rss_mb: f64,
    /// `cpu_us` over that of the pass-through.
    ratio: f64,
}

struct Subject<'a> {
    name: &'static str,
    addr: SocketAddr,
    pid: u32,
    weir: Option<&'a Weir>,
}

/// Name of the process the others are measured by.
const YARDSTICK: &str = "axum + reqwest pass-through";
const WHOLE: &str = "weir, everything on";

pub(super) async fn run(args: &Args, binary: &Path) -> anyhow::Result<()> {
    let upstream = Fake::start(Role::Upstream, None).await?;
    let proxy = Fake::start(Role::Proxy, Some(upstream.addr)).await?;
    let pass_through = Fake::start(Role::PassThrough, Some(upstream.addr)).await?;
    let scoring = Weir::start(binary, Some(&config(upstream.addr, 1.0))).await?;
    let silent = Weir::start(binary, Some(&config(upstream.addr, 0.0))).await?;
    let fake = |name, fake: &Fake| -> anyhow::Result<_> {
        Ok(Subject { name, addr: fake.addr, pid: fake.pid()?, weir: None })
    };
    let subjects = [
        fake("upstream alone", &upstream)?,
        fake("hyper reverse proxy", &proxy)?,
        fake(YARDSTICK, &pass_through)?,
        subject("weir, sample = 0", &silent)?,
        subject(WHOLE, &scoring)?,
    ];
    for subject in &subjects {
        // Connections, allocators and the first windows are not what is measured.
        for stream in [false, true] {
            load::run(subject.addr, CONNECTIONS, 500, stream).await.context(subject.name)?;
        }
        settle(subject).await?;
    }
    let mut runs: Vec<Row> = Vec::new();
    for repetition in 1..=args.repetitions {
        eprintln!("repetition {repetition} of {}", args.repetitions);
        for stream in [false, true] {
            for subject in &subjects {
                runs.push(measure(subject, args.requests, stream).await.context(subject.name)?);
            }
        }
    }
    let rows = summarise(&subjects, &runs)?;
    if args.json {
        let goals = serde_json::json!({"plain": GOAL_PLAIN, "stream": GOAL_STREAM});
        println!("{}", serde_json::json!({"rows": rows, "goal_ratio": goals, "repetitions": args.repetitions}));
    } else {
        print(&rows);
    }
    scoring.stop().await?;
    silent.stop().await?;
    Ok(())
}

fn subject<'a>(name: &'static str, weir: &'a Weir) -> anyhow::Result<Subject<'a>> {
    let addr = weir.url().trim_start_matches("http://").parse().with_context(|| weir.url().to_owned())?;
    Ok(Subject { name, addr, pid: weir.pid()?, weir: Some(weir) })
}

/// Two deployments of the same provider, so that there is something to decide, and a check that passes.
fn config(upstream: SocketAddr, sample: f64) -> String {
    let mut text = String::from(
        "[server]\nbind = \"127.0.0.1:0\"\n[telemetry]\nlog = \"warn\"\n\
         [keys.bench]\nsecret = \"env:WEIR_KEY\"\ngrant = \"admin\"\n",
    );
    for (name, usd) in [("dear", 2.0), ("cheap", 0.2)] {
        text.push_str(&format!(
            "[deployments.\"fake/{name}\"]\nprovider = \"fake\"\nbase_url = \"http://{upstream}/v1\"\n\
             model = \"{name}\"\nallow_private = true\nprice = {{ input_usd = {usd:?}, output_usd = {usd:?} }}\n"
        ));
    }
    text.push_str(&format!(
        "[workloads.{MODEL}]\ncandidates = [\"fake/dear\", \"fake/cheap\"]\nfloor = 0.8\nscorers = [\"done\"]\n\
         sample = {sample:?}\n[scorers.done]\nkind = \"contains\"\nvalue = \"done\"\n"
    ));
    text
}

async fn measure(subject: &Subject<'_>, requests: usize, stream: bool) -> anyhow::Result<Row> {
    let count = if stream { requests.div_ceil(4) } else { requests };
    let before = cpu_s(subject.pid)?;
    let many = load::run(subject.addr, CONNECTIONS, count, stream).await?;
    settle(subject).await?;
    let cpu = cpu_s(subject.pid)? - before;
    let one = load::run(subject.addr, 1, requests.div_ceil(if stream { 16 } else { 4 }), stream).await?;
    settle(subject).await?;
    let us = |sorted: &[Duration], share| quantile(sorted, share).map(|value| value.as_secs_f64() * 1e6);
    Ok(Row {
        process: subject.name,
        stream,
        requests_per_s: count as f64 / many.elapsed.as_secs_f64(),
        c1_p50_us: us(&one.latencies, 0.5)?,
        c1_p99_us: us(&one.latencies, 0.99)?,
        c32_p50_us: us(&many.latencies, 0.5)?,
        c32_p99_us: us(&many.latencies, 0.99)?,
        cpu_us: cpu * 1e6 / count as f64,
        rss_mb: rss_mb(subject.pid)?,
        ratio: 0.0,
    })
}

/// Waits until weir has stored, scored and folded what it was sent: no job left and hardly any CPU used.
async fn settle(subject: &Subject<'_>) -> anyhow::Result<()> {
    let Some(weir) = subject.weir else {
        return Ok(());
    };
    let mut quiet = 0;
    let mut cpu = cpu_s(subject.pid)?;
    for _ in 0..LOOKS_MAX {
        tokio::time::sleep(LOOK).await;
        let jobs = weir.get("/api/v1/jobs?status=ready").await?;
        let count = |name: &str| jobs.pointer(&format!("/counts/{name}")).and_then(Value::as_u64);
        let (Some(ready), Some(running), Some(dead)) = (count("ready"), count("running"), count("dead")) else {
            bail!("odd list of jobs: {jobs}");
        };
        if dead > 0 {
            bail!("{dead} scoring jobs were given up");
        }
        let now = cpu_s(subject.pid)?;
        let idle = ready + running == 0 && now - cpu < 0.025;
        cpu = now;
        quiet = if idle { quiet + 1 } else { 0 };
        if quiet == QUIET_LOOKS {
            return Ok(());
        }
    }
    bail!("weir did not get done with its jobs")
}

fn summarise(subjects: &[Subject<'_>], runs: &[Row]) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for stream in [false, true] {
        let first = rows.len();
        for subject in subjects {
            let of = |figure: fn(&Row) -> f64| {
                let values: Vec<f64> =
                    runs.iter().filter(|run| run.process == subject.name && run.stream == stream).map(figure).collect();
                median(&values)
            };
            rows.push(Row {
                process: subject.name,
                stream,
                requests_per_s: of(|row| row.requests_per_s)?,
                c1_p50_us: of(|row| row.c1_p50_us)?,
                c1_p99_us: of(|row| row.c1_p99_us)?,
                c32_p50_us: of(|row| row.c32_p50_us)?,
                c32_p99_us: of(|row| row.c32_p99_us)?,
                cpu_us: of(|row| row.cpu_us)?,
                rss_mb: of(|row| row.rss_mb)?,
                ratio: 0.0,
            });
        }
        let part = rows.get_mut(first..).unwrap_or_default();
        let yardstick = part.iter().find(|row| row.process == YARDSTICK).map(|row| row.cpu_us);
        let yardstick = yardstick.context("the pass-through was not measured")?;
        part.iter_mut().for_each(|row| row.ratio = row.cpu_us / yardstick);
    }
    Ok(rows)
}

fn print(rows: &[Row]) {
    for stream in [false, true] {
        println!(
            "\n{:<29} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>6} {:>7}",
            if stream { "stream of 20 chunks" } else { "plain" },
            "req/s",
            "c1 p50",
            "c1 p99",
            "c32 p50",
            "c32 p99",
            "CPU µs",
            "× p-t",
            "RSS MB"
        );
        for row in rows.iter().filter(|row| row.stream == stream) {
            println!(
                "{:<29} {:>8.0} {:>8.0} {:>8.0} {:>8.0} {:>8.0} {:>8.1} {:>6.2} {:>7.1}",
                row.process,
                row.requests_per_s,
                row.c1_p50_us,
                row.c1_p99_us,
                row.c32_p50_us,
                row.c32_p99_us,
                row.cpu_us,
                row.ratio,
                row.rss_mb
            );
        }
        let goal = if stream { GOAL_STREAM } else { GOAL_PLAIN };
        if let Some(row) = rows.iter().find(|row| row.stream == stream && row.process == WHOLE) {
            let word = if row.ratio <= goal { "met" } else { "missed" };
            println!("goal: at most {goal} times the pass-through's CPU; {word} with {:.2}", row.ratio);
        }
    }
    println!(
        "\nlatencies in µs; CPU of the process per request over {CONNECTIONS} connections, background work included"
    );
}
