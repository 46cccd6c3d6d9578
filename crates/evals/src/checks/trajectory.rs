//! Scorers of the order, arguments and number of tool calls, after promptfoo's `trajectory:*` assertions and openevals'
//! trajectory match. A name may hold `*` for any text.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use weir_core::score::Unscored;

use super::{
    Check, Reads,
    exact::same_value,
    is_default,
    tools::{Call, calls},
};
use crate::{
    exchange::{Exchange, Outcome},
    spec::SpecError,
};

/// `tool_sequence`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolSequenceSpec {
    /// Names of tools; the item's `expected_tools` when empty.
    #[serde(default, skip_serializing_if = "is_default")]
    pub tools: Vec<String>,
    /// How the called tools must relate to them.
    #[serde(default, skip_serializing_if = "is_default")]
    pub mode: SequenceMode,
}

/// How the called tools must relate to the expected ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SequenceMode {
    /// Among others, in this order.
    #[default]
    InOrder,
    /// These and no others, in this order.
    Exact,
    /// These and no others.
    Unordered,
    /// None but these.
    Subset,
    /// All of these.
    Superset,
}

/// `tool_args_match`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolArgsMatchSpec {
    /// Which tool's calls are looked at.
    pub tool: String,
    /// The arguments that one of the calls must have.
    pub args: Map<String, Value>,
    /// Whether it may have others.
    #[serde(default, skip_serializing_if = "is_default")]
    pub mode: ArgsMode,
    /// Arguments that the tool fills in itself: given with this value they count as not given.
    #[serde(default, skip_serializing_if = "is_default")]
    pub defaults: Map<String, Value>,
    /// Names of arguments that are not looked at.
    #[serde(default, skip_serializing_if = "is_default")]
    pub ignore: Vec<String>,
}

/// Whether a call may have other arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ArgsMode {
    /// It may; objects inside too.
    #[default]
    Partial,
    /// It may not.
    Exact,
}

/// `step_count`: the number of calls lies between two bounds, both included.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepCountSpec {
    /// Only calls of this tool.
    #[serde(default, skip_serializing_if = "is_default")]
    pub tool: Option<String>,
    /// Fewest.
    #[serde(default, skip_serializing_if = "is_default")]
    pub min: Option<u64>,
    /// Most.
    #[serde(default, skip_serializing_if = "is_default")]
    pub max: Option<u64>,
}

impl ToolSequenceSpec {
    pub(crate) fn compile(&self) -> Result<Box<dyn Check>, SpecError> {
        Ok(Box::new(self.clone()))
    }

    fn holds(&self, wanted: &[String], called: &[Call]) -> bool {
        let fits = |wanted: &String, called: &Call| matches(wanted, &called.name);
        match self.mode {
            SequenceMode::Exact => {
                wanted.len() == called.len() && wanted.iter().zip(called).all(|(wanted, called)| fits(wanted, called))
            }
            SequenceMode::InOrder => {
                let mut left = wanted.iter().peekable();
                for call in called {
                    left.next_if(|wanted| fits(wanted, call));
                }
                left.peek().is_none()
            }
            SequenceMode::Subset => unmatched(called, wanted, |call, wanted| fits(wanted, call)) == 0,
            SequenceMode::Superset => unmatched(wanted, called, fits) == 0,
            SequenceMode::Unordered => wanted.len() == called.len() && unmatched(wanted, called, fits) == 0,
        }
    }
}

/// How many of `these` find no partner of their own among `those`.
fn unmatched<A, B>(these: &[A], those: &[B], fits: impl Fn(&A, &B) -> bool) -> usize {
    let mut left: Vec<&B> = those.iter().collect();
    these
        .iter()
        .filter(|this| match left.iter().position(|that| fits(this, that)) {
            Some(at) => {
                left.remove(at);
                false
            }
            None => true,
        })
        .count()
}

impl Check for ToolSequenceSpec {
    fn reads(&self) -> Reads {
        Reads::Run
    }

    fn check(&self, exchange: &Exchange<'_>) -> Outcome {
        let from_item =
            || exchange.reference?.expected_tools.as_ref().map(|tools| tools.iter().map(|t| t.name.clone()).collect());
        let wanted: Option<Vec<String>> = if self.tools.is_empty() { from_item() } else { Some(self.tools.clone()) };
        let Some(wanted) = wanted else {
            let why = "no tools to compare with; give `tools` or the item `expected_tools`";
            return Outcome::unscored(Unscored::NoReference, why);
        };
        let called = calls(exchange);
        let names: Vec<&str> = called.iter().map(|call| call.name.as_str()).collect();
        Outcome::pass(self.holds(&wanted, &called)).because(format!("called [{}]", names.join(", ")))
    }
}

