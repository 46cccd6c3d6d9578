//! Mistral's chat completions: OpenAI's with other words in a few places, and a 422 for every member that it does not know.
//! Answers are read as OpenAI's; thinking models answer in parts.
//!
//! Source: Mistral AI API reference, "Chat completion".

use serde_json::{Value, json};

use super::openai_chat;
use crate::chat::{Losses, Request, Source, ToolChoice};

/// Length of the id of a call; letters and digits.
const ID: usize = 9;

/// The document for `model`, and in `losses` what it cannot say.
pub(crate) fn encode(request: &Request, model: &str, losses: &mut Losses) -> Value {
    request.without(&["verbosity", "logprobs"], losses);
    let mut document = openai_chat::encode(request, model, false, losses);
    let Some(members) = document.as_object_mut() else { return document };
    for key in ["logprobs", "top_logprobs", "stream_options", "verbosity"] {
        members.remove(key);
    }
    if members.remove("user").is_some() {
        losses.hint(request.field("user"));
    }
    if members.remove("reasoning_effort").is_some() {
        members.insert("prompt_mode".into(), "reasoning".into());
    }
    if let Some(seed) = members.remove("seed") {
        members.insert("random_seed".into(), seed);
    }
    if request.tool_choice == Some(ToolChoice::Required) {
        members.insert("tool_choice".into(), "any".into());
    }
    for message in members.get_mut("messages").and_then(Value::as_array_mut).into_iter().flatten() {
        rewrite(message);
    }
    document
}

/// Ids of calls, and documents.
fn rewrite(message: &mut Value) {
    if let Some(id) = message.get_mut("tool_call_id") {
        *id = self::id(id.as_str().unwrap_or_default()).into();
    }
    for call in message.get_mut("tool_calls").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(id) = call.get_mut("id") {
            *id = self::id(id.as_str().unwrap_or_default()).into();
        }
    }
    for part in message.get_mut("content").and_then(Value::as_array_mut).into_iter().flatten() {
        let Some(data) = part.pointer("/file/file_data").and_then(Value::as_str) else { continue };
        // Plain URLs have been refused by the encoder of OpenAI's dialect, which cannot say them.
        if let Source::Data { .. } = Source::of_url(data) {
            *part =
                json!({"type": "document_url", "document_url": data, "document_name": part.pointer("/file/filename")});
        }
    }
}

/// Any id as one that Mistral takes. The same id always becomes the same one, so that results find their calls.
fn id(theirs: &str) -> String {
    if theirs.len() == ID && theirs.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return theirs.to_owned();
    }
    const LETTERS: &[u8; 62] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let mut rest = weir_core::entropy::mix(weir_core::entropy::hash(theirs));
    let letter = |_| {
        let letter = LETTERS.get((rest % 62) as usize).copied().unwrap_or(b'0');
        rest /= 62;
        char::from(letter)
    };
    (0..ID).map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_becomes_one_that_is_taken_and_always_the_same() {
        assert_eq!(id("D681PevKs"), "D681PevKs");
        let (made, again, other) = (id("call_abc_1"), id("call_abc_1"), id("call_abc_2"));
        assert!(made == again && made != other);
        assert!(made.len() == ID && made.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{made}");
    }
}
