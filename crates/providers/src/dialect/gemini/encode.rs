//! A request from the neutral form.

use serde_json::{Map, Value, json};

use super::results::{self, Takes};
use crate::{
    chat::{Format, Losses, Message, Part, Request, Role, Source, Thinking, ToolChoice, text_of},
    dialect::bad::BadRequest,
};

/// The document for `model` at `provider`, and in `losses` what it cannot say. Model and streaming go into the path.
///
/// # Errors
/// A call whose arguments are no JSON.
pub(crate) fn encode(request: &Request, model: &str, provider: &str, losses: &mut Losses) -> Result<Value, BadRequest> {
    let takes = Takes::of(generation_of(model), provider);
    request.without(&["verbosity"], losses);
    let mut out = Map::new();
    if request.user.is_some() {
        losses.hint(request.field("user"));
    }
    if request.parallel_tools == Some(false) && !request.tools.is_empty() {
        // Where only one tool can be called, one call is what comes.
        let one = request.tools.len() == 1 || matches!(request.tool_choice, Some(ToolChoice::Named(_)));
        let field = request.field("parallel_tool_calls");
        if one { losses.hint(field) } else { losses.matters(field) }
    }
    let (mut system, mut contents) = (Vec::new(), Vec::<(Role, Vec<Value>)>::new());
    for message in &request.messages {
        if message.role == Role::System {
            if !contents.is_empty() {
                losses.hint(format!("{}: the place of a system message", message.at));
            }
            if message.parts.contains(&Part::CachePoint) {
                losses.hint(format!("{}: cache_control", message.at));
            }
            system.push(json!({"text": text_of(&message.parts)}));
            continue;
        }
        let mut parts = parts(message, takes, losses)?;
        // Calls without a signature are refused from the third generation on.
        if message.role == Role::Assistant && generation_of(model) >= Some(3) {
            sign_first_call(&mut parts);
        }
        match contents.last_mut() {
            Some((role, last)) if *role == message.role => last.extend(parts),
            _ if parts.is_empty() => {}
            _ => contents.push((message.role, parts)),
        }
    }
    let contents: Vec<Value> = contents
        .into_iter()
        .map(|(role, parts)| json!({"role": if role == Role::Assistant { "model" } else { "user" }, "parts": parts}))
        .collect();
    out.insert("contents".into(), Value::Array(contents));
    if !system.is_empty() {
        out.insert("systemInstruction".into(), json!({"parts": system}));
    }
    tools(request, &mut out, losses);
    let config = generation(request);
    if !config.is_empty() {
        out.insert("generationConfig".into(), Value::Object(config));
    }
    Ok(Value::Object(out))
}

/// Of `gemini-3-pro` the 3; none of a name that says none.
fn generation_of(model: &str) -> Option<u8> {
    let name = model.rsplit('/').next().unwrap_or(model);
    name.strip_prefix("gemini-")?.split(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok()
}

/// A call of another model has no signature that Gemini would take; this is what it documents in place of one:
/// `skip_thought_signature_validator` in base64. Of several calls in a turn only the first is signed.
fn sign_first_call(parts: &mut [Value]) {
    const UNSIGNED: &str = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I=";
    if let Some(call) = parts.iter_mut().find(|part| part.get("functionCall").is_some())
        && let Some(call) = call.as_object_mut()
    {
        call.entry("thoughtSignature").or_insert_with(|| UNSIGNED.into());
    }
}

fn generation(request: &Request) -> Map<String, Value> {
    let mut out = Map::new();
    let mut put = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            out.insert(key.to_owned(), value);
        }
    };
    put("temperature", request.temperature.map(Value::from));
    put("topP", request.top_p.map(Value::from));
    put("topK", request.top_k.map(Value::from));
    put("maxOutputTokens", request.max_tokens.map(Value::from));
    put("stopSequences", (!request.stop.is_empty()).then(|| json!(request.stop)));
    put("seed", request.seed.map(Value::from));
    put("candidateCount", request.n.filter(|n| *n > 1).map(Value::from));
    put("presencePenalty", request.presence_penalty.map(Value::from));
    put("frequencyPenalty", request.frequency_penalty.map(Value::from));
    put("responseLogprobs", request.logprobs.map(|_| true.into()));
    put("logprobs", request.logprobs.filter(|top| *top > 0).map(Value::from));
    match &request.format {
        None => {}
        Some(Format::Json) => put("responseMimeType", Some("application/json".into())),
        Some(Format::Schema { schema, .. }) => {
            put("responseMimeType", Some("application/json".into()));
            put("responseJsonSchema", Some(schema.clone()));
        }
    }
    let thinking = request.thinking.as_ref().map(|thinking| match thinking {
        Thinking::Off => json!({"thinkingBudget": 0}),
        // -1 lets the model choose.
        other => json!({
            "thinkingBudget": other.budget().map_or(-1, |budget| i64::try_from(budget).unwrap_or(i64::MAX)),
            "includeThoughts": true,
        }),
    });
    put("thinkingConfig", thinking);
    out
}

