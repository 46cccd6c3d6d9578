//! What graded answers say of costs: how sure the means are, and who serves what at which price.

use weir_core::{
    DeploymentId,
    snapshot::{CandidateView, WorkloadView},
};
use weir_optimizer::{
    diff::{ChoiceFacts, PartFacts, Side},
    planner::logged::Answer,
};

/// Standard error of the difference of two mean costs, in dollars. A deployment that has hardly served varies as the other
/// one does, in proportion to its price.
pub(super) fn difference_se(answers: &[Answer<'_>], from: &Side, to: &Side) -> f64 {
    let Some(present) = mean_se(answers, &from.deployment) else { return 0.0 };
    let ratio = to.cost_usd.zip(from.cost_usd).map_or(1.0, |(to, from)| if from > 0.0 { to / from } else { 1.0 });
    present.hypot(mean_se(answers, &to.deployment).unwrap_or(present * ratio))
}

/// Standard error of a deployment's mean cost; `None` with fewer than two priced answers.
fn mean_se(answers: &[Answer<'_>], deployment: &DeploymentId) -> Option<f64> {
    let own = answers.iter().filter(|answer| answer.span.served_by() == Some(deployment));
    let costs: Vec<f64> = own.filter_map(|answer| answer.span.cost).map(|cost| cost.as_usd()).collect();
    let n = costs.len() as f64;
    let mean = costs.iter().sum::<f64>() / n;
    let spread = costs.iter().map(|cost| (cost - mean).powi(2)).sum::<f64>();
    (costs.len() > 1).then(|| (spread / (n - 1.0) / n).sqrt())
}

/// Every part of the traffic that was graded, with everybody whose price and quality are known there.
pub(super) fn parts(
    view: &WorkloadView,
    answers: &[Answer<'_>],
    price: impl Fn(&CandidateView) -> Option<f64>,
) -> Vec<PartFacts> {
    let names = view.segments.names().iter();
    let counted = names.map(|name| (name, answers.iter().filter(|answer| *answer.span.segment() == **name).count()));
    counted
        .filter(|(_, count)| *count > 0)
        .map(|(name, count)| PartFacts {
            segment: name.clone(),
            share: count as f64 / answers.len() as f64,
            choices: choices(view.part(name), &price),
        })
        .collect()
}

fn choices(part: &WorkloadView, price: &impl Fn(&CandidateView) -> Option<f64>) -> Vec<ChoiceFacts> {
    let known = part.candidates.iter().filter_map(|candidate| {
        let (quality, cost_usd) = candidate.quality.zip(price(candidate))?;
        Some(ChoiceFacts { deployment: candidate.deployment.id.clone(), cost_usd, lower: quality.lower })
    });
    known.collect()
}
