//! Judges: a model grades an answer by choosing one of a few described labels.
//!
//! What is graded is untrusted: it may speak to the judge. So instructions stand alone in the system message, all
//! untrusted text travels as one JSON object in a separate user message, the judge must repeat a nonce that the graded
//! text cannot know, and the reply is read strictly: anything outside the contract is a failure of the grader, never a
//! grade. Each reply states its reasoning before its choice, so that the choice can follow from it.

pub mod family;
mod injection;
mod kin;
mod panel;
mod reply;
mod request;
mod template;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use weir_core::Grade;

use crate::{checks::is_default, exchange::Exchange, spec::SpecError};

pub use injection::injection_suspected;
pub use kin::{Kin, kin};
pub use panel::{conclude, pair};
pub use reply::{GraderFailed, Judged, read};
pub use request::{Question, build, questions};
pub use template::{TEMPLATES, Template};

/// Most votes of one panel.
const MOST_VOTES: usize = 15;

/// A judge as configured. Give `template` or `prompt`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
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
    /// What the judge is to reply; the template's when left out.
    #[serde(default, skip_serializing_if = "is_default")]
    pub reply: Reply,
    /// Label → grade in `0..=1`; the template's when empty.
    #[serde(default, skip_serializing_if = "is_default")]
    pub choices: IndexMap<String, Grade>,
    /// Descriptions of levels, worst first: they become the choices `1`, `2`, … in equal steps from 0 to 1.
    #[serde(default, skip_serializing_if = "is_default")]
    pub levels: Vec<String>,
    /// Lowest and highest score of a `score` reply; 0 to 10 when left out.
    #[serde(default, skip_serializing_if = "is_default")]
    pub range: Option<(i64, i64)>,
    /// Which word of a `verdicts` reply counts as good.
    #[serde(default, skip_serializing_if = "is_default")]
    pub passes: YesNo,
    /// How the verdicts of one reply become a grade.
    #[serde(default, skip_serializing_if = "is_default")]
    pub aggregate: Aggregate,
    /// The grade when there is nothing to give verdicts on; unscored when left out.
    #[serde(default, skip_serializing_if = "is_default")]
    pub when_empty: Option<Grade>,
    /// What a good answer does, for items that do not say it themselves.
    #[serde(default, skip_serializing_if = "is_default")]
    pub criteria: Option<String>,
    /// What must be known for the judge to be asked; the template's when empty.
    #[serde(default, skip_serializing_if = "is_default")]
    pub needs: Vec<Need>,
    /// The orders in which a `pairwise` judge sees the two answers.
    #[serde(default, skip_serializing_if = "is_default")]
    pub order: Order,
    /// How often each model is asked. With a median: odd, `1..=9`.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub votes: u32,
    /// Further models of the panel.
    #[serde(default, skip_serializing_if = "is_default")]
    pub jury: Vec<String>,
    /// How the votes of the panel become one.
    #[serde(default, skip_serializing_if = "is_default")]
    pub reduce: Reduce,
    /// A model never judges an answer of its own family.
    #[serde(default, skip_serializing_if = "is_default")]
    pub other_family: bool,
    /// Dollars a day, in UTC, for each process; what would come after is unscored.
    #[serde(default, skip_serializing_if = "is_default")]
    pub budget_usd_per_day: Option<f64>,
    /// Ask again even about what was judged before.
    #[serde(default, skip_serializing_if = "is_default")]
    pub no_cache: bool,
    /// Share of its answers that it is asked about twice, to see how far it agrees with itself; 0.05 when left out.
    #[serde(default, skip_serializing_if = "is_default")]
    pub repeat: Option<f64>,
}

/// What a judge replies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// One of the described labels.
    #[default]
    Choice,
    /// A whole number in `range`.
    Score,
    /// Yes or no on each of several things.
    Verdicts,
    /// Which of two answers is better.
    Pairwise,
}

/// A verdict on one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum YesNo {
    /// Yes.
    #[default]
    Yes,
    /// No.
    No,
}

