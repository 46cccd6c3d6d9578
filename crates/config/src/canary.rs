//! `[canary]`: what canaries are run with unless a request says otherwise.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use weir_core::canary::CanaryDefaults;

use crate::problem::Report;

/// What canaries are run with unless a request says otherwise. What is left out has weir's own defaults.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Canary {
    /// Share of units per arm at each step, ascending, each above 0 and at most 0.5.
    #[serde(skip_serializing_if = "Option::is_none")]
    steps: Option<Vec<f64>>,
    /// Largest acceptable loss of mean grade.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.001, max = 0.5))]
    margin: Option<f64>,
    /// Probability of promoting a candidate that is worse than the margin.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.000_001, max = 0.2))]
    alpha_promote: Option<f64>,
    /// Probability of rolling back a candidate that is not worse than the margin.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.000_001, max = 0.2))]
    alpha_rollback: Option<f64>,
    /// Least pairs before a promotion.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    min_pairs: Option<u64>,
    /// Least time within a step before the next, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    bake_ms: Option<u64>,
    /// Least time before a promotion, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    min_duration_ms: Option<u64>,
    /// Largest loss of the workload's mean grade that exposure may cause.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.000_1, max = 1))]
    risk_budget: Option<f64>,
    /// Same-prompt pairs before any exposure; 0 skips the shadow.
    #[serde(skip_serializing_if = "Option::is_none")]
    shadow_pairs: Option<u64>,
    /// A person must approve before anything is exposed.
    approval: bool,
    /// Whoever approves must not be who proposed; implies `approval`.
    four_eyes: bool,
    /// A judge may decide that is of an arm's own family; the canary says so. Without it none such starts.
    kin_judge: bool,
}

/// As the optimizer takes them; steps that are no ramp are reported.
pub(crate) fn defaults(written: &Canary, report: &mut Report) -> CanaryDefaults {
    if let Some(steps) = &written.steps {
        let in_range = steps.iter().all(|step| *step > 0.0 && *step <= 0.5);
        let ascending = steps.iter().zip(steps.iter().skip(1)).all(|(one, next)| one < next);
        if steps.is_empty() || !in_range || !ascending {
            let wanted = "wanted at least one share, each above 0 and at most 0.5 per arm, strictly ascending";
            report.error(
                "canary.steps",
                format!("found {steps:?}, {wanted}"),
                Some("such as [0.01, 0.05, 0.25, 0.5]".into()),
            );
        }
    }
    CanaryDefaults {
        steps: written.steps.clone(),
        margin: written.margin,
        alpha_promote: written.alpha_promote,
        alpha_rollback: written.alpha_rollback,
        min_pairs: written.min_pairs,
        bake_ms: written.bake_ms,
        min_duration_ms: written.min_duration_ms,
        risk_budget: written.risk_budget,
        shadow_pairs: written.shadow_pairs,
        approval: written.approval,
        four_eyes: written.four_eyes,
        kin_judge: written.kin_judge,
    }
}
