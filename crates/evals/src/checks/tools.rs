//! Scorers of tool calls. What was called is read out of the answer; what should have been comes from `tools` of the
//! definition, else from the item's `expected_tools`.
//!
//! `tool_called` compares names by quantifier (tensorzero's `tool_use`). `tool_call_f1` is the F1 of the sets of names
//! (promptfoo) or of whole calls (ragas, which rounds to 4 places). `tool_call_accuracy` (ragas) = Σ share of equal
//! arguments / expected calls × coverage, and 0 when the names stand in another order. `tool_correctness` (deepeval) =
//! best pairing, or heaviest common subsequence, of expected calls / expected calls.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Check, Reads, exact::same_value, is_default, python};
use crate::{
    canonical::canonical_json,
    exchange::{Exchange, ExpectedTool, Outcome},
    spec::SpecError,
};

/// Calls looked at; more is a runaway.
pub(crate) const MOST_CALLS: usize = 1000;

/// `tool_called`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolCalledSpec {
    /// What must hold.
    #[serde(default)]
    pub mode: CalledMode,
    /// Names of tools; a name given twice must be called twice under `all_of`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub tools: Vec<String>,
}

/// What must hold of the names of the called tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CalledMode {
    /// No tool was called.
    None,
    /// Some tool was called.
    #[default]
    Any,
    /// None of these.
    NoneOf,
    /// One of these.
    AnyOf,
    /// All of these, each as often as it is listed.
    AllOf,
}

/// `tool_call_f1`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolCallF1Spec {
    /// What is compared.
    #[serde(default, skip_serializing_if = "is_default")]
    pub compare: Compare,
    /// What should be called; the item's `expected_tools` when empty.
    #[serde(default, skip_serializing_if = "is_default")]
    pub tools: Vec<ExpectedTool>,
}

/// What of a call is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compare {
    /// Its name.
    #[default]
    Name,
    /// Its name and all arguments.
    Call,
}

/// `tool_call_accuracy`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolCallAccuracySpec {
    /// Calls may come in any order.
    #[serde(default, skip_serializing_if = "is_default")]
    pub any_order: bool,
    /// When two arguments are equal.
    #[serde(default, skip_serializing_if = "is_default")]
    pub arg_match: ArgMatch,
    /// What should be called; the item's `expected_tools` when empty.
    #[serde(default, skip_serializing_if = "is_default")]
    pub tools: Vec<ExpectedTool>,
}

/// When two arguments are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ArgMatch {
    /// The same JSON, numbers by value, keys in any order.
    #[default]
    Json,
    /// The same text in Python, as ragas: `1` is `"1"`, and the order of keys counts.
    Ragas,
}

/// `tool_correctness`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolCorrectnessSpec {
    /// Arguments count too, by their share of equal keys.
    #[serde(default, skip_serializing_if = "is_default")]
    pub arguments: bool,
    /// Calls must come in the expected order.
    #[serde(default, skip_serializing_if = "is_default")]
    pub ordered: bool,
    /// Nothing but the expected calls, in their order: all or nothing.
    #[serde(default, skip_serializing_if = "is_default")]
    pub exact: bool,
    /// What should be called; the item's `expected_tools` when empty.
    #[serde(default, skip_serializing_if = "is_default")]
    pub tools: Vec<ExpectedTool>,
}

/// A call with its arguments parsed; what is not a JSON object is kept as a text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Call {
    pub(crate) name: String,
    pub(crate) arguments: Value,
}

/// The calls of an answer.
pub(crate) fn calls(exchange: &Exchange<'_>) -> Vec<Call> {
    let read = |text: &str| match text.trim() {
        "" => Value::Object(Map::new()),
        text => serde_json::from_str(text).unwrap_or_else(|_| Value::from(text)),
    };
    let calls = exchange.answer.tool_calls.iter().take(MOST_CALLS);
    calls.map(|call| Call { name: call.name.clone(), arguments: read(&call.arguments) }).collect()
}

/// The calls that are wanted: the definition's, else the item's.
pub(crate) fn expected(exchange: &Exchange<'_>, tools: &[ExpectedTool]) -> Option<Vec<ExpectedTool>> {
    if !tools.is_empty() {
        return Some(tools.to_vec());
    }
    exchange.reference?.expected_tools.clone()
}

fn no_expected() -> Outcome {
    Outcome::unscored(
        weir_core::score::Unscored::NoReference,
        "no tools to compare with; give `tools` or the item `expected_tools`",
    )
}

