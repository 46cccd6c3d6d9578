//! Gemini's generateContent.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{Asked, Choice, Finish, Reply, Usage, count, signature};

/// Both spellings of a name are taken, as protocol buffers do; what callers name themselves is left alone.
fn camel(value: Value) -> Value {
    const THEIRS: [&str; 7] = [
        "properties",
        "args",
        "response",
        "parametersJsonSchema",
        "responseJsonSchema",
        "parameters",
        "responseSchema",
    ];
    match value {
        Value::Array(items) => items.into_iter().map(camel).collect(),
        Value::Object(members) => members
            .into_iter()
            .map(|(key, value)| {
                let mut words = key.split('_');
                let first = words.next().unwrap_or_default().to_owned();
                let key = words.fold(first, |key, word| {
                    let (initial, rest) = word.split_at(word.len().min(1));
                    key + &initial.to_ascii_uppercase() + rest
                });
                let value = if THEIRS.contains(&key.as_str()) { value } else { camel(value) };
                (key, value)
            })
            .collect(),
        other => other,
    }
}

fn parts(content: &Value) -> impl Iterator<Item = &Value> {
    content.get("parts").and_then(Value::as_array).into_iter().flatten()
}

fn text(content: &Value) -> String {
    let said = parts(content).filter(|part| part.get("thought").is_none());
    said.filter_map(|part| part.get("text")?.as_str()).collect::<Vec<_>>().join("\n")
}

pub(super) fn read(body: &[u8], call: &str) -> Result<Asked, String> {
    let request: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let request = &camel(request);
    let (model, verb) = call.rsplit_once(':').ok_or("no verb on the model")?;
    let contents = request.get("contents").and_then(Value::as_array).ok_or("contents is not specified")?;
    check(contents)?;
    let system = request.get("systemInstruction").map(text);
    let user = |content: &&Value| content.get("role").and_then(Value::as_str) != Some("model");
    let last = contents.iter().rev().find(user);
    let config = request.get("generationConfig").cloned().unwrap_or_default();
    let tools = request.get("tools").and_then(Value::as_array).into_iter().flatten();
    let functions = tools.filter_map(|tool| tool.get("functionDeclarations")?.as_array()).flatten().map(|function| {
        let name = function.get("name").and_then(Value::as_str).unwrap_or_default();
        let schema = function.get("parametersJsonSchema").or_else(|| function.get("parameters"));
        (name.to_owned(), schema.cloned().unwrap_or_default())
    });
    let calling = request.pointer("/toolConfig/functionCallingConfig");
    let allowed = calling.and_then(|calling| calling.pointer("/allowedFunctionNames/0")?.as_str());
    let schema = config.get("responseJsonSchema").or_else(|| config.get("responseSchema"));
    let json_only = config.get("responseMimeType").and_then(Value::as_str) == Some("application/json");
    // What tools showed lies inside of their responses.
    let said = || contents.iter().flat_map(parts);
    let shown = said().filter_map(|part| part.get("functionResponse")).flat_map(parts);
    let files = said().chain(shown);
    let files = files.filter(|part| part.get("inlineData").is_some() || part.get("fileData").is_some()).count();
    Ok(Asked {
        model: model.to_owned(),
        prompt: last.map_or_else(String::new, text),
        prompt_tokens: count(contents.iter().map(|content| text(content).len()).chain(system.map(|text| text.len()))),
        output_limit: config.get("maxOutputTokens").and_then(Value::as_u64),
        format: match schema {
            Some(schema) => Some(json!({"type": "json_schema", "json_schema": {"schema": schema}})),
            None => json_only.then(|| json!({"type": "json_object"})),
        },
        stop: config
            .get("stopSequences")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|stop| stop.as_str().map(str::to_owned))
            .collect(),
        stream: verb == "streamGenerateContent",
        include_usage: true,
        tools: functions.collect(),
        choice: match (calling.and_then(|calling| calling.get("mode")?.as_str()), allowed) {
            (Some("NONE"), _) => Choice::Never,
            (Some("ANY"), Some(name)) => Choice::Named(name.to_owned()),
            (Some("ANY"), None) => Choice::Required,
            _ => Choice::Auto,
        },
        answered: last.is_some_and(|content| parts(content).any(|part| part.get("functionResponse").is_some())),
        thinks: config.pointer("/thinkingConfig/includeThoughts").and_then(Value::as_bool) == Some(true),
        files,
        caches: false,
    })
}

