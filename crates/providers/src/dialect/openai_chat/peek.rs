//! Reads, borrowed, the few request fields that weir acts on, and refuses what no provider could read.

use std::{borrow::Cow, ops::Range};

use memchr::memmem;
use serde::Deserialize;
use serde_json::value::RawValue;
use weir_core::route::Features;

use crate::dialect::{
    bad::BadRequest,
    raw::{count, empty, expect, flag, offset, parse, present, range, string, text},
    shape,
};

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
    /// Where the messages are over; the length of the body where nothing stands behind them, or where that is not known: the
    /// next member's name may be written with escapes.
    pub messages_end: usize,
    pub(crate) model_at: Range<usize>,
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
            ..Features::default()
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

/// The members that are read as they stand.
const MEMBERS: [&str; 11] = [
    "model",
    "stream",
    "stream_options",
    "max_completion_tokens",
    "max_tokens",
    "max_output_tokens",
    "response_format",
    "output_config",
    "text",
    "output_format",
    "user",
];

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

/// Reads a request. Nothing is copied unless a string has escapes.
///
/// # Errors
/// The first place that is not valid UTF-8 JSON, nests deeper than 96 levels, repeats a key, has another type than the
/// dialect says, or answers a call that is not there.
pub fn peek(body: &[u8]) -> Result<Peek<'_>, BadRequest> {
    peek_as(Shape::Chat, &shape::CHAT, body)
}

/// Whose request it is; those that copied OpenAI's frame share this reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Chat completions.
    Chat,
    /// Anthropic Messages: the same frame, and usage comes unasked.
    Anthropic,
    /// OpenAI responses: the turns are `input`, or one string.
    Responses,
    /// Anything that names a model.
    Raw,
}

/// The same for dialects with the same frame, whose members are those of `kind`.
pub(crate) fn peek_as<'a>(shape: Shape, kind: &'static shape::Kind, body: &'a [u8]) -> Result<Peek<'a>, BadRequest> {
    let (text, open) = text(body)?;
    let (seen, members) = shape::read(text, kind, MEMBERS)?;
    let [model_raw, stream, options, most_completion, most, most_output, format, config, words, output_format, user] =
        members;

    let model_raw = model_raw.ok_or_else(|| BadRequest::new("$.model", "nothing", "a model or workload name"))?;
    let model = string(text, model_raw, "a model or workload name")?;
    if model.is_empty() || model.len() > 256 || model.chars().any(char::is_control) {
        let found = "an empty, overlong or unprintable name";
        return Err(BadRequest::new("$.model", found, "1 to 256 printable characters"));
    }
    let stream = flag(text, given(stream))?;
    let (include_usage, usage_edit) = match shape {
        Shape::Chat => stream_options(text, open, options)?,
        Shape::Anthropic | Shape::Responses | Shape::Raw => (true, UsageEdit::None),
    };
    let mut max_output_tokens = None;
    for raw in [most_completion, most, most_output] {
        max_output_tokens = max_output_tokens.or(count(text, given(raw))?);
    }
    // Of what is no chat it is a word.
    let json_schema = match given(format).filter(|raw| raw.get().starts_with('{')) {
        None => {
            given(output_format).is_some()
                || [config, words].into_iter().flatten().any(|raw| raw.get().contains("\"json_schema\""))
        }
        Some(raw) => {
            let format: Kind<'_> = parse(text, offset(text, raw), raw.get())?;
            format.kind.as_deref() == Some("json_schema")
        }
    };
    let user = given(user).map(|raw| string(text, raw, "a string")).transpose()?;
    let messages = match shape {
        Shape::Chat | Shape::Anthropic => turns(seen.turns, "$.messages", "a non-empty array of messages")?,
        // None may be needed, where the conversation is stored.
        Shape::Responses => seen.turns.unwrap_or(1),
        Shape::Raw => 1,
    };
    // Also what a tool has answered may be an image.
    let images = seen.images || (shape == Shape::Responses && memmem::find(body, b"\"input_image\"").is_some());
    Ok(Peek {
        model,
        stream,
        include_usage,
        max_output_tokens,
        tools: seen.tools,
        json_schema,
        images,
        user,
        messages,
        bytes: body.len(),
        messages_end: seen.turns_end.unwrap_or(body.len()),
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

/// What is there and not `null`.
fn given(raw: Option<&RawValue>) -> Option<&RawValue> {
    raw.filter(|raw| raw.get() != "null")
}

/// The number of turns, of which there must be one.
fn turns(seen: Option<usize>, path: &str, wanted: &'static str) -> Result<usize, BadRequest> {
    match seen {
        None => Err(BadRequest::new(path, "nothing", wanted)),
        Some(0) => Err(BadRequest::new(path, "an empty array", wanted)),
        Some(turns) => Ok(turns),
    }
}

/// A request of which only the model is known, and where it stands in the body.
pub(crate) fn peek_at<'a>(model: Cow<'a, str>, model_at: Range<usize>, body: &[u8]) -> Peek<'a> {
    Peek {
        model,
        stream: false,
        include_usage: true,
        max_output_tokens: None,
        tools: false,
        json_schema: false,
        images: false,
        user: None,
        messages: 1,
        bytes: body.len(),
        messages_end: body.len(),
        model_at,
        usage_edit: UsageEdit::None,
    }
}

/// A request whose model the path has said, and of which nothing else is read.
pub(crate) fn peek_bare<'a>(model: &'a str, body: &[u8]) -> Peek<'a> {
    peek_at(Cow::Borrowed(model), 0..0, body)
}

/// Reads a Gemini request, whose model and manner the path has said.
///
/// # Errors
/// As [`peek`].
pub(crate) fn peek_gemini<'a>(model: &'a str, stream: bool, body: &'a [u8]) -> Result<Peek<'a>, BadRequest> {
    #[derive(Deserialize)]
    struct Config<'a> {
        #[serde(borrow, default, rename = "maxOutputTokens", alias = "max_output_tokens")]
        most: Option<&'a RawValue>,
        #[serde(borrow, default, rename = "responseSchema", alias = "response_schema")]
        schema: Option<&'a RawValue>,
        #[serde(borrow, default, rename = "responseJsonSchema", alias = "response_json_schema")]
        json_schema: Option<&'a RawValue>,
    }
    let (text, _) = text(body)?;
    let (seen, [raw]) = shape::read(text, &shape::GEMINI, ["generationConfig"])?;
    let messages = turns(seen.turns, "$.contents", "a non-empty array of contents")?;
    let config = match given(raw) {
        None => Config { most: None, schema: None, json_schema: None },
        Some(raw) => parse(text, offset(text, raw), raw.get())?,
    };
    Ok(Peek {
        model: Cow::Borrowed(model),
        stream,
        include_usage: true,
        max_output_tokens: count(text, config.most)?,
        tools: seen.tools,
        json_schema: config.schema.is_some() || config.json_schema.is_some(),
        images: memmem::find(body, b"\"image/").is_some(),
        user: None,
        messages,
        bytes: body.len(),
        messages_end: seen.turns_end.unwrap_or(body.len()),
        model_at: 0..0,
        usage_edit: UsageEdit::None,
    })
}
