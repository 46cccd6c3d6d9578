//! Mistral's chat completions: OpenAI's, with other words, and a refusal of all that it does not know.

use bytes::Bytes;
use serde_json::Value;

use super::{Asked, openai};

const MEMBERS: [&str; 20] = [
    "model",
    "messages",
    "temperature",
    "top_p",
    "max_tokens",
    "stream",
    "stop",
    "random_seed",
    "response_format",
    "tools",
    "tool_choice",
    "presence_penalty",
    "frequency_penalty",
    "n",
    "prediction",
    "parallel_tool_calls",
    "prompt_mode",
    "reasoning_effort",
    "safe_prompt",
    "metadata",
];

pub(super) fn read(body: &[u8]) -> Result<Asked, String> {
    let mut request: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let members = request.as_object().ok_or("the body is no object")?;
    if let Some(extra) = members.keys().find(|key| !MEMBERS.contains(&key.as_str())) {
        return Err(format!("body.{extra}: Extra inputs are not permitted"));
    }
    for message in request.get("messages").and_then(Value::as_array).into_iter().flatten() {
        let calls = message.get("tool_calls").and_then(Value::as_array).into_iter().flatten();
        let ids = calls.filter_map(|call| call.get("id")).chain(message.get("tool_call_id"));
        for id in ids.filter_map(Value::as_str) {
            if id.len() != 9 || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                return Err(format!("Tool call id was {id} but must be a-z, A-Z, 0-9, with a length of 9."));
            }
        }
    }
    if request.get("tool_choice").and_then(Value::as_str) == Some("any") {
        request["tool_choice"] = "required".into();
    }
    let mut asked = openai::read(&Bytes::from(request.to_string()))?;
    // Usage comes unasked.
    asked.include_usage = true;
    Ok(asked)
}
