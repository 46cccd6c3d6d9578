//! The simulator as a judge: it reads weir's judge contract and says, at a planted rate, what is true.
//!
//! The contract: `response_format` is a JSON schema whose `choice` is an enum, best first; the last user message is a JSON
//! object with `nonce`, `input`, `answer`, `expected`. The reply is `{nonce, reasoning, choice}`.

use serde_json::{Value, json};

/// A request that asks for a verdict.
#[derive(Debug, PartialEq)]
pub(crate) struct Case {
    nonce: Value,
    choices: Vec<Value>,
    pub(crate) input: String,
    answer: String,
    expected: Option<String>,
}

/// The case in a request, when it is a judge's.
pub(crate) fn read(response_format: &Value, prompt: &str) -> Option<Case> {
    let choices = response_format.pointer("/json_schema/schema/properties/choice/enum")?.as_array()?.clone();
    let start = prompt.find('{')?;
    let end = prompt.rfind('}')?;
    let case: Value = serde_json::from_str(prompt.get(start..=end)?).ok()?;
    Some(Case {
        nonce: case.get("nonce").cloned().unwrap_or_default(),
        choices,
        input: text(case.get("input")).unwrap_or_default(),
        answer: text(case.get("answer")).unwrap_or_default(),
        expected: text(case.get("expected")),
    })
}

impl Case {
    /// The verdict. `known` is the right answer where the case brings none; `agree` says whether to tell the truth.
    pub(crate) fn verdict(&self, known: Option<&str>, agree: bool) -> String {
        let expected = self.expected.as_deref().or(known);
        let good = expected.is_none_or(|expected| same(&self.answer, expected)) == agree;
        let choice = if good { self.choices.first() } else { self.choices.last() };
        let reasoning =
            if good { "The answer says what was expected." } else { "The answer differs from what was expected." };
        json!({"nonce": self.nonce, "reasoning": reasoning, "choice": choice}).to_string()
    }
}

/// A string as it is, a list of messages as its last text, anything else as JSON; `None` for null and nothing.
fn text(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Array(turns) => turns.last().and_then(|turn| turn.get("content")?.as_str()).map(str::to_owned),
        other => Some(other.to_string()),
    }
}

fn same(answer: &str, expected: &str) -> bool {
    let (answer, expected) = (answer.trim(), expected.trim());
    if answer.eq_ignore_ascii_case(expected) {
        return true;
    }
    match (serde_json::from_str::<Value>(answer), serde_json::from_str::<Value>(expected)) {
        (Ok(answer), Ok(expected)) => answer == expected,
        _ => false,
    }
}
