//! Orders to eval runs: start, cancel, go on, grade again. A run is checked whole before it is stored: a suite that does
//! not compile, a model that does not exist or a dataset that is not there are errors here and no failed run.

use std::collections::{BTreeMap, HashMap};

use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;
use weir_core::{NanoUsd, chat::Answer, error, run::RunOutput};
use weir_evals::{
    dataset::Item,
    run::{Against, Arm, Order, Regrade, Take},
    suite::{BASELINE, DatasetRef, Suite},
};
use weir_store::{Again, NewRun as Stored, RunStatus};

use crate::{
    extract::{Body, Segment},
    guard::Caller,
    problem::{Failure, Reply},
    run::{find, order},
    run_view::RunView,
    state::App,
    workload::configured,
};

/// Items under way at once, unless asked otherwise.
const AT_ONCE: u32 = 8;
/// Prefix of arms that are a workload's router.
const ROUTER: &str = "weir/";

/// A run to start.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRun {
    /// The suite, TOML.
    suite: String,
    /// The suite file's name, for messages.
    #[serde(default)]
    file: String,
    /// Files that the suite's scorers name.
    #[serde(default)]
    files: BTreeMap<String, String>,
    /// The dataset's name; the suite's when left out.
    dataset: Option<String>,
    /// Its content hash, or the beginning of it; the newest when left out.
    version: Option<String>,
    /// Who is asked: deployments, or `weir/WORKLOAD` for a router. The workload's router when nothing else is given.
    #[serde(default)]
    models: Vec<String>,
    /// Answers that were recorded elsewhere, by arm.
    #[serde(default)]
    recorded: Vec<Recorded>,
    /// A model, a run's id, or `baseline` for the newest run of the suite that passed on this content.
    against: Option<String>,
    /// Parts of the dataset; the suite's when empty.
    #[serde(default)]
    splits: Vec<String>,
    /// How often each item is asked; the suite's when left out.
    trials: Option<u32>,
    /// Only the first so many items.
    first: Option<u32>,
    /// Only so many items by hash: the same ones every time.
    sample: Option<u32>,
    /// Dollars that answers and judges may cost together.
    max_usd: Option<f64>,
    /// Items under way at once; 8 unless given.
    concurrency: Option<u32>,
    /// The quality's mean must not be under this.
    fail_under: Option<f64>,
    /// True takes a deployment that fails a gate out of its workload's ordinary traffic.
    #[serde(default)]
    quarantine: bool,
    /// The commit that is checked.
    git_sha: Option<String>,
}

/// Recorded answers of one arm.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Recorded {
    /// How the arm is called.
    name: String,
    answers: Vec<RecordedAnswer>,
}

/// One recorded answer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RecordedAnswer {
    /// The item's id.
    item: String,
    /// What was said.
    text: String,
    cost_usd: Option<f64>,
    latency_ms: Option<f64>,
}

/// How to go on with a run.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Resume {
    /// A new limit for the whole run, in dollars.
    max_usd: Option<f64>,
}

/// How to grade again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rescore {
    /// Another suite of the same name, TOML; the run's own when left out.
    suite: Option<String>,
    /// Files that its scorers name.
    #[serde(default)]
    files: BTreeMap<String, String>,
}

