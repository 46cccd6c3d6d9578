//! One testing criterion: `string_check`, `text_similarity`, `label_model`, `score_model`, `multi`. `python` is refused:
//! weir runs no foreign programs; the same is said with `multi` and an expression.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};
use weir_core::{
    chat::Answer,
    expr::{Expr, Schema, Scope as Names, Type},
};

use super::template::{Scope, render};
use crate::{Exchange, Reference, ScorerSpec, compile};

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
    Similarity { input: String, reference: String, spec: Box<ScorerSpec> },
    Label { model: String, input: Vec<Turn>, labels: Vec<String>, passing: Vec<String> },
    Score { model: String, input: Vec<Turn>, low: f64, high: f64 },
    Multi { graders: Vec<(String, Grader)>, output: Expr },
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Operation {
    Eq,
    Ne,
    Like,
    Ilike,
}

#[derive(Debug, Clone)]
struct Turn {
    role: String,
    content: String,
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
                let metric = text("evaluation_metric")?;
                let spec = similarity(&metric).ok_or_else(|| {
                    fail(format!(
                        "`evaluation_metric`: `{metric}` is not here; there are fuzzy_match, bleu, gleu, rouge_1 to \
                         rouge_5 and rouge_l"
                    ))
                })?;
                (
                    Work::Similarity { input: text("input")?, reference: text("reference")?, spec: Box::new(spec) },
                    threshold(0.5),
                )
            }
            "label_model" => {
                let labels = texts(&value["labels"]);
                let passing = texts(&value["passing_labels"]);
                if labels.is_empty() || passing.iter().any(|label| !labels.contains(label)) {
                    return Err(fail("`passing_labels` must be some of `labels`".into()));
                }
                (Work::Label { model: text("model")?, input: turns(&value["input"]), labels, passing }, 1.0)
            }
            "score_model" => {
                let end = |at: usize, default: f64| value["range"][at].as_f64().unwrap_or(default);
                let (low, high) = (end(0, 0.0), end(1, 1.0));
                if low >= high {
                    return Err(fail("`range`: wanted two numbers, the lower one first".into()));
                }
                let work = Work::Score { model: text("model")?, input: turns(&value["input"]), low, high };
                (work, threshold(f64::midpoint(low, high)))
            }
            "multi" => (multi(value, &fail)?, threshold(0.5)),
            "python" => {
                return Err(fail(
                    "`python` is not run here: weir starts no foreign programs; say it with `multi` and an expression, \
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
            Work::Similarity { input, reference, spec } => {
                let answer = Answer { text: render(input, scope), ..Answer::default() };
                let reference = Reference::expecting(render(reference, scope));
                let exchange = Exchange::new(&[], &answer, Some(&reference));
                let outcome = compile(spec).map(|scorer| scorer.run(&exchange));
                Step::Done(match outcome {
                    Ok(outcome) => outcome
                        .value()
                        .map(|score| self.graded(score))
                        .ok_or_else(|| outcome.explanation.unwrap_or_else(|| "no score".into())),
                    Err(error) => Err(error.to_string()),
                })
            }
            Work::Label { model, input, labels, .. } => {
                let property = json!({"type": "string", "enum": labels});
                Step::Ask(request(model, input, scope, "label", &property, &format!("one of {}", labels.join(", "))))
            }
            Work::Score { model, input, low, high } => {
                let property = json!({"type": "number"});
                Step::Ask(request(model, input, scope, "score", &property, &format!("a number from {low} to {high}")))
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

    /// The result of a `multi` from the scores of its graders.
    ///
    /// # Errors
    /// When the expression has no number for them.
    pub fn join(&self, scores: &BTreeMap<String, f64>) -> Result<Graded, String> {
        let Work::Multi { output, .. } = &self.work else {
            return Err("this criterion has no parts".to_owned());
        };
        let mut names = Names::default();
        scores.iter().for_each(|(name, score)| names.set(name, score));
        output.number(&names).map(|score| self.graded(score)).ok_or_else(|| "`calculate_output` gives no number".into())
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
    let schema = Schema::new(graders.iter().map(|(name, _)| (name.clone(), Type::Number)));
    let source = value["calculate_output"].as_str().unwrap_or_default();
    let output = Expr::compile(source, &schema, &Type::Number)
        .map_err(|error| fail(format!("`calculate_output`: {}", error.message)))?;
    Ok(Work::Multi { graders, output })
}

/// The scorer behind a metric's name.
fn similarity(metric: &str) -> Option<ScorerSpec> {
    let value = match metric {
        "fuzzy_match" => json!({"kind": "levenshtein"}),
        "bleu" => json!({"kind": "bleu"}),
        "gleu" => json!({"kind": "gleu"}),
        "rouge_l" => json!({"kind": "rouge", "variant": "L"}),
        other => {
            let n = other.strip_prefix("rouge_")?.parse::<u32>().ok().filter(|n| (1..=5).contains(n))?;
            json!({"kind": "rouge", "variant": n.to_string()})
        }
    };
    ScorerSpec::parse(&value).ok()
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(|one| one.as_str().map(str::to_owned)).collect()
}

fn turns(value: &Value) -> Vec<Turn> {
    let content = |content: &Value| match content {
        Value::String(text) => text.clone(),
        other => other["text"].as_str().unwrap_or_default().to_owned(),
    };
    let turn = |one: &Value| Turn {
        role: one["role"].as_str().unwrap_or("user").to_owned(),
        content: content(&one["content"]),
    };
    value.as_array().into_iter().flatten().map(turn).collect()
}

/// A chat completion bound to one field.
fn request(model: &str, input: &[Turn], scope: Scope<'_>, field: &str, property: &Value, wanted: &str) -> Value {
    let mut messages: Vec<Value> = input
        .iter()
        .map(|turn| {
            let role = if turn.role == "developer" { "system" } else { &turn.role };
            json!({"role": role, "content": render(&turn.content, scope)})
        })
        .collect();
    let contract = format!("Reply with one JSON object and nothing else: {{\"{field}\": {wanted}}}.");
    messages.push(json!({"role": "system", "content": contract}));
    json!({
        "model": model, "messages": messages, "temperature": 0,
        "response_format": {"type": "json_schema", "json_schema": {"name": field, "strict": true, "schema": {
            "type": "object", "properties": {field: property}, "required": [field], "additionalProperties": false,
        }}},
    })
}
