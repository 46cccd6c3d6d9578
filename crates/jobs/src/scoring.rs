//! Which answers are scored, by what: every rule's scorers, compiled once per configuration.

use std::{collections::HashMap, sync::Arc};

use indexmap::IndexMap;
use secrecy::SecretString;
use serde_json::Value;
use weir_config::{ConfigProblem, Settings};
use weir_core::{
    RuleName, ScorerName, SpanId, WorkloadId,
    rule::Rule,
    span::{Origin, Span},
};
use weir_evals::{Scorer, ScorerSpec, compile};

use crate::rates::Rates;

/// A rule with its scorers.
#[derive(Debug)]
pub struct Plan {
    pub(crate) rule: Rule,
    /// Made by the workload's own `scorers`: it steers, and canaries and mirrors lean on it.
    pub(crate) own: bool,
    /// Deterministic scorers, run in process.
    pub(crate) checks: Vec<(ScorerName, Arc<Scorer>)>,
    /// Those for which somebody is asked, a model, an embeddings deployment or a webhook, and those that take long.
    pub(crate) judges: Vec<(ScorerName, Arc<Scorer>)>,
}

impl Plan {
    /// Whether any of its checks looks at what was asked.
    pub(crate) fn read_prompts(&self) -> bool {
        self.checks.iter().any(|(_, scorer)| scorer.reads_prompt())
    }
}

/// Every rule's plan.
#[derive(Debug, Default)]
pub struct Scoring {
    plans: HashMap<RuleName, Arc<Plan>>,
    by_workload: HashMap<WorkloadId, Vec<Arc<Plan>>>,
    secrets: IndexMap<ScorerName, SecretString>,
    /// Versions of all configured scorers.
    versions: HashMap<ScorerName, String>,
}

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
        let versions = compiled.iter().map(|(name, scorer)| (name.clone(), scorer.version().to_owned()));
        let mut scoring =
            Self { secrets: settings.scorer_secrets.clone(), versions: versions.collect(), ..Self::default() };
        for rule in settings.rules.values() {
            let scorers = rule.scorers.iter().filter_map(|name| Some((name.clone(), compiled.get(name)?.clone())));
            let (judges, checks) = scorers.partition(|(_, scorer)| scorer.asked().is_some());
            let own = rule.name.as_str() == rule.workload.as_str();
            let plan = Arc::new(Plan { rule: rule.clone(), own, checks, judges });
            scoring.by_workload.entry(rule.workload.clone()).or_default().push(Arc::clone(&plan));
            scoring.plans.insert(rule.name.clone(), plan);
        }
        Ok(scoring)
    }

    /// What a webhook signs with.
    pub(crate) fn secret(&self, scorer: &ScorerName) -> Option<&SecretString> {
        self.secrets.get(scorer)
    }

    /// True when the configuration has this scorer with exactly this definition.
    pub(crate) fn has(&self, scorer: &ScorerName, version: &str) -> bool {
        self.versions.get(scorer).is_some_and(|known| known == version)
    }

    /// Every rule.
    pub(crate) fn plans(&self) -> impl Iterator<Item = &Arc<Plan>> {
        self.plans.values()
    }

    /// A rule by its name, where there is one; else the workload's own.
    pub(crate) fn plan(&self, rule: Option<&RuleName>, workload: &WorkloadId) -> Option<&Arc<Plan>> {
        match rule {
            Some(rule) => self.plans.get(rule),
            None => self.plans.get(workload.as_str()),
        }
    }

    /// The rules that choose this span, each with the probability of that. Under the workload's own rule both arms of a
    /// canary are always scored: scoring a part multiplies the harm before a decision. `mirror` is the probability that
    /// the answer is asked again of a candidate and `mirrored` whether it is: then both answers are wanted.
    pub(crate) fn choose(&self, span: &Span, mirror: f64, mirrored: bool, rates: &Rates) -> Vec<(Arc<Plan>, f64)> {
        let plans = self.by_workload.get(&span.workload).map(Vec::as_slice).unwrap_or_default();
        let passes = |plan: &Plan| plan.rule.filter.as_ref().is_none_or(|filter| filter.holds(span, tags(span)));
        let chosen = plans.iter().filter_map(|plan| {
            let rule = &plan.rule;
            if !rule.enabled || rates.is_paused(&rule.name) || !passes(plan) {
                return None;
            }
            let exposed = span.decision.as_ref().is_some_and(|decision| decision.exposure.is_some());
            let wanted = exposed || matches!(span.origin, Origin::Probe | Origin::Shadow);
            let sample = if plan.own && wanted { 1.0 } else { rates.share(rule, span.served_by()) };
            let by_hash = sampling_point(&rule.name, span.id) < sample;
            match plan.own {
                true => (mirrored || by_hash).then_some((Arc::clone(plan), 1.0 - (1.0 - sample) * (1.0 - mirror))),
                false => by_hash.then_some((Arc::clone(plan), sample)),
            }
        });
        chosen.collect()
    }
}

