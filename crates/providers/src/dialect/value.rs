//! Whole documents as value trees: read with the same strictness as a peek, and what is looked up in them.

use serde_json::{Value, error::Category};

use super::{bad::BadRequest, json};

/// Reads a document.
///
/// # Errors
/// The first place that is not valid, nests too deep or repeats a key.
pub(crate) fn parse(body: &[u8]) -> Result<Value, BadRequest> {
    let text = std::str::from_utf8(body).map_err(|error| {
        let found = format!("invalid UTF-8 at byte {}", error.valid_up_to());
        BadRequest::new("$", found, "UTF-8 text")
    })?;
    json::lint(text).map_err(|(at, flaw)| BadRequest::new(json::path_at(text, at), flaw.found(), flaw.wanted()))?;
    serde_json::from_str(text).map_err(|error| {
        let at = json::offset_of(text, error.line(), error.column());
        let full = error.to_string();
        let found = full.split(" at line ").next().unwrap_or_default();
        match error.classify() {
            Category::Eof => BadRequest::new("$", "the end of the body inside a value", "valid JSON"),
            _ => BadRequest::new(json::path_at(text, at), found, "valid JSON"),
        }
    })
}

/// The string at `key`.
pub(crate) fn text(value: &Value, key: &str) -> Option<String> {
    value.get(key).and_then(Value::as_str).map(str::to_owned)
}

/// The string at a JSON pointer.
pub(crate) fn text_at(value: &Value, pointer: &str) -> Option<String> {
    value.pointer(pointer).and_then(Value::as_str).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_key_is_named_wherever_it_is() {
        assert_eq!(parse(br#"{"a":[1,-2,0.5,"x",null,true]}"#).unwrap()["a"][1], -2);
        let bad = parse(br#"{"a":[{"b":1,"b":2}]}"#).unwrap_err();
        assert_eq!((bad.path.as_str(), bad.found.as_str()), ("$.a[0].b", "the key twice"));
        assert!(parse(br#"{"a":1} x"#).is_err());
        assert!(parse(b"\xff").is_err());
        assert!(parse("[".repeat(5_000).as_bytes()).is_err());
    }
}