/// How several verdicts become a grade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Aggregate {
    /// The share of good ones.
    #[default]
    Mean,
    /// Σ P@k·v_k / (Σ v + 1e-10): one verdict for each context passage, in order (ragas).
    AveragePrecision,
}

/// The orders in which two answers are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Both; where they disagree the judge follows the place, which is a tie.
    #[default]
    Both,
    /// The answer first, once.
    Fixed,
}

/// How several votes become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reduce {
    /// The middle grade; of two the lower.
    #[default]
    Median,
    /// The mean grade.
    Mean,
    /// The label that more than half of the whole panel chose; a vote that failed counts for none.
    Majority,
}

/// A field that a judge cannot do without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Need {
    /// The expected answer.
    Expected,
    /// The criteria, the item's or the definition's.
    Criteria,
    /// The context passages.
    Context,
    /// The tools that should be called.
    ExpectedTools,
    /// Another answer to compare with: the item's baseline, else the expected one.
    Baseline,
}

impl Need {
    /// The word as written.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Expected => "expected",
            Self::Criteria => "criteria",
            Self::Context => "context",
            Self::ExpectedTools => "expected_tools",
            Self::Baseline => "baseline",
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
        judge.describe_levels()?;
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
        self.reply = template.reply;
        self.range = self.range.or(template.range);
        self.passes = template.passes;
        self.aggregate = template.aggregate;
        self.when_empty = self.when_empty.or(template.when_empty);
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

    /// Turns levels into choices, described at the end of the instructions.
    fn describe_levels(&mut self) -> Result<(), SpecError> {
        let levels = std::mem::take(&mut self.levels);
        if levels.is_empty() {
            return Ok(());
        }
        if self.reply != Reply::Choice || !self.choices.is_empty() {
            return Err(SpecError::field("levels", "give `levels` or `choices`, and a reply that is a choice"));
        }
        if !(2..=9).contains(&levels.len()) || levels.iter().any(|level| level.trim().is_empty()) {
            return Err(SpecError::field("levels", format!("found {}, wanted 2 to 9 descriptions", levels.len())));
        }
        let mut prompt = self.prompt.take().unwrap_or_default();
        let steps = (levels.len() - 1) as f64;
        for (at, level) in levels.iter().enumerate() {
            let label = (at + 1).to_string();
            prompt.push_str(&format!("\n{label}: {}", level.trim()));
            let grade = Grade::new(at as f64 / steps).map_err(|error| SpecError::field("levels", error.to_string()))?;
            self.choices.insert(label, grade);
        }
        self.prompt = Some(prompt);
        Ok(())
    }

    /// Every model that is asked, in order.
    pub fn panel(&self) -> impl Iterator<Item = &str> {
        let models = std::iter::once(self.model.as_str()).chain(self.jury.iter().map(String::as_str));
        models.flat_map(|model| std::iter::repeat_n(model, self.votes as usize))
    }

    /// Votes of the whole panel.
    #[must_use]
    pub fn panel_size(&self) -> usize {
        (self.jury.len() + 1) * self.votes as usize
    }

