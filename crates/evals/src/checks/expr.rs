//! `expr`: a sandboxed expression in CEL over the answer, what was expected and what was measured. It gives a number in
//! `0..=1` or true or false. It always ends, reads nothing else and matches patterns in linear time.
//!
//! Names: `answer`, `input` (the last user message), `messages`, `expected`, `context`, `criteria`, `json` (the answer as
//! JSON, null where it is none), `tools` (names of the called tools), `finish_reason`, and `run` with `latency_ms`,
//! `ttft_ms`, `cost_usd`, `tokens`, `retries`. What is not known is null.

use serde::{Deserialize, Serialize};
use serde_json::json;
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
        scope.set("json", json::read(&answer.text, false).unwrap_or_default());
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
    fn what_is_no_expression_is_refused_at_load_with_its_place() {
        let error = ExprSpec { expr: "answr == 'x'".into() }.compile().err().unwrap().to_string();
        assert!(error.contains("`answr`") && error.contains("line 1, column 1"), "{error}");
        assert!(ExprSpec { expr: "answer ==".into() }.compile().is_err());
    }
}
