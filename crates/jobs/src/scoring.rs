//! Which answers are scored, by what: every workload's scorers, compiled once per configuration.

use std::{collections::HashMap, sync::Arc};

use weir_config::{ConfigProblem, Settings};
use weir_core::{
    ScorerName, SpanId, WorkloadId,
    entropy::{mix, unit},
    span::{Origin, Span},
};
use weir_evals::{Scorer, ScorerSpec, compile};

/// A workload's scorers and how much of its traffic they see.
#[derive(Debug, Default)]
pub struct Plan {
    sample: f64,
    /// Deterministic scorers, run in process.
    pub(crate) checks: Vec<(ScorerName, Arc<Scorer>)>,
    /// Model-based scorers, each asked through the gateway.
    pub(crate) judges: Vec<(ScorerName, Arc<Scorer>)>,
}

/// Every workload's plan.
#[derive(Debug, Default)]
pub struct Scoring(HashMap<WorkloadId, Plan>);

impl Scoring {
    /// Compiles the configured scorers. `read` opens files that a scorer names, such as a schema.
    ///
    /// # Errors
    /// Every scorer that cannot be used, with its place in the file.
    pub fn compile(
        settings: &Settings,
        read: &dyn Fn(&str) -> Result<String, String>,
    ) -> Result<Self, Vec<ConfigProblem>> {
        let mut compiled = HashMap::new();
        let mut problems = Vec::new();
        for (name, value) in &settings.scorers {
            let scorer = ScorerSpec::parse(value).and_then(|mut spec| {
                spec.resolve_files(read)?;
                compile(&spec)
            });
            match scorer {
                Ok(scorer) => {
                    compiled.insert(name.clone(), Arc::new(scorer));
                }
                Err(error) => problems.push(settings.problem(&format!("scorers.{name}"), error.to_string(), None)),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let plans = settings.workloads.iter().map(|(id, workload)| {
            let scorers = workload.scorers.iter().filter_map(|name| Some((name.clone(), compiled.get(name)?.clone())));
            let (judges, checks) = scorers.partition(|(_, scorer)| scorer.judge().is_some());
            (id.clone(), Plan { sample: workload.sample, checks, judges })
        });
        Ok(Self(plans.collect()))
    }

    /// The plan of one workload.
    pub(crate) fn plan(&self, workload: &WorkloadId) -> Option<&Plan> {
        self.0.get(workload).filter(|plan| !plan.checks.is_empty() || !plan.judges.is_empty())
    }

    /// The probability with which this span was chosen for scoring; `None` when it was not chosen. Both arms of a
    /// canary are always scored: scoring a part multiplies the harm before a decision. `mirror` is the probability that
    /// the answer is asked again of a candidate and `mirrored` whether it is: then both answers are wanted.
    pub(crate) fn sample(&self, span: &Span, mirror: f64, mirrored: bool) -> Option<f64> {
        let plan = self.plan(&span.workload)?;
        let exposed = span.decision.as_ref().is_some_and(|decision| decision.exposure.is_some());
        let asked_to_be_scored = matches!(span.origin, Origin::Probe | Origin::Shadow);
        let sample = if exposed || asked_to_be_scored { 1.0 } else { plan.sample };
        let p = 1.0 - (1.0 - sample) * (1.0 - mirror);
        (mirrored || sampling_point(span.id) < sample).then_some(p)
    }
}

/// Where a span falls in `[0, 1)`: the spans of a lower rate are a subset of those of a higher one.
fn sampling_point(id: SpanId) -> f64 {
    let bits = id.bits();
    unit(mix(bits as u64 ^ mix((bits >> 64) as u64)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lower_rate_samples_a_subset_and_about_its_share() {
        let points: Vec<f64> = (0..20_000).map(|n| sampling_point(SpanId::from_bits(n))).collect();
        let share = points.iter().filter(|point| **point < 0.1).count();
        assert!((1_850..2_150).contains(&share), "{share}");
        assert!(points.iter().all(|point| (0.0..1.0).contains(point)));
    }
}
