//! A run under way: a bar for people, a line every ten seconds for logs.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::Value;
use tokio::time::{Instant, timeout};

use crate::command::{
    client::{Client, escape},
    failure::Failure,
    out::Out,
};

/// A run that is over sooner shows no bar.
const QUIET: Duration = Duration::from_millis(300);
/// Between two lines of a log.
const LINE: Duration = Duration::from_secs(10);
/// The longest wait for an event before the run itself is read: a process that restarts tells nothing.
const LOOK: Duration = Duration::from_secs(3);

/// Returns when the run is over.
pub(super) async fn follow(client: &Client, out: &mut Out<'_, '_>, id: &str) -> Result<(), Failure> {
    let mut events = client.stream("/live/runs").await?;
    let mut run = client.get(&format!("/runs/{}", escape(id))).await?.value["run"].clone();
    let mut shown = Shown::new(out.follows(), run["asked"].as_u64().unwrap_or(0));
    loop {
        shown.show(out, &run)?;
        if is_over(&run) {
            return Ok(());
        }
        match timeout(LOOK, events.next()).await {
            Ok(event) => {
                let (name, data) = event?;
                let told: Value = serde_json::from_str(&data).unwrap_or_default();
                if name == "run" && told["id"] == id {
                    run = told;
                }
            }
            Err(_) => run = client.get(&format!("/runs/{}", escape(id))).await?.value["run"].clone(),
        }
    }
}

fn is_over(run: &Value) -> bool {
    matches!(run["status"].as_str(), Some("done" | "stopped" | "cancelled" | "failed"))
}

struct Shown {
    bar: Option<ProgressBar>,
    /// Answers that were there before.
    before: u64,
    started: Instant,
    line_at: Instant,
}

impl Shown {
    fn new(person: bool, before: u64) -> Self {
        let started = Instant::now();
        Self { bar: person.then(bar), before, started, line_at: started + LINE }
    }

    fn show(&mut self, out: &mut Out<'_, '_>, run: &Value) -> Result<(), Failure> {
        let (asked, total) = (run["asked"].as_u64().unwrap_or(0), run["total"].as_u64().unwrap_or(0));
        let elapsed = self.started.elapsed();
        let rate = asked.saturating_sub(self.before) as f64 / elapsed.as_secs_f64().max(0.001);
        let left = total.saturating_sub(asked) as f64 / rate.max(0.001);
        let cost = run["cost_usd"].as_f64().unwrap_or(0.0);
        if let Some(bar) = &self.bar {
            bar.set_length(total);
            bar.set_position(asked);
            let rest = if rate > 0.0 { format!("{rate:.0}/s, {left:.0} s left, ${cost:.4}") } else { String::new() };
            bar.set_message(rest);
            if elapsed > QUIET && bar.is_hidden() {
                bar.set_draw_target(ProgressDrawTarget::stderr());
            }
            if is_over(run) {
                bar.finish_and_clear();
            }
        } else if Instant::now() >= self.line_at && !is_over(run) {
            self.line_at += LINE;
            out.progress(&format!("evals {asked}/{total}, {rate:.0}/s, {left:.0} s left, ${cost:.4}"))?;
        }
        Ok(())
    }
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::hidden());
    // The template is a constant that the library accepts; were it not, its own style serves as well.
    let style = ProgressStyle::with_template("evals {pos}/{len} ▕{bar:20}▏ {msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("█▉ "));
    bar
}