impl ToolCalledSpec {
    pub(crate) fn compile(&self) -> Result<Box<dyn Check>, SpecError> {
        let named = matches!(self.mode, CalledMode::NoneOf | CalledMode::AnyOf | CalledMode::AllOf);
        match (named, self.tools.is_empty()) {
            (true, true) => Err(SpecError::field("tools", "empty; this `mode` needs the names of tools")),
            (false, false) => Err(SpecError::field("tools", "given, but `none` and `any` take no names")),
            _ => Ok(Box::new(self.clone())),
        }
    }
}

impl Check for ToolCalledSpec {
    fn reads(&self) -> Reads {
        Reads::Run
    }

    fn check(&self, exchange: &Exchange<'_>) -> Outcome {
        let calls: Vec<&str> = exchange.answer.tool_calls.iter().map(|call| call.name.as_str()).collect();
        let count = |name: &str| calls.iter().filter(|called| **called == name).count();
        let wanted = |name: &str| self.tools.iter().filter(|tool| *tool == name).count();
        let pass = match self.mode {
            CalledMode::None => calls.is_empty(),
            CalledMode::Any => !calls.is_empty(),
            CalledMode::NoneOf => self.tools.iter().all(|tool| count(tool) == 0),
            CalledMode::AnyOf => self.tools.iter().any(|tool| count(tool) > 0),
            CalledMode::AllOf => self.tools.iter().all(|tool| count(tool) >= wanted(tool)),
        };
        Outcome::pass(pass).because(format!("called [{}]", calls.join(", ")))
    }
}

impl ToolCallF1Spec {
    pub(crate) fn compile(&self) -> Result<Box<dyn Check>, SpecError> {
        Ok(Box::new(self.clone()))
    }
}

impl Check for ToolCallF1Spec {
    fn reads(&self) -> Reads {
        Reads::Run
    }

    fn check(&self, exchange: &Exchange<'_>) -> Outcome {
        let Some(expected) = expected(exchange, &self.tools) else {
            return no_expected();
        };
        let key = |name: &str, arguments: Option<&Value>| match self.compare {
            Compare::Name => name.to_owned(),
            Compare::Call => format!("{name} {}", arguments.map_or_else(|| "{}".to_owned(), canonical_json)),
        };
        let wanted: HashSet<String> = expected.iter().map(|tool| key(&tool.name, tool.arguments.as_ref())).collect();
        let called: HashSet<String> =
            calls(exchange).iter().map(|call| key(&call.name, Some(&call.arguments))).collect();
        if wanted.is_empty() && called.is_empty() {
            return Outcome::pass(true).because("no tool was wanted and none was called");
        }
        let hits = wanted.intersection(&called).count() as f64;
        let share = |of: usize| if of == 0 { 0.0 } else { hits / of as f64 };
        let (precision, recall) = (share(called.len()), share(wanted.len()));
        let f1 = if hits == 0.0 { 0.0 } else { 2.0 * precision * recall / (precision + recall) };
        let f1 = match self.compare {
            Compare::Name => f1,
            Compare::Call => format!("{f1:.4}").parse().unwrap_or(f1),
        };
        Outcome::grade(f1).because(format!("precision {precision:.2}, recall {recall:.2}"))
    }
}

impl ToolCallAccuracySpec {
    pub(crate) fn compile(&self) -> Result<Box<dyn Check>, SpecError> {
        Ok(Box::new(self.clone()))
    }

    fn same(&self, a: &Value, b: &Value) -> bool {
        match self.arg_match {
            ArgMatch::Json => same_value(a, b),
            ArgMatch::Ragas => python::text(a) == python::text(b),
        }
    }

    /// Share of the expected arguments that the call has.
    fn arguments(&self, called: &Value, wanted: Option<&Value>) -> f64 {
        let Some(wanted) = wanted else {
            return 1.0;
        };
        match (called.as_object(), wanted.as_object()) {
            (Some(called), Some(wanted)) if wanted.is_empty() => f64::from(u8::from(called.is_empty())),
            (Some(called), Some(wanted)) => {
                let equal = wanted
                    .iter()
                    .filter(|(key, wanted)| called.get(*key).is_some_and(|called| self.same(called, wanted)));
                equal.count() as f64 / wanted.len() as f64
            }
            _ => f64::from(u8::from(self.same(called, wanted))),
        }
    }
}

