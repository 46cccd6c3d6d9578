//! `weir demo`: the play in a terminal.

use std::{io::IsTerminal, time::Duration};

use comfy_table::{Table, presets::UTF8_FULL_CONDENSED};
use indicatif::{ProgressBar, ProgressStyle};
use tokio::signal;

use super::{
    failure::{FINE, NEGATIVE},
    serve::telemetry,
};
use crate::{
    app::{App, Options},
    demo::{Frame, Play, Report, WorkloadFigures, settings},
};

/// About how long the play takes; the bar's length.
const LENGTH_S: u64 = 90;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Stop when the play is over; exit 0 only if everything happened
    #[arg(long)]
    headless: bool,
    /// Print the figures as one JSON object
    #[arg(long)]
    json: bool,
    /// Where to listen [default: 127.0.0.1:8080, any free port when headless]
    #[arg(long)]
    bind: Option<std::net::SocketAddr>,
}

pub(super) fn run(args: &Args) -> anyhow::Result<u8> {
    let dir = tempfile::tempdir()?;
    let mut settings = settings(dir.path())?;
    if let Some(bind) = args.bind {
        settings.server.bind = bind;
    } else if args.headless {
        settings.server.bind.set_port(0);
    }
    let exporter = telemetry(&settings)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(play(args, settings, Options { exporter, ..Options::default() }))
}

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "the command's data, and its progress")]
async fn play(args: &Args, settings: weir_config::Settings, options: Options) -> anyhow::Result<u8> {
    let app = App::start(settings, options).await?;
    eprintln!("the demo plays at {}/ for about {LENGTH_S} seconds; no provider is called\n", app.url());
    let mut stage = Terminal::new();
    let report = Play::new(&app)?.run(|frame| stage.show(frame)).await?;
    stage.finish();
    eprintln!("{}", table(&report));
    for check in &report.checks {
        eprintln!("{} {}: {}", if check.passed { "✓" } else { "✕" }, check.name, check.detail);
    }
    if args.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    }
    if !args.headless {
        eprintln!("\nstill serving at {}/ — press Ctrl-C to stop", app.url());
        signal::ctrl_c().await?;
    }
    app.stop().await;
    Ok(if report.passed { FINE } else { NEGATIVE })
}

/// A bar on a terminal, a line every ten seconds elsewhere.
struct Terminal {
    bar: ProgressBar,
    /// Canaries whose end was told.
    told: Vec<String>,
    next_line_s: f64,
}

impl Terminal {
    fn new() -> Self {
        let bar = if std::io::stderr().is_terminal() { ProgressBar::new(LENGTH_S * 10) } else { ProgressBar::hidden() };
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {elapsed} {msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(250));
        Self { bar, told: Vec::new(), next_line_s: 10.0 }
    }

    fn show(&mut self, frame: &Frame) {
        self.bar.set_position(((frame.seconds * 10.0) as u64).min(LENGTH_S * 10));
        self.bar.set_message(line(frame));
        for canary in frame.canaries.iter().filter(|canary| canary.state.is_final()) {
            if self.told.contains(&canary.id) {
                continue;
            }
            self.told.push(canary.id.clone());
            let state = canary.state.name().replace('_', " ");
            self.say(&format!(
                "{:>5.0} s  {}: {} {state}, {}",
                frame.seconds, canary.workload, canary.candidate, canary.reason
            ));
        }
        if self.bar.is_hidden() && frame.seconds >= self.next_line_s {
            self.next_line_s += 10.0;
            self.say(&format!("{:>5.0} s  {}", frame.seconds, line(frame)));
        }
    }

    #[expect(clippy::print_stderr, reason = "progress, where there is no bar")]
    fn say(&self, text: &str) {
        if self.bar.is_hidden() { eprintln!("{text}") } else { self.bar.println(text) }
    }

    fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// One line: requests, scores, and each workload's quality and cost.
fn line(frame: &Frame) -> String {
    let workloads: Vec<_> = frame
        .workloads
        .iter()
        .map(|figures| format!("{} {} {}", figures.workload, grade(figures.quality), cost(figures)))
        .collect();
    format!("{} requests, {} scores · {}", frame.requests, frame.scores, workloads.join(" · "))
}

fn table(report: &Report) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    table.set_header(["workload", "served by", "quality", "at least", "floor", "$ per 1k before", "after", "saved"]);
    for after in &report.after {
        let before = report.before.iter().find(|before| before.workload == after.workload);
        let saved = before
            .and_then(|before| before.cost_per_1k_usd)
            .zip(after.cost_per_1k_usd)
            .map_or_else(|| "–".to_owned(), |(before, after)| format!("{:.0} %", 100.0 * (1.0 - after / before)));
        table.add_row([
            after.workload.clone(),
            after.stable.clone(),
            grade(after.quality),
            grade(after.quality_lower),
            format!("{:.2}", after.floor),
            before.map_or_else(|| "–".to_owned(), cost),
            cost(after),
            saved,
        ]);
    }
    table
}

fn grade(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.3}"))
}

fn cost(figures: &WorkloadFigures) -> String {
    figures.cost_per_1k_usd.map_or_else(|| "–".to_owned(), |cost| format!("${cost:.3}"))
}
