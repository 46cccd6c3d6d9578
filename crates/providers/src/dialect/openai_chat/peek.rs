//! Reads, borrowed, the few request fields that weir acts on, and refuses what no provider could read.

use std::{borrow::Cow, fmt, ops::Range};

use serde::{
    Deserialize, Deserializer,
    de::{SeqAccess, Visitor},
};
use serde_json::{error::Category, value::RawValue};
use weir_core::route::Features;

use super::json;

/// A request that cannot be read as a chat completion.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: found {found}, wanted {wanted}")]
pub struct BadRequest {
    /// Where, as a JSON path: `$.messages[2].content`.
    pub path: String,
    /// What is there; no payload.
    pub found: String,
    /// What belongs there.
    pub wanted: &'static str,
}

impl BadRequest {
    fn new(path: impl Into<String>, found: impl Into<String>, wanted: &'static str) -> Self {
        Self { path: path.into(), found: found.into(), wanted }
    }
}

/// What weir reads of a request. Borrows the body; see [`super::splice`] for the way back.
#[derive(Debug, Clone)]
pub struct Peek<'a> {
    /// `model` as the caller wrote it.
    pub model: Cow<'a, str>,
    /// `stream`.
    pub stream: bool,
    /// `stream_options.include_usage`: the caller wants the usage chunk.
    pub include_usage: bool,
    /// `max_completion_tokens`, else `max_tokens`.
    pub max_output_tokens: Option<u64>,
    /// `tools` or the older `functions` are offered.
    pub tools: bool,
    /// `response_format.type` is `json_schema`.
    pub json_schema: bool,
    /// A message has an image part.
    pub images: bool,
    /// `user`, an opaque end-user id.
    pub user: Option<Cow<'a, str>>,
    /// Number of messages, at least 1.
    pub messages: usize,
    /// Length of the body in bytes.
    pub bytes: usize,
    pub(super) model_at: Range<usize>,
    pub(super) usage_edit: UsageEdit,
}

impl Peek<'_> {
    /// The request's features, as routing reads them.
    #[must_use]
    pub fn features(&self) -> Features {
        Features {
            input_tokens: super::estimate_tokens(self.bytes),
            max_output_tokens: self.max_output_tokens,
            stream: self.stream,
            tools: self.tools,
            vision: self.images,
            json_schema: self.json_schema,
        }
    }
}

/// Where `stream_options.include_usage: true` has to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum UsageEdit {
    /// It is there.
    None,
    /// A whole member, behind the document's opening brace at this offset.
    Member(usize),
    /// Replaces a `null` or `false` value.
    Replace(Range<usize>, &'static str),
    /// Behind the opening brace of `stream_options`; the flag says that members follow.
    Inside(usize, bool),
}

#[derive(Deserialize)]
struct Top<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    model: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    messages: Option<&'a RawValue>,
    #[serde(borrow, default)]
    stream: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    stream_options: Option<&'a RawValue>,
    #[serde(borrow, default)]
    max_tokens: Option<&'a RawValue>,
    #[serde(borrow, default)]
    max_completion_tokens: Option<&'a RawValue>,
    #[serde(borrow, default)]
    tools: Option<&'a RawValue>,
    #[serde(borrow, default)]
    functions: Option<&'a RawValue>,
    #[serde(borrow, default)]
    response_format: Option<&'a RawValue>,
    #[serde(borrow, default)]
    user: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Options<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    include_usage: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Kind<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Turn<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    role: Option<&'a RawValue>,
    #[serde(borrow, default)]
    content: Option<&'a RawValue>,
}

/// Keeps an explicit `null` apart from an absent key.
fn present<'de, D: Deserializer<'de>>(from: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(from).map(Some)
}

