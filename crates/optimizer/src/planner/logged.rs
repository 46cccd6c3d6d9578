//! What graded traffic says of a route that was not taken: its value by inverse propensities, and the scope in which a
//! candidate is good enough. Both read decisions as they were logged; neither sends anybody anywhere.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use weir_core::{
    DeploymentId,
    decision::Decision,
    entropy::mix,
    segment::{SegmentBy, Segments, Shown},
    span::Span,
};
use weir_stats::{
    off_policy::{COVERED, Logged, OffPolicy, Refusal, Value},
    ppi::{LEAST_LABELS, Labels, Mean},
    window::BOUND_Z,
};

use super::scope::{Difference, Observation, mine};

/// One graded answer.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// The request, with its decision.
    pub span: &'a Span,
    /// Its grade, `0..=1`.
    pub grade: f64,
    /// What a person said of it, `0..=1`.
    pub human: Option<f64>,
}

/// How much kinder the scorer is to one deployment than to another, by people's labels.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bias {
    /// (scorer − human) of the candidate − the same of the stable deployment, `-2..=2`.
    pub delta: f64,
    /// Its standard error.
    pub se: f64,
    /// Labels of the deployment with fewer.
    pub labels: u64,
}

/// What sending everything to one deployment would be worth.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Estimate {
    /// By inverse propensities, doubly robust.
    Valued(Value),
    /// The logged traffic does not tell: it needs a shadow or a canary.
    Refused(Refusal),
}

impl Estimate {
    /// The value, where there is one.
    #[must_use]
    pub const fn value(&self) -> Option<&Value> {
        match self {
            Self::Valued(value) => Some(value),
            Self::Refused(_) => None,
        }
    }
}

/// Where a candidate is best, found on one half of the units and told of the other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Within {
    /// In words: `2k-8k tools`.
    pub words: String,
    /// Each feature that it names, with the place of its value among the feature's words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<(SegmentBy, usize)>,
    /// The key that its value of [`SegmentBy::Tenant`] stands for; `None` for all that are not told apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<Arc<str>>,
    /// Segments outside of it.
    pub except: Vec<Arc<str>>,
    /// Share of graded traffic within it, `0..=1`.
    pub share: f64,
    /// Candidate − stable as it looked where it was chosen: an overestimate.
    pub discovered: Difference,
    /// As it is on the half that had no part in the choice.
    pub held_out: Difference,
    /// Scopes that were considered.
    pub considered: usize,
}

impl Within {
    /// Lower bound of the difference, from the half that had no part in the choice.
    #[must_use]
    pub fn lower(&self) -> f64 {
        self.held_out.delta - BOUND_Z * self.held_out.se
    }
}

