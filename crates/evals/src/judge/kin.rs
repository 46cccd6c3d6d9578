//! A judge of an arm's own family is too kind to it, and what it adds to that arm no number of pairs takes away. Found
//! before a canary starts; whoever starts it may accept it, and that is kept with the canary.

use std::fmt;

use indexmap::IndexMap;
use serde_json::Value;
use weir_core::{ScorerName, workload::Workload};

use super::family::family;
use crate::ScorerSpec;

/// One judge that is of one arm's family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kin {
    /// The scorer that asks it.
    pub scorer: String,
    /// The judge, as the scorer names it.
    pub judge: String,
    /// The deployment of its family.
    pub arm: String,
    /// Which family.
    pub family: &'static str,
    /// It is left out where that arm answered, so that the two arms have different judges.
    pub left_out: bool,
}

impl fmt::Display for Kin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scorer, judge, arm, family, .. } = self;
        write!(f, "{judge}, a judge of {scorer}, is of the family of {arm} ({family})")?;
        if self.left_out { f.write_str(" and judges the other arm alone") } else { Ok(()) }
    }
}

/// The judges that decide between the arms of a canary, as the workload's quality or as a guard, and are of an arm's family;
/// each once for each arm. `scorers` are all that are configured; `names` gives every name that a model goes by: a
/// deployment's own and its provider's, and those of all candidates where it is a workload.
#[must_use]
pub fn kin(
    workload: &Workload,
    scorers: &IndexMap<ScorerName, Value>,
    arms: [&str; 2],
    names: &dyn Fn(&str) -> Vec<String>,
) -> Vec<Kin> {
    let house = |model: &str| names(model).iter().find_map(|name| family(name));
    let mut found: Vec<Kin> = Vec::new();
    for scorer in std::iter::once(&workload.quality).chain(&workload.guards) {
        // What is posted by hand has no definition, and what cannot be read is told where it is configured.
        let Some(Ok(spec)) = scorers.get(scorer).map(ScorerSpec::parse) else { continue };
        let Some(judge) = spec.judge() else { continue };
        for model in std::iter::once(&judge.model).chain(&judge.jury) {
            let houses: Vec<&'static str> = names(model).iter().filter_map(|name| family(name)).collect();
            for arm in arms {
                let Some(family) = house(arm).filter(|house| houses.contains(house)) else { continue };
                let one = Kin {
                    scorer: scorer.to_string(),
                    judge: model.clone(),
                    arm: arm.to_owned(),
                    family,
                    left_out: judge.other_family,
                };
                if !found.contains(&one) {
                    found.push(one);
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(definition: Value, arms: [&str; 2]) -> Vec<String> {
        let names = |model: &str| match model {
            "prod/fast" => vec!["prod/fast".to_owned(), "gpt-5-mini".to_owned()],
            "weir/judges" => vec!["anthropic/claude-sonnet".to_owned(), "azure/gpt-5".to_owned()],
            other => vec![other.to_owned()],
        };
        // Two judges, of which one decides as a guard and one has no say.
        let workload = Workload {
            id: "maths".into(),
            candidates: Vec::new(),
            floor: None,
            scorers: vec!["exact".into(), "factual".into(), "tone".into()],
            quality: "exact".into(),
            guards: vec!["factual".into()],
            sample: 1.0,
            half_life_s: 1.0,
            segments: Vec::new(),
            tenants: Vec::new(),
            optimize: Default::default(),
            deadlines: Default::default(),
            strictness: Default::default(),
        };
        let tone = json!({"kind": "judge", "model": arms[0], "template": "factuality"});
        let exact = json!({"kind": "exact_match"});
        let scorers = [("exact", exact), ("factual", definition), ("tone", tone)];
        let scorers = scorers.into_iter().map(|(name, definition)| (name.into(), definition)).collect();
        kin(&workload, &scorers, arms, &names).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_judge_of_either_arms_family_is_named_with_the_arm() {
        let judge = |model: &str| json!({"kind": "judge", "model": model, "template": "factuality"});
        assert_eq!(
            told(judge("azure/o3"), ["prod/fast", "mistral/large"]),
            ["azure/o3, a judge of factual, is of the family of prod/fast (openai)"],
            "by the provider's own name of the model"
        );
        assert_eq!(told(judge("azure/o3"), ["groq/llama3-70b", "mistral/large"]), [""; 0]);
        assert_eq!(told(judge("azure/o3"), ["prod/slow", "prod/other"]), [""; 0], "a name that says nothing");
        assert_eq!(
            told(judge("weir/judges"), ["prod/fast", "bedrock/claude-haiku"]).len(),
            2,
            "any candidate of a workload may be asked"
        );
        assert_eq!(told(json!({"kind": "exact_match"}), ["prod/fast", "azure/o3"]), [""; 0]);
    }

    #[test]
    fn a_jury_that_leaves_kin_out_judges_the_arms_by_different_models() {
        let jury = json!({"kind": "judge", "model": "mistral/large", "jury": ["azure/o3", "azure/o3"],
                          "template": "factuality", "other_family": true});
        assert_eq!(
            told(jury, ["prod/fast", "bedrock/claude-haiku"]),
            ["azure/o3, a judge of factual, is of the family of prod/fast (openai) and judges the other arm alone"]
        );
    }
}
