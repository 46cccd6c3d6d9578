//! `kill -9` at random moments while answers are scored: every answer that a caller got whole is scored exactly once, by a
//! check, whose jobs hold many answers each, and by a judge, whose jobs hold one.

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

/// As the configuration names them.
const SCORERS: [&str; 2] = ["words", "judge"];
const CALLERS: u64 = 8;
/// Life of a process: between these, in milliseconds.
const LIFE_MS: (u64, u64) = (300, 1_500);
/// How long what was left half done may take: leases of dead workers run out first, and what judges were asked last waits
/// behind what they were asked before.
const DRAIN: Duration = Duration::from_secs(600);
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
    let mut tally = Tally::default();
    for span in &spans {
        tally.count(&weir.get(&format!("/api/v1/traces/{span}")).await?);
    }
    weir.stop().await?;
    let Tally { missing, twice, unscored } = tally;
    println!(
        "{} answers, {} scorers, {kills} kills: {missing} scores missing, {twice} given twice, {unscored} without a grade",
        spans.len(),
        SCORERS.len()
    );
    ensure!(missing + twice + unscored == 0, "an answer is not scored exactly once");
    Ok(())
}

/// What is wrong with the scores.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    missing: u64,
    twice: u64,
    unscored: u64,
}

impl Tally {
    /// Takes in one answer as it is stored.
    fn count(&mut self, trace: &Value) {
        let scores = trace.get("scores").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        for name in SCORERS {
            let of: Vec<&Value> =
                scores.iter().filter(|score| score.get("scorer").is_some_and(|is| is == name)).collect();
            match of.as_slice() {
                [] => self.missing += 1,
                [score] => self.unscored += u64::from(score.get("value").is_none_or(Value::is_null)),
                _ => self.twice += 1,
            }
        }
    }
}

fn config() -> String {
    "[server]\nbind = \"127.0.0.1:0\"\n[telemetry]\nlog = \"error\"\n[keys.bench]\nsecret = \"env:WEIR_KEY\"\n\
     grant = \"admin\"\n[workloads.bench]\ncandidates = [\"sim/large\"]\nfloor = 0.5\nscorers = [\"words\", \"judge\"]\n\
     [scorers.words]\nkind = \"word_count\"\nmax = 500\n\
     [scorers.judge]\nkind = \"judge\"\nmodel = \"sim/small\"\ntemplate = \"closed_qa\"\ncriteria = \"It is a number.\"\n"
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_that_is_missing_double_or_without_a_grade_is_seen() {
        let score = |name: &str, value: Value| json!({"scorer": name, "value": value});
        let mut tally = Tally::default();
        tally.count(&json!({"scores": [score("words", json!(1.0)), score("judge", json!(0.0))]}));
        assert_eq!(tally, Tally::default());
        tally.count(&json!({"scores": [score("words", json!(1.0)), score("words", json!(1.0))]}));
        tally.count(&json!({"scores": [score("words", json!(1.0)), score("judge", json!(null))]}));
        assert_eq!(tally, Tally { missing: 1, twice: 1, unscored: 1 });
    }
}