/// What Google documents for calls of models that signed nothing: `skip_thought_signature_validator` in base64.
const UNSIGNED: &str = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I=";

/// What the real one refuses too: signatures not its own, calls without responses.
fn check(contents: &[Value]) -> Result<(), String> {
    for (number, content) in contents.iter().enumerate() {
        if let Some(wrong) = parts(content)
            .filter_map(|part| part.get("thoughtSignature")?.as_str())
            .find(|signature| !signature.starts_with("sim-") && *signature != UNSIGNED)
        {
            return Err(format!("contents[{number}]: thought signature `{wrong}` is not valid"));
        }
        let calls = parts(content).filter(|part| part.get("functionCall").is_some()).count();
        let next = contents.get(number + 1);
        let responses =
            next.map_or(0, |next| parts(next).filter(|part| part.get("functionResponse").is_some()).count());
        if calls != responses {
            return Err("the number of function response parts must equal that of function call parts".into());
        }
    }
    Ok(())
}

fn usage(usage: Usage) -> Option<Value> {
    match usage {
        Usage::None => None,
        Usage::Insane => Some(json!({"promptTokenCount": -5, "candidatesTokenCount": 1e18})),
        Usage::Counted { prompt, cached, answer, reasoning, .. } => Some(json!({
            "promptTokenCount": prompt,
            "cachedContentTokenCount": cached,
            "candidatesTokenCount": answer,
            "thoughtsTokenCount": reasoning,
            "totalTokenCount": prompt + answer + reasoning,
        })),
    }
}

const fn finish(finish: &Finish) -> &'static str {
    match finish {
        Finish::End | Finish::Sequence(_) | Finish::Tools => "STOP",
        Finish::Length => "MAX_TOKENS",
        Finish::Refusal => "SAFETY",
    }
}

/// The thought, and who signs what follows it.
fn said(reply: &Reply) -> (Option<Value>, Option<String>) {
    let thought = reply.thought.as_deref();
    (thought.map(|text| json!({"text": text, "thought": true})), thought.map(signature))
}

fn calls(reply: &Reply, mut signed: Option<String>) -> Vec<Value> {
    let call = |(number, (name, args)): (usize, &(String, Value))| {
        let mut part = json!({"functionCall": {"id": reply.call_id(number), "name": name, "args": args}});
        if let Some(signature) = signed.take() {
            part["thoughtSignature"] = signature.into();
        }
        part
    };
    reply.calls.iter().enumerate().map(call).collect()
}

fn document(reply: &Reply, parts: Vec<Value>, ends: bool) -> Value {
    let mut candidate = json!({"content": {"parts": parts, "role": "model"}, "index": 0});
    let mut document = json!({});
    if ends {
        candidate["finishReason"] = finish(&reply.finish).into();
    }
    document["candidates"] = json!([candidate]);
    if let (true, Some(usage)) = (ends, usage(reply.usage)) {
        document["usageMetadata"] = usage;
    }
    document["modelVersion"] = reply.model.as_str().into();
    document["responseId"] = format!("sim{:x}", reply.id).into();
    document
}

pub(super) fn body(reply: &Reply) -> Value {
    let (thought, signed) = said(reply);
    let mut parts: Vec<Value> = thought.into_iter().collect();
    if !reply.tokens.is_empty() {
        parts.push(json!({"text": reply.tokens.concat()}));
    }
    parts.extend(calls(reply, signed));
    document(reply, parts, true)
}

pub(super) fn events(reply: &Reply) -> Vec<Bytes> {
    let event = |parts: Vec<Value>, ends: bool| Bytes::from(format!("data: {}\r\n\r\n", document(reply, parts, ends)));
    let (thought, signed) = said(reply);
    let mut events = vec![event(thought.into_iter().collect(), false)];
    events.extend(reply.tokens.iter().map(|token| event(vec![json!({"text": token})], false)));
    events.push(event(calls(reply, signed), true));
    events
}
