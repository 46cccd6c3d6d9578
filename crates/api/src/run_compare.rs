//! Two runs side by side, item by item: the second is the baseline. Items are joined by content, so only those that both
//! runs asked count; a scorer that changed in between is left out, because its grades mean something else.

use std::collections::{BTreeMap, BTreeSet};

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use weir_core::run::RunOutput;
use weir_evals::{run::Against, suite::QUALITY};
use weir_store::{RunItem, RunRow};

use crate::{
    dataset::about,
    extract::Params,
    problem::Reply,
    run::{figures, find, order, quality},
    run_view::{ArmView, ComparisonView, RunView},
    state::App,
};

/// Items listed each way.
const LISTED: usize = 100;

/// Which runs.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct CompareQuery {
    /// The run looked at.
    a: String,
    /// The run it is compared with.
    b: String,
}

/// Two runs side by side.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RunComparison {
    a: RunView,
    b: RunView,
    /// Both asked the same content.
    same_dataset: bool,
    /// Scorers whose definition differs; they are not compared.
    changed_scorers: Vec<String>,
    /// Arms of `a`, then the first of `b`.
    arms: Vec<ArmView>,
    comparisons: Vec<ComparisonView>,
    /// Items on which the first arm of `a` is worse than that of `b`, worst first.
    regressions: Vec<MovedItem>,
    /// Items on which it is better, best first.
    improvements: Vec<MovedItem>,
}

/// An item whose quality differs.
#[derive(Debug, Serialize, ToSchema)]
struct MovedItem {
    /// Its id in the dataset.
    item_id: String,
    item_hash: String,
    /// What a reader knows it by: the first words of its input; `null` when it is held out or purged.
    about: Option<String>,
    /// Its place in `a`.
    place: u32,
    /// Quality in `a`.
    a: f64,
    /// Quality in `b`.
    b: f64,
}

/// `GET /api/v1/runs/compare`.
pub(crate) async fn compare_runs(
    State(app): State<App>,
    Params(query): Params<CompareQuery>,
) -> Reply<Json<RunComparison>> {
    let (a, b) = (find(&app, &query.a).await?, find(&app, &query.b).await?);
    let (mut order, suite) = order(&a)?;
    let (ours, theirs) = (Side::read(&app, &a).await?, Side::read(&app, &b).await?);
    let changed = changed(&ours, &theirs);
    let mut moved: Vec<MovedItem> = Vec::new();
    for (hash, (place, outputs)) in &ours.items {
        let Some((_, others)) = theirs.items.get(hash) else { continue };
        let grades = quality(&suite, outputs, &ours.first).zip(quality(&suite, others, &theirs.first));
        moved.extend(grades.filter(|(a, b)| (a - b).abs() > 1e-9).map(|(a, b)| MovedItem {
            item_id: String::new(),
            item_hash: hash.clone(),
            about: None,
            place: *place,
            a,
            b,
        }));
    }
    moved.sort_by(|one, other| (one.a - one.b).total_cmp(&(other.a - other.b)));
    let quality_changed = suite.deciding().iter().any(|name| changed.contains(*name));
    if quality_changed {
        moved.clear();
    }
    let (mut worse, mut better): (Vec<_>, Vec<_>) = moved.into_iter().partition(|item| item.a < item.b);
    better.reverse();
    worse.truncate(LISTED);
    better.truncate(LISTED);
    name(&app, a.seq, worse.iter_mut().chain(&mut better).collect()).await?;
    order.against = Some(Against::Run(b.run.id.clone()));
    let report = figures(&app.store, &a, order, suite).await?;
    let comparisons = report.comparisons.into_iter().filter(|comparison| {
        !changed.contains(&comparison.metric) && (comparison.metric != QUALITY || !quality_changed)
    });
    Ok(Json(RunComparison {
        same_dataset: a.run.dataset_version == b.run.dataset_version,
        a: RunView::from(&a),
        b: RunView::from(&b),
        comparisons: comparisons.map(ComparisonView::from).collect(),
        arms: report.arms.into_iter().map(ArmView::from).collect(),
        changed_scorers: changed.into_iter().collect(),
        regressions: worse,
        improvements: better,
    }))
}

/// Gives the items of a run the names that readers know them by.
async fn name(app: &App, run: i64, moved: Vec<&mut MovedItem>) -> Reply<()> {
    let places: Vec<u32> = moved.iter().map(|item| item.place).collect();
    let found = app.store.run_items_at(run, &places).await?;
    let mut named: BTreeMap<u32, RunItem> = found.into_iter().map(|item| (item.ord, item)).collect();
    for item in moved {
        if let Some(stored) = named.remove(&item.place) {
            item.about = stored.body.as_deref().and_then(about);
            item.item_id = stored.id;
        }
    }
    Ok(())
}

/// One run's answers by item.
struct Side {
    /// Its first arm.
    first: String,
    items: BTreeMap<String, (u32, Vec<RunOutput>)>,
    /// Versions by scorer.
    versions: BTreeMap<String, BTreeSet<String>>,
}

impl Side {
    async fn read(app: &App, row: &RunRow) -> Reply<Self> {
        let (order, _) = order(row)?;
        let places = app.store.run_places(row.seq).await?;
        let mut by_place: BTreeMap<u32, Vec<RunOutput>> = BTreeMap::new();
        let mut versions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for output in app.store.run_outputs(row.seq, None).await? {
            for score in &output.scores {
                versions.entry(score.scorer.clone()).or_default().insert(score.version.clone());
            }
            by_place.entry(output.ord).or_default().push(output);
        }
        let items =
            places.into_iter().map(|(hash, place)| (hash, (place, by_place.remove(&place).unwrap_or_default())));
        let first = order.arms.first().map(|arm| arm.name.clone()).unwrap_or_default();
        Ok(Self { first, items: items.collect(), versions })
    }
}

/// Scorers that both runs have, in different versions.
fn changed(ours: &Side, theirs: &Side) -> BTreeSet<String> {
    let differs = |(name, versions): &(&String, &BTreeSet<String>)| {
        theirs.versions.get(*name).is_some_and(|others| others != *versions)
    };
    ours.versions.iter().filter(differs).map(|(name, _)| name.clone()).collect()
}