/// Names first, then arguments by key, as ragas sorts calls.
fn sort_key(name: &str, arguments: Option<&Value>) -> Vec<String> {
    let mut key = vec![name.to_owned()];
    if let Some(fields) = arguments.and_then(Value::as_object) {
        let mut fields: Vec<_> = fields.iter().collect();
        fields.sort_by_key(|(key, _)| *key);
        key.extend(fields.into_iter().flat_map(|(name, value)| [name.clone(), python::text(value)]));
    }
    key
}

impl Check for ToolCallAccuracySpec {
    fn reads(&self) -> Reads {
        Reads::Run
    }

    fn check(&self, exchange: &Exchange<'_>) -> Outcome {
        let Some(mut wanted) = expected(exchange, &self.tools) else {
            return no_expected();
        };
        let mut called = calls(exchange);
        if wanted.is_empty() || called.is_empty() {
            return Outcome::pass(wanted.is_empty() && called.is_empty()).because(format!(
                "{} calls, {} wanted",
                called.len(),
                wanted.len()
            ));
        }
        if self.any_order {
            wanted.sort_by_cached_key(|tool| sort_key(&tool.name, tool.arguments.as_ref()));
            called.sort_by_cached_key(|call| sort_key(&call.name, Some(&call.arguments)));
        }
        let aligned = wanted.len() == called.len()
            && wanted.iter().zip(&called).all(|(wanted, called)| wanted.name == called.name);
        if !aligned {
            return Outcome::pass(false).because("other tools, or in another order, than wanted");
        }
        // The calls are aligned, so that ragas' coverage is 1.
        let equal: f64 = wanted
            .iter()
            .zip(&called)
            .map(|(wanted, called)| self.arguments(&called.arguments, wanted.arguments.as_ref()))
            .sum();
        Outcome::grade(equal / wanted.len() as f64)
    }
}

impl ToolCorrectnessSpec {
    pub(crate) fn compile(&self) -> Result<Box<dyn Check>, SpecError> {
        if self.exact && self.ordered {
            return Err(SpecError::field("ordered", "`exact` is ordered already; give one of them"));
        }
        Ok(Box::new(self.clone()))
    }

    fn likeness(&self, wanted: &ExpectedTool, called: &Call) -> f64 {
        match (&wanted.arguments, self.arguments) {
            _ if wanted.name != called.name => 0.0,
            (Some(wanted), true) => shared_fields(wanted, &called.arguments),
            _ => 1.0,
        }
    }

    fn exactly(&self, wanted: &[ExpectedTool], called: &[Call]) -> bool {
        wanted.len() == called.len()
            && wanted.iter().zip(called).all(|(wanted, called)| {
                let arguments = wanted.arguments.as_ref().filter(|_| self.arguments);
                wanted.name == called.name && arguments.is_none_or(|wanted| same_value(wanted, &called.arguments))
            })
    }

    /// Weight of the heaviest common subsequence.
    fn in_order(&self, wanted: &[ExpectedTool], called: &[Call]) -> f64 {
        let mut row = vec![0.0_f64; called.len() + 1];
        for wanted in wanted {
            let mut diagonal = 0.0;
            let mut left = 0.0_f64;
            for (cell, called) in row.iter_mut().skip(1).zip(called) {
                let above = *cell;
                let likeness = self.likeness(wanted, called);
                *cell = above.max(left).max(if likeness > 0.0 { diagonal + likeness } else { 0.0 });
                diagonal = above;
                left = *cell;
            }
        }
        row.last().copied().unwrap_or(0.0)
    }

    /// Each expected call takes the best of the calls that are left.
    fn in_any_order(&self, wanted: &[ExpectedTool], called: &[Call]) -> f64 {
        let mut left: Vec<&Call> = called.iter().collect();
        let mut sum = 0.0;
        for wanted in wanted {
            let mut best: Option<(usize, f64)> = None;
            for (at, called) in left.iter().enumerate() {
                let likeness = self.likeness(wanted, called);
                if likeness > best.map_or(0.0, |(_, best)| best) {
                    best = Some((at, likeness));
                }
            }
            if let Some((at, likeness)) = best {
                sum += likeness;
                left.remove(at);
            }
        }
        sum
    }
}

