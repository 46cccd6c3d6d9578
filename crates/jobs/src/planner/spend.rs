//! What graded answers say of costs: how sure the means are, and who serves what at which price.

use weir_core::{
    DeploymentId,
    snapshot::{CandidateView, WorkloadView},
};
use weir_optimizer::{
    diff::{ChoiceFacts, PartFacts, Side},
    planner::logged::Answer,
};

/// Costs above this quantile count as it.
const DEAR: f64 = 0.999;

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
    let mut costs: Vec<f64> = own.filter_map(|answer| answer.span.cost).map(|cost| cost.as_usd()).collect();
    winsorise(&mut costs);
    let n = costs.len() as f64;
    let mean = costs.iter().sum::<f64>() / n;
    let spread = costs.iter().map(|cost| (cost - mean).powi(2)).sum::<f64>();
    (costs.len() > 1).then(|| (spread / (n - 1.0) / n).sqrt())
}

/// Lowers what is above the 99.9th percentile to it: one answer of a hundred dollars says little of the next.
fn winsorise(costs: &mut [f64]) {
    costs.sort_by(f64::total_cmp);
    let rank = (costs.len() as f64 * DEAR).ceil() as usize;
    let Some(cap) = rank.checked_sub(1).and_then(|at| costs.get(at).copied()) else { return };
    costs.iter_mut().for_each(|cost| *cost = cost.min(cap));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_answer_in_a_thousand_that_costs_a_fortune_counts_as_a_dear_one() {
        let mut costs: Vec<f64> = (0..1_000).map(|number| if number == 7 { 1e6 } else { f64::from(number) }).collect();
        winsorise(&mut costs);
        assert_eq!((costs[999], costs[998]), (999.0, 999.0));
        winsorise(&mut []);
    }
}
