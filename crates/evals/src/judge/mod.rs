//! Judges: a model grades an answer by choosing one of a few described labels.
//!
//! What is graded is untrusted: it may speak to the judge. So instructions stand alone in the system message, all
//! untrusted text travels as one JSON object in a separate user message, the judge must repeat a nonce that the graded
//! text cannot know, and the reply is read strictly: anything outside the contract is a failure of the grader, never a
//! grade. Each reply states its reasoning before its choice, so that the choice can follow from it.

mod injection;
mod reply;
mod request;
mod template;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use weir_core::Grade;

use crate::{checks::is_default, exchange::Exchange, spec::SpecError};

pub use injection::injection_suspected;
pub use reply::{GraderFailed, Judged, read};
pub use request::build;
pub use template::{TEMPLATES, Template};

/// A judge as configured. Give `template` or `prompt`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JudgeSpec {
    /// Which model is asked: a workload or a deployment of this gateway.
    pub model: String,
    /// A builtin template, or a `.toml` file of the same shape.
    #[serde(default, skip_serializing_if = "is_default")]
    pub template: Option<String>,
    /// Instructions written in place; they must describe each choice.
    #[serde(default, skip_serializing_if = "is_default")]
    pub prompt: Option<String>,
    /// Label → grade in `0..=1`; the template's when empty.
    #[serde(default, skip_serializing_if = "is_default")]
    pub choices: IndexMap<String, Grade>,
    /// What must be known for the judge to be asked; the template's when empty.
    #[serde(default, skip_serializing_if = "is_default")]
    pub needs: Vec<Need>,
    /// How often to ask; the median counts. Odd, `1..=9`.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub votes: u32,
}

/// A field that a judge cannot do without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Need {
    /// The expected answer.
    Expected,
    /// The criteria.
    Criteria,
    /// The context passages.
    Context,
}

impl Need {
    /// The word as written.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Expected => "expected",
            Self::Criteria => "criteria",
            Self::Context => "context",
        }
    }
}

const fn one() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands the field over by reference")]
const fn is_one(votes: &u32) -> bool {
    *votes == 1
}

impl JudgeSpec {
    /// The judge with its template filled in: `prompt`, `choices` and `needs` are set, `template` is gone.
    ///
    /// # Errors
    /// When the template is unknown, or what results cannot work.
    pub fn resolved(&self) -> Result<Self, SpecError> {
        let mut judge = self.clone();
        if let Some(name) = judge.template.take() {
            judge.fill(&template::builtin(&name)?)?;
        }
        judge.check()?;
        Ok(judge)
    }

    /// Reads in a template that is a file, so that the version covers its text.
    pub(crate) fn resolve_file(&mut self, read: &dyn Fn(&str) -> Result<String, String>) -> Result<(), SpecError> {
        let Some(file) = self.template.take_if(|name| name.ends_with(".toml")) else {
            return Ok(());
        };
        let text = read(&file).map_err(|error| SpecError::field("template", format!("`{file}`: {error}")))?;
        let template =
            Template::parse(&text).map_err(|error| SpecError::field("template", format!("`{file}`: {error}")))?;
        self.fill(&template)
    }

    fn fill(&mut self, template: &Template) -> Result<(), SpecError> {
        if self.prompt.is_some() {
            return Err(SpecError::field("prompt", "give `template` or `prompt`, not both"));
        }
        self.prompt = Some(template.instructions.clone());
        if self.choices.is_empty() {
            self.choices = template.choices.clone();
        } else if let Some(label) = self.choices.keys().find(|label| !template.choices.contains_key(*label)) {
            let labels: Vec<&str> = template.choices.keys().map(String::as_str).collect();
            return Err(SpecError::field(
                "choices",
                format!("`{label}` is no choice of the template, which has {}", labels.join(", ")),
            ));
        }
        if self.needs.is_empty() {
            self.needs.clone_from(&template.needs);
        }
        Ok(())
    }

    fn check(&self) -> Result<(), SpecError> {
        if self.model.trim().is_empty() {
            return Err(SpecError::field("model", "empty; name a workload or a deployment"));
        }
        if self.prompt.as_deref().unwrap_or_default().trim().is_empty() {
            let names: Vec<&str> = TEMPLATES.iter().map(|(name, _)| *name).collect();
            return Err(SpecError::field(
                "template",
                format!("missing; give one of {} or a `prompt`", names.join(", ")),
            ));
        }
        if self.choices.len() < 2 {
            return Err(SpecError::field("choices", format!("found {}, wanted at least 2 labels", self.choices.len())));
        }
        if let Some(label) = self.choices.keys().find(|label| label.trim() != label.as_str() || label.is_empty()) {
            return Err(SpecError::field("choices", format!("`{label}` is empty or has outer white space")));
        }
        if !(1..=9).contains(&self.votes) || self.votes.is_multiple_of(2) {
            return Err(SpecError::field("votes", format!("found {}, wanted an odd number from 1 to 9", self.votes)));
        }
        Ok(())
    }

