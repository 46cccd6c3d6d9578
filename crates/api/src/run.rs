//! Eval runs: lists, one run with its figures, and its items.

use std::collections::HashMap;

use axum::{Json, extract::State};
use serde::Deserialize;
use utoipa::IntoParams;
use weir_core::{error, run::RunOutput, score::Verdict};
use weir_evals::{
    run::{Order, Report},
    suite::Suite,
};
use weir_store::{Purpose, RunFilter, RunRow, RunStatus, Store};

use crate::{
    extract::{Params, Segment},
    guard::Caller,
    problem::{Failure, Reply},
    run_view::{RunDetail, RunItemView, RunView},
    state::App,
    view::List,
};

/// Runs of a page, unless asked otherwise.
const RUNS: u32 = 50;
/// Items of a page, unless asked otherwise.
const ITEMS: u32 = 50;
/// Most of either.
const MOST: u32 = 500;
/// Items looked through at once for those that are wanted.
const LOOK: u32 = 500;

/// Which runs.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct RunQuery {
    /// Of this suite.
    suite: Option<String>,
    /// Of this workload.
    workload: Option<String>,
    /// With this status.
    status: Option<String>,
    /// At most so many, up to 500.
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// Which items of a run.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct ItemQuery {
    /// `regressions` and `improvements` are items on which the second arm's quality scorer differs from the first's;
    /// `errors` have an answer missing, `unscored` a grade.
    only: Option<String>,
    /// At most so many, up to 500.
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// True shows held-out items, which is written down.
    #[serde(default)]
    reveal: bool,
}

/// `GET /api/v1/runs`.
pub(crate) async fn list_runs(State(app): State<App>, Params(query): Params<RunQuery>) -> Reply<Json<List<RunView>>> {
    let limit = limit(query.limit, RUNS)?;
    let status = query.status.as_deref().map(|word| {
        RunStatus::named(word).ok_or_else(|| {
            let known = "`queued`, `running`, `cancelling`, `done`, `stopped`, `cancelled` or `failed`";
            Failure::bad(format!("`status` is `{word}`, wanted {known}"))
        })
    });
    let filter = RunFilter {
        suite: query.suite,
        workload: query.workload,
        status: status.transpose()?,
        before: query.cursor.as_deref().map(cursor).transpose()?,
    };
    let rows = app.store.run_list(&filter, limit).await?;
    let next = rows.last().filter(|_| rows.len() == limit as usize).map(|row| row.seq.to_string());
    Ok(Json(List { items: rows.iter().map(RunView::from).collect(), next }))
}

/// `GET /api/v1/runs/{id}`.
pub(crate) async fn get_run(State(app): State<App>, Segment(id): Segment) -> Reply<Json<RunDetail>> {
    let row = find(&app, &id).await?;
    let (order, suite) = order(&row)?;
    let report = figures(&app.store, &row, order, suite).await?;
    Ok(Json(RunDetail::new(&row, report)))
}

/// `GET /api/v1/runs/{id}/items`.
pub(crate) async fn list_items(
    State(app): State<App>,
    Caller(caller): Caller,
    Segment(id): Segment,
    Params(query): Params<ItemQuery>,
) -> Reply<Json<List<RunItemView>>> {
    let limit = limit(query.limit, ITEMS)? as usize;
    let row = find(&app, &id).await?;
    let (order, suite) = order(&row)?;
    let wanted = Wanted::read(query.only.as_deref(), &order, suite)?;
    let from = query.cursor.as_deref().map(cursor).transpose()?.unwrap_or(0);
    let mut from = u32::try_from(from).map_err(|_| Failure::bad("`cursor` is none of this list's"))?;
    let access = match app.store.run_version(row.seq).await?.filter(|_| query.reveal) {
        Some(version) => Some(app.store.heldout_open(version, &caller.name, Purpose::Shown).await?),
        None => None,
    };
    let mut items = Vec::new();
    loop {
        let page = app.store.run_items(row.seq, access, from, LOOK).await?;
        let places: Vec<u32> = page.iter().map(|item| item.ord).collect();
        let Some(last) = places.last() else { return Ok(Json(List { items, next: None })) };
        from = last + 1;
        let mut answers: HashMap<u32, Vec<RunOutput>> = HashMap::new();
        for output in app.store.run_outputs(row.seq, Some(&places)).await? {
            answers.entry(output.ord).or_default().push(output);
        }
        for stored in &page {
            let answers = answers.remove(&stored.ord).unwrap_or_default();
            if !wanted.takes(&answers) {
                continue;
            }
            if items.len() == limit {
                return Ok(Json(List { items, next: Some(stored.ord.to_string()) }));
            }
            items.push(RunItemView::new(stored, &answers));
        }
    }
}

