//! One testing criterion: `string_check`, `text_similarity`, `label_model`, `score_model`, `multi`. `python` is refused:
//! weir runs no foreign programs; the same is said with `multi` and a formula.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};
use weir_core::expr::{Expr, Schema, Scope as Names, Type};

use super::{
    asking::Asking,
    formula::Formula,
    similarity::{Metric, checked, cosine},
    template::{Scope, render, unmet},
};

/// Most graders of a `multi`.
const MOST: usize = 20;

/// A criterion that can be used.
#[derive(Debug, Clone)]
pub struct Grader {
    /// Its name.
    pub name: String,
    work: Work,
    /// A score of at least this passes.
    threshold: f64,
}

#[derive(Debug, Clone)]
enum Work {
    Check { input: String, reference: String, operation: Operation },
    Similarity { input: String, reference: String, metric: Metric },
    Label { asking: Asking, labels: Vec<String>, passing: Vec<String> },
    Score { asking: Asking, low: f64, high: f64 },
    Multi { graders: Vec<(String, Grader)>, output: Output },
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Operation {
    Eq,
    Ne,
    Like,
    Ilike,
}

/// How the scores of parts become one.
#[derive(Debug, Clone)]
enum Output {
    /// In OpenAI's own arithmetic.
    Formula(Formula),
    /// In weir's, which has conditions.
    Expr(Expr),
}

/// Why a criterion cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("testing criterion `{name}`: {message}")]
pub struct GraderError {
    /// Its name.
    pub name: String,
    /// What was found and what is wanted.
    pub message: String,
}

/// A criterion's word on one sample.
#[derive(Debug, Clone, PartialEq)]
pub struct Graded {
    /// The score, on the criterion's own scale.
    pub score: f64,
    /// Whether it passes.
    pub passed: bool,
}

/// What a criterion does next.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// It is done.
    Done(Result<Graded, String>),
    /// This chat completion has to be asked; [`Grader::read`] takes the answer.
    Ask(Value),
    /// These texts have to be embedded; [`Grader::compare`] takes the reply.
    Embed {
        /// Who makes embeddings; [`super::embedder`] tells it where the criterion does not.
        model: Option<String>,
        /// What is graded, and what it is compared with.
        texts: [String; 2],
    },
    /// Each of these first; [`Grader::join`] takes their scores.
    Each(Vec<(String, Grader)>),
}

impl PartialEq for Grader {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.threshold == other.threshold
    }
}

impl Grader {
    /// Reads a criterion as the API takes it.
    ///
    /// # Errors
    /// When it cannot work, with what is wanted.
    pub fn parse(value: &Value) -> Result<Self, GraderError> {
        let name = value["name"].as_str().unwrap_or_default().to_owned();
        let asking =
            |value: &Value| Asking::parse(value).map_err(|message| GraderError { name: name.clone(), message });
        let fail = |message: String| GraderError { name: name.clone(), message };
        let text = |key: &str| {
            value[key].as_str().map(str::to_owned).ok_or_else(|| fail(format!("`{key}`: wanted some text")))
        };
        let threshold = |default: f64| value["pass_threshold"].as_f64().unwrap_or(default);
        let (work, threshold) = match value["type"].as_str().unwrap_or_default() {
            "string_check" => {
                let operation = serde_json::from_value(value["operation"].clone())
                    .map_err(|_| fail("`operation`: wanted `eq`, `ne`, `like` or `ilike`".into()))?;
                (Work::Check { input: text("input")?, reference: text("reference")?, operation }, 1.0)
            }
            "text_similarity" => {
                let metric = Metric::parse(value).map_err(fail)?;
                (Work::Similarity { input: text("input")?, reference: text("reference")?, metric }, threshold(0.5))
            }
            "label_model" => {
                let labels = texts(&value["labels"]);
                let passing = texts(&value["passing_labels"]);
                if labels.is_empty() || passing.iter().any(|label| !labels.contains(label)) {
                    return Err(fail("`passing_labels` must be some of `labels`".into()));
                }
                (Work::Label { asking: asking(value)?, labels, passing }, 1.0)
            }
            "score_model" => {
                let end = |at: usize, default: f64| value["range"][at].as_f64().unwrap_or(default);
                let (low, high) = (end(0, 0.0), end(1, 1.0));
                if low >= high {
                    return Err(fail("`range`: wanted two numbers, the lower one first".into()));
                }
                (Work::Score { asking: asking(value)?, low, high }, threshold(f64::midpoint(low, high)))
            }
            "multi" => (multi(value, &fail)?, threshold(0.5)),
            "python" => {
                return Err(fail(
                    "`python` is not run here: weir starts no foreign programs; say it with `multi` and a formula, \
                     or with a `score_model`"
                        .into(),
                ));
            }
            other => {
                return Err(fail(format!(
                    "`type` is `{other}`, wanted string_check, text_similarity, label_model, score_model or multi"
                )));
            }
        };
        Ok(Self { name, work, threshold })
    }

