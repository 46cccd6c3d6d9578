//! `countTokens`, whose request may be wrapped: `generateContentRequest` holds all that an answer would be asked with, and
//! only so does AI Studio count more than contents. Vertex takes the same things unwrapped.
//!
//! Source: Gemini API reference, "models.countTokens"; Vertex AI reference, "countTokens".

use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::dialect::{bad::BadRequest, read::kind, value};

const WRAPPERS: [&str; 2] = ["generateContentRequest", "generate_content_request"];

/// The request that is counted, and what it is wrapped in; `None` when it is not.
///
/// # Errors
/// The body is no JSON, the wrapped thing no object, or there is something beside it.
pub fn unwrapped(body: &Bytes) -> Result<(Bytes, Option<&'static str>), BadRequest> {
    let wrapped = |key: &&&str| memchr::memmem::find(body, key.as_bytes()).is_some();
    if WRAPPERS.iter().find(wrapped).is_none() {
        return Ok((body.clone(), None));
    }
    let Value::Object(mut top) = value::parse(body)? else { return Ok((body.clone(), None)) };
    let Some(key) = WRAPPERS.into_iter().find(|key| top.contains_key(*key)) else { return Ok((body.clone(), None)) };
    let inner = top.remove(key).unwrap_or_default();
    if top.contains_key("contents") {
        return Err(BadRequest::new("$.contents", format!("contents beside `{key}`"), "one of the two"));
    }
    match inner {
        Value::Object(_) => Ok((inner.to_string().into(), Some(key))),
        other => Err(BadRequest::new(format!("$.{key}"), kind(&other), "an object")),
    }
}

/// The path of a flaw inside of what was unwrapped, in the caller's document.
#[must_use]
pub fn located(bad: BadRequest, wrapper: Option<&'static str>) -> BadRequest {
    match (wrapper, bad.path.strip_prefix('$')) {
        (Some(key), Some(rest)) => BadRequest { path: format!("$.{key}{rest}"), ..bad },
        _ => bad,
    }
}

/// What a deployment of `model` at `provider` is asked to count, for an unwrapped request.
///
/// # Errors
/// The body is no JSON object.
pub fn counting(body: &Bytes, provider: &str, model: &str) -> Result<Bytes, BadRequest> {
    let document = value::parse(body)?;
    let Value::Object(mut top) = document else {
        return Err(BadRequest::new("$", kind(&document), "an object"));
    };
    top.shift_remove("model");
    if provider == "vertex" || top.keys().all(|key| key == "contents") {
        return Ok(Value::Object(top).to_string().into());
    }
    let mut inner = Map::new();
    inner.insert("model".into(), format!("models/{}", model.trim_start_matches("models/")).into());
    inner.extend(top);
    Ok(json!({"generateContentRequest": inner}).to_string().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(body: &str) -> Result<(String, Option<&'static str>), BadRequest> {
        let (body, key) = unwrapped(&Bytes::copy_from_slice(body.as_bytes()))?;
        Ok((String::from_utf8_lossy(&body).into_owned(), key))
    }

    #[test]
    fn a_wrapped_request_is_counted_as_what_it_wraps() {
        let plain = r#"{"contents":[{"parts":[{"text":"about generateContentRequest"}]}]}"#;
        assert_eq!(ask(plain).unwrap(), (plain.to_owned(), None), "words of a prompt wrap nothing");
        for key in WRAPPERS {
            let inner = r#"{"model":"models/mine","contents":[],"systemInstruction":{"parts":[]}}"#;
            assert_eq!(ask(&format!(r#"{{"{key}":{inner}}}"#)).unwrap(), (inner.to_owned(), Some(key)));
            assert_eq!(ask(&format!(r#"{{"{key}":[]}}"#)).unwrap_err().path, format!("$.{key}"));
            assert_eq!(ask(&format!(r#"{{"{key}":{{}},"contents":[]}}"#)).unwrap_err().path, "$.contents");
        }
        let bad = BadRequest::new("$.contents[0]", "a number", "an object");
        assert_eq!(located(bad.clone(), Some(WRAPPERS[0])).path, "$.generateContentRequest.contents[0]");
        assert_eq!(located(bad, None).path, "$.contents[0]");
    }

    #[test]
    fn a_count_names_the_deployments_model_and_only_ai_studio_wraps_it() {
        let say = |body: &'static str, provider: &str| {
            String::from_utf8_lossy(&counting(&Bytes::from_static(body.as_bytes()), provider, "up").unwrap())
                .into_owned()
        };
        let bare = r#"{"model":"models/mine","contents":[]}"#;
        let full = r#"{"model":"models/mine","contents":[],"tools":[]}"#;
        assert_eq!(say(bare, "gemini"), r#"{"contents":[]}"#);
        assert_eq!(say(full, "gemini"), r#"{"generateContentRequest":{"model":"models/up","contents":[],"tools":[]}}"#);
        assert_eq!(say(full, "vertex"), r#"{"contents":[],"tools":[]}"#);
    }
}
