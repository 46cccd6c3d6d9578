//! Eval runs as they are shown: a line in a list, the whole with its figures, and item by item.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use weir_core::{
    NanoUsd,
    run::{RunOutput, RunScore},
    score::Verdict,
};
use weir_evals::run::{Against, ArmReport, Comparison, GateOutcome, Metric, Order, Report};
use weir_store::{RunItem, RunRow};

use crate::{time::rfc3339, view::Figure};

/// One run in one line.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct RunView {
    pub(crate) id: String,
    suite: String,
    /// Hash of the suite's text.
    suite_version: String,
    workload: String,
    dataset: String,
    /// Content hash of the dataset.
    dataset_version: String,
    /// Who answers, in order.
    arms: Vec<String>,
    /// An arm, or the id of an earlier run; `null` when nothing is compared.
    against: Option<String>,
    /// `queued`, `running`, `cancelling`, `done`, `stopped`, `cancelled` or `failed`.
    status: &'static str,
    /// `pass`, `fail`, `inconclusive` or `instrument`, or `ungated` where nothing was demanded; once it is over.
    verdict: Option<String>,
    /// Why it ended as it did; may be empty.
    message: String,
    /// Answers wanted.
    total: u64,
    /// Answers and failed questions so far.
    asked: u64,
    /// Of those, without an answer.
    errors: u64,
    /// Answers and judges together.
    cost_usd: f64,
    max_usd: Option<f64>,
    git_sha: Option<String>,
    actor: String,
    created_at: String,
    started_at: Option<String>,
    ended_at: Option<String>,
}

/// One run with its figures as far as it is. Every interval may be looked at while it runs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RunDetail {
    pub(crate) run: RunView,
    /// What its gates come to now.
    verdict: String,
    arms: Vec<ArmView>,
    comparisons: Vec<ComparisonView>,
    gates: Vec<GateView>,
}

/// One arm of a run.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ArmView {
    name: String,
    /// The others are compared with it.
    is_baseline: bool,
    asked: u64,
    /// Of those, without an answer.
    errors: u64,
    /// The suite's scorers in order, then `quality`.
    metrics: Vec<MetricView>,
    /// Dollars an answer.
    cost_usd: Option<Figure>,
    cost_total_usd: f64,
    latency_ms: Option<Figure>,
    p50_ms: Option<f64>,
    p95_ms: Option<f64>,
}

/// One metric of one arm.
#[derive(Debug, Serialize, ToSchema)]
struct MetricView {
    name: String,
    /// Mean over items; `null` without a grade.
    grade: Option<Figure>,
    /// Share of answers with a grade.
    coverage: Option<f64>,
    /// Answers without one, by reason.
    unscored: BTreeMap<String, u64>,
}

/// One arm beside the baseline on one metric.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ComparisonView {
    arm: String,
    against: String,
    pub(crate) metric: String,
    /// Mean difference over items, arm less baseline.
    delta: Figure,
    wins: u64,
    ties: u64,
    losses: u64,
    /// McNemar's exact p where every grade is 0 or 1; for one look at the end.
    mcnemar_p: Option<f64>,
    /// The interval leaves out 0.
    resolved: bool,
    /// About so many more items until it is resolved; `null` when it is, or when none is in sight.
    items_needed: Option<u64>,
    /// All of it in one sentence.
    sentence: String,
}

/// One gate on one arm.
#[derive(Debug, Serialize, ToSchema)]
struct GateView {
    /// The condition in a few words.
    name: String,
    arm: String,
    /// `pass`, `fail`, `inconclusive` or `instrument`.
    state: &'static str,
    figure: Option<Figure>,
    coverage: Option<f64>,
    items_needed: Option<u64>,
    sentence: String,
}

/// One item of a run.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RunItemView {
    /// Its place in the run, from 0.
    pub(crate) place: u32,
    item_id: String,
    item_hash: String,
    /// The messages that were sent; `null` when the item is hidden or purged.
    #[schema(value_type = Object)]
    input: Value,
    /// The right answer, where it is known and may be seen.
    #[schema(value_type = Value)]
    expected: Option<Value>,
    /// It is held out: `reveal=true` shows it and what was said of it, and writes that down.
    hidden: bool,
    /// Its content was destroyed.
    purged: bool,
    /// Every arm's, every trial's.
    answers: Vec<AnswerView>,
}

/// One answer.
#[derive(Debug, Serialize, ToSchema)]
struct AnswerView {
    arm: String,
    trial: u32,
    /// `null` when there is none; empty when the item is hidden or purged.
    text: Option<String>,
    /// Why there is none.
    error: Option<String>,
    /// The request it was recorded as.
    span_id: Option<String>,
    /// Who served it.
    deployment: Option<String>,
    cost_usd: Option<f64>,
    latency_ms: Option<f64>,
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    scores: Vec<RunScoreView>,
}

/// One scorer's word on one answer.
#[derive(Debug, Serialize, ToSchema)]
struct RunScoreView {
    scorer: String,
    version: String,
    /// `scored` or `unscored`.
    status: &'static str,
    value: Option<f64>,
    /// Why there is no grade.
    reason: Option<String>,
    /// What was measured, in its own unit.
    raw: Option<f64>,
    explanation: Option<String>,
    cost_usd: f64,
}