/// Reads a request. Nothing is copied unless a string has escapes.
///
/// # Errors
/// The first place that is not valid UTF-8 JSON, nests deeper than 128 levels, repeats a key that weir reads, or has
/// another type than the dialect says.
pub fn peek(body: &[u8]) -> Result<Peek<'_>, BadRequest> {
    let text = std::str::from_utf8(body).map_err(|error| {
        let found = format!("invalid UTF-8 at byte {}", error.valid_up_to());
        BadRequest::new("$", found, "UTF-8 text")
    })?;
    json::lint(text).map_err(|(at, flaw)| BadRequest::new(json::path_at(text, at), flaw.found(), flaw.wanted()))?;
    let trimmed = text.trim_start_matches([' ', '\t', '\n', '\r']);
    if !trimmed.starts_with('{') {
        return Err(BadRequest::new("$", json::kind(trimmed), "a JSON object"));
    }
    let open = text.len() - trimmed.len();
    let top: Top<'_> = parse(text, 0, text)?;

    let model_raw = top.model.ok_or_else(|| BadRequest::new("$.model", "nothing", "a model or workload name"))?;
    let model = string(text, model_raw, "a model or workload name")?;
    if model.is_empty() || model.len() > 256 || model.chars().any(char::is_control) {
        let found = "an empty, overlong or unprintable name";
        return Err(BadRequest::new("$.model", found, "1 to 256 printable characters"));
    }
    let stream = flag(text, top.stream)?;
    let (include_usage, usage_edit) = stream_options(text, open, top.stream_options)?;
    let max_output_tokens = match count(text, top.max_completion_tokens)? {
        Some(tokens) => Some(tokens),
        None => count(text, top.max_tokens)?,
    };
    let offered = [top.tools, top.functions];
    let mut tools = false;
    for raw in offered.into_iter().flatten() {
        expect(text, raw, b'[', "an array")?;
        tools |= !empty(raw);
    }
    let json_schema = match top.response_format {
        None => false,
        Some(raw) => {
            expect(text, raw, b'{', "an object")?;
            let format: Kind<'_> = parse(text, offset(text, raw), raw.get())?;
            format.kind.as_deref() == Some("json_schema")
        }
    };
    let user = match top.user {
        None => None,
        Some(raw) => Some(string(text, raw, "a string")?),
    };
    let turns = turns(text, top.messages)?;
    Ok(Peek {
        model,
        stream,
        include_usage,
        max_output_tokens,
        tools,
        json_schema,
        images: turns.images,
        user,
        messages: turns.count,
        bytes: body.len(),
        model_at: range(text, model_raw),
        usage_edit,
    })
}

