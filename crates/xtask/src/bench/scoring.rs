//! How many answers are scored in a minute while the gateway serves: steady traffic of the built-in provider, every answer
//! graded by ten programmatic scorers, all in one process over SQLite. Some of the requests look how soon scores are known
//! (`known.rs`): from the last byte of an answer to the first decision that knows all ten of its scores.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use anyhow::ensure;
use serde_json::{Value, json};
use tokio::{task::JoinSet, time::MissedTickBehavior};

use super::{known, known::Seen, process::cpu_s, quantile};
use crate::weir::{KEY, Weir};

/// The goals.
const SPANS_A_MINUTE: f64 = 20_000.0;
const SERVED_A_SECOND: f64 = 200.0;
const KNOWN_P95: Duration = Duration::from_millis(250);
/// Prompts, each an item of the workload's dataset: four of the scorers compare with an expected answer.
const PROMPTS: u64 = 256;
/// One request in so many looks how soon scores are known.
const LOOKS: u64 = 8;
/// Of these, the last seconds' are not measured: their scores are known after the last look.
const TAIL: Duration = Duration::from_secs(3);
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
    let items: Vec<Value> =
        (0..PROMPTS).map(|nth| json!({"input": prompt(nth), "expected": format!("The sum is {}.", nth + 1)})).collect();
    weir.post("/api/v1/datasets/import?name=sums&file=sums.json&workload=bench", &json!(items)).await?;
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
    let (mut latencies, mut seen) = (Vec::with_capacity(usize::try_from(total)?), Vec::new());
    while let Some(one) = tasks.join_next().await {
        let (latency, looked) = one??;
        latencies.push(latency);
        seen.extend(looked);
    }
    let served_s = started.elapsed().as_secs_f64();
    drain(&weir).await?;
    let scored_s = started.elapsed().as_secs_f64() - LOOK.as_secs_f64() * f64::from(QUIET_LOOKS);
    let cpu_us = (cpu_s(pid)? - cpu) * 1e6 / total as f64;
    let windows = weir.get("/api/v1/workloads/bench/windows").await?;
    let scores = graded(&windows);
    seen.sort_unstable_by_key(|seen| seen.ended);
    let last = started + Duration::from_secs(args.seconds).saturating_sub(TAIL);
    let measured = seen.partition_point(|seen| seen.ended < last);
    let sequences = known::sequences(&weir, &seen[..measured]).await?;
    weir.stop().await?;
    let known = known::latencies(&seen, measured, &sequences)?;
    latencies.sort_unstable();
    let figures = Figures {
        spans: total,
        scores,
        a_minute: total as f64 / scored_s * 60.0,
        a_second: total as f64 / served_s,
        served_p95: quantile(&latencies, 0.95)?,
        cpu_us,
        known: [0.5, 0.95, 0.99].map(|share| quantile(&known, share).unwrap_or_default()),
        looked: known.len(),
    };
    figures.print(args.json);
    figures.judge()
}

/// What was measured.
struct Figures {
    spans: u64,
    scores: u64,
    a_minute: f64,
    a_second: f64,
    served_p95: Duration,
    cpu_us: f64,
    /// From an answer's end to the first decision that knows its scores: median, 95 %, 99 %.
    known: [Duration; 3],
    looked: usize,
}

impl Figures {
    fn print(&self, as_json: bool) {
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        let Self { spans, scores, a_minute, a_second, cpu_us, looked, .. } = self;
        let [p50, p95, p99] = self.known.map(ms);
        let served = ms(self.served_p95);
        if as_json {
            println!(
                "{}",
                json!({"spans": spans, "scorers": NAMES.len(), "scores": scores, "spans_a_minute": a_minute, "served_a_second": a_second, "p95_ms": served, "cpu_us_a_span": cpu_us, "known_p50_ms": p50, "known_p95_ms": p95, "known_p99_ms": p99, "looked": looked})
            );
        } else {
            println!(
                "{spans} answers by {} scorers ({scores} scores): {a_minute:.0} scored a minute, {a_second:.0} served a \
                 second, p95 {served:.1} ms, {cpu_us:.0} µs of CPU an answer\n\
                 end of answer → first decision that knows its scores, {looked} looked at: p50 {p50:.0} ms   p95 {p95:.0} \
                 ms   p99 {p99:.0} ms",
                NAMES.len()
            );
        }
    }

    fn judge(&self) -> anyhow::Result<()> {
        let missed = [
            (
                self.a_minute < SPANS_A_MINUTE,
                format!("{:.0} scored a minute, wanted {SPANS_A_MINUTE:.0}", self.a_minute),
            ),
            (
                self.a_second < SERVED_A_SECOND,
                format!("{:.0} served a second, wanted {SERVED_A_SECOND:.0}", self.a_second),
            ),
            (
                self.known[1] >= KNOWN_P95,
                format!("scores known after {:?} in 95 %, wanted {KNOWN_P95:?}", self.known[1]),
            ),
            (
                self.scores != self.spans * NAMES.len() as u64,
                format!("{} scores of {} answers by {} scorers", self.scores, self.spans, NAMES.len()),
            ),
        ];
        let missed: Vec<String> = missed.into_iter().filter(|(missed, _)| *missed).map(|(_, text)| text).collect();
        ensure!(missed.is_empty(), "a goal was missed: {}", missed.join("; "));
        Ok(())
    }
}

fn config() -> String {
    let names = NAMES.map(|name| format!("\"{name}\"")).join(", ");
    format!(
        "[server]\nbind = \"127.0.0.1:0\"\n[telemetry]\nlog = \"warn\"\n\
         [keys.bench]\nsecret = \"env:WEIR_KEY\"\ngrant = \"admin\"\n\
         [workloads.bench]\ncandidates = [\"sim/large\", \"sim/medium\"]\nfloor = 0.5\nscorers = [{names}]\nquality = \"words\"\n{SCORERS}"
    )
}

fn prompt(nth: u64) -> String {
    format!("What is {nth} + 1?")
}

async fn ask(client: &reqwest::Client, url: &str, nth: u64) -> anyhow::Result<(Duration, Option<Seen>)> {
    let body = json!({"model": "weir/bench", "messages": [{"role": "user", "content": prompt(nth % PROMPTS)}]});
    let sent = Instant::now();
    if nth.is_multiple_of(LOOKS) {
        let seen = known::ask(client, url, &body).await?;
        return Ok((seen.ended - sent, Some(seen)));
    }
    let response = client.post(url).bearer_auth(KEY).json(&body).send().await?;
    let status = response.status();
    let text = response.text().await?;
    ensure!(status.is_success(), "{status}: {text}");
    Ok((sent.elapsed(), None))
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