impl ToolArgsMatchSpec {
    pub(crate) fn compile(&self) -> Result<Box<dyn Check>, SpecError> {
        if self.tool.trim().is_empty() {
            return Err(SpecError::field("tool", "empty; name a tool, `*` for any"));
        }
        Ok(Box::new(self.clone()))
    }

    fn fits(&self, call: &Call) -> bool {
        let Some(given) = call.arguments.as_object() else {
            return false;
        };
        let given: Map<String, Value> = given
            .iter()
            .filter(|(key, _)| !self.ignore.iter().any(|ignored| matches(ignored, key)))
            .filter(|(key, value)| {
                self.args.contains_key(*key)
                    || !self.defaults.get(*key).is_some_and(|default| same_value(default, value))
            })
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        match self.mode {
            ArgsMode::Exact => same_value(&Value::Object(given), &Value::Object(self.args.clone())),
            ArgsMode::Partial => holds(&Value::Object(given), &Value::Object(self.args.clone())),
        }
    }
}

/// Every field of `wanted` stands in `given`, objects inside alike.
fn holds(given: &Value, wanted: &Value) -> bool {
    match (given, wanted) {
        (Value::Object(given), Value::Object(wanted)) => {
            wanted.iter().all(|(key, wanted)| given.get(key).is_some_and(|given| holds(given, wanted)))
        }
        (given, wanted) => same_value(given, wanted),
    }
}

impl Check for ToolArgsMatchSpec {
    fn reads(&self) -> Reads {
        Reads::Run
    }

    fn check(&self, exchange: &Exchange<'_>) -> Outcome {
        let calls: Vec<Call> = calls(exchange).into_iter().filter(|call| matches(&self.tool, &call.name)).collect();
        if calls.is_empty() {
            return Outcome::pass(false).because(format!("`{}` was not called", self.tool));
        }
        Outcome::pass(calls.iter().any(|call| self.fits(call))).because(format!("{} calls looked at", calls.len()))
    }
}

impl StepCountSpec {
    pub(crate) fn compile(&self) -> Result<Box<dyn Check>, SpecError> {
        super::limits::bounds(self.min, self.max)?;
        Ok(Box::new(self.clone()))
    }
}

impl Check for StepCountSpec {
    fn reads(&self) -> Reads {
        Reads::Run
    }

    fn check(&self, exchange: &Exchange<'_>) -> Outcome {
        let looked_at = |name: &str| self.tool.as_ref().is_none_or(|tool| matches(tool, name));
        let count = exchange.answer.tool_calls.iter().filter(|call| looked_at(&call.name)).count() as u64;
        super::limits::between(count, self.min, self.max, "calls")
    }
}

/// `*` in the pattern stands for any text.
fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::matches;
    use crate::checks::testing::with_calls;
    use serde_json::json;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, name, fits) in [
            ("a", "a", true),
            ("a", "ab", false),
            ("a*", "ab", true),
            ("*b*", "abc", true),
            ("a*a", "a", false),
            ("*", "", true),
        ] {
            assert_eq!(matches(pattern, name), fits, "{pattern} {name}");
        }
    }

    #[test]
    fn sequences() {
        let calls = json!([["search", {}], ["read", {}], ["search", {}]]);
        for (spec, pass) in [
            ("tools=['search','search']", 1.0),
            ("tools=['read','read']", 0.0),
            ("tools=['sea*','read','search']\nmode='exact'", 1.0),
            ("tools=['search','search','read']\nmode='unordered'", 1.0),
            ("tools=['search','search','read','pay']\nmode='subset'", 1.0),
            ("tools=['search','read']\nmode='subset'", 0.0),
            ("tools=['read']\nmode='superset'", 1.0),
        ] {
            let outcome = with_calls(&format!("kind='tool_sequence'\n{spec}"), &calls, None);
            assert_eq!(outcome.value(), Some(pass), "{spec}");
        }
    }

    #[test]
    fn arguments() {
        let calls = json!([["pay", {"to": "ana", "sum": {"eur": 5, "cents": 0}, "id": "x1", "fast": false}]]);
        for (spec, pass) in [
            ("args={sum={eur=5}}", 1.0),
            ("args={sum={eur=6}}", 0.0),
            ("args={to='ana',sum={eur=5,cents=0}}\nmode='exact'", 0.0),
            ("args={to='ana',sum={eur=5,cents=0}}\nmode='exact'\nignore=['i*']\ndefaults={fast=false}", 1.0),
        ] {
            let outcome = with_calls(&format!("kind='tool_args_match'\ntool='pay'\n{spec}"), &calls, None);
            assert_eq!(outcome.value(), Some(pass), "{spec}");
        }
        assert_eq!(with_calls("kind='step_count'\nmax=1", &calls, None).value(), Some(1.0));
        assert_eq!(with_calls("kind='step_count'\ntool='read'\nmin=1", &calls, None).value(), Some(0.0));
    }
}