    /// Begins on one sample.
    #[must_use]
    pub fn begin(&self, scope: Scope<'_>) -> Step {
        match &self.work {
            Work::Check { input, reference, operation } => {
                let (input, reference) = (render(input, scope), render(reference, scope));
                let holds = match operation {
                    Operation::Eq => input == reference,
                    Operation::Ne => input != reference,
                    Operation::Like => input.contains(&reference),
                    Operation::Ilike => input.to_lowercase().contains(&reference.to_lowercase()),
                };
                Step::Done(Ok(self.graded(f64::from(u8::from(holds)))))
            }
            Work::Similarity { input, reference, metric } => {
                let (input, reference) = (render(input, scope), render(reference, scope));
                match metric {
                    Metric::Check(spec) => {
                        Step::Done(checked(spec, input, reference).map(|likeness| self.graded(likeness)))
                    }
                    Metric::Cosine { model } => Step::Embed { model: model.clone(), texts: [input, reference] },
                }
            }
            Work::Label { asking, labels, .. } => {
                let property = json!({"type": "string", "enum": labels});
                Step::Ask(asking.request(scope, "label", &property, &format!("one of {}", labels.join(", "))))
            }
            Work::Score { asking, low, high } => {
                let property = json!({"type": "number"});
                Step::Ask(asking.request(scope, "score", &property, &format!("a number from {low} to {high}")))
            }
            Work::Multi { graders, .. } => Step::Each(graders.clone()),
        }
    }

    /// Reads the model's reply, strictly: anything but what was asked for is a failure, never a score.
    ///
    /// # Errors
    /// What was found and what was wanted.
    pub fn read(&self, reply: &str) -> Result<Graded, String> {
        let value: Value =
            serde_json::from_str(reply.trim()).map_err(|error| format!("the grader's reply is not JSON: {error}"))?;
        match &self.work {
            Work::Label { labels, passing, .. } => {
                let label = value["label"].as_str().unwrap_or_default();
                if !labels.iter().any(|known| known == label) {
                    return Err(format!("the grader said `{label}`, which is none of the labels"));
                }
                let passed = passing.iter().any(|one| one == label);
                Ok(Graded { score: f64::from(u8::from(passed)), passed })
            }
            Work::Score { low, high, .. } => match value["score"].as_f64() {
                Some(score) if (*low..=*high).contains(&score) => Ok(self.graded(score)),
                _ => Err(format!("the grader's score is {}, wanted a number from {low} to {high}", value["score"])),
            },
            _ => Err("this criterion asks nobody".to_owned()),
        }
    }

    /// Reads the embeddings of two texts, and compares them.
    ///
    /// # Errors
    /// When they are none.
    pub fn compare(&self, reply: &Value) -> Result<Graded, String> {
        cosine(reply).map(|likeness| self.graded(likeness))
    }

