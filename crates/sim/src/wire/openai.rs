//! OpenAI chat completions.

use std::borrow::Cow;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Asked, Choice, Finish, Reply, Usage, count};

#[derive(Deserialize)]
struct Request<'a> {
    #[serde(borrow)]
    model: Cow<'a, str>,
    messages: Vec<Turn>,
    #[serde(default)]
    stream: Option<bool>,
    #[serde(default)]
    stream_options: Option<StreamOptions>,
    #[serde(default)]
    max_tokens: Option<u64>,
    #[serde(default)]
    max_completion_tokens: Option<u64>,
    #[serde(default)]
    response_format: Option<Value>,
    #[serde(default)]
    tools: Option<Vec<Value>>,
    #[serde(default)]
    tool_choice: Option<Value>,
    #[serde(default)]
    stop: Option<Value>,
}

#[derive(Deserialize)]
struct Turn {
    role: String,
    #[serde(default)]
    content: Option<Content>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<Part>),
}

#[derive(Deserialize)]
struct Part {
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    text: String,
}

#[derive(Deserialize)]
struct StreamOptions {
    #[serde(default)]
    include_usage: bool,
}

impl Turn {
    fn text(&self) -> Cow<'_, str> {
        match &self.content {
            None => Cow::Borrowed(""),
            Some(Content::Text(text)) => Cow::Borrowed(text),
            Some(Content::Parts(parts)) => {
                let texts = parts.iter().map(|part| part.text.as_str());
                Cow::Owned(texts.collect::<Vec<_>>().join("\n"))
            }
        }
    }
    fn files(&self) -> usize {
        match &self.content {
            Some(Content::Parts(parts)) => {
                parts.iter().filter(|part| matches!(part.kind.as_str(), "image_url" | "file" | "document_url")).count()
            }
            _ => 0,
        }
    }
}

pub(super) fn read(body: &[u8]) -> Result<Asked, String> {
    let request: Request<'_> = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    check(&request.messages)?;
    let last = request.messages.iter().rev().find(|turn| turn.role == "user");
    let tools = request.tools.unwrap_or_default();
    Ok(Asked {
        prompt: last.map_or_else(String::new, |turn| turn.text().into_owned()),
        prompt_tokens: count(request.messages.iter().map(|turn| turn.text().len())),
        output_limit: request.max_completion_tokens.or(request.max_tokens),
        stop: match request.stop {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(some)) => some.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect(),
            _ => Vec::new(),
        },
        stream: request.stream == Some(true),
        include_usage: request.stream_options.is_some_and(|options| options.include_usage),
        tools: tools
            .iter()
            .filter_map(|tool| tool.get("function"))
            .map(|tool| {
                let name = tool.get("name").and_then(Value::as_str).unwrap_or_default();
                (name.to_owned(), tool.get("parameters").cloned().unwrap_or_default())
            })
            .collect(),
        choice: match request.tool_choice {
            Some(Value::String(word)) if word == "none" => Choice::Never,
            Some(Value::String(word)) if word == "required" => Choice::Required,
            Some(named @ Value::Object(_)) => {
                Choice::Named(named.pointer("/function/name").and_then(Value::as_str).unwrap_or_default().to_owned())
            }
            _ => Choice::Auto,
        },
        answered: request.messages.last().is_some_and(|turn| turn.role == "tool"),
        files: request.messages.iter().map(Turn::files).sum(),
        format: request.response_format,
        model: request.model.into_owned(),
        ..Asked::default()
    })
}

/// What the real one refuses too: parts that it does not know. `document_url` and `thinking` are Mistral's.
fn check(turns: &[Turn]) -> Result<(), String> {
    const KNOWN: [&str; 7] = ["text", "refusal", "image_url", "input_audio", "file", "document_url", "thinking"];
    for (number, turn) in turns.iter().enumerate() {
        let Some(Content::Parts(parts)) = &turn.content else { continue };
        if let Some(at) = parts.iter().position(|part| !KNOWN.contains(&part.kind.as_str())) {
            return Err(format!("Invalid value: 'messages[{number}].content[{at}].type'."));
        }
    }
    Ok(())
}