fn stream_options(text: &str, open: usize, raw: Option<&RawValue>) -> Result<(bool, UsageEdit), BadRequest> {
    let Some(raw) = raw else {
        return Ok((false, UsageEdit::Member(open + 1)));
    };
    if raw.get() == "null" {
        let edit = UsageEdit::Replace(range(text, raw), r#"{"include_usage":true}"#);
        return Ok((false, edit));
    }
    expect(text, raw, b'{', "an object")?;
    let options: Options<'_> = parse(text, offset(text, raw), raw.get())?;
    let Some(asked) = options.include_usage else {
        let edit = UsageEdit::Inside(offset(text, raw) + 1, !empty(raw));
        return Ok((false, edit));
    };
    if asked.get() != "null" && flag(text, Some(asked))? {
        return Ok((true, UsageEdit::None));
    }
    Ok((false, UsageEdit::Replace(range(text, asked), "true")))
}

struct Turns {
    count: usize,
    images: bool,
}

fn turns(text: &str, raw: Option<&RawValue>) -> Result<Turns, BadRequest> {
    const WANTED: &str = "a non-empty array of messages";
    let raw = raw.ok_or_else(|| BadRequest::new("$.messages", "nothing", WANTED))?;
    expect(text, raw, b'[', WANTED)?;
    let mut turns = Turns { count: 0, images: false };
    each(text, raw, &mut |turn| {
        turns.count += 1;
        expect(text, turn, b'{', "a message object")?;
        let message: Turn<'_> = parse(text, offset(text, turn), turn.get())?;
        let Some(role) = message.role else {
            let path = json::path_at(text, offset(text, turn));
            return Err(BadRequest::new(path, "no role", "a role"));
        };
        expect(text, role, b'"', "a string")?;
        let Some(content) = message.content else {
            return Ok(());
        };
        if !content.get().starts_with('[') {
            return expect(text, content, b'"', "a string, an array of parts or null");
        }
        each(text, content, &mut |part| {
            expect(text, part, b'{', "a content part")?;
            let part: Kind<'_> = parse(text, offset(text, part), part.get())?;
            turns.images |= part.kind.is_some_and(|kind| kind.contains("image"));
            Ok(())
        })
    })?;
    if turns.count == 0 {
        return Err(BadRequest::new("$.messages", "an empty array", WANTED));
    }
    Ok(turns)
}

/// Calls `visit` with each element of the array `raw`, without collecting them.
fn each<'a>(
    text: &'a str,
    raw: &'a RawValue,
    visit: &mut dyn FnMut(&'a RawValue) -> Result<(), BadRequest>,
) -> Result<(), BadRequest> {
    struct Each<'v, 'a> {
        visit: &'v mut dyn FnMut(&'a RawValue) -> Result<(), BadRequest>,
        bad: &'v mut Option<BadRequest>,
    }
    impl<'a> Visitor<'a> for Each<'_, 'a> {
        type Value = ();
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an array")
        }
        fn visit_seq<A: SeqAccess<'a>>(self, mut seq: A) -> Result<(), A::Error> {
            while let Some(element) = seq.next_element::<&'a RawValue>()? {
                if self.bad.is_none() {
                    *self.bad = (self.visit)(element).err();
                }
            }
            Ok(())
        }
    }
    let mut bad = None;
    let mut reader = serde_json::Deserializer::from_str(raw.get());
    let visitor = Each { visit, bad: &mut bad };
    (&mut reader).deserialize_seq(visitor).map_err(|error| syntax(text, offset(text, raw), raw.get(), &error))?;
    bad.map_or(Ok(()), Err)
}

fn parse<'a, T: Deserialize<'a>>(text: &str, base: usize, raw: &'a str) -> Result<T, BadRequest> {
    serde_json::from_str(raw).map_err(|error| syntax(text, base, raw, &error))
}

fn syntax(text: &str, base: usize, raw: &str, error: &serde_json::Error) -> BadRequest {
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
fn offset(text: &str, raw: &RawValue) -> usize {
    (raw.get().as_ptr() as usize).saturating_sub(text.as_ptr() as usize)
}

fn range(text: &str, raw: &RawValue) -> Range<usize> {
    let start = offset(text, raw);
    start..start + raw.get().len()
}

fn wrong(text: &str, raw: &RawValue, wanted: &'static str) -> BadRequest {
    let path = json::path_at(text, offset(text, raw));
    BadRequest::new(path, json::kind(raw.get()), wanted)
}

fn expect(text: &str, raw: &RawValue, first: u8, wanted: &'static str) -> Result<(), BadRequest> {
    if raw.get().as_bytes().first() == Some(&first) { Ok(()) } else { Err(wrong(text, raw, wanted)) }
}

fn empty(raw: &RawValue) -> bool {
    let inner = raw.get().get(1..raw.get().len().saturating_sub(1));
    inner.is_none_or(|inner| inner.trim().is_empty())
}

fn string<'a>(text: &str, raw: &'a RawValue, wanted: &'static str) -> Result<Cow<'a, str>, BadRequest> {
    expect(text, raw, b'"', wanted)?;
    let inner = raw.get().get(1..raw.get().len().saturating_sub(1));
    match inner {
        Some(plain) if !plain.contains('\\') => Ok(Cow::Borrowed(plain)),
        _ => parse(text, offset(text, raw), raw.get()).map(Cow::Owned),
    }
}

fn flag(text: &str, raw: Option<&RawValue>) -> Result<bool, BadRequest> {
    match raw.map(RawValue::get) {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(raw
            .map_or_else(|| BadRequest::new("$", "nothing", "true or false"), |raw| wrong(text, raw, "true or false"))),
    }
}

fn count(text: &str, raw: Option<&RawValue>) -> Result<Option<u64>, BadRequest> {
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