/// `POST /api/v1/runs`.
pub(crate) async fn create_run(
    State(app): State<App>,
    Caller(caller): Caller,
    Body(new): Body<NewRun>,
) -> Reply<(StatusCode, Json<RunView>)> {
    let take = match (new.first, new.sample) {
        (Some(_), Some(_)) => return Err(Failure::bad("give `first` or `sample`, not both")),
        (Some(first), None) => Take::First(first),
        (None, Some(sample)) => Take::Sample(sample),
        (None, None) => Take::All,
    };
    let mut order = Order {
        suite: new.suite,
        file: if new.file.is_empty() { "suite.toml".to_owned() } else { new.file },
        files: new.files,
        arms: new.models.into_iter().map(|name| Arm { name, recorded: false }).collect(),
        against: None,
        take,
        splits: new.splits,
        trials: new.trials,
        max_usd: new.max_usd,
        at_once: new.concurrency.unwrap_or(AT_ONCE),
        fail_under: new.fail_under,
        quarantine: new.quarantine,
        git_sha: new.git_sha,
        regrade: None,
    };
    let suite = read(&order)?;
    configured(&app, &suite.workload)?;
    order.arms.extend(new.recorded.iter().map(|one| Arm { name: one.name.clone(), recorded: true }));
    if order.arms.is_empty() {
        order.arms.push(Arm { name: format!("{ROUTER}{}", suite.workload), recorded: false });
    }
    let (dataset, version) = match (new.dataset, DatasetRef::parse(&suite.dataset)) {
        (Some(name), _) => (name, new.version),
        (None, DatasetRef::Named { name, version }) => (name, new.version.or(version)),
        (None, DatasetRef::File(file)) => {
            return Err(Failure::bad(format!("the suite's dataset is the file `{file}`"))
                .hint("import it and name it in `dataset`; `weir eval run` does both"));
        }
    };
    let splits = order.splits(&suite);
    let (version, items) = app.store.version_items(&dataset, version.as_deref(), splits).await?;
    let chosen = choose(&order, &suite, items)?;
    order.against = against(&app, new.against, &mut order, &suite, &version).await?;
    order.put_baseline_first();
    order.check().map_err(Failure::bad)?;
    for arm in order.arms.iter().filter(|arm| !arm.recorded) {
        known(&app, &arm.name)?;
    }
    let arms = order.arms.len() as u64;
    let id = format!("e-{:08x}", app.entropy.next_u64() >> 32);
    let stored = Stored {
        id: id.clone(),
        suite: suite.name.clone(),
        suite_version: Suite::version(&order.suite),
        workload: suite.workload.clone(),
        dataset,
        dataset_version: version,
        actor: caller.name.to_string(),
        git_sha: order.git_sha.clone(),
        total: chosen.len() as u64 * arms * u64::from(order.trials(&suite)),
        body: written(&order)?,
        items: chosen.iter().map(|(hash, _)| hash.clone()).collect(),
    };
    let answers = recorded(&app, &new.recorded, &chosen)?;
    app.store.run_insert(&stored, &answers).await?;
    let row = find(&app, &id).await?;
    Ok((StatusCode::CREATED, Json(RunView::from(&row))))
}

/// `POST /api/v1/runs/{id}/cancel`.
pub(crate) async fn cancel_run(State(app): State<App>, Segment(id): Segment) -> Reply<Json<RunView>> {
    if !app.store.run_cancel(&id).await? {
        let row = find(&app, &id).await?;
        return Err(Failure::new(&error::CONFLICT, format!("run `{id}` is {} already", row.status.name())));
    }
    Ok(Json(RunView::from(&find(&app, &id).await?)))
}

/// `POST /api/v1/runs/{id}/resume`.
pub(crate) async fn resume_run(
    State(app): State<App>,
    Segment(id): Segment,
    Body(resume): Body<Resume>,
) -> Reply<Json<RunView>> {
    let row = find(&app, &id).await?;
    // A process that was killed leaves its run open. Whoever is there goes on with it once the lease has ended.
    if matches!(row.status, RunStatus::Queued | RunStatus::Running) && resume.max_usd.is_none() {
        return Ok(Json(RunView::from(&row)));
    }
    let (mut order, _) = order(&row)?;
    order.max_usd = resume.max_usd.or(order.max_usd);
    // The grading of a whole run is gone on with within its own limits; nobody was left to ask.
    order.regrade = order.regrade.filter(|before| before.whole && row.status != RunStatus::Done);
    again(&app, &id, &order, Again::Failed).await
}

/// `POST /api/v1/runs/{id}/rescore`.
pub(crate) async fn rescore_run(
    State(app): State<App>,
    Segment(id): Segment,
    Body(rescore): Body<Rescore>,
) -> Reply<Json<RunView>> {
    let row = find(&app, &id).await?;
    let (mut order, before) = order(&row)?;
    // The answers are those of the questions that were asked then, however often another suite would ask them.
    order.trials = Some(order.trials(&before));
    if let Some(suite) = rescore.suite {
        (order.suite, order.files) = (suite, rescore.files);
        let suite = read(&order)?;
        if suite.name != before.name {
            return Err(Failure::bad(format!("`suite` is `{}`, and the run is of `{}`", suite.name, before.name)));
        }
        if suite.workload != before.workload {
            let (found, wanted) = (&suite.workload, &before.workload);
            return Err(Failure::bad(format!("`suite` is of workload `{found}`, and the answers are `{wanted}`'s"))
                .hint("start a new run of it"));
        }
    }
    let whole = order.regrade.map_or(row.status == RunStatus::Done, |before| before.whole);
    order.regrade = Some(Regrade { whole, spent: row.cost });
    let suite_version = Suite::version(&order.suite);
    again(&app, &id, &order, Again::Grades { suite_version: &suite_version }).await
}

async fn again(app: &App, id: &str, order: &Order, what: Again<'_>) -> Reply<Json<RunView>> {
    order.check().map_err(Failure::bad)?;
    if !app.store.run_resume(id, &written(order)?, what).await? {
        return Err(Failure::new(&error::CONFLICT, format!("run `{id}` is not over yet"))
            .hint("wait for its end, or cancel it first"));
    }
    Ok(Json(RunView::from(&find(app, id).await?)))
}

fn read(order: &Order) -> Reply<Suite> {
    order.suite().map_err(|error| Failure::new(&error::BAD_SUITE, error.to_string()))
}

