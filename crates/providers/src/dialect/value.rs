//! A whole document as a value tree, with the same strictness as a peek: bounded nesting, Unicode, finite numbers, and no
//! key twice, because two readers of such a document would not agree on what it says.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value, error::Category};

use super::{bad::BadRequest, json};

/// Reads a document.
///
/// # Errors
/// The first place that is not valid, or repeats a key.
pub(crate) fn parse(body: &[u8]) -> Result<Value, BadRequest> {
    let text = std::str::from_utf8(body).map_err(|error| {
        let found = format!("invalid UTF-8 at byte {}", error.valid_up_to());
        BadRequest::new("$", found, "UTF-8 text")
    })?;
    json::lint(text).map_err(|(at, flaw)| BadRequest::new(json::path_at(text, at), flaw.found(), flaw.wanted()))?;
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = Once.deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
    value.map_err(|error| {
        let at = json::offset_of(text, error.line(), error.column());
        let full = error.to_string();
        let found = full.split(" at line ").next().unwrap_or_default();
        match error.classify() {
            Category::Eof => BadRequest::new("$", "the end of the body inside a value", "valid JSON"),
            Category::Data => BadRequest::new(json::path_at(text, at), found, "the key once"),
            Category::Syntax | Category::Io => BadRequest::new(json::path_at(text, at), found, "valid JSON"),
        }
    })
}

/// Builds a tree, refusing repeated keys.
struct Once;

impl<'de> DeserializeSeed<'de> for Once {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Once {
    type Value = Value;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = from.next_element_seed(Self)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(key) = from.next_key::<String>()? {
            if members.contains_key(&key) {
                let shown: String = key.chars().take(64).collect();
                return Err(A::Error::custom(format!("the key `{shown}` twice")));
            }
            let value = from.next_value_seed(Self)?;
            members.insert(key, value);
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_key_is_named_wherever_it_is() {
        assert_eq!(parse(br#"{"a":[1,-2,0.5,"x",null,true]}"#).unwrap()["a"][1], -2);
        let bad = parse(br#"{"a":[{"b":1,"b":2}]}"#).unwrap_err();
        assert!(bad.path.starts_with("$.a[0]") && bad.found.contains("`b` twice"), "{bad}");
        assert!(parse(br#"{"a":1} x"#).is_err());
        assert!(parse(b"\xff").is_err());
        assert!(parse("[".repeat(5_000).as_bytes()).is_err());
    }
}
