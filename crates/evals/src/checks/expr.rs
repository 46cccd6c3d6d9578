//! `expr`: a sandboxed expression in CEL over the answer, what was expected and what was measured. It gives a number in
//! `0..=1` or true or false. It always ends, reads nothing else and matches patterns in linear time.
//!
//! Names: `answer`, `input` (the last user message), `messages`, `expected`, `context`, `criteria`, `json` (the answer as
//! JSON, null where it is none), `tools` (names of the called tools), `finish_reason`, and `run` with `latency_ms`,
//! `ttft_ms`, `cost_usd`, `tokens`, `retries`. What is not known is null.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use weir_core::{
    chat::Role,
    expr::{Expr, Schema, Scope, Type},
    score::Unscored,
};

use super::{Check, Reads, json};
use crate::{
    exchange::{Exchange, Outcome},
    spec::SpecError,
};

/// `expr`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExprSpec {
    /// The expression.
    pub expr: String,
}

struct Compiled(Expr);

/// Most steps of one run: who answers decides how long the lists are.
const MOST_STEPS: u64 = 1_000_000;
/// Most bytes that all steps of a run together may look at.
const MOST_WORK: u64 = 10_000_000_000;

/// The most elements that a list or map within this has.
fn longest(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(longest).max().unwrap_or(0).max(items.len()),
        Value::Object(fields) => fields.values().map(longest).max().unwrap_or(0).max(fields.len()),
        _ => 0,
    }
}

impl Compiled {
    /// Why it is not run on this: an expression cannot be stopped once it is.
    fn too_much(&self, exchange: &Exchange<'_>, json: &Value) -> Option<Outcome> {
        if self.0.nesting() == 0 {
            return None;
        }
        let answer = exchange.answer;
        let context = exchange.reference.map_or(0, |reference| reference.context.len());
        let expected = exchange.expected().map_or(0, longest);
        let lists = [longest(json), expected, exchange.messages.len(), context, answer.tool_calls.len()];
        let longest = lists.into_iter().max().unwrap_or(0) as u64;
        let steps = longest.saturating_pow(self.0.nesting());
        if steps <= MOST_STEPS && steps.saturating_mul(answer.text.len() as u64) <= MOST_WORK {
            return None;
        }
        let bytes = answer.text.len();
        let why = format!(
            "a list of {longest} elements makes {steps} steps over an answer of {bytes} bytes, at most {MOST_STEPS} steps \
             and {MOST_WORK} bytes together are taken"
        );
        Some(Outcome::unscored(Unscored::Timeout, why))
    }
}

impl ExprSpec {
    pub(crate) fn compile(&self) -> Result<Box<dyn Check>, SpecError> {
        let schema = Schema::new([
            ("answer", Type::Text),
            ("input", Type::Text),
            ("messages", Type::List),
            ("expected", Type::Any),
            ("context", Type::List),
            ("criteria", Type::Any),
            ("json", Type::Any),
            ("tools", Type::List),
            ("finish_reason", Type::Any),
            ("run", Type::Map),
        ]);
        match Expr::compile(&self.expr, &schema, &Type::Any) {
            Ok(expr) => Ok(Box::new(Compiled(expr))),
            Err(error) => {
                let hint = error.hint.map(|hint| format!("; {hint}")).unwrap_or_default();
                let place = format!("line {}, column {}", error.line, error.column);
                Err(SpecError::field("expr", format!("{} at {place}{hint}", error.message)))
            }
        }
    }
}

impl Check for Compiled {
    fn reads(&self) -> Reads {
        Reads::Run
    }

    fn reads_prompt(&self) -> bool {
        true
    }