    /// The result of a `multi` from the scores of its graders.
    ///
    /// # Errors
    /// When the expression has no number for them.
    pub fn join(&self, scores: &BTreeMap<String, f64>) -> Result<Graded, String> {
        let Work::Multi { output, .. } = &self.work else {
            return Err("this criterion has no parts".to_owned());
        };
        let number = match output {
            Output::Formula(formula) => formula.value(scores),
            Output::Expr(expr) => {
                let mut names = Names::default();
                scores.iter().for_each(|(name, score)| names.set(name, score));
                expr.number(&names)
            }
        };
        number.map(|score| self.graded(score)).ok_or_else(|| "`calculate_output` gives no number".into())
    }

    /// Its `type`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self.work {
            Work::Check { .. } => "string_check",
            Work::Similarity { .. } => "text_similarity",
            Work::Label { .. } => "label_model",
            Work::Score { .. } => "score_model",
            Work::Multi { .. } => "multi",
        }
    }

    /// The model that it asks itself; a `multi` asks none, its parts do.
    #[must_use]
    pub fn model(&self) -> Option<&str> {
        match &self.work {
            Work::Label { asking, .. } | Work::Score { asking, .. } => Some(&asking.model),
            Work::Similarity { metric: Metric::Cosine { model }, .. } => model.as_deref(),
            _ => None,
        }
    }

    /// Whether it, or a part of it, needs embeddings and does not say whose.
    #[must_use]
    pub fn wants_embedder(&self) -> bool {
        match &self.work {
            Work::Similarity { metric, .. } => matches!(metric, Metric::Cosine { model: None }),
            Work::Multi { graders, .. } => graders.iter().any(|(_, part)| part.wants_embedder()),
            _ => false,
        }
    }

    /// The first name of its templates, and of its parts', that leads nowhere.
    #[must_use]
    pub fn unmet(&self, scope: Scope<'_>) -> Option<String> {
        match &self.work {
            Work::Check { input, reference, .. } | Work::Similarity { input, reference, .. } => {
                unmet(input, scope).or_else(|| unmet(reference, scope))
            }
            Work::Label { asking, .. } | Work::Score { asking, .. } => asking.unmet(scope),
            Work::Multi { graders, .. } => graders.iter().find_map(|(_, part)| part.unmet(scope)),
        }
    }

    fn graded(&self, score: f64) -> Graded {
        Graded { score, passed: score >= self.threshold }
    }
}

fn multi(value: &Value, fail: &dyn Fn(String) -> GraderError) -> Result<Work, GraderError> {
    let written = match &value["graders"] {
        Value::Object(graders) => graders.iter().map(|(name, one)| (name.clone(), one)).collect::<Vec<_>>(),
        one => vec![(one["name"].as_str().unwrap_or_default().to_owned(), one)],
    };
    if written.is_empty() || written.len() > MOST {
        return Err(fail(format!("`graders`: found {}, wanted 1 to {MOST}", written.len())));
    }
    let mut graders = Vec::with_capacity(written.len());
    for (name, one) in written {
        if one["type"] == "multi" {
            return Err(fail("a `multi` within a `multi` is not taken".into()));
        }
        graders.push((name, Grader::parse(one)?));
    }
    let source = value["calculate_output"].as_str().unwrap_or_default();
    let names: Vec<&str> = graders.iter().map(|(name, _)| name.as_str()).collect();
    let output = match Formula::parse(source, &names) {
        Ok(formula) => Output::Formula(formula),
        Err(message) => {
            let schema = Schema::new(graders.iter().map(|(name, _)| (name.clone(), Type::Number)));
            let expr = Expr::compile(source, &schema, &Type::Number);
            Output::Expr(expr.map_err(|_| fail(format!("`calculate_output`: {message}")))?)
        }
    };
    Ok(Work::Multi { graders, output })
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(|one| one.as_str().map(str::to_owned)).collect()
}