fn tools(request: &Request, out: &mut Map<String, Value>, losses: &mut Losses) {
    if request.tools.is_empty() {
        return;
    }
    let mut functions = Vec::new();
    for tool in &request.tools {
        let mut function = Map::new();
        function.insert("name".into(), tool.name.clone().into());
        if let Some(description) = &tool.description {
            function.insert("description".into(), description.clone().into());
        }
        if let Some(schema) = &tool.schema {
            function.insert("parametersJsonSchema".into(), schema.clone());
        }
        if tool.strict == Some(true) {
            losses.hint(format!("strict of tool `{}`", tool.name));
        }
        functions.push(Value::Object(function));
    }
    out.insert("tools".into(), json!([{"functionDeclarations": functions}]));
    let calling = match &request.tool_choice {
        None => return,
        Some(ToolChoice::Auto) => json!({"mode": "AUTO"}),
        Some(ToolChoice::Never) => json!({"mode": "NONE"}),
        Some(ToolChoice::Required) => json!({"mode": "ANY"}),
        Some(ToolChoice::Named(name)) => json!({"mode": "ANY", "allowedFunctionNames": [name]}),
    };
    out.insert("toolConfig".into(), json!({"functionCallingConfig": calling}));
}

fn parts(message: &Message, takes: Takes, losses: &mut Losses) -> Result<Vec<Value>, BadRequest> {
    let mut out = Vec::new();
    // A thought's signature belongs to what follows it: to the call, where there is one, as other dialects may have moved
    // the thought before the text.
    let mut pending: Option<String> = None;
    let last_call = message.parts.iter().rposition(|part| matches!(part, Part::Call(_)));
    for (place, part) in message.parts.iter().enumerate() {
        let mut value = match part {
            Part::CachePoint => {
                losses.hint(format!("{}: cache_control", message.at));
                continue;
            }
            Part::Thinking { text, signature } => {
                pending = signature.clone().or(pending);
                if text.is_empty() {
                    continue;
                }
                out.push(json!({"text": text, "thought": true}));
                continue;
            }
            Part::Redacted(_) => {
                losses.hint(format!("{}: redacted_thinking", message.at));
                continue;
            }
            Part::Text(text) | Part::Refusal(text) => json!({"text": text}),
            Part::Image { source, .. } => file(source, "image/jpeg", message, losses),
            Part::File { source, .. } => file(source, "application/pdf", message, losses),
            Part::Audio { data, format } => {
                json!({"inlineData": {"mimeType": format!("audio/{format}"), "data": data}})
            }
            Part::Call(call) => {
                let args = call.input().map_err(|_| BadRequest::arguments(&message.at))?;
                json!({"functionCall": {"id": call.id, "name": call.name, "args": args}})
            }
            Part::Result { .. } => results::encode(part, takes, &message.at, losses),
        };
        if value.is_null() {
            continue;
        }
        let waits = !matches!(part, Part::Call(_)) && last_call.is_some_and(|call| call > place);
        if message.role == Role::Assistant
            && !waits
            && let (Some(signature), Some(value)) = (pending.take(), value.as_object_mut())
        {
            value.insert("thoughtSignature".into(), signature.into());
        }
        out.push(value);
    }
    Ok(out)
}

fn file(source: &Source, usual: &str, message: &Message, losses: &mut Losses) -> Value {
    match source {
        Source::Data { media, data } => json!({"inlineData": {"mimeType": media, "data": data}}),
        Source::Url(url) => json!({"fileData": {"mimeType": media_of(url).unwrap_or(usual), "fileUri": url}}),
        Source::Id(_) => {
            losses.matters(format!("{}: a file by id", message.at));
            Value::Null
        }
    }
}

/// By the ending of the path.
pub(super) fn media_of(url: &str) -> Option<&'static str> {
    let path = url.split(['?', '#']).next().unwrap_or(url);
    let ending = path.rsplit_once('.')?.1.to_ascii_lowercase();
    Some(match ending.as_str() {
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "gif" => "image/gif",
        "heic" => "image/heic",
        "pdf" => "application/pdf",
        _ => return None,
    })
}