    fn check(&self, exchange: &Exchange<'_>) -> Outcome {
        let mut scope = Scope::default();
        let answer = exchange.answer;
        let asked = exchange.messages.iter().rev().find(|message| message.role == Role::User);
        let tools: Vec<&str> = answer.tool_calls.iter().map(|call| call.name.as_str()).collect();
        scope.set("answer", &answer.text);
        scope.set("input", asked.map_or("", |message| message.content.as_str()));
        scope.set("messages", exchange.messages);
        scope.set("expected", exchange.expected());
        scope.set("context", exchange.reference.map(|reference| reference.context.as_slice()).unwrap_or_default());
        scope.set("criteria", exchange.reference.and_then(|reference| reference.criteria.as_deref()));
        let json = json::read(&answer.text, false).unwrap_or_default();
        if let Some(outcome) = self.too_much(exchange, &json) {
            return outcome;
        }
        scope.set("json", json);
        scope.set("tools", tools);
        scope.set("finish_reason", answer.finish_reason.as_deref());
        let run = exchange.measured.cloned().unwrap_or_default();
        scope.set(
            "run",
            json!({
                "latency_ms": run.latency_ms, "ttft_ms": run.ttft_ms, "cost_usd": run.cost_usd, "tokens": run.tokens,
                "retries": run.retries,
            }),
        );
        match self.0.number(&scope) {
            Some(number) if (0.0..=1.0).contains(&number) => Outcome::grade(number),
            Some(number) => {
                Outcome::unscored(Unscored::ScoringFailed, format!("the expression gave {number}, wanted 0 to 1"))
            }
            None => {
                let why = "the expression gave no number: something it reads is null or of another type";
                Outcome::unscored(Unscored::ScoringFailed, why)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::{grade, run};

    #[test]
    fn an_expression_gives_a_grade_or_a_reason() {
        assert_eq!(grade("kind='expr'\nexpr='answer == expected'", "Paris", json!("Paris")), 1.0);
        assert_eq!(grade("kind='expr'\nexpr='json.total > 10.0 ? 0.25 : 1.0'", r#"{"total": 12.5}"#, json!(1)), 0.25);
        let backtracking = "kind='expr'\nexpr='answer.matches(\"^(a+)+$\")'";
        assert_eq!(grade(backtracking, &format!("{}!", "a".repeat(10_000)), json!(1)), 0.0);
        for (expr, answer) in
            [("json.total > 1.0", "prose"), ("2.0", "x"), ("run.latency_ms < 5.0", "x"), ("answer", "x")]
        {
            let outcome = run(&format!("kind='expr'\nexpr='{expr}'"), answer, json!(1));
            assert_eq!(outcome.reason(), Some(Unscored::ScoringFailed), "{expr}");
        }
    }

    #[test]
    fn an_answer_with_endless_lists_has_a_reason_at_once() {
        let list = |elements: usize| format!("[{}]", vec!["1"; elements].join(","));
        let nested = "kind='expr'\nexpr='json.all(a, json.all(b, json.all(c, a == c && b == c)))'";
        assert_eq!(grade(nested, &list(20), json!(1)), 1.0);
        let outcome = run(nested, &list(20_000), json!(1));
        assert_eq!(outcome.reason(), Some(Unscored::Timeout), "{outcome:?}");
        assert!(outcome.explanation.unwrap().contains("a list of 20000 elements makes 8000000000000 steps"));
        let within = format!("{{\"a\": {{\"b\": {}}}}}", list(20_000));
        let deep = "kind='expr'\nexpr='json.a.b.exists(a, json.a.b.exists(b, a + b == 3))'";
        assert_eq!(run(deep, &within, json!(1)).reason(), Some(Unscored::Timeout));
        let grown = "kind='expr'\nexpr='size(json.map(a, answer + answer)) > 0'";
        assert_eq!(run(grown, &list(200_000), json!(1)).reason(), Some(Unscored::Timeout));
        assert_eq!(grade("kind='expr'\nexpr='size(json) == 200000'", &list(200_000), json!(1)), 1.0);
        assert_eq!(grade("kind='expr'\nexpr='json.all(a, a == 1.0)'", &list(2_000), json!(1)), 1.0);
    }

    #[test]
    fn what_is_no_expression_is_refused_at_load_with_its_place() {
        let error = ExprSpec { expr: "answr == 'x'".into() }.compile().err().unwrap().to_string();
        assert!(error.contains("`answr`") && error.contains("line 1, column 1"), "{error}");
        assert!(ExprSpec { expr: "answer ==".into() }.compile().is_err());
    }
}
