//! A whole answer into the neutral form, and from it.

use serde_json::Value;

use crate::{
    chat::{Call, Choice, Part, Reply, Stop},
    dialect::{
        Meta,
        openai_chat::Broken,
        openai_responses::kept::Label,
        usage::{Counts, Estimate},
        value::text,
    },
};

/// Reads an answer.
///
/// # Errors
/// It failed, or has no output.
pub(crate) fn decode(document: &Value, estimate: Estimate) -> Result<Reply, Broken> {
    if document.get("error").is_some_and(|error| !error.is_null()) {
        return Err(Broken("an error inside a 200".into()));
    }
    let Some(output) = document.get("output").and_then(Value::as_array) else {
        return Err(Broken("an answer without output".into()));
    };
    let mut parts = Vec::new();
    for item in output {
        match item.get("type").and_then(Value::as_str) {
            Some("message") => {
                for part in item.get("content").and_then(Value::as_array).into_iter().flatten() {
                    parts.extend(text(part, "text").map(Part::Text));
                    parts.extend(text(part, "refusal").map(Part::Refusal));
                }
            }
            Some("function_call") => parts.push(Part::Call(Call {
                id: text(item, "call_id").unwrap_or_default(),
                name: text(item, "name").unwrap_or_default(),
                arguments: text(item, "arguments").unwrap_or_default(),
            })),
            Some("reasoning") => {
                let summary = item.get("summary").and_then(Value::as_array).into_iter().flatten();
                let texts: Vec<String> = summary.filter_map(|part| text(part, "text")).collect();
                parts.push(Part::Thinking { text: texts.join("\n"), signature: text(item, "encrypted_content") });
            }
            _ => {}
        }
    }
    let calls = parts.iter().any(|part| matches!(part, Part::Call(_)));
    let refused = parts.iter().any(|part| matches!(part, Part::Refusal(_)));
    let choice = Choice { parts, stop: super::stop(document, calls, refused), logprobs: None };
    let counts = document.get("usage").map_or_else(Counts::default, Counts::responses).served(document);
    Ok(Reply {
        id: text(document, "id").unwrap_or_default(),
        model: text(document, "model").unwrap_or_default(),
        choices: vec![choice],
        usage: counts.whole(estimate),
    })
}

/// Writes an answer, labelled where it is stored; this dialect has one choice.
pub(crate) fn encode(reply: &Reply, meta: &Meta, label: Option<&Label>) -> Value {
    let id = label.map_or_else(|| super::id(&reply.id), |label| label.id.clone());
    let choice = reply.choices.first();
    let mut output: Vec<Value> = Vec::new();
    let mut said = Vec::new();
    for part in choice.iter().flat_map(|choice| &choice.parts) {
        let item = format!("{}_{}", id.trim_start_matches("resp_"), output.len());
        match part {
            Part::Text(text) => said.push(super::output_text(text)),
            Part::Refusal(text) => said.push(serde_json::json!({"type": "refusal", "refusal": text})),
            Part::Call(call) => output.push(super::function_call(&format!("fc_{item}"), call, "completed")),
            Part::Thinking { text, signature } => {
                output.push(super::reasoning(&format!("rs_{item}"), text, signature.as_deref()));
            }
            Part::Redacted(data) => output.push(super::reasoning(&format!("rs_{item}"), "", Some(data))),
            _ => {}
        }
        if matches!(part, Part::Text(_) | Part::Refusal(_)) {
            output.push(super::message(&format!("msg_{item}"), &std::mem::take(&mut said), "completed"));
        }
    }
    let stop = choice.map_or(&Stop::End, |choice| &choice.stop);
    let mut response = super::response(&id, &reply.model, meta.created_s, &output, Some((stop, &reply.usage)));
    if let Some(label) = label {
        label.stamp(&mut response, true);
    }
    response
}
