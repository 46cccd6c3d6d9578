//! How far a judge can be trusted: its grades beside people's labels of the same answers, and where the two part.

mod anchors;
mod curve;

use std::collections::BTreeMap;

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use weir_core::ScorerName;
use weir_evals::judge::family::family;
use weir_stats::{
    agreement::{Confusion, Share, alpha},
    ppi::{LEAST_LABELS, Labels},
    slope::slope,
};
use weir_store::LabelRow;

use anchors::anchors;
use curve::{BinView, RepeatsView, bins, repeats};

pub(crate) use anchors::{AnchorOrder, AnchorsView, run_anchors, set_anchors};

use crate::{
    extract::{Params, Segment},
    label::judge_named,
    problem::Reply,
    state::App,
    view::Figure,
};

/// A grade from here on is a pass.
const PASS: f64 = 0.5;
/// Answers shown on which judge and people differ.
const DIFFER: usize = 20;
/// Tokens from which an answer is middling, and long.
const MIDDLING: u64 = 100;
const LONG: u64 = 400;
const Z95: f64 = 1.959_963_984_540_054;

/// Which version.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct CalibrationQuery {
    /// The judge's version; the one labelled last unless given, else the one that speaks.
    version: Option<String>,
}

/// A judge beside people.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CalibrationView {
    scorer: String,
    /// The version this is about: the one labelled last, else the one that speaks; `null` before it has spoken.
    version: Option<String>,
    /// Versions that have labels, oldest first. Their figures are never mixed.
    versions: Vec<String>,
    /// Answers with a label.
    labels: u64,
    /// `calibrated` from 30 labels on, else `uncalibrated`.
    state: &'static str,
    /// Share of answers on which both pass or both fail.
    agreement: Option<Figure>,
    /// Share of answers that people pass: where it is near 0 or 1, agreement says little.
    base_rate: Option<Figure>,
    /// Cohen's kappa of pass and fail.
    kappa: Option<Figure>,
    /// Krippendorff's alpha of the grades.
    alpha: Option<f64>,
    /// Of what people pass, what the judge passes.
    true_positive_rate: Option<Figure>,
    /// Of what people fail, what the judge passes.
    false_positive_rate: Option<Figure>,
    /// Judge minus people: above 0 it flatters.
    bias: Option<Figure>,
    /// Bias by the family of the model that answered.
    by_family: Vec<BiasView>,
    /// Bias by length of the answer.
    by_length: Vec<BiasView>,
    /// Change of the judge's grade less people's with each doubling of the answer's length in tokens, with 95 % limits:
    /// above 0 it favours long answers more than people do. From 10 labelled answers of different lengths on.
    length_slope: Option<Figure>,
    /// How far two people agree on the same answers.
    between_people: Option<f64>,
    /// People's grades by the judge's, in tenths of the scale: a judge that is right lies on the diagonal.
    bins: Vec<BinView>,
    /// How far the judge agrees with itself; absent before it was first asked twice about an answer.
    repeats: Option<RepeatsView>,
    /// Pass and fail of both.
    confusion: ConfusionView,
    /// Answers on which both differ most.
    differ: Vec<DifferView>,
    /// The labelled answers that it grades again and again; absent while there are none.
    anchors: Option<AnchorsView>,
}

/// One part of the answers.
#[derive(Debug, Serialize, ToSchema)]
struct BiasView {
    name: String,
    /// Judge minus people.
    bias: Option<Figure>,
    agreement: Option<Figure>,
}

/// A two-way table.
#[derive(Debug, Serialize, ToSchema)]
struct ConfusionView {
    both_pass: u64,
    judge_only: u64,
    people_only: u64,
    both_fail: u64,
}

/// One answer on which judge and people differ.
#[derive(Debug, Serialize, ToSchema)]
struct DifferView {
    span_id: String,
    judge: f64,
    people: f64,
    note: String,
}

/// `GET /api/v1/scorers/{name}/calibration`.
pub(crate) async fn get_calibration(
    State(app): State<App>,
    Segment(name): Segment,
    Params(query): Params<CalibrationQuery>,
) -> Reply<Json<CalibrationView>> {
    let scorer = judge_named(&app, &name)?;
    let all = app.store.label_pairs(&scorer, None).await?;
    let mut versions: Vec<String> = Vec::new();
    for row in &all {
        if !versions.iter().any(|known| **known == *row.version) {
            versions.push(row.version.to_string());
        }
    }
    let labelled_last = all.last().map(|row| row.version.to_string());
    let version = query.version.or(labelled_last).or_else(|| speaks(&app, &scorer));
    let rows: Vec<LabelRow> = all.into_iter().filter(|row| version.as_deref() == Some(&*row.version)).collect();
    let anchors = anchors(&app, &scorer).await?;
    let repeats = repeats(&app, &scorer, version.as_deref()).await?;
    Ok(Json(CalibrationView { anchors, repeats, ..view(name, version, versions, &rows) }))
}