/// Share of the keys of either side whose values are equal; objects inside count by their own share.
fn shared_fields(a: &Value, b: &Value) -> f64 {
    match (a.as_object(), b.as_object()) {
        _ if same_value(a, b) => 1.0,
        (Some(a), Some(b)) => {
            let all = a.len() + b.keys().filter(|key| !a.contains_key(*key)).count();
            let part = |key: &String, value: &Value| match b.get(key) {
                Some(other) if same_value(value, other) => 1.0,
                Some(other) if value.is_object() && other.is_object() => shared_fields(value, other),
                _ => 0.0,
            };
            a.iter().map(|(key, value)| part(key, value)).sum::<f64>() / all.max(1) as f64
        }
        _ => 0.0,
    }
}

impl Check for ToolCorrectnessSpec {
    fn reads(&self) -> Reads {
        Reads::Run
    }

    fn check(&self, exchange: &Exchange<'_>) -> Outcome {
        let Some(wanted) = expected(exchange, &self.tools) else {
            return no_expected();
        };
        let called = calls(exchange);
        if self.exact {
            return Outcome::pass(self.exactly(&wanted, &called));
        }
        if wanted.is_empty() {
            return Outcome::pass(called.is_empty()).because(format!("{} calls, none wanted", called.len()));
        }
        let sum = if self.ordered { self.in_order(&wanted, &called) } else { self.in_any_order(&wanted, &called) };
        Outcome::grade(sum / wanted.len() as f64)
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{close, with_calls};
    use serde_json::json;
    use weir_core::score::Unscored;

    #[test]
    fn names_are_counted() {
        let calls = json!([["search", {}], ["search", {}], ["book", {}]]);
        for (spec, pass) in [
            ("mode='any'", 1.0),
            ("mode='none'", 0.0),
            ("mode='none_of'\ntools=['pay']", 1.0),
            ("mode='any_of'\ntools=['pay','book']", 1.0),
            ("mode='all_of'\ntools=['search','search']", 1.0),
            ("mode='all_of'\ntools=['book','book']", 0.0),
        ] {
            let outcome = with_calls(&format!("kind='tool_called'\n{spec}"), &calls, None);
            assert_eq!(outcome.value(), Some(pass), "{spec}");
        }
    }

    #[test]
    fn f1_compares_sets() {
        let calls = json!([["a", {"x": 1}], ["c", {}]]);
        let f1 = |spec: &str| with_calls(&format!("kind='tool_call_f1'\n{spec}"), &calls, None).value().unwrap();
        assert!(close(f1("tools=['a','b']"), 0.5));
        assert!(close(f1("compare='call'\ntools=[{name='a',args={x=1}},{name='b'},{name='c'}]"), 0.8));
        assert_eq!(with_calls("kind='tool_call_f1'", &calls, None).reason(), Some(Unscored::NoReference));
        assert_eq!(with_calls("kind='tool_call_f1'", &json!([]), Some(json!([]))).value(), Some(1.0));
    }

    #[test]
    fn accuracy_wants_the_order_and_counts_arguments() {
        let calls = json!([["a", {"x": 1, "y": {"p": 1, "q": 2}}], ["b", {}]]);
        let wanted = json!([{"name": "a", "args": {"x": "1", "y": {"q": 2, "p": 1}}}, {"name": "b", "args": {}}]);
        let score = |spec: &str, wanted: &serde_json::Value| {
            with_calls(&format!("kind='tool_call_accuracy'\n{spec}"), &calls, Some(wanted.clone())).value().unwrap()
        };
        assert!(close(score("", &wanted), 0.75));
        assert!(close(score("arg_match='ragas'", &wanted), 0.75));
        let turned = json!([{"name": "b", "args": {}}, {"name": "a", "args": {"x": 1}}]);
        assert_eq!(score("", &turned), 0.0);
        assert_eq!(score("any_order=true", &turned), 1.0);
        assert_eq!(score("", &json!([])), 0.0);
    }

    #[test]
    fn correctness_pairs_calls_or_keeps_their_order() {
        let calls = json!([["b", {"x": 1, "z": 2}], ["a", {}]]);
        let wanted = json!([{"name": "a"}, {"name": "b", "args": {"x": 1, "y": 2}}]);
        let score = |spec: &str| {
            with_calls(&format!("kind='tool_correctness'\n{spec}"), &calls, Some(wanted.clone())).value().unwrap()
        };
        assert_eq!(score(""), 1.0);
        assert!(close(score("arguments=true"), (1.0 + 1.0 / 3.0) / 2.0));
        assert!(close(score("ordered=true"), 0.5));
        assert_eq!(score("exact=true"), 0.0);
    }
}
