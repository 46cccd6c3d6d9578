//! What tools said, and what they showed beside it: `functionResponse.response` holds the words, `functionResponse.parts`
//! pictures and documents. The API of AI Studio takes these by their bytes only, Vertex also by their address and with
//! their name; models before the third generation take none.
//!
//! Source: Gemini API reference, "Function calling", "Multimodal function responses"; Vertex AI reference,
//! `FunctionResponsePart`.

use serde_json::{Value, json};

use super::{
    decode::{calls, shown},
    encode::media_of,
};
use crate::{
    chat::{Losses, Part, Request, Source, text_of, text_of_result},
    dialect::{bad::BadRequest, read::Obj},
};

/// What a model takes of what a tool shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    Words,
    Bytes,
    /// And names.
    Addresses,
}

impl Takes {
    /// A model whose name tells no generation may be a new one: it refuses by itself, and aloud.
    pub(super) fn of(generation: Option<u8>, provider: &str) -> Self {
        match generation {
            Some(0..=2) => Self::Words,
            _ if provider == "vertex" => Self::Addresses,
            _ => Self::Bytes,
        }
    }
}

/// The part for a result of a tool; null for anything else.
pub(super) fn encode(result: &Part, takes: Takes, at: &str, losses: &mut Losses) -> Value {
    let Part::Result { id, name, content, error } = result else { return Value::Null };
    let text = if takes == Takes::Words { text_of_result(content, at, losses) } else { text_of(content) };
    let said = match serde_json::from_str::<Value>(&text) {
        _ if *error => json!({"error": text}),
        Ok(object @ Value::Object(_)) => object,
        _ => json!({"result": text}),
    };
    let mut response = json!({"id": id, "name": name, "response": said});
    if takes != Takes::Words {
        let parts: Vec<Value> = content.iter().filter_map(|part| showing(part, takes, at, losses)).collect();
        if !parts.is_empty() {
            response["parts"] = parts.into();
        }
    }
    json!({"functionResponse": response})
}

fn showing(part: &Part, takes: Takes, at: &str, losses: &mut Losses) -> Option<Value> {
    let (source, name, usual) = match part {
        Part::Image { source, .. } => (source, None, "image/jpeg"),
        Part::File { source, name } => (source, name.as_deref(), "application/pdf"),
        Part::Text(_) | Part::Refusal(_) => return None,
        Part::CachePoint => {
            losses.hint(format!("{at}: cache_control of a tool result"));
            return None;
        }
        _ => {
            losses.matters(format!("{at}: a tool result that is neither text nor a file"));
            return None;
        }
    };
    let (key, mut value) = match source {
        Source::Data { media, data } => ("inlineData", json!({"mimeType": media, "data": data})),
        Source::Url(url) if takes == Takes::Addresses => {
            ("fileData", json!({"mimeType": media_of(url).unwrap_or(usual), "fileUri": url}))
        }
        Source::Url(_) => {
            losses.matters(format!("{at}: a file of a tool result by URL"));
            return None;
        }
        Source::Id(_) => {
            losses.matters(format!("{at}: a file of a tool result by id"));
            return None;
        }
    };
    match name {
        Some(name) if takes == Takes::Addresses => value["displayName"] = name.into(),
        Some(_) => losses.hint(format!("{at}: the name of a file of a tool result")),
        None => {}
    }
    Some(json!({key: value}))
}

/// The result that a `functionResponse` tells of; `now` are the parts of its turn that are read already.
///
/// # Errors
/// It answers no call before it, or a member is of the wrong type.
pub(super) fn decode(response: &Obj<'_>, request: &mut Request, now: &[Part]) -> Result<Part, BadRequest> {
    const KNOWN: &[&str] = &["id", "name", "response", "parts"];
    response.others(KNOWN, &["scheduling"], &mut request.dropped);
    let name = response.need("name")?;
    let found = match response.text("id")? {
        Some(id) => calls(request).find(|call| call.id == id),
        // Without ids, the first call of that name that has no response yet.
        None => calls(request).find(|call| call.name == name && !answered(request, now, &call.id)),
    };
    let Some(id) = found.map(|call| call.id.clone()) else {
        return Err(BadRequest::new(response.path.clone(), "a response to no call before it", "a call of that name"));
    };
    let said = response.get("response").cloned().unwrap_or_default();
    let only = said.as_object().filter(|members| members.len() == 1);
    let error = only.is_some_and(|members| members.contains_key("error"));
    let text = match only.and_then(|members| members.get("result").or(members.get("output"))) {
        Some(Value::String(text)) => text.clone(),
        _ => said.to_string(),
    };
    let mut content = vec![Part::Text(text)];
    for piece in response.objects("parts")? {
        piece.others(&["inlineData", "fileData"], &[], &mut request.dropped);
        let Some(part) = shown(&piece)? else {
            return Err(piece.missing("inlineData", "an object, or `fileData`"));
        };
        // The words of a response refer to its parts by these names; others go by their order.
        for key in ["inlineData", "fileData"] {
            let named = piece.object(key)?.filter(|data| data.get("displayName").is_some());
            if let (Some(data), Part::Image { .. } | Part::Audio { .. }) = (named, &part) {
                request.dropped.hint(data.at("displayName"));
            }
        }
        content.push(part);
    }
    // A response with nothing beside its parts says no words.
    let silent = matches!(content.first(), Some(Part::Text(text)) if matches!(text.as_str(), "" | "{}" | "null"));
    if silent && content.len() > 1 {
        content.remove(0);
    }
    Ok(Part::Result { id, name: Some(name.to_owned()), content, error })
}

fn answered(request: &Request, now: &[Part], asked: &str) -> bool {
    let parts = request.messages.iter().flat_map(|message| &message.parts).chain(now);
    parts.into_iter().any(|part| matches!(part, Part::Result { id, .. } if id == asked))
}
