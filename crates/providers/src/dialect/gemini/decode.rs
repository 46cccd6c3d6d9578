//! A request into the neutral form.

use serde_json::Value;
use weir_core::deployment::Dialect;

use super::{results, schema::to_json_schema};
use crate::{
    chat::{Call, Format, Part, Request, Role, Source, Thinking, Tool, ToolChoice},
    dialect::{
        bad::BadRequest,
        read::{Obj, list},
    },
};

const KNOWN: &[&str] =
    &["model", "contents", "systemInstruction", "tools", "toolConfig", "generationConfig", "safetySettings"];
const CONFIG: &[&str] = &[
    "temperature",
    "topP",
    "topK",
    "maxOutputTokens",
    "stopSequences",
    "seed",
    "candidateCount",
    "presencePenalty",
    "frequencyPenalty",
    "responseLogprobs",
    "logprobs",
    "responseMimeType",
    "responseSchema",
    "responseJsonSchema",
    "thinkingConfig",
    "responseModalities",
];

/// Decodes a request. `stream` was said by the path.
///
/// # Errors
/// The first place that is not of this dialect, or a function's response without its call.
pub(crate) fn decode(document: &Value, stream: bool) -> Result<Request, BadRequest> {
    let top = Obj::of(document, "$")?;
    let mut request = Request { origin: Dialect::Gemini, stream, ..Request::default() };
    top.others(KNOWN, &["labels", "serviceTier"], &mut request.dropped);
    if let Some(config) = top.object("generationConfig")? {
        generation(&config, &mut request)?;
    }
    for setting in top.objects("safetySettings")? {
        // Others filter by rules of their own: what asks for no filter is kept by them, as far as they can.
        match setting.text("threshold")? {
            Some("OFF" | "BLOCK_NONE") => request.dropped.hint(setting.path),
            _ => request.dropped.matters(setting.path),
        }
    }
    tools(&top, &mut request)?;
    if let Some(system) = top.get("systemInstruction") {
        let path = top.at("systemInstruction");
        let parts = match system {
            Value::String(text) => vec![Part::Text(text.clone())],
            Value::Array(_) => {
                let mut parts = Vec::new();
                for (path, value) in list(system, &path)? {
                    part(&Obj::of(value, path)?, &mut request, &mut parts)?;
                }
                parts
            }
            _ => parts_of(&Obj::of(system, path.clone())?, &mut request)?,
        };
        request.turn(Role::System, &path).parts.extend(parts);
    }
    if top.get("contents").is_none() {
        return Err(top.missing("contents", "an array of contents"));
    }
    for content in top.objects("contents")? {
        let role = match content.text("role")? {
            Some("model") => Role::Assistant,
            None | Some("user" | "function") => Role::User,
            Some(_) => return Err(BadRequest::new(content.at("role"), "an unknown role", "user or model")),
        };
        // A turn exists before its parts are read: a response looks its call up among them.
        let parts = parts_of(&content, &mut request)?;
        request.turn(role, &content.path).parts.extend(parts);
    }
    Ok(request)
}

fn generation(config: &Obj<'_>, request: &mut Request) -> Result<(), BadRequest> {
    config.others(CONFIG, &[], &mut request.dropped);
    request.temperature = config.number("temperature")?;
    request.top_p = config.number("topP")?;
    // A float there, because it is one in the API's own definition.
    request.top_k = config.number("topK")?.map(|top_k| top_k as u64);
    request.max_tokens = config.count("maxOutputTokens")?;
    request.stop = config.texts("stopSequences")?;
    request.seed = config.integer("seed")?;
    request.n = config.count("candidateCount")?;
    request.presence_penalty = config.number("presencePenalty")?;
    request.frequency_penalty = config.number("frequencyPenalty")?;
    if config.flag("responseLogprobs")? == Some(true) {
        request.logprobs = Some(config.count("logprobs")?.unwrap_or(0));
    }
    let schema = match (config.get("responseJsonSchema"), config.get("responseSchema")) {
        (Some(schema), _) => Some(schema.clone()),
        (None, Some(schema)) => Some(to_json_schema(schema)),
        (None, None) => None,
    };
    request.format = match (config.text("responseMimeType")?, schema) {
        (_, Some(schema)) => Some(Format::Schema { name: "answer".into(), schema, strict: None }),
        (Some("application/json"), None) => Some(Format::Json),
        (None | Some("text/plain"), None) => None,
        (Some(_), None) => {
            request.dropped.matters(config.at("responseMimeType"));
            None
        }
    };
    if config.texts("responseModalities")?.iter().any(|modality| !modality.eq_ignore_ascii_case("text")) {
        request.dropped.matters(config.at("responseModalities"));
    }
    if let Some(thinking) = config.object("thinkingConfig")? {
        thinking.others(&["thinkingBudget", "thinkingLevel", "includeThoughts"], &[], &mut request.dropped);
        request.thinking = match (thinking.integer("thinkingBudget")?, thinking.text("thinkingLevel")?) {
            (Some(0), _) => Some(Thinking::Off),
            (Some(budget), _) => Some(u64::try_from(budget).map_or(Thinking::Adaptive, Thinking::Budget)),
            (None, Some(level)) => Some(Thinking::Effort(level.to_ascii_lowercase())),
            (None, None) => thinking.flag("includeThoughts")?.filter(|on| *on).map(|_| Thinking::Adaptive),
        };
    }
    Ok(())
}

