//! `weir drill`: what would happen if a provider failed now.

use std::{path::Path, time::Duration};

use indicatif::{ProgressBar, ProgressStyle};
use weir_config::{Settings, load, nearest};
use weir_core::{WorkloadId, policy::Stage};

use super::{
    failure::{FINE, Failure, NEGATIVE, Outcome},
    io::Io,
    look::{Column, Look, column},
    out::{Colour, Out},
};
use crate::drill::{self, Bounds, Plan, Progress, Report, Scenario};

/// The workload's own policy.
const OWN: &str = "own";

#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  weir drill                     every scenario, the configured policy; 1 if a bound is broken
  weir drill --scenario outage --policy own --policy latency_aware

No provider is called: simulated ones stand in for all, so nothing is spent.")]
pub(super) struct Args {
    /// Whose policy [default: the first workload]
    #[arg(long, value_name = "NAME")]
    workload: Option<String>,
    /// What goes wrong; may be repeated [default: every scenario]
    #[arg(long, value_enum, value_name = "NAME")]
    scenario: Vec<Scenario>,
    /// A preset, or `own` for the configured policy; may be repeated, to compare [default: own]
    #[arg(long, value_name = "NAME")]
    policy: Vec<String>,
    /// Requests a second
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(10..=2_000))]
    rate: u32,
    /// How long each fault lasts, in seconds
    #[arg(long, default_value_t = 4.0, value_name = "SECONDS")]
    fault_s: f64,
    /// Deadlines longer than this are shortened to it, in seconds
    #[arg(long, default_value_t = 3.0, value_name = "SECONDS")]
    patience_s: f64,
    /// Most requests without a whole answer while others can serve
    #[arg(long, default_value_t = Bounds::default().max_failed, value_name = "COUNT")]
    max_failed: u64,
    /// Longest time from a fault until nobody is sent there, in milliseconds
    #[arg(long, default_value_t = Bounds::default().max_trip_ms, value_name = "MS")]
    max_trip_ms: u64,
    /// Longest time from its end to the first answer from there, in milliseconds
    #[arg(long, default_value_t = Bounds::default().max_return_ms, value_name = "MS")]
    max_return_ms: u64,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

const ROW: [Column; 14] = [
    column("scenario", "scenario", Look::Word),
    column("policy", "policy", Look::Word),
    column("verdict", "verdict", Look::State),
    column("requests", "requests", Look::Count),
    column("success", "success", Look::Grade),
    column("429", "seen_429", Look::Count),
    column("calls", "calls_per_request", Look::Grade),
    column("trip", "trip_ms", Look::Ms),
    column("return", "return_ms", Look::Ms),
    column("added_p50", "added_p50_ms", Look::Ms),
    column("added_p99", "added_p99_ms", Look::Ms),
    column("usd_per_1k", "usd_per_1k_calm", Look::Usd),
    column("in_fault", "usd_per_1k_fault", Look::Usd),
    column("why", "why", Look::Text),
];

pub(super) fn run(io: &mut Io<'_>, colour: Colour, args: &Args, config: Option<&Path>) -> Outcome {
    let settings = load(config, io.env).map_err(anyhow::Error::from)?;
    let plan = plan(settings, args)?;
    crate::app::install_crypto();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let bar = bar(io.err_tty, plan.scenarios.len() * plan.policies.len());
    let report = runtime.block_on(drill::run(&plan, |progress| show(&bar, progress)));
    bar.finish_and_clear();
    print(io, colour, args.json, &report?)
}

fn print(io: &mut Io<'_>, colour: Colour, json: bool, report: &Report) -> Outcome {
    let mut out = Out::new(io, json, colour);
    let value = serde_json::to_value(report).map_err(anyhow::Error::from)?;
    if out.is_json() {
        out.line(&value.to_string())?;
    } else {
        out.rows(value["rows"].as_array().map(Vec::as_slice).unwrap_or_default(), &ROW)?;
    }
    out.note("\nfloors are left out: every candidate counts as proven")?;
    Ok(if report.passed { FINE } else { NEGATIVE })
}

fn plan(settings: Settings, args: &Args) -> Result<Plan, Failure> {
    let workload = workload(&settings, args.workload.as_deref())?;
    let names = if args.policy.is_empty() { vec![OWN.to_owned()] } else { args.policy.clone() };
    let policies = names.into_iter().map(|name| Ok((name.clone(), stages(&settings, &workload, &name)?)));
    let policies = policies.collect::<Result<_, Failure>>()?;
    let scenarios = if args.scenario.is_empty() { Scenario::ALL.to_vec() } else { args.scenario.clone() };
    Ok(Plan {
        policies,
        workload,
        settings,
        scenarios,
        rate: args.rate,
        fault: seconds("--fault-s", args.fault_s)?,
        patience: seconds("--patience-s", args.patience_s)?,
        bounds: Bounds {
            max_failed: args.max_failed,
            max_trip_ms: args.max_trip_ms,
            max_return_ms: args.max_return_ms,
        },
    })
}

fn seconds(name: &str, found: f64) -> Result<Duration, Failure> {
    if (0.1..=600.0).contains(&found) {
        return Ok(Duration::from_secs_f64(found));
    }
    Err(Failure::usage(format!("`{name} {found}` is out of range"), "0.1 to 600 seconds are taken"))
}

fn workload(settings: &Settings, asked: Option<&str>) -> Result<WorkloadId, Failure> {
    let names = || settings.workloads.keys().map(WorkloadId::as_str);
    let Some(asked) = asked else {
        let first = settings.workloads.keys().next().cloned();
        return first.ok_or_else(|| Failure::usage("no workload is configured", "`[workloads.NAME]` adds one"));
    };
    match settings.workloads.get_key_value(asked) {
        Some((id, _)) => Ok(id.clone()),
        None => Err(Failure::usage(format!("no workload `{asked}`"), suggest(asked, names().collect()))),
    }
}

fn stages(settings: &Settings, workload: &WorkloadId, name: &str) -> Result<Vec<Stage>, Failure> {
    let own = settings.stages.get(workload).filter(|_| name == OWN);
    let presets = settings.presets.get(workload);
    let known = own.or_else(|| presets.and_then(|presets| presets.get(name)));
    known.cloned().ok_or_else(|| {
        let names = presets.into_iter().flat_map(|presets| presets.keys().map(String::as_str));
        let names = std::iter::once(OWN).chain(names).collect();
        Failure::usage(format!("no policy `{name}` fits workload `{workload}`"), suggest(name, names))
    })
}

fn suggest(found: &str, names: Vec<&str>) -> String {
    match nearest(found, names.iter().copied()) {
        Some(near) => format!("nearest: `{near}`"),
        None => format!("they are {}", names.join(", ")),
    }
}

fn bar(tty: bool, runs: usize) -> ProgressBar {
    let bar = if tty { ProgressBar::new(runs as u64) } else { ProgressBar::hidden() };
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {elapsed} {msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(250));
    bar
}

fn show(bar: &ProgressBar, progress: &Progress) {
    bar.set_position(progress.done as u64);
    bar.set_message(progress.now.clone());
}
