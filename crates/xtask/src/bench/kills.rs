//! `kill -9` at random moments while answers are scored: every answer that a caller got whole is scored exactly once.

use std::{
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use tokio::{
    task::JoinSet,
    time::{sleep, timeout},
};
use weir_core::entropy::{mix, unit};

use crate::weir::{KEY, Weir};

const CALLERS: u64 = 8;
/// Life of a process: between these, in milliseconds.
const LIFE_MS: (u64, u64) = (300, 1_500);
/// How long what was left half done may take: leases of dead workers run out first.
const DRAIN: Duration = Duration::from_secs(180);
const LOOK: Duration = Duration::from_millis(200);

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Measure the development build: what holds there holds in a release build too
    #[arg(long)]
    pub(super) dev: bool,
    /// Answers to score
    #[arg(long, default_value_t = 10_000)]
    answers: u64,
    /// How often the process is killed
    #[arg(long, default_value_t = 50)]
    kills: u64,
    /// Decides the moments
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// What callers got.
#[derive(Default)]
struct Told {
    spans: Mutex<Vec<String>>,
    asked: AtomicU64,
}

pub(super) async fn run(args: &Args, binary: &Path) -> anyhow::Result<()> {
    let config = config();
    let told = Arc::new(Told::default());
    let mut weir = Weir::start(binary, Some(&config)).await?;
    let mut kills = 0;
    while count(&told) < args.answers || kills < args.kills {
        let mut callers = JoinSet::new();
        for _ in 0..CALLERS {
            callers.spawn(load(weir.url().to_owned(), Arc::clone(&told)));
        }
        let life = LIFE_MS.0 + (unit(mix(args.seed ^ mix(kills))) * (LIFE_MS.1 - LIFE_MS.0) as f64) as u64;
        sleep(Duration::from_millis(life)).await;
        if kills < args.kills {
            kills += 1;
            weir = weir.kill_and_start(binary, &config).await?;
        }
        callers.shutdown().await;
    }
    let spans = told.spans.lock().unwrap_or_else(PoisonError::into_inner).clone();
    timeout(DRAIN, drained(&weir)).await.context("jobs are left over")??;
    let (mut missing, mut twice) = (0, 0);
    for span in &spans {
        let trace = weir.get(&format!("/api/v1/traces/{span}")).await?;
        match trace.get("scores").and_then(Value::as_array).map_or(0, Vec::len) {
            0 => missing += 1,
            1 => {}
            _ => twice += 1,
        }
    }
    weir.stop().await?;
    println!("{} answers, {kills} kills: {missing} not scored, {twice} scored more than once", spans.len());
    ensure!(missing == 0 && twice == 0, "an answer is not scored exactly once");
    Ok(())
}

fn config() -> String {
    "[server]\nbind = \"127.0.0.1:0\"\n[telemetry]\nlog = \"error\"\n[keys.bench]\nsecret = \"env:WEIR_KEY\"\n\
     grant = \"admin\"\n[workloads.bench]\ncandidates = [\"sim/large\"]\nfloor = 0.5\nscorers = [\"words\"]\n\
     [scorers.words]\nkind = \"word_count\"\nmax = 500\n"
        .to_owned()
}

fn count(told: &Told) -> u64 {
    told.spans.lock().unwrap_or_else(PoisonError::into_inner).len() as u64
}

/// Asks until the connection breaks.
async fn load(url: String, told: Arc<Told>) {
    let Ok(client) = reqwest::Client::builder().no_proxy().build() else { return };
    loop {
        let number = told.asked.fetch_add(1, Ordering::Relaxed);
        let message = json!([{"role": "user", "content": format!("What is {number} + 1?")}]);
        let body = json!({"model": "weir/bench", "messages": message});
        let Ok(reply) = client.post(format!("{url}/v1/chat/completions")).bearer_auth(KEY).json(&body).send().await
        else {
            return;
        };
        let (status, span) = (reply.status(), reply.headers().get("x-weir-span-id").cloned());
        let Ok(_) = reply.bytes().await else { return };
        if let Some(span) = span.filter(|_| status.is_success()).and_then(|span| Some(span.to_str().ok()?.to_owned())) {
            told.spans.lock().unwrap_or_else(PoisonError::into_inner).push(span);
        }
    }
}

async fn drained(weir: &Weir) -> anyhow::Result<()> {
    let mut quiet = Instant::now();
    loop {
        let jobs = weir.get("/api/v1/jobs").await?;
        let left = |status: &str| jobs.pointer(&format!("/counts/{status}")).and_then(Value::as_u64).unwrap_or(0);
        if left("ready") + left("running") + left("failed") > 0 {
            quiet = Instant::now();
        }
        if quiet.elapsed() > Duration::from_secs(2) {
            return Ok(());
        }
        sleep(LOOK).await;
    }
}