impl From<&RunRow> for RunView {
    fn from(row: &RunRow) -> Self {
        let order: Option<Order> = serde_json::from_str(&row.run.body).ok();
        let against = order.as_ref().and_then(|order| order.against.clone()).map(|against| match against {
            Against::Arm(name) | Against::Run(name) => name,
        });
        let run = row.run.clone();
        Self {
            id: run.id,
            suite: run.suite,
            suite_version: run.suite_version,
            workload: run.workload,
            dataset: run.dataset,
            dataset_version: run.dataset_version,
            max_usd: order.as_ref().and_then(|order| order.max_usd),
            arms: order.map(|order| order.arms.into_iter().map(|arm| arm.name).collect()).unwrap_or_default(),
            against,
            status: row.status.name(),
            verdict: row.verdict.clone(),
            message: row.message.clone(),
            total: run.total,
            asked: row.asked,
            errors: row.errors,
            cost_usd: row.cost.as_usd(),
            git_sha: run.git_sha,
            actor: run.actor,
            created_at: rfc3339(row.created_at),
            started_at: row.started_at.map(rfc3339),
            ended_at: row.ended_at.map(rfc3339),
        }
    }
}

impl RunDetail {
    pub(crate) fn new(row: &RunRow, report: Report) -> Self {
        Self {
            run: row.into(),
            verdict: report.verdict.name().to_owned(),
            arms: report.arms.into_iter().map(ArmView::from).collect(),
            comparisons: report.comparisons.into_iter().map(ComparisonView::from).collect(),
            gates: report.gates.into_iter().map(GateView::from).collect(),
        }
    }
}

impl From<weir_evals::run::Figure> for Figure {
    fn from(figure: weir_evals::run::Figure) -> Self {
        Self { value: figure.value, lower: figure.lower, upper: figure.upper, n: figure.n }
    }
}

impl From<ArmReport> for ArmView {
    fn from(arm: ArmReport) -> Self {
        Self {
            name: arm.name,
            is_baseline: arm.is_baseline,
            asked: arm.asked,
            errors: arm.errors,
            metrics: arm.metrics.into_iter().map(MetricView::from).collect(),
            cost_usd: arm.cost_usd.map(Figure::from),
            cost_total_usd: arm.cost_usd_total,
            latency_ms: arm.latency_ms.map(Figure::from),
            p50_ms: arm.p50_ms,
            p95_ms: arm.p95_ms,
        }
    }
}

impl From<Metric> for MetricView {
    fn from(metric: Metric) -> Self {
        Self {
            name: metric.name,
            grade: metric.figure.map(Figure::from),
            coverage: metric.coverage,
            unscored: metric.unscored.into_iter().map(|(reason, count)| (reason.to_owned(), count)).collect(),
        }
    }
}

impl From<Comparison> for ComparisonView {
    fn from(comparison: Comparison) -> Self {
        Self {
            arm: comparison.arm,
            against: comparison.against,
            metric: comparison.metric,
            delta: comparison.delta.into(),
            wins: comparison.wins,
            ties: comparison.ties,
            losses: comparison.losses,
            mcnemar_p: comparison.mcnemar_p,
            resolved: comparison.resolved,
            items_needed: comparison.items_needed,
            sentence: comparison.sentence,
        }
    }
}

impl From<GateOutcome> for GateView {
    fn from(gate: GateOutcome) -> Self {
        Self {
            name: gate.name,
            arm: gate.arm,
            state: gate.state.name(),
            figure: gate.figure.map(Figure::from),
            coverage: gate.coverage,
            items_needed: gate.items_needed,
            sentence: gate.sentence,
        }
    }
}

impl RunItemView {
    pub(crate) fn new(stored: &RunItem, answers: &[RunOutput]) -> Self {
        let body: Value = stored.body.as_deref().and_then(|body| serde_json::from_str(body).ok()).unwrap_or_default();
        let hidden = stored.hidden();
        Self {
            place: stored.ord,
            item_id: stored.id.clone(),
            item_hash: stored.hash.clone(),
            input: body["input"].clone(),
            expected: Some(body["expected"].clone()).filter(|expected| !expected.is_null()),
            hidden,
            purged: stored.purged,
            answers: answers.iter().map(|answer| AnswerView::new(answer, hidden)).collect(),
        }
    }
}

impl AnswerView {
    /// Answers and explanations quote what they answer and explain, so those of a hidden item are hidden too.
    fn new(output: &RunOutput, hidden: bool) -> Self {
        let text = |said: &String| {
            let answer: Value = serde_json::from_str(said).unwrap_or_default();
            answer["text"].as_str().unwrap_or_default().to_owned()
        };
        Self {
            arm: output.arm.clone(),
            trial: output.trial,
            text: output.said.as_ref().ok().map(|said| if hidden { String::new() } else { text(said) }),
            error: output.said.as_ref().err().cloned(),
            span_id: output.span_id.map(|id| id.to_string()),
            deployment: output.deployment.clone(),
            cost_usd: output.cost.map(NanoUsd::as_usd),
            latency_ms: output.latency_us.map(|us| us as f64 / 1e3),
            input_tokens: output.input_tokens,
            output_tokens: output.output_tokens,
            scores: output
                .scores
                .iter()
                .map(RunScoreView::from)
                .map(|score| RunScoreView { explanation: score.explanation.filter(|_| !hidden), ..score })
                .collect(),
        }
    }
}

impl From<&RunScore> for RunScoreView {
    fn from(score: &RunScore) -> Self {
        let (status, value, reason) = match &score.verdict {
            Verdict::Scored { grade } => ("scored", Some(grade.value()), None),
            Verdict::Unscored { reason } => ("unscored", None, Some(reason.name().to_owned())),
        };
        Self {
            scorer: score.scorer.clone(),
            version: score.version.clone(),
            status,
            value,
            reason,
            raw: score.raw,
            explanation: score.explanation.clone(),
            cost_usd: score.cost.as_usd(),
        }
    }
}
