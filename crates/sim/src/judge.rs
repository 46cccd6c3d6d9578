//! The simulator as a judge: it reads weir's judge contract and says, at a planted rate, what is true.
//!
//! The contract: `response_format` is a JSON schema, the last user message a JSON object with `nonce`, `input`, `answer`
//! and `expected`. The reply has what the schema asks for: a `choice` of its enum, best first; a `score` from 0 to 10;
//! `verdicts`, one for each passage of `context`, of its enum, best first; or a `choice` of `first`, `second` and `tie`.

use serde_json::{Value, json};

/// What the schema asks for.
#[derive(Debug, PartialEq)]
enum Form {
    Choice(Vec<Value>),
    Pair,
    Score,
    Verdicts(Vec<Value>, usize),
}

/// A request that asks for a verdict.
#[derive(Debug, PartialEq)]
pub(crate) struct Case {
    nonce: Value,
    form: Form,
    pub(crate) input: String,
    answer: String,
    other: Option<String>,
    expected: Option<String>,
}

/// The case in a request, when it is a judge's.
pub(crate) fn read(response_format: &Value, prompt: &str) -> Option<Case> {
    let properties = response_format.pointer("/json_schema/schema/properties")?;
    let words = |place: &str| properties.pointer(place).and_then(Value::as_array).cloned();
    let start = prompt.find('{')?;
    let end = prompt.rfind('}')?;
    let case: Value = serde_json::from_str(prompt.get(start..=end)?).ok()?;
    let nonce = case.get("nonce")?.clone();
    let other = text(case.get("second"));
    let passages = case.get("context").and_then(Value::as_array).map_or(1, Vec::len);
    let form = match (words("/choice/enum"), words("/verdicts/items/properties/verdict/enum")) {
        (Some(_), _) if other.is_some() => Form::Pair,
        (Some(choices), _) => Form::Choice(choices),
        (None, Some(words)) => Form::Verdicts(words, passages),
        (None, None) if properties.get("score").is_some() => Form::Score,
        (None, None) => return None,
    };
    Some(Case {
        nonce,
        form,
        input: text(case.get("input")).unwrap_or_default(),
        answer: text(case.get("answer")).or_else(|| text(case.get("first"))).unwrap_or_default(),
        other,
        expected: text(case.get("expected")),
    })
}

impl Case {
    /// The verdict. `known` is the right answer where the case brings none; `agree` says whether to tell the truth.
    pub(crate) fn verdict(&self, known: Option<&str>, agree: bool) -> String {
        let expected = self.expected.as_deref().or(known);
        let good = |answer: &str| expected.is_none_or(|expected| same(answer, expected)) == agree;
        let right = good(&self.answer);
        let reasoning =
            if right { "The answer says what was expected." } else { "The answer differs from what was expected." };
        let nonce = &self.nonce;
        let reply = match &self.form {
            Form::Choice(choices) => {
                let choice = if right { choices.first() } else { choices.last() };
                json!({"nonce": nonce, "reasoning": reasoning, "choice": choice})
            }
            Form::Pair => {
                let choice = match (right, self.other.as_deref().is_some_and(good)) {
                    (true, false) => "first",
                    (false, true) => "second",
                    _ => "tie",
                };
                json!({"nonce": nonce, "reasoning": "Compared with what was expected.", "choice": choice})
            }
            Form::Score => json!({"nonce": nonce, "reasoning": reasoning, "score": if right { 10 } else { 0 }}),
            Form::Verdicts(words, passages) => {
                let word = if right { words.first() } else { words.last() };
                let verdict = json!({"statement": self.answer, "reasoning": reasoning, "verdict": word});
                json!({"nonce": nonce, "verdicts": vec![verdict; *passages]})
            }
        };
        reply.to_string()
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
