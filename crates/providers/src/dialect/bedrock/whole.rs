//! A whole answer into the neutral form.

use serde_json::Value;

use crate::{
    chat::{Call, Choice, Part, Reply},
    dialect::{openai_chat::Broken, usage::Estimate, value::text_at},
};

/// Reads an answer.
///
/// # Errors
/// It has no message, or one that nobody could read.
pub(crate) fn decode(document: &Value, estimate: Estimate) -> Result<Reply, Broken> {
    let Some(content) = document.pointer("/output/message/content").and_then(Value::as_array) else {
        return Err(Broken("an answer without a message".into()));
    };
    let word = document.get("stopReason").and_then(Value::as_str).unwrap_or_default();
    if super::is_failure(word) {
        return Err(Broken(format!("one that ended with {word}")));
    }
    let parts = content.iter().filter_map(|block| {
        if let Some(said) = text_at(block, "/text") {
            return Some(Part::Text(said));
        }
        if let Some(call) = block.get("toolUse") {
            return Some(Part::Call(Call {
                id: text_at(call, "/toolUseId")?,
                name: text_at(call, "/name")?,
                arguments: call.get("input").map_or_else(|| "{}".to_owned(), Value::to_string),
            }));
        }
        let thought = block.get("reasoningContent")?;
        if let Some(data) = text_at(thought, "/redactedContent") {
            return Some(Part::Redacted(data));
        }
        let signature = text_at(thought, "/reasoningText/signature");
        Some(Part::Thinking { text: text_at(thought, "/reasoningText/text")?, signature })
    });
    let usage = document.get("usage").cloned().unwrap_or_default();
    Ok(Reply {
        id: String::new(),
        model: String::new(),
        choices: vec![Choice { parts: parts.collect(), stop: super::stop(word), logprobs: None }],
        usage: super::counts(&usage).whole(estimate),
    })
}
