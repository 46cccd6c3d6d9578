//! A whole answer into the neutral form, and from it.

use serde_json::{Map, Value, json};

use crate::{
    chat::{Call, Choice, Part, Reply, Stop},
    dialect::{
        openai_chat::Broken,
        usage::{Counts, Estimate},
        value::text,
    },
};

/// Reads an answer.
///
/// # Errors
/// It has neither candidates nor a reason why the prompt was blocked.
pub(crate) fn decode(document: &Value, estimate: Estimate) -> Result<Reply, Broken> {
    if document.get("error").is_some() {
        return Err(Broken("an error inside a 200".into()));
    }
    let candidates = document.get("candidates").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if let Some(word) = candidates.iter().find_map(|candidate| failure(candidate)) {
        return Err(Broken(format!("one that ended with {word}")));
    }
    let mut choices: Vec<Choice> = candidates
        .iter()
        .map(|candidate| {
            let mut parts = Vec::new();
            for piece in candidate.pointer("/content/parts").and_then(Value::as_array).into_iter().flatten() {
                part(piece, &mut parts);
            }
            let calls = parts.iter().any(|part| matches!(part, Part::Call(_)));
            let word = candidate.get("finishReason").and_then(Value::as_str).unwrap_or_default();
            Choice { parts, stop: Stop::of_gemini(word, calls), logprobs: logprobs(candidate) }
        })
        .collect();
    if choices.is_empty() {
        if document.pointer("/promptFeedback/blockReason").is_none() {
            return Err(Broken("an answer without candidates".into()));
        }
        choices.push(Choice { parts: Vec::new(), stop: Stop::Refusal, logprobs: None });
    }
    let counts = document.get("usageMetadata").map_or_else(Counts::default, Counts::gemini);
    Ok(Reply {
        id: text(document, "responseId").unwrap_or_default(),
        model: text(document, "modelVersion").unwrap_or_default(),
        choices,
        usage: counts.whole(estimate),
    })
}

/// Why a candidate is no answer: nobody could read the calls that the model wrote.
pub(super) fn failure(candidate: &Value) -> Option<&str> {
    const WORDS: [&str; 5] = [
        "MALFORMED_FUNCTION_CALL",
        "MALFORMED_RESPONSE",
        "MISSING_THOUGHT_SIGNATURE",
        "TOO_MANY_TOOL_CALLS",
        "UNEXPECTED_TOOL_CALL",
    ];
    candidate.get("finishReason").and_then(Value::as_str).filter(|word| WORDS.contains(word))
}

/// One part of an answer. A signature on it becomes a thought before it, as other dialects have it.
fn part(piece: &Value, out: &mut Vec<Part>) {
    let text = piece.get("text").and_then(Value::as_str);
    let mut signature = piece.get("thoughtSignature").and_then(Value::as_str).map(str::to_owned);
    if let (Some(text), Some(true)) = (text, piece.get("thought").and_then(Value::as_bool)) {
        out.push(Part::Thinking { text: text.to_owned(), signature });
        return;
    }
    if signature.is_some() {
        match out.last_mut() {
            Some(Part::Thinking { signature: free @ None, .. }) => *free = signature.take(),
            _ => out.push(Part::Thinking { text: String::new(), signature }),
        }
    }
    if let Some(text) = text {
        match out.last_mut() {
            // One text, as it is where it is streamed.
            Some(Part::Text(said)) => said.push_str(text),
            _ if text.is_empty() => {}
            _ => out.push(Part::Text(text.to_owned())),
        }
    } else if let Some(call) = piece.get("functionCall") {
        let number = out.iter().filter(|part| matches!(part, Part::Call(_))).count();
        out.push(Part::Call(self::call(call, number as u64)));
    }
}

/// A call; where it has no id, its number and name make one.
pub(super) fn call(call: &Value, number: u64) -> Call {
    let name = call.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    Call {
        id: call.get("id").and_then(Value::as_str).map_or_else(|| format!("call_{number}_{name}"), str::to_owned),
        arguments: call.get("args").map_or_else(|| "{}".to_owned(), Value::to_string),
        name,
    }
}

/// `logprobsResult` in OpenAI's form.
fn logprobs(candidate: &Value) -> Option<Value> {
    let result = candidate.get("logprobsResult")?;
    let tops = result.get("topCandidates").and_then(Value::as_array);
    let one = |token: &Value| json!({"token": token["token"], "logprob": token["logProbability"], "bytes": null});
    let content = result.get("chosenCandidates")?.as_array()?.iter().enumerate().map(|(place, token)| {
        let top = tops.and_then(|tops| tops.get(place)?.get("candidates")?.as_array());
        let top: Vec<Value> = top.into_iter().flatten().map(one).collect();
        let mut out = one(token);
        if let Some(out) = out.as_object_mut() {
            out.insert("top_logprobs".into(), Value::Array(top));
        }
        out
    });
    Some(json!({"content": content.collect::<Vec<_>>()}))
}

/// OpenAI's log probabilities as `logprobsResult`.
fn logprobs_result(logprobs: &Value) -> Option<Value> {
    let one = |token: &Value| json!({"token": token["token"], "logProbability": token["logprob"]});
    let content = logprobs.get("content")?.as_array()?;
    let tops = content.iter().map(|token| {
        let top = token.get("top_logprobs").and_then(Value::as_array);
        json!({"candidates": top.into_iter().flatten().map(one).collect::<Vec<_>>()})
    });
    Some(json!({
        "topCandidates": tops.collect::<Vec<_>>(),
        "chosenCandidates": content.iter().map(one).collect::<Vec<_>>(),
    }))
}

/// Writes an answer.
pub(crate) fn encode(reply: &Reply) -> Value {
    let candidates: Vec<Value> = reply
        .choices
        .iter()
        .enumerate()
        .map(|(index, choice)| {
            let mut out = candidate(index as u64, parts(&choice.parts), Some(&choice.stop));
            let logprobs = choice.logprobs.as_ref().and_then(logprobs_result);
            if let (Some(logprobs), Some(out)) = (logprobs, out.as_object_mut()) {
                out.insert("logprobsResult".into(), logprobs);
            }
            out
        })
        .collect();
    json!({
        "candidates": candidates,
        "usageMetadata": super::usage(&reply.usage),
        "modelVersion": reply.model,
        "responseId": reply.id,
    })
}

/// One candidate, whole or a piece of one.
pub(crate) fn candidate(index: u64, parts: Vec<Value>, stop: Option<&Stop>) -> Value {
    let mut out = Map::new();
    out.insert("content".into(), json!({"parts": parts, "role": "model"}));
    if let Some(stop) = stop {
        out.insert("finishReason".into(), stop.gemini().into());
    }
    out.insert("index".into(), index.into());
    Value::Object(out)
}

fn parts(parts: &[Part]) -> Vec<Value> {
    let mut out = Vec::new();
    let mut pending: Option<&str> = None;
    for part in parts {
        let mut value = match part {
            Part::Thinking { text, signature } => {
                pending = signature.as_deref().or(pending);
                if !text.is_empty() {
                    out.push(json!({"text": text, "thought": true}));
                }
                continue;
            }
            Part::Text(text) | Part::Refusal(text) => json!({"text": text}),
            Part::Call(call) => {
                let args = call.input().unwrap_or_else(|_| json!({"arguments": call.arguments}));
                json!({"functionCall": {"id": call.id, "name": call.name, "args": args}})
            }
            _ => continue,
        };
        if let (Some(signature), Some(value)) = (pending.take(), value.as_object_mut()) {
            value.insert("thoughtSignature".into(), signature.into());
        }
        out.push(value);
    }
    out
}