fn written(order: &Order) -> Reply<String> {
    serde_json::to_string(order).map_err(|_| Failure::new(&error::INTERNAL, "the order could not be written"))
}

/// Hashes and contents of the items that are asked.
fn choose(order: &Order, suite: &Suite, items: Vec<weir_store::Item>) -> Reply<Vec<(String, Item)>> {
    let splits = order.splits(suite);
    let items = items.into_iter().filter_map(|stored| Some((stored.hash, serde_json::from_str(&stored.body).ok()?)));
    let within: Vec<(String, Item)> = items
        .filter(|(_, item): &(String, Item)| {
            splits.is_empty() || item.split.as_ref().is_some_and(|split| splits.contains(split))
        })
        .collect();
    let chosen = order.take.of(within, |(hash, _)| hash);
    if chosen.is_empty() {
        let wanted =
            if splits.is_empty() { "any split".to_owned() } else { format!("the splits {}", splits.join(", ")) };
        return Err(Failure::bad(format!("the dataset has no item in {wanted}")));
    }
    Ok(chosen)
}

/// What the arms are compared with: what was asked for, else the newest run that passed.
async fn against(
    app: &App,
    asked: Option<String>,
    order: &mut Order,
    suite: &Suite,
    version: &str,
) -> Reply<Option<Against>> {
    for gate in suite.gates.iter().filter_map(|gate| gate.against.as_deref()).filter(|name| *name != BASELINE) {
        if !order.arms.iter().any(|arm| arm.name == gate) {
            order.arms.push(Arm { name: gate.to_owned(), recorded: false });
        }
    }
    match asked.as_deref() {
        None | Some(BASELINE) => {
            let found = app.store.run_baseline(&suite.name, version).await?;
            if found.is_none() && asked.is_some() {
                return Err(Failure::bad(format!(
                    "no earlier run of suite `{}` on this content can be the baseline",
                    suite.name
                ))
                .hint("name a model or a run, or run once without `against`"));
            }
            Ok(found.map(|row| Against::Run(row.run.id)))
        }
        Some(name) if order.arms.iter().any(|arm| arm.name == name) => Ok(Some(Against::Arm(name.to_owned()))),
        Some(id) if app.store.run_get(id).await?.is_some() => Ok(Some(Against::Run(id.to_owned()))),
        Some(name) => {
            known(app, name)?;
            order.arms.push(Arm { name: name.to_owned(), recorded: false });
            Ok(Some(Against::Arm(name.to_owned())))
        }
    }
}

/// There is such a deployment, or such a workload behind `weir/`.
fn known(app: &App, name: &str) -> Reply<()> {
    if let Some(workload) = name.strip_prefix(ROUTER) {
        return configured(app, workload).map(drop);
    }
    let snapshot = app.snapshot.load();
    if snapshot.deployments.contains_key(name) {
        return Ok(());
    }
    let known: Vec<String> = snapshot.deployments.keys().map(|id| format!("`{id}`")).collect();
    Err(Failure::not_found("deployment", name)
        .hint(format!("deployments: {}; `weir/WORKLOAD` is a router", known.join(", "))))
}

/// Recorded answers as outputs of their arms; an item without one is an error of that arm.
fn recorded(app: &App, arms: &[Recorded], chosen: &[(String, Item)]) -> Reply<Vec<RunOutput>> {
    let now = app.clock.now();
    let mut outputs = Vec::new();
    for arm in arms {
        let by_item: HashMap<&str, &RecordedAnswer> =
            arm.answers.iter().map(|answer| (answer.item.as_str(), answer)).collect();
        for (place, (_, item)) in (0..).zip(chosen) {
            let answer = by_item.get(item.id.as_str());
            let said = match answer {
                Some(answer) => serde_json::to_string(&Answer { text: answer.text.clone(), ..Answer::default() })
                    .map_err(|error| error.to_string()),
                None => Err("no answer was recorded for this item".to_owned()),
            };
            outputs.push(RunOutput {
                seq: 0,
                ord: place,
                arm: arm.name.clone(),
                trial: 0,
                said,
                span_id: None,
                deployment: None,
                cost: answer.and_then(|answer| answer.cost_usd).map(NanoUsd::from_usd),
                latency_us: answer.and_then(|answer| answer.latency_ms).map(|ms| (ms.max(0.0) * 1e3) as u64),
                input_tokens: None,
                output_tokens: None,
                at: now,
                scores: Vec::new(),
            });
        }
        if outputs.iter().all(|output| output.arm != arm.name || output.said.is_err()) {
            return Err(Failure::bad(format!("`recorded`: no answer of `{}` is for an item of this run", arm.name))
                .hint("answers name items by their `id`"));
        }
    }
    Ok(outputs)
}
