//! OpenAI responses. The simulator keeps none: a request that goes on from one is refused, as the real API refuses those that
//! it was told not to store.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{Asked, Choice, Finish, Reply, Usage, count, openai::halves, signature};

fn kind(item: &Value) -> &str {
    item.get("type").and_then(Value::as_str).unwrap_or("message")
}

/// The parts of a message's content, or of a tool's output.
fn parts<'a>(item: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    item.get(key).and_then(Value::as_array).into_iter().flatten()
}

fn text(item: &Value) -> String {
    match item.get("content") {
        Some(Value::String(text)) => text.clone(),
        _ => parts(item, "content").filter_map(|part| part.get("text")?.as_str()).collect::<Vec<_>>().join("\n"),
    }
}

pub(super) fn read(body: &[u8]) -> Result<Asked, String> {
    let request: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let word = |key: &str| request.get(key).and_then(Value::as_str);
    if let Some(id) = word("previous_response_id") {
        return Err(format!("Previous response with id '{id}' not found."));
    }
    let items = match request.get("input") {
        Some(Value::String(text)) => vec![json!({"role": "user", "content": text})],
        Some(Value::Array(items)) => items.clone(),
        _ => return Err("Missing required parameter: 'input'.".to_owned()),
    };
    check(&items)?;
    let said = |item: &&Value| kind(item) == "message";
    let user = |item: &&Value| item.get("role").is_some_and(|role| role == "user");
    let last = items.iter().filter(said).rfind(user);
    let format = request.pointer("/text/format").map(|format| match kind(format) {
        "json_schema" => json!({"type": "json_schema", "json_schema": {"schema": format.get("schema")}}),
        kind => json!({"type": kind}),
    });
    let files = items.iter().flat_map(|item| parts(item, "content"));
    let tools = request.get("tools").and_then(Value::as_array).into_iter().flatten();
    Ok(Asked {
        model: word("model").unwrap_or_default().to_owned(),
        prompt: last.map(text).unwrap_or_default(),
        prompt_tokens: count(items.iter().map(|item| text(item).len()).chain(word("instructions").map(str::len))),
        output_limit: request.get("max_output_tokens").and_then(Value::as_u64),
        format,
        stream: request.get("stream").and_then(Value::as_bool) == Some(true),
        tools: tools
            .filter_map(|tool| Some((tool.get("name")?.as_str()?.to_owned(), tool.get("parameters")?.clone())))
            .collect(),
        choice: match request.get("tool_choice") {
            Some(Value::String(word)) if word == "none" => Choice::Never,
            Some(Value::String(word)) if word == "required" => Choice::Required,
            Some(named @ Value::Object(_)) => {
                Choice::Named(named.get("name").and_then(Value::as_str).unwrap_or_default().to_owned())
            }
            _ => Choice::Auto,
        },
        answered: items.last().is_some_and(|item| kind(item) == "function_call_output"),
        thinks: request.get("reasoning").is_some_and(Value::is_object),
        files: files.filter(|part| matches!(kind(part), "input_image" | "input_file")).count(),
        ..Asked::default()
    })
}

/// What the real one refuses too: outputs without calls, thoughts not its own, items that only a store would know.
fn check(items: &[Value]) -> Result<(), String> {
    for (number, item) in items.iter().enumerate() {
        let word = |key: &str| item.get(key).and_then(Value::as_str).unwrap_or_default();
        const PARTS: [&str; 6] = ["input_text", "output_text", "refusal", "input_image", "input_file", "text"];
        match kind(item) {
            "message" => {
                if let Some(at) = parts(item, "content").position(|part| !PARTS.contains(&kind(part))) {
                    return Err(format!("Invalid value: 'input[{number}].content[{at}].type'."));
                }
            }
            "function_call" => {}
            "function_call_output" => {
                let id = word("call_id");
                let calls =
                    |item: &Value| kind(item) == "function_call" && item.get("call_id").is_some_and(|of| of == id);
                if !items.iter().take(number).any(calls) {
                    return Err(format!("No tool call found for function call output with call_id {id}."));
                }
            }
            "reasoning" if word("encrypted_content").starts_with("sim-") => {}
            "reasoning" => return Err(format!("Item '{}' was made with store off and cannot be found.", word("id"))),
            other => return Err(format!("Invalid value: 'input[{number}].type': '{other}'.")),
        }
    }
    Ok(())
}

fn usage(usage: Usage) -> Option<Value> {
    match usage {
        Usage::None => None,
        Usage::Insane => Some(json!({"input_tokens": -5, "output_tokens": 1e18, "total_tokens": "many"})),
        Usage::Counted { prompt, cached, answer, reasoning, .. } => Some(json!({
            "input_tokens": prompt,
            "input_tokens_details": {"cached_tokens": cached},
            "output_tokens": answer + reasoning,
            "output_tokens_details": {"reasoning_tokens": reasoning},
            "total_tokens": prompt + answer + reasoning,
        })),
    }
}