fn usage(usage: Usage) -> Option<Value> {
    match usage {
        Usage::None => None,
        Usage::Insane => Some(json!({"prompt_tokens": -5, "completion_tokens": 1e18, "total_tokens": "many"})),
        Usage::Counted { prompt, cached, answer, reasoning, .. } => Some(json!({
            "prompt_tokens": prompt,
            "completion_tokens": answer + reasoning,
            "total_tokens": prompt + answer + reasoning,
            "prompt_tokens_details": {"cached_tokens": cached},
            "completion_tokens_details": {"reasoning_tokens": reasoning},
        })),
    }
}

const fn finish(finish: &Finish) -> &'static str {
    match finish {
        // A refusal is said in a field of its own.
        Finish::End | Finish::Sequence(_) | Finish::Refusal => "stop",
        Finish::Length => "length",
        Finish::Tools => "tool_calls",
    }
}

pub(super) fn body(reply: &Reply) -> Value {
    let text = reply.tokens.concat();
    let (content, refusal) = match reply.finish {
        Finish::Refusal => (Value::Null, text.into()),
        Finish::Tools if text.is_empty() => (Value::Null, Value::Null),
        _ => (text.into(), Value::Null),
    };
    let mut message = json!({"role": "assistant", "content": content, "refusal": refusal});
    if !reply.calls.is_empty() {
        message["tool_calls"] = calls(reply).collect();
    }
    let mut body = json!({
        "id": format!("chatcmpl-sim-{:x}", reply.id),
        "object": "chat.completion",
        "created": reply.created_s,
        "model": reply.model,
        "system_fingerprint": "fp_sim",
        "choices": [{"index": 0, "message": message, "logprobs": null, "finish_reason": finish(&reply.finish)}],
    });
    if let Some(usage) = usage(reply.usage) {
        body["usage"] = usage;
    }
    body
}

fn calls(reply: &Reply) -> impl Iterator<Item = Value> {
    reply.calls.iter().enumerate().map(|(number, (name, arguments))| {
        let function = json!({"name": name, "arguments": arguments.to_string()});
        json!({"id": reply.call_id(number), "type": "function", "function": function})
    })
}

pub(super) fn events(reply: &Reply) -> Vec<Bytes> {
    let head = format!(
        r#"data: {{"id":"chatcmpl-sim-{:x}","object":"chat.completion.chunk","created":{},"model":{},"system_fingerprint":"fp_sim","#,
        reply.id,
        reply.created_s,
        Value::from(reply.model.as_str()),
    );
    let pending = if reply.include_usage { r#","usage":null"# } else { "" };
    let event = |delta: &str, reason: &str| {
        Bytes::from(format!(
            "{head}\"choices\":[{{\"index\":0,\"delta\":{delta},\"logprobs\":null,\"finish_reason\":{reason}}}]{pending}}}\n\n"
        ))
    };
    let mut events = Vec::with_capacity(reply.tokens.len() + 3);
    events.push(event(r#"{"role":"assistant","content":"","refusal":null}"#, "null"));
    let said = if reply.finish == Finish::Refusal { "refusal" } else { "content" };
    for token in &reply.tokens {
        events.push(event(&format!(r#"{{"{said}":{}}}"#, Value::from(token.as_str())), "null"));
    }
    for (number, mut call) in calls(reply).enumerate() {
        call["index"] = number.into();
        let arguments = std::mem::take(&mut call["function"]["arguments"]);
        call["function"]["arguments"] = "".into();
        events.push(event(&json!({"tool_calls": [call]}).to_string(), "null"));
        for piece in halves(arguments.as_str().unwrap_or_default()) {
            let call = json!({"index": number, "function": {"arguments": piece}});
            events.push(event(&json!({"tool_calls": [call]}).to_string(), "null"));
        }
    }
    events.push(event("{}", &format!("\"{}\"", finish(&reply.finish))));
    if let (true, Some(usage)) = (reply.include_usage, usage(reply.usage)) {
        events.push(Bytes::from(format!("{head}\"choices\":[],\"usage\":{usage}}}\n\n")));
    }
    events
}

/// Arguments come in pieces, cut where no parser would like it.
pub(super) fn halves(text: &str) -> [&str; 2] {
    let middle = (0..=text.len() / 2).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let (first, second) = text.split_at(middle);
    [first, second]
}