fn view(scorer: String, version: Option<String>, versions: Vec<String>, rows: &[LabelRow]) -> CalibrationView {
    let mut answers: BTreeMap<i64, Vec<&LabelRow>> = BTreeMap::new();
    rows.iter().for_each(|row| answers.entry(row.task).or_default().push(row));
    let between: Vec<(f64, f64)> = answers
        .values()
        .filter_map(|rows| match rows.as_slice() {
            [first, second, ..] => Some((first.human, second.human)),
            _ => None,
        })
        .collect();
    // The first word on an answer is the one that counts.
    let first: Vec<&LabelRow> = answers.values().filter_map(|rows| rows.first().copied()).collect();
    let table = confusion(&first);
    let pairs: Vec<(f64, f64)> = first.iter().map(|row| (row.judge, row.human)).collect();
    let mut differ = first.clone();
    differ.sort_by(|a, b| (b.judge - b.human).abs().total_cmp(&(a.judge - a.human).abs()));
    let n = table.n();
    CalibrationView {
        scorer,
        version,
        versions,
        labels: n,
        state: if n >= LEAST_LABELS { "calibrated" } else { "uncalibrated" },
        agreement: table.agreement().map(share),
        base_rate: table.base_rate().map(share),
        kappa: table.kappa_interval().map(|(value, lower, upper)| Figure { value, lower, upper, n }),
        alpha: alpha(&pairs),
        true_positive_rate: table.true_positive_rate().map(share),
        false_positive_rate: table.false_positive_rate().map(share),
        bias: bias(&first),
        by_family: parts(&first, |row| family(row.deployment.as_str()).unwrap_or("unknown")),
        by_length: parts(&first, |row| match row.output_tokens {
            None => "unknown",
            Some(tokens) if tokens < MIDDLING => "under 100 tokens",
            Some(tokens) if tokens < LONG => "100 to 399 tokens",
            Some(_) => "400 tokens and more",
        }),
        length_slope: length_slope(&first),
        between_people: alpha(&between),
        confusion: ConfusionView {
            both_pass: table.both,
            judge_only: table.judge_only,
            people_only: table.human_only,
            both_fail: table.neither,
        },
        differ: differ
            .into_iter()
            .filter(|row| (row.judge - row.human).abs() > f64::EPSILON)
            .take(DIFFER)
            .map(|row| DifferView {
                span_id: row.span_id.to_string(),
                judge: row.judge,
                people: row.human,
                note: row.note.clone(),
            })
            .collect(),
        bins: bins(&first),
        repeats: None,
        anchors: None,
    }
}

/// The version that speaks now, in any workload.
fn speaks(app: &App, scorer: &ScorerName) -> Option<String> {
    let windows = app.windows.borrow();
    let settings = app.settings.load();
    let found = settings.workloads.keys().find_map(|workload| windows.current_version(workload, scorer));
    found.map(ToString::to_string)
}

fn confusion(rows: &[&LabelRow]) -> Confusion {
    let mut table = Confusion::default();
    rows.iter().for_each(|row| table.add(row.judge >= PASS, row.human >= PASS));
    table
}

fn bias(rows: &[&LabelRow]) -> Option<Figure> {
    let mut labels = Labels::default();
    rows.iter().for_each(|row| labels.label(row.human, row.judge));
    let bias = labels.bias(Z95)?;
    Some(Figure { value: bias.mean, lower: bias.lower, upper: bias.upper, n: labels.labelled() })
}

fn length_slope(rows: &[&LabelRow]) -> Option<Figure> {
    let points: Vec<(f64, f64)> = rows
        .iter()
        .filter_map(|row| Some(((row.output_tokens?.max(1) as f64).log2(), row.judge - row.human)))
        .collect();
    let found = slope(&points, Z95)?;
    Some(Figure { value: found.value, lower: found.lower, upper: found.upper, n: found.n })
}

fn parts(rows: &[&LabelRow], name: impl Fn(&LabelRow) -> &'static str) -> Vec<BiasView> {
    let mut parts: BTreeMap<&'static str, Vec<&LabelRow>> = BTreeMap::new();
    rows.iter().for_each(|row| parts.entry(name(row)).or_default().push(row));
    let part = |(name, rows): (&str, Vec<&LabelRow>)| BiasView {
        name: name.to_owned(),
        bias: bias(&rows),
        agreement: confusion(&rows).agreement().map(share),
    };
    parts.into_iter().map(part).collect()
}

fn share(share: Share) -> Figure {
    Figure { value: share.value, lower: share.lower, upper: share.upper, n: share.n }
}