    /// The first thing that this judge needs and the item does not have.
    pub(crate) fn missing(&self, exchange: &Exchange<'_>) -> Option<&'static str> {
        let has = |need: Need| match need {
            Need::Expected => exchange.expected().is_some(),
            Need::Criteria => exchange
                .reference
                .and_then(|reference| reference.criteria.as_deref())
                .is_some_and(|criteria| !criteria.trim().is_empty()),
            Need::Context => exchange.reference.is_some_and(|reference| !reference.context.is_empty()),
        };
        self.needs.iter().copied().find(|need| !has(*need)).map(Need::name)
    }
}

/// The grade of several votes: their median. `None` without a vote.
#[must_use]
pub fn median(votes: &[Judged]) -> Option<Grade> {
    let mut grades: Vec<Grade> = votes.iter().map(|vote| vote.grade).collect();
    grades.sort_by(|a, b| a.value().total_cmp(&b.value()));
    // With an even number of votes left the lower middle counts: a doubtful answer is not graded up.
    grades.get(grades.len().checked_sub(1)? / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Reference, ScorerSpec, compile};
    use serde_json::json;
    use weir_core::{chat::Answer, score::Unscored};

    fn spec(value: serde_json::Value) -> JudgeSpec {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_template_brings_its_choices_and_needs() {
        let judge = spec(json!({"model": "m", "template": "factuality"})).resolved().unwrap();
        let grades: Vec<_> = judge.choices.iter().map(|(label, grade)| (label.as_str(), grade.value())).collect();
        assert_eq!(grades, [("A", 0.4), ("B", 0.6), ("C", 1.0), ("D", 0.0), ("E", 1.0)]);
        assert_eq!(judge.needs, [Need::Expected]);
        let judge = spec(json!({"model": "m", "template": "closed_qa"})).resolved().unwrap();
        assert_eq!(judge.needs, [Need::Criteria]);
    }

    #[test]
    fn a_judge_that_cannot_work_is_refused_with_the_reason() {
        for (value, want) in [
            (json!({"model": "m", "template": "factualty"}), "did you mean `factuality`"),
            (json!({"model": "m"}), "give one of factuality, closed_qa"),
            (json!({"model": " ", "template": "closed_qa"}), "model"),
            (json!({"model": "m", "prompt": "p", "choices": {"A": 1}}), "at least 2 labels"),
            (json!({"model": "m", "prompt": "p", "template": "closed_qa"}), "not both"),
            (json!({"model": "m", "template": "closed_qa", "choices": {"X": 1}}), "no choice of the template"),
            (json!({"model": "m", "template": "closed_qa", "votes": 2}), "odd"),
        ] {
            let error = spec(value).resolved().unwrap_err().to_string();
            assert!(error.contains(want), "{error}");
        }
        assert!(serde_json::from_value::<JudgeSpec>(json!({"model": "m", "choices": {"A": 1.5}})).is_err());
    }

    #[test]
    fn a_missing_need_is_unscored_before_anything_is_asked() {
        let scorer = compile(&ScorerSpec::Judge(spec(json!({"model": "m", "template": "factuality"})))).unwrap();
        let answer = Answer { text: "Paris".into(), ..Answer::default() };
        let bare = Exchange::new(&[], &answer, None);
        assert_eq!(scorer.run(&bare).reason(), Some(Unscored::NoReference));
        let reference = Reference::expecting("Paris");
        let full = Exchange { reference: Some(&reference), ..bare };
        assert_eq!(scorer.precheck(&full), None);
        assert_eq!(scorer.run(&full).reason(), Some(Unscored::ScoringFailed));
    }

    #[test]
    fn the_version_covers_the_text_of_the_template() {
        let named = ScorerSpec::Judge(spec(json!({"model": "m", "template": "factuality"})));
        let mut edited = spec(json!({"model": "m", "template": "factuality"})).resolved().unwrap();
        assert_eq!(ScorerSpec::Judge(edited.clone()).version(), named.version());
        edited.prompt = edited.prompt.map(|prompt| prompt + " Be kind.");
        assert_ne!(ScorerSpec::Judge(edited).version(), named.version());
    }

    #[test]
    fn the_median_of_votes_counts() {
        let vote =
            |grade: f64| Judged { choice: String::new(), grade: Grade::new(grade).unwrap(), reasoning: String::new() };
        let value = |votes: &[Judged]| median(votes).map(Grade::value);
        assert_eq!(value(&[vote(1.0), vote(0.0), vote(0.4)]), Some(0.4));
        assert_eq!(value(&[vote(1.0), vote(0.0)]), Some(0.0));
        assert_eq!(value(&[]), None);
    }
}
