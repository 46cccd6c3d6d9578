//! Values read in place: where each is, and what is wrong with it. Nothing is copied unless a string has escapes.

use std::{borrow::Cow, ops::Range};

use serde::{Deserialize, Deserializer};
use serde_json::{error::Category, value::RawValue};

use super::{bad::BadRequest, json};

/// Checks what a skipping parser misses; the text of a body that passes, and where its object opens.
///
/// # Errors
/// The first place that is wrong.
pub(crate) fn text(body: &[u8]) -> Result<(&str, usize), BadRequest> {
    let text = std::str::from_utf8(body).map_err(|error| {
        let found = format!("invalid UTF-8 at byte {}", error.valid_up_to());
        BadRequest::new("$", found, "UTF-8 text")
    })?;
    json::lint(text).map_err(|(at, flaw)| BadRequest::new(json::path_at(text, at), flaw.found(), flaw.wanted()))?;
    let trimmed = text.trim_start_matches([' ', '\t', '\n', '\r']);
    if !trimmed.starts_with('{') {
        return Err(BadRequest::new("$", json::kind(trimmed), "a JSON object"));
    }
    Ok((text, text.len() - trimmed.len()))
}

/// Keeps an explicit `null` apart from an absent key.
pub(crate) fn present<'de, D: Deserializer<'de>>(from: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(from).map(Some)
}

pub(crate) fn parse<'a, T: Deserialize<'a>>(text: &str, base: usize, raw: &'a str) -> Result<T, BadRequest> {
    serde_json::from_str(raw).map_err(|error| syntax(text, base, raw, &error))
}

pub(crate) fn syntax(text: &str, base: usize, raw: &str, error: &serde_json::Error) -> BadRequest {
    let at = base + json::offset_of(raw, error.line(), error.column());
    let full = error.to_string();
    let found = full.split(" at line ").next().unwrap_or_default();
    match error.classify() {
        Category::Data => match found.split_once("duplicate field `") {
            Some((_, name)) => {
                let name = name.trim_end_matches('`');
                let parent = json::path_at(text, base);
                BadRequest::new(format!("{parent}.{name}"), "the key twice", "the key once")
            }
            None => BadRequest::new(json::path_at(text, at), found, "the dialect's type"),
        },
        Category::Eof => BadRequest::new("$", "the end of the body inside a value", "valid JSON"),
        Category::Syntax | Category::Io => BadRequest::new(json::path_at(text, at), found, "valid JSON"),
    }
}

/// Where `raw` starts in `text`. Both come from the same buffer, so the difference of addresses is the offset.
pub(crate) fn offset(text: &str, raw: &RawValue) -> usize {
    (raw.get().as_ptr() as usize).saturating_sub(text.as_ptr() as usize)
}

pub(crate) fn range(text: &str, raw: &RawValue) -> Range<usize> {
    let start = offset(text, raw);
    start..start + raw.get().len()
}

pub(crate) fn wrong(text: &str, raw: &RawValue, wanted: &'static str) -> BadRequest {
    let path = json::path_at(text, offset(text, raw));
    BadRequest::new(path, json::kind(raw.get()), wanted)
}

pub(crate) fn expect(text: &str, raw: &RawValue, first: u8, wanted: &'static str) -> Result<(), BadRequest> {
    if raw.get().as_bytes().first() == Some(&first) { Ok(()) } else { Err(wrong(text, raw, wanted)) }
}

pub(crate) fn empty(raw: &RawValue) -> bool {
    let inner = raw.get().get(1..raw.get().len().saturating_sub(1));
    inner.is_none_or(|inner| inner.trim().is_empty())
}

pub(crate) fn string<'a>(text: &str, raw: &'a RawValue, wanted: &'static str) -> Result<Cow<'a, str>, BadRequest> {
    expect(text, raw, b'"', wanted)?;
    let inner = raw.get().get(1..raw.get().len().saturating_sub(1));
    match inner {
        Some(plain) if !plain.contains('\\') => Ok(Cow::Borrowed(plain)),
        _ => parse(text, offset(text, raw), raw.get()).map(Cow::Owned),
    }
}

pub(crate) fn flag(text: &str, raw: Option<&RawValue>) -> Result<bool, BadRequest> {
    match raw.map(RawValue::get) {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(raw
            .map_or_else(|| BadRequest::new("$", "nothing", "true or false"), |raw| wrong(text, raw, "true or false"))),
    }
}

pub(crate) fn count(text: &str, raw: Option<&RawValue>) -> Result<Option<u64>, BadRequest> {
    let Some(raw) = raw else { return Ok(None) };
    match raw.get().parse() {
        Ok(tokens) => Ok(Some(tokens)),
        Err(_) => {
            let path = json::path_at(text, offset(text, raw));
            let found = match raw.get().as_bytes().first() {
                Some(b'-') => "a negative number",
                _ => json::kind(raw.get()),
            };
            Err(BadRequest::new(path, found, "a whole number of tokens"))
        }
    }
}
