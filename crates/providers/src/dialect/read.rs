//! Reads value trees and knows where it is, so that every refusal names a JSON path. `null` is as good as absent.

use serde_json::{Map, Value};

use super::bad::BadRequest;
use crate::chat::Losses;

type Read<T> = Result<T, BadRequest>;

/// An object and its path.
#[derive(Debug, Clone)]
pub(crate) struct Obj<'a> {
    map: &'a Map<String, Value>,
    pub(crate) path: String,
}

/// What a value is, for errors.
pub(crate) const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// Clients write out what was not asked for: null, and lists of nothing. An empty object may be all there is to say:
/// `{"googleSearch": {}}` is a tool.
fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// `generationConfig` as `generation_config`: protocol buffers take both.
fn snake(key: &str) -> String {
    let mut out = String::with_capacity(key.len() + 4);
    for letter in key.chars() {
        if letter.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

impl<'a> Obj<'a> {
    pub(crate) fn of(value: &'a Value, path: impl Into<String>) -> Read<Self> {
        let path = path.into();
        match value {
            Value::Object(map) => Ok(Self { map, path }),
            other => Err(BadRequest::new(path, kind(other), "an object")),
        }
    }

    /// It has no members.
    pub(crate) fn is_empty(&self) -> bool {
        self.map.is_empty()
    }

    /// The object itself.
    pub(crate) fn value(&self) -> Value {
        Value::Object(self.map.clone())
    }

    /// The member's own path.
    pub(crate) fn at(&self, key: &str) -> String {
        format!("{}.{key}", self.path)
    }

    pub(crate) fn get(&self, key: &str) -> Option<&'a Value> {
        let found = self.map.get(key).or_else(|| {
            // Only Gemini's names have capitals.
            key.bytes().any(|byte| byte.is_ascii_uppercase()).then(|| self.map.get(&snake(key))).flatten()
        });
        found.filter(|value| !value.is_null())
    }

    fn wrong<T>(&self, key: &str, value: &Value, wanted: &'static str) -> Read<T> {
        Err(BadRequest::new(self.at(key), kind(value), wanted))
    }

    pub(crate) fn missing(&self, key: &str, wanted: &'static str) -> BadRequest {
        BadRequest::new(self.at(key), "nothing", wanted)
    }

    pub(crate) fn text(&self, key: &str) -> Read<Option<&'a str>> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => self.wrong(key, other, "a string"),
        }
    }
    pub(crate) fn owned(&self, key: &str) -> Read<Option<String>> {
        Ok(self.text(key)?.map(str::to_owned))
    }
    pub(crate) fn need(&self, key: &str) -> Read<&'a str> {
        self.text(key)?.ok_or_else(|| self.missing(key, "a string"))
    }
    pub(crate) fn flag(&self, key: &str) -> Read<Option<bool>> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(other) => self.wrong(key, other, "true or false"),
        }
    }
    pub(crate) fn count(&self, key: &str) -> Read<Option<u64>> {
        match self.get(key) {
            None => Ok(None),
            Some(value) => match value.as_u64() {
                Some(count) => Ok(Some(count)),
                None => self.wrong(key, value, "a whole number"),
            },
        }
    }
    pub(crate) fn integer(&self, key: &str) -> Read<Option<i64>> {
        match self.get(key) {
            None => Ok(None),
            Some(value) => match value.as_i64() {
                Some(number) => Ok(Some(number)),
                None => self.wrong(key, value, "a whole number"),
            },
        }
    }
    pub(crate) fn number(&self, key: &str) -> Read<Option<f64>> {
        match self.get(key) {
            None => Ok(None),
            Some(value) => match value.as_f64() {
                Some(number) => Ok(Some(number)),
                None => self.wrong(key, value, "a number"),
            },
        }
    }
    pub(crate) fn object(&self, key: &str) -> Read<Option<Self>> {
        self.get(key).map(|value| Self::of(value, self.at(key))).transpose()
    }
    /// The elements with their paths; none when absent.
    pub(crate) fn list(&self, key: &str) -> Read<Vec<(String, &'a Value)>> {
        match self.get(key) {
            None => Ok(Vec::new()),
            Some(value) => list(value, &self.at(key)),
        }
    }
    /// The elements, each an object.
    pub(crate) fn objects(&self, key: &str) -> Read<Vec<Self>> {
        self.list(key)?.into_iter().map(|(path, value)| Self::of(value, path)).collect()
    }
    /// A list of strings, or one string.
    pub(crate) fn texts(&self, key: &str) -> Read<Vec<String>> {
        match self.get(key) {
            Some(Value::String(one)) => Ok(vec![one.clone()]),
            _ => {
                let text = |(path, value): (String, &Value)| match value {
                    Value::String(text) => Ok(text.clone()),
                    other => Err(BadRequest::new(path, kind(other), "a string")),
                };
                self.list(key)?.into_iter().map(text).collect()
            }
        }
    }

    /// Notes every member but these as one that changes no answer.
    pub(crate) fn hints(&self, but: &[&str], losses: &mut Losses) {
        for (key, value) in self.map {
            if !says_nothing(value) && !but.contains(&key.as_str()) {
                let shown: String = key.chars().take(64).collect();
                losses.hint(self.at(&shown));
            }
        }
    }

    /// Notes every member that is neither known nor says nothing: those among `hints` change no answer.
    pub(crate) fn others(&self, known: &[&str], hints: &[&str], losses: &mut Losses) {
        for (key, value) in self.map {
            let same = |name: &&str| *name == key || snake(name) == *key;
            if says_nothing(value) || known.iter().any(same) {
                continue;
            }
            let shown: String = key.chars().take(64).collect();
            if hints.iter().any(same) {
                losses.hint(self.at(&shown));
            } else {
                losses.matters(self.at(&shown));
            }
        }
    }
}

/// The elements of an array with their paths.
pub(crate) fn list<'a>(value: &'a Value, path: &str) -> Read<Vec<(String, &'a Value)>> {
    match value {
        Value::Array(items) => {
            Ok(items.iter().enumerate().map(|(index, item)| (format!("{path}[{index}]"), item)).collect())
        }
        other => Err(BadRequest::new(path, kind(other), "an array")),
    }
}
