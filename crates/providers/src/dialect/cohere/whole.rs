//! A whole answer into the neutral form.

use serde_json::Value;

use crate::{
    chat::{Choice, Part, Reply},
    dialect::{
        openai_chat::{self, Broken},
        usage::Estimate,
        value::text,
    },
};

/// Reads an answer.
///
/// # Errors
/// It has no message, or the provider gave up on it.
pub(crate) fn decode(document: &Value, estimate: Estimate) -> Result<Reply, Broken> {
    let Some(message) = document.get("message").filter(|message| message.is_object()) else {
        return Err(Broken("an answer without a message".into()));
    };
    let word = text(document, "finish_reason").unwrap_or_default();
    if matches!(word.as_str(), "ERROR" | "TIMEOUT") {
        return Err(Broken("an error inside a 200".into()));
    }
    let mut parts = Vec::new();
    for block in message.get("content").and_then(Value::as_array).into_iter().flatten() {
        parts.extend(text(block, "thinking").map(|text| Part::Thinking { text, signature: None }));
        parts.extend(text(block, "text").map(Part::Text));
    }
    // What it means to do with its tools is the nearest it has to a thought, and goes on the one before, as in its stream.
    match (parts.last_mut(), text(message, "tool_plan")) {
        (Some(Part::Thinking { text, .. }), Some(plan)) => text.push_str(&plan),
        (_, plan) => parts.extend(plan.map(|text| Part::Thinking { text, signature: None })),
    }
    parts.extend(openai_chat::calls(message));
    let usage = document.get("usage").cloned().unwrap_or_default();
    Ok(Reply {
        id: text(document, "id").unwrap_or_default(),
        model: String::new(),
        choices: vec![Choice { parts, stop: super::stop(&word), logprobs: None }],
        usage: super::counts(&usage).whole(estimate),
    })
}
