//! Real recorded prompts and outcomes through a running gateway: what routing saves, and what quality it keeps.
//!
//! Fakes stand for the recorded models. A request goes over HTTP like any other; when the gateway has chosen, the
//! recorded score of the chosen model, and only that one, is posted as the answer's score. Cost is the recorded cost of
//! the chosen model. Both are compared with the one model that is best over the whole set, on the same prompts.
//!
//! A cheaper model gets traffic as everywhere in weir: through a canary. This program plays the person who starts
//! them, cheapest first, one at a time in each workload; everything else is the gateway's own doing. What canaries cost
//! in quality while they run is in the figures.

mod config;
mod data;
mod drive;
mod pilot;

use std::{path::PathBuf, sync::Arc, time::Instant};

use anyhow::{Context, bail, ensure};
use weir_sim::{Sim, SimModel};

use self::{
    data::Set,
    drive::{Outcome, Tally},
    pilot::Trials,
};
use crate::{
    paths,
    weir::{self, Profile, Weir},
};

/// Where the recordings are, from the repository, unless a folder is given.
const DEFAULT: &str = "../shared/data/routing/dev";

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Folder with llmrouter9.jsonl and routellm_*.jsonl [default: ../shared/data/routing/dev]
    dir: Option<PathBuf>,
    /// Requests for each set and floor
    #[arg(long, default_value_t = 6_000)]
    requests: usize,
    /// Floors, as shares of the quality of the best single model in each workload
    #[arg(long, value_delimiter = ',', default_values_t = [0.9, 0.95, 1.0])]
    floors: Vec<f64>,
    /// Only this set, such as `llmrouter9`
    #[arg(long)]
    only: Option<String>,
    /// Order of the prompts
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// A debug build of weir, for a quick look
    #[arg(long)]
    debug: bool,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let dir = args.dir.clone().unwrap_or_else(|| paths::root().join(DEFAULT));
    ensure!(args.floors.iter().all(|floor| (0.0..=1.0).contains(floor)), "a floor is a share, 0 to 1");
    let mut sets = data::load(&dir).with_context(|| {
        format!("no recordings in {}; name their folder: cargo xtask replay-routing DIR", dir.display())
    })?;
    if let Some(only) = &args.only {
        sets.retain(|set| set.name == *only);
    }
    if sets.is_empty() {
        bail!("no recordings in {} that fit", dir.display());
    }
    let binary = weir::build(if args.debug { Profile::Dev } else { Profile::Release })?;
    println!(
        "| set | floor | requests | best single: quality | $ per 1k | routed: quality | $ per 1k | quality held | cost saved \
         | last third: held | saved | canaries promoted / rolled back / expired / open |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|"
    );
    let runtime = weir::runtime()?;
    for set in sets {
        let set = Arc::new(set);
        for floor in &args.floors {
            let started = Instant::now();
            let (outcomes, trials) = runtime.block_on(replay(args, &binary, &set, *floor))?;
            row(&set, *floor, &outcomes, &trials);
            let rate = outcomes.len() as f64 / started.elapsed().as_secs_f64();
            eprintln!("{} at {floor}: {rate:.0} requests a second\n{}", set.name, trials.told());
        }
    }
    Ok(())
}

async fn replay(
    args: &Args,
    binary: &std::path::Path,
    set: &Arc<Set>,
    floor: f64,
) -> anyhow::Result<(Vec<Outcome>, Trials)> {
    let models = set.models.iter().map(|name| SimModel::new(name.as_str()));
    let sim = models.fold(Sim::builder().seed(args.seed), weir_sim::Builder::model).build().serve().await?;
    let text = config::text(set, floor, &sim.base_url());
    let weir = Arc::new(Weir::start(binary, Some(&text)).await?);
    let pilot = pilot::start(Arc::clone(&weir), Arc::clone(set), floor);
    let outcomes = drive::run(&weir, set, args.requests, args.seed).await;
    let trials = pilot.stop().await?;
    let outcomes = outcomes.with_context(|| weir.log())?;
    match Arc::try_unwrap(weir) {
        Ok(weir) => drop(weir.stop().await?),
        Err(_) => bail!("something still holds the gateway"),
    }
    Ok((outcomes, trials))
}

fn row(set: &Set, floor: f64, outcomes: &[Outcome], trials: &Trials) {
    let all = Tally::new(set, outcomes);
    let late = Tally::new(set, outcomes.get(outcomes.len() * 2 / 3..).unwrap_or_default());
    println!(
        "| {} | {:.0} % | {} | {:.3} | {:.3} | {:.3} | {:.3} | {:.1} % | {:.1} % | {:.1} % | {:.1} % | {} |",
        set.name,
        floor * 100.0,
        outcomes.len(),
        all.best_quality,
        all.best_usd * 1e3,
        all.quality,
        all.usd * 1e3,
        all.held() * 100.0,
        all.saved() * 100.0,
        late.held() * 100.0,
        late.saved() * 100.0,
        trials.counts(),
    );
}