/// The value of sending every one of these requests to `deployment`. `expected` gives the mean grade of a deployment as
/// far as it is known, for the part that propensities do not reach.
#[must_use]
pub fn value(answers: &[Answer<'_>], deployment: &DeploymentId, expected: impl Fn(&DeploymentId) -> f64) -> Estimate {
    let mut sums = OffPolicy::default();
    for answer in answers {
        let Some((decision, served)) = asked(answer.span) else { continue };
        let chance = probability(decision, deployment);
        sums.add(&Logged {
            grade: answer.grade,
            propensity: decision.propensity,
            target: f64::from(u8::from(served == deployment)),
            expected: expected(served),
            expected_target: expected(deployment),
            uncovered: f64::from(u8::from(chance < COVERED)),
        });
    }
    sums.value().map_or_else(Estimate::Refused, Estimate::Valued)
}

/// The scorer's bias towards `candidate` against `stable` (prediction-powered: the scorer's mean plus the mean of what
/// people said otherwise, per arm). `None` below [`LEAST_LABELS`] of either.
#[must_use]
pub fn bias(answers: &[Answer<'_>], candidate: &DeploymentId, stable: &DeploymentId) -> Option<Bias> {
    let of = |deployment: &DeploymentId| {
        let mut labels = Labels::default();
        for answer in answers.iter().filter(|answer| answer.span.served_by() == Some(deployment)) {
            if let Some(human) = answer.human {
                labels.label(human, answer.grade);
            }
        }
        let enough = labels.labelled() >= LEAST_LABELS;
        labels.bias(BOUND_Z).filter(|_| enough).map(|bias| (bias, labels.labelled()))
    };
    let (ours, our_labels) = of(candidate)?;
    let (theirs, their_labels) = of(stable)?;
    // An interval stands a little to one side of its estimate: its farther end tells the error.
    let se = |bias: Mean| (bias.mean - bias.lower).max(bias.upper - bias.mean) / BOUND_Z;
    Some(Bias { delta: ours.mean - theirs.mean, se: se(ours).hypot(se(theirs)), labels: our_labels.min(their_labels) })
}

/// Where `candidate` does best against `stable`, by the features that tell this workload's prompts apart. `None` when
/// nothing is told apart, or no scope but the whole has enough answers of both in both halves.
#[must_use]
pub fn within(
    answers: &[Answer<'_>],
    (candidate, stable): (&DeploymentId, &DeploymentId),
    segments: &Segments,
) -> Option<Within> {
    let observations: Vec<Observation> = answers
        .iter()
        .filter_map(|answer| {
            let (decision, served) = asked(answer.span)?;
            let (features, tenant) = (&decision.features, &*answer.span.tenant);
            let shown = Shown { features, tenant, at: answer.span.started_at };
            let values = segments.values(&shown);
            (served == candidate || served == stable).then(|| Observation {
                unit: decision.inputs.unit,
                features: values.map(|value| u16::try_from(value).unwrap_or(u16::MAX)).collect(),
                candidate: served == candidate,
                grade: answer.grade,
            })
        })
        .collect();
    let salt = candidate.as_str().bytes().fold(0, |salt, byte| mix(salt ^ u64::from(byte)));
    let found = mine(&observations, salt)?;
    let inside = segments.within(&found.scope);
    let except: Vec<Arc<str>> = segments.names().iter().filter(|name| !inside.contains(name)).cloned().collect();
    let covered = observations.iter().filter(|one| super::scope::covers(&found.scope, &one.features)).count();
    let named = found.scope.iter().filter_map(|&(at, value)| Some((*segments.by().get(at)?, usize::from(value))));
    let values: Vec<(SegmentBy, usize)> = named.collect();
    let words: Vec<Arc<str>> = values.iter().filter_map(|(by, value)| segments.word(*by, *value)).collect();
    let words = words.join(" ");
    let tenant = values.iter().find(|(by, _)| *by == SegmentBy::Tenant);
    let tenant = tenant.and_then(|(_, value)| segments.tenant(*value)).cloned();
    (!except.is_empty()).then(|| Within {
        words,
        values,
        tenant,
        except,
        share: covered as f64 / observations.len().max(1) as f64,
        discovered: found.discovered,
        held_out: found.held_out,
        considered: found.considered,
    })
}

/// The decision and who answered, where that is the one the decision chose: a fallback's answer has no propensity.
fn asked(span: &Span) -> Option<(&Decision, &DeploymentId)> {
    let decision = span.decision.as_deref()?;
    let served = span.served_by().filter(|served| decision.chain.first() == Some(*served))?;
    (&*decision.strategy != "pinned").then_some((decision, served))
}

/// The probability with which this decision could have sent its request to `deployment`: through a canary's arms, or by
/// the policy's own draw.
fn probability(decision: &Decision, deployment: &DeploymentId) -> f64 {
    let own = decision.candidates.iter().find(|candidate| candidate.deployment == *deployment);
    let by_policy = own.map_or(0.0, |candidate| candidate.state.propensity);
    decision.inputs.canary.as_ref().map_or(by_policy, |slot| {
        let arms = [&slot.candidate, &slot.control].into_iter().filter(|arm| *arm == deployment).count();
        let rest = if slot.takes_over { f64::from(u8::from(slot.candidate == *deployment)) } else { by_policy };
        slot.share * arms as f64 + (1.0 - 2.0 * slot.share) * rest
    })
}
