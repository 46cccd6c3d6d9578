//! A large dataset file through the command line, as a person would bring it: how long it takes and what it holds in
//! memory, what becomes of its bad rows, and what pages, comparisons and exports of the result cost.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};
use tokio::process::Command;
use weir_core::entropy::mix;

use super::process::rss_mb;
use crate::weir::{KEY, Weir};

/// The goal for the import of 100,000 items.
const GOAL: Duration = Duration::from_secs(20);
const GOAL_ITEMS: u64 = 100_000;
/// Every so many rows one is broken, in the file that has bad ones.
const BAD_EVERY: u64 = 10_000;
const LOOK: Duration = Duration::from_millis(20);

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Measure the development build: what holds there holds in a release build too
    #[arg(long)]
    pub(super) dev: bool,
    /// Items in the file
    #[arg(long, default_value_t = GOAL_ITEMS)]
    items: u64,
}

pub(super) async fn run(args: &Args, binary: &Path) -> anyhow::Result<()> {
    let files = tempfile::Builder::new().prefix("weir-import-").tempdir()?;
    let (good, broken) = (files.path().join("good.jsonl"), files.path().join("broken.jsonl"));
    let bytes = write(&good, args.items, None)? as f64 / 1e6;
    write(&broken, args.items, Some(BAD_EVERY))?;
    let weir = Weir::start(binary, Some(CONFIG)).await?;
    let cli = Cli { binary, weir: &weir, folder: files.path() };
    let idle = rss_mb(weir.pid()?)?;

    let (first, told, peak) = cli.import(&good, &["--name", "good", "--splits", "policy,heldout"]).await?;
    ensure!(told["items"] == json!(args.items), "imported {told}");
    println!("import: {} items, {bytes:.0} MB, in {:.1} s", args.items, first.as_secs_f64());
    println!("memory: {idle:.0} MB before, at most {peak:.0} MB while it ran");

    let refused = cli.run(&["dataset", "import", &text(&broken), "--name", "broken"]).await;
    ensure!(refused.is_err_and(|error| format!("{error}").contains("line 10000")), "a bad row was not refused by line");
    let (rest, told, _) = cli.import(&broken, &["--name", "broken", "--skip-bad"]).await?;
    let bad = args.items / BAD_EVERY;
    ensure!(told["items"] == json!(args.items - bad) && told["skipped_total"] == json!(bad), "imported {told}");
    println!("with {bad} bad rows skipped: {:.1} s", rest.as_secs_f64());

    let out = files.path().join("out.jsonl");
    let began = Instant::now();
    cli.run(&["dataset", "export", "good", "-o", &text(&out)]).await?;
    println!("export: {:.1} s", began.elapsed().as_secs_f64());
    let lines = fs::read_to_string(&out)?.lines().count() as u64;
    ensure!(lines == args.items + 1, "the export has {lines} lines");
    cli.import(&broken, &["--name", "good", "--skip-bad"]).await?;
    let began = Instant::now();
    let diff: Value = serde_json::from_str(&cli.run(&["dataset", "diff", "good", "--json"]).await?)?;
    ensure!(diff["removed"] == json!(bad), "the difference is {diff}");
    println!("diff of two versions: {:.1} s", began.elapsed().as_secs_f64());
    weir.stop().await?;
    if args.items >= GOAL_ITEMS {
        ensure!(first < GOAL, "the goal is {} s", GOAL.as_secs());
    }
    Ok(())
}

const CONFIG: &str = "[server]\nbind = \"127.0.0.1:0\"\n[telemetry]\nlog = \"error\"\n[keys.bench]\n\
                      secret = \"env:WEIR_KEY\"\ngrant = \"admin\"\n";

/// The command line against one server.
struct Cli<'a> {
    binary: &'a Path,
    weir: &'a Weir,
    folder: &'a Path,
}

impl Cli<'_> {
    async fn run(&self, args: &[&str]) -> anyhow::Result<String> {
        let mut command = Command::new(self.binary);
        command.args(args).current_dir(self.folder).env("WEIR_SERVER", self.weir.url()).env("WEIR_KEY", KEY);
        let output = command.stdin(Stdio::null()).kill_on_drop(true).output().await?;
        if !output.status.success() {
            bail!("weir {} ended with {}: {}", args.join(" "), output.status, String::from_utf8_lossy(&output.stderr));
        }
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Imports; the time, what was said, and the most memory the server held meanwhile in MB.
    async fn import(&self, file: &Path, args: &[&str]) -> anyhow::Result<(Duration, Value, f64)> {
        let file = text(file);
        let words = [&["dataset", "import", &file, "--json"], args].concat();
        let pid = self.weir.pid()?;
        let (began, mut peak) = (Instant::now(), 0_f64);
        let mut work = std::pin::pin!(self.run(&words));
        let said = loop {
            tokio::select! {
                said = &mut work => break said?,
                () = tokio::time::sleep(LOOK) => peak = peak.max(rss_mb(pid)?),
            }
        };
        Ok((began.elapsed(), serde_json::from_str(&said).context("import")?, peak))
    }
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

/// Writes support questions of some 350 bytes with answers, three to a conversation; every `bad` rows one without an
/// input. The length in bytes.
fn write(path: &PathBuf, items: u64, bad: Option<u64>) -> anyhow::Result<u64> {
    const WORDS: [&str; 16] = [
        "parcel", "invoice", "door", "Monday", "courier", "account", "please", "when", "grey", "town", "refund",
        "order", "lamp", "window", "late", "card",
    ];
    let mut file = String::new();
    for number in 1..=items {
        let word = |at: u64| WORDS[(mix(number << 8 | at) % WORDS.len() as u64) as usize];
        let words = |range: std::ops::Range<u64>| range.map(word).collect::<Vec<_>>().join(" ");
        let mut row = json!({
            "id": format!("t-{number}"), "input": format!("Ticket {number}: {}?", words(0..36)),
            "expected": words(36..56), "tags": ["bench"], "cluster": format!("c{}", number / 3),
        });
        if bad.is_some_and(|bad| number % bad == 0) {
            row["input"] = Value::Null;
        }
        writeln!(file, "{row}")?;
    }
    fs::write(path, &file)?;
    Ok(file.len() as u64)
}