/// Which items are shown.
enum Wanted {
    All,
    Errors,
    Unscored,
    /// The arm before, the arm after, and which way.
    Moved {
        suite: Box<Suite>,
        from: String,
        to: String,
        up: bool,
    },
}

impl Wanted {
    fn read(only: Option<&str>, order: &Order, suite: Suite) -> Reply<Self> {
        let moved = |up| match order.arms.as_slice() {
            [from, to, ..] => {
                Ok(Self::Moved { suite: Box::new(suite.clone()), from: from.name.clone(), to: to.name.clone(), up })
            }
            _ => Err(Failure::bad("`only`: the run has one arm; compare two runs instead")),
        };
        match only {
            None => Ok(Self::All),
            Some("errors") => Ok(Self::Errors),
            Some("unscored") => Ok(Self::Unscored),
            Some("regressions") => moved(false),
            Some("improvements") => moved(true),
            Some(other) => Err(Failure::bad(format!(
                "`only` is `{other}`, wanted `regressions`, `improvements`, `errors` or `unscored`"
            ))),
        }
    }

    fn takes(&self, answers: &[RunOutput]) -> bool {
        match self {
            Self::All => true,
            Self::Errors => answers.iter().any(|answer| answer.said.is_err()),
            Self::Unscored => answers
                .iter()
                .any(|answer| answer.scores.iter().any(|score| matches!(score.verdict, Verdict::Unscored { .. }))),
            Self::Moved { suite, from, to, up } => {
                let (before, after) = (quality(suite, answers, from), quality(suite, answers, to));
                before.zip(after).is_some_and(|(before, after)| if *up { after > before } else { after < before })
            }
        }
    }
}

/// An arm's mean quality on one item.
pub(crate) fn quality(suite: &Suite, answers: &[RunOutput], arm: &str) -> Option<f64> {
    let grades: Vec<f64> = answers
        .iter()
        .filter(|answer| answer.arm == arm)
        .filter_map(|answer| {
            suite.quality_of(&|name| {
                let score = answer.scores.iter().find(|score| score.scorer == name)?;
                match &score.verdict {
                    Verdict::Scored { grade } => Some(grade.value()),
                    Verdict::Unscored { .. } => None,
                }
            })
        })
        .collect();
    (!grades.is_empty()).then(|| grades.iter().sum::<f64>() / grades.len() as f64)
}

/// The run with this id.
pub(crate) async fn find(app: &App, id: &str) -> Reply<RunRow> {
    app.store.run_get(id).await?.ok_or_else(|| Failure::not_found("run", id))
}

/// A run's order and the suite in it.
pub(crate) fn order(row: &RunRow) -> Reply<(Order, Suite)> {
    let damaged = |what: String| Failure::new(&error::INTERNAL, format!("run `{}` cannot be read: {what}", row.run.id));
    let order: Order = serde_json::from_str(&row.run.body).map_err(|error| damaged(error.to_string()))?;
    let suite = order.suite().map_err(|error| damaged(error.to_string()))?;
    Ok((order, suite))
}

/// What follows from a run's answers so far.
pub(crate) async fn figures(store: &Store, row: &RunRow, order: Order, suite: Suite) -> Reply<Report> {
    let (own, earlier) = store.run_answers(row, order.earlier()).await?;
    let made = tokio::task::spawn_blocking(move || Report::of(&suite, &order, &own, earlier.as_ref()));
    made.await.map_err(|_| Failure::new(&error::INTERNAL, "the run's figures could not be made"))
}

fn limit(asked: Option<u32>, usual: u32) -> Reply<u32> {
    match asked.unwrap_or(usual) {
        limit @ 1..=MOST => Ok(limit),
        other => Err(Failure::bad(format!("`limit` is {other}, wanted 1 to {MOST}"))),
    }
}

fn cursor(text: &str) -> Reply<i64> {
    text.parse().map_err(|_| Failure::bad("`cursor` is none of this list's"))
}