fn id(reply: &Reply, kind: &str, place: usize) -> String {
    format!("{kind}_sim{:x}_{place}", reply.id)
}

fn said(reply: &Reply) -> Value {
    let text = reply.tokens.concat();
    match reply.finish {
        Finish::Refusal => json!({"type": "refusal", "refusal": text}),
        _ => json!({"type": "output_text", "text": text, "annotations": [], "logprobs": []}),
    }
}

fn output(reply: &Reply) -> Vec<Value> {
    let mut items = Vec::new();
    if let Some(thought) = &reply.thought {
        let summary = json!([{"type": "summary_text", "text": thought}]);
        items.push(json!({
            "id": id(reply, "rs", 0), "type": "reasoning", "summary": summary,
            "encrypted_content": signature(thought),
        }));
    }
    if !reply.tokens.is_empty() {
        let id = id(reply, "msg", items.len());
        items.push(json!({
            "id": id, "type": "message", "status": "completed", "role": "assistant", "content": [said(reply)],
        }));
    }
    for (number, (name, arguments)) in reply.calls.iter().enumerate() {
        items.push(json!({
            "id": id(reply, "fc", items.len()), "type": "function_call", "status": "completed",
            "call_id": reply.call_id(number), "name": name, "arguments": arguments.to_string(),
        }));
    }
    items
}

fn response(reply: &Reply, status: &str, output: &[Value]) -> Value {
    let done = status != "in_progress";
    json!({
        "id": format!("resp_sim{:x}", reply.id),
        "object": "response",
        "created_at": reply.created_s,
        "status": status,
        "error": null,
        "incomplete_details": (status == "incomplete").then(|| json!({"reason": "max_output_tokens"})),
        "instructions": null,
        "metadata": {},
        "model": reply.model,
        "output": output,
        "parallel_tool_calls": true,
        "previous_response_id": null,
        "store": false,
        "tool_choice": "auto",
        "tools": [],
        "usage": usage(reply.usage).filter(|_| done),
    })
}

const fn status(reply: &Reply) -> &'static str {
    if matches!(reply.finish, Finish::Length) { "incomplete" } else { "completed" }
}

pub(super) fn body(reply: &Reply) -> Value {
    response(reply, status(reply), &output(reply))
}

pub(super) fn events(reply: &Reply) -> Vec<Bytes> {
    let mut sequence = 0;
    let mut event = |mut members: Value| {
        members["sequence_number"] = sequence.into();
        sequence += 1;
        format!("event: {}\ndata: {members}\n\n", kind(&members))
    };
    let mut head = String::new();
    for name in ["response.created", "response.in_progress"] {
        head += &event(json!({"type": name, "response": response(reply, "in_progress", &[])}));
    }
    let mut events = Vec::new();
    let items = output(reply);
    for (place, item) in items.iter().enumerate() {
        let of = |name: &str, more: Value| {
            let mut members = json!({"type": name, "item_id": item["id"], "output_index": place});
            if let (Some(members), Value::Object(more)) = (members.as_object_mut(), more) {
                members.extend(more);
            }
            members
        };
        let mut begun = item.clone();
        let (names, pieces): (&str, Vec<String>) = match kind(item) {
            "reasoning" => {
                begun["summary"] = json!([]);
                let thought = reply.thought.as_deref().unwrap_or_default();
                ("response.reasoning_summary_text", halves(thought).map(str::to_owned).into())
            }
            "message" => {
                begun["content"] = json!([]);
                let refused = reply.finish == Finish::Refusal;
                let name = if refused { "response.refusal" } else { "response.output_text" };
                (name, reply.tokens.clone())
            }
            _ => {
                let arguments = item["arguments"].as_str().unwrap_or_default();
                let pieces = halves(arguments).map(str::to_owned).into();
                begun["arguments"] = "".into();
                ("response.function_call_arguments", pieces)
            }
        };
        head += &event(json!({"type": "response.output_item.added", "output_index": place, "item": begun}));
        for piece in pieces {
            head += &event(of(&format!("{names}.delta"), json!({"content_index": 0, "delta": piece})));
            events.push(Bytes::from(std::mem::take(&mut head)));
        }
        head += &event(json!({"type": "response.output_item.done", "output_index": place, "item": item}));
    }
    let status = status(reply);
    let last = json!({"type": format!("response.{status}"), "response": response(reply, status, &items)});
    head += &event(last);
    events.push(Bytes::from(head));
    events
}