    fn check(&self) -> Result<(), SpecError> {
        if self.jury.iter().chain([&self.model]).any(|model| model.trim().is_empty()) {
            return Err(SpecError::field("model", "empty; name a workload or a deployment"));
        }
        if self.prompt.as_deref().unwrap_or_default().trim().is_empty() {
            let names: Vec<&str> = TEMPLATES.iter().map(|(name, _)| *name).collect();
            return Err(SpecError::field(
                "template",
                format!("missing; give one of {} or a `prompt`", names.join(", ")),
            ));
        }
        if self.reply == Reply::Choice && self.choices.len() < 2 {
            let found = self.choices.len();
            return Err(SpecError::field("choices", format!("found {found}, wanted at least 2 labels, or `levels`")));
        }
        if self.reply != Reply::Choice && !self.choices.is_empty() {
            return Err(SpecError::field("choices", "this judge does not reply with one of several labels"));
        }
        if let Some(label) = self.choices.keys().find(|label| label.trim() != label.as_str() || label.is_empty()) {
            return Err(SpecError::field("choices", format!("`{label}` is empty or has outer white space")));
        }
        if self.range.is_some_and(|(low, high)| low >= high || low < -1_000_000 || high > 1_000_000) {
            return Err(SpecError::field("range", "wanted two whole numbers, the lower one first"));
        }
        if self.budget_usd_per_day.is_some_and(|usd| !(usd.is_finite() && usd > 0.0)) {
            return Err(SpecError::field("budget_usd_per_day", "wanted a number of dollars over 0"));
        }
        if self.repeat.is_some_and(|share| !(0.0..=1.0).contains(&share)) {
            return Err(SpecError::field("repeat", "wanted a share, 0 to 1"));
        }
        if self.panel_size() > MOST_VOTES {
            return Err(SpecError::field(
                "jury",
                format!("a panel of {} votes, at most {MOST_VOTES} are taken", self.panel_size()),
            ));
        }
        let even = self.votes.is_multiple_of(2) && self.jury.is_empty() && self.reduce == Reduce::Median;
        if !(1..=9).contains(&self.votes) || even {
            return Err(SpecError::field("votes", format!("found {}, wanted an odd number from 1 to 9", self.votes)));
        }
        Ok(())
    }

    /// The item's criteria, else the definition's.
    fn criteria_of<'a>(&'a self, exchange: &Exchange<'a>) -> Option<&'a str> {
        let own = exchange.reference.and_then(|reference| reference.criteria.as_deref());
        own.filter(|text| !text.trim().is_empty()).or(self.criteria.as_deref()).filter(|text| !text.trim().is_empty())
    }

    /// The first thing that this judge needs and the item does not have.
    pub(crate) fn missing(&self, exchange: &Exchange<'_>) -> Option<&'static str> {
        let has = |need: Need| match need {
            Need::Expected => exchange.expected().is_some(),
            Need::Criteria => self.criteria_of(exchange).is_some(),
            Need::ExpectedTools => exchange.reference.is_some_and(|reference| reference.expected_tools.is_some()),
            Need::Baseline => baseline(exchange).is_some(),
            Need::Context => exchange.reference.is_some_and(|reference| !reference.context.is_empty()),
        };
        self.needs.iter().copied().find(|need| !has(*need)).map(Need::name)
    }
}

/// The answer that a pairwise judge compares with.
fn baseline(exchange: &Exchange<'_>) -> Option<String> {
    let reference = exchange.reference?;
    reference.baseline.clone().or_else(|| exchange.expected().map(crate::exchange::as_text))
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
            (json!({"model": "m", "template": "closed_qa", "votes": 9, "jury": ["n"]}), "at most 15"),
            (json!({"model": "m", "template": "rubric"}), "`levels`"),
            (json!({"model": "m", "template": "rubric", "levels": ["only"]}), "2 to 9"),
            (json!({"model": "m", "template": "g_eval", "range": [5, 5]}), "lower one first"),
            (json!({"model": "m", "template": "g_eval", "choices": {"A": 1}}), "no choice of the template"),
            (json!({"model": "m", "template": "toxicity", "budget_usd_per_day": 0}), "over 0"),
            (json!({"model": "m", "template": "toxicity", "repeat": 1.5}), "wanted a share"),
        ] {
            let error = spec(value).resolved().unwrap_err().to_string();
            assert!(error.contains(want), "{error}");
        }
        assert!(serde_json::from_value::<JudgeSpec>(json!({"model": "m", "choices": {"A": 1.5}})).is_err());
    }

    #[test]
    fn levels_become_choices_in_equal_steps() {
        let judge =
            spec(json!({"model": "m", "template": "rubric", "levels": ["rude", "plain", "kind"]})).resolved().unwrap();
        let grades: Vec<_> = judge.choices.iter().map(|(label, grade)| (label.as_str(), grade.value())).collect();
        assert_eq!(grades, [("1", 0.0), ("2", 0.5), ("3", 1.0)]);
        assert!(judge.prompt.as_ref().unwrap().contains("\n3: kind"));
        assert_eq!(judge.resolved().unwrap(), judge);
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
}