/// The caller's tags as a map; empty where there are none.
pub(crate) fn tags(span: &Span) -> Value {
    serde_json::from_str(&span.tags).unwrap_or_else(|_| Value::Object(serde_json::Map::new()))
}

/// Where a span falls in `[0, 1)` under a rule: the first 53 bits of a hash, so that the spans of a lower rate are a subset
/// of those of a higher one, whoever asks and when.
pub(crate) fn sampling_point(rule: &RuleName, id: SpanId) -> f64 {
    point("weir 2025 online scoring sample", rule.as_str(), id)
}

/// Where a span falls in `[0, 1)` under a name, in one domain of such choices.
pub(crate) fn point(domain: &'static str, name: &str, id: SpanId) -> f64 {
    let mut hasher = blake3::Hasher::new_derive_key(domain);
    hasher.update(name.as_bytes());
    hasher.update(&id.bits().to_be_bytes());
    let mut first = [0; 8];
    hasher.finalize_xof().fill(&mut first);
    (u64::from_be_bytes(first) >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{record, settings_text};

    #[test]
    fn a_lower_rate_samples_a_subset_and_about_its_share() {
        let rule = RuleName::from("hard");
        let points: Vec<f64> = (0..20_000).map(|n| sampling_point(&rule, SpanId::from_bits(n))).collect();
        let share = points.iter().filter(|point| **point < 0.1).count();
        assert!((1_850..2_150).contains(&share), "{share}");
        assert!(points.iter().all(|point| (0.0..1.0).contains(point)));
        // Two rules do not sample the same answers.
        let other = RuleName::from("easy");
        let both = (0..20_000).filter(|n| {
            let id = SpanId::from_bits(*n);
            sampling_point(&rule, id) < 0.1 && sampling_point(&other, id) < 0.1
        });
        assert!((130..270).contains(&both.count()));
    }

    #[test]
    fn a_rule_takes_what_passes_its_filter_and_says_how_likely_that_was() {
        let settings = settings_text(
            "[workloads.maths]\ncandidates = [\"sim/large\"]\nfloor = 0.8\nscorers = [\"exact\"]\nsample = 0.5\n\
             [scorers.exact]\nkind = \"exact_match\"\n[scorers.short]\nkind = \"word_count\"\nmax = 9\n\
             [rules.long]\nworkload = \"maths\"\nscorers = [\"short\"]\nsample = 0.25\n\
             filter = \"span.output_tokens > 100\"\n",
        );
        let scoring = crate::testing::scoring(&settings);
        let rates = Rates::default();
        let (mut own, mut long) = (0, 0);
        for number in 0..2_000 {
            let mut record = record(number);
            record.span.usage.output = if number % 2 == 0 { 50 } else { 200 };
            for (plan, p) in scoring.choose(&record.span, 0.0, false, &rates) {
                match plan.own {
                    true => own += 1,
                    false => {
                        assert!(number % 2 == 1);
                        long += 1;
                    }
                }
                assert_eq!(p, plan.rule.sample);
            }
        }
        assert!((900..1_100).contains(&own) && (200..300).contains(&long), "{own} {long}");
    }
}