fn tools(top: &Obj<'_>, request: &mut Request) -> Result<(), BadRequest> {
    for tool in top.objects("tools")? {
        tool.others(&["functionDeclarations"], &[], &mut request.dropped);
        for function in tool.objects("functionDeclarations")? {
            const KNOWN: &[&str] = &["name", "description", "parameters", "parametersJsonSchema"];
            function.others(KNOWN, &["response", "responseJsonSchema", "behavior"], &mut request.dropped);
            let schema = match (function.get("parametersJsonSchema"), function.get("parameters")) {
                (Some(schema), _) => Some(schema.clone()),
                (None, Some(schema)) => {
                    Obj::of(schema, function.at("parameters"))?;
                    Some(to_json_schema(schema))
                }
                (None, None) => None,
            };
            request.tools.push(Tool {
                name: function.need("name")?.to_owned(),
                description: function.owned("description")?,
                schema,
                strict: None,
            });
        }
    }
    let Some(config) = top.object("toolConfig")? else { return Ok(()) };
    config.others(&["functionCallingConfig"], &[], &mut request.dropped);
    let Some(calling) = config.object("functionCallingConfig")? else { return Ok(()) };
    let allowed = calling.texts("allowedFunctionNames")?;
    request.tool_choice =
        match (calling.text("mode")?.unwrap_or("AUTO").to_ascii_uppercase().as_str(), allowed.as_slice()) {
            ("NONE", _) => Some(ToolChoice::Never),
            ("ANY", [only]) => Some(ToolChoice::Named(only.clone())),
            ("ANY", []) => Some(ToolChoice::Required),
            ("AUTO" | "MODE_UNSPECIFIED", []) => Some(ToolChoice::Auto),
            ("ANY" | "VALIDATED", some) => {
                if !some.is_empty() {
                    request.dropped.matters(calling.at("allowedFunctionNames"));
                }
                Some(ToolChoice::Required)
            }
            _ => return Err(BadRequest::new(calling.at("mode"), "an unknown mode", "AUTO, ANY or NONE")),
        };
    Ok(())
}

fn parts_of(content: &Obj<'_>, request: &mut Request) -> Result<Vec<Part>, BadRequest> {
    let mut parts = Vec::new();
    for piece in content.objects("parts")? {
        part(&piece, request, &mut parts)?;
    }
    Ok(parts)
}

fn part(piece: &Obj<'_>, request: &mut Request, out: &mut Vec<Part>) -> Result<(), BadRequest> {
    const KNOWN: &[&str] =
        &["text", "thought", "thoughtSignature", "inlineData", "fileData", "functionCall", "functionResponse"];
    piece.others(KNOWN, &["partMetadata", "mediaResolution", "videoMetadata"], &mut request.dropped);
    let signature = piece.owned("thoughtSignature")?;
    if let Some(text) = piece.text("text")? {
        if piece.flag("thought")? == Some(true) {
            out.push(Part::Thinking { text: text.to_owned(), signature });
            return Ok(());
        }
        sign(signature, out);
        out.push(Part::Text(text.to_owned()));
    } else if let Some(shown) = shown(piece)? {
        out.push(shown);
    } else if let Some(call) = piece.object("functionCall")? {
        sign(signature, out);
        let made = calls(request).count() + out.iter().filter(|part| matches!(part, Part::Call(_))).count();
        let arguments = match call.get("args") {
            None => "{}".to_owned(),
            Some(args) => {
                Obj::of(args, call.at("args"))?;
                args.to_string()
            }
        };
        let id = call.owned("id")?.unwrap_or_else(|| format!("call_{made}"));
        out.push(Part::Call(Call { id, name: call.need("name")?.to_owned(), arguments }));
    } else if let Some(response) = piece.object("functionResponse")? {
        let result = results::decode(&response, request, out)?;
        out.push(result);
    }
    Ok(())
}

/// A picture, a sound or a file, by its bytes or its address.
pub(super) fn shown(piece: &Obj<'_>) -> Result<Option<Part>, BadRequest> {
    if let Some(data) = piece.object("inlineData")? {
        let (media, bytes) = (data.need("mimeType")?.to_owned(), data.need("data")?.to_owned());
        return Ok(Some(match media.split_once('/') {
            Some(("image", _)) => Part::Image { source: Source::Data { media, data: bytes }, detail: None },
            Some(("audio", format)) => Part::Audio { data: bytes, format: format.to_owned() },
            _ => Part::File { source: Source::Data { media, data: bytes }, name: data.owned("displayName")? },
        }));
    }
    let Some(file) = piece.object("fileData")? else { return Ok(None) };
    let source = Source::Url(file.need("fileUri")?.to_owned());
    let image = file.text("mimeType")?.is_none_or(|media| media.starts_with("image/"));
    Ok(Some(if image {
        Part::Image { source, detail: None }
    } else {
        Part::File { source, name: file.owned("displayName")? }
    }))
}

/// A signature on what is said or called is a thought of its own elsewhere.
fn sign(signature: Option<String>, out: &mut Vec<Part>) {
    let Some(signature) = signature else { return };
    match out.last_mut() {
        Some(Part::Thinking { signature: free @ None, .. }) => *free = Some(signature),
        _ => out.push(Part::Thinking { text: String::new(), signature: Some(signature) }),
    }
}

pub(super) fn calls(request: &Request) -> impl Iterator<Item = &Call> {
    let parts = request.messages.iter().flat_map(|message| &message.parts);
    parts.filter_map(|part| if let Part::Call(call) = part { Some(call) } else { None })
}
