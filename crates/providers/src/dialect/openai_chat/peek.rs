//! Reads, borrowed, the few request fields that weir acts on, and refuses what no provider could read.

use std::{borrow::Cow, ops::Range};

use serde::Deserialize;
use serde_json::value::RawValue;
use weir_core::route::Features;

use crate::dialect::{
    bad::BadRequest,
    json,
    raw::{count, each, empty, expect, flag, offset, parse, present, range, string, text},
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
    output_config: Option<&'a RawValue>,
    #[serde(borrow, default)]
    input: Option<&'a RawValue>,
    #[serde(borrow, default)]
    max_output_tokens: Option<&'a RawValue>,
    #[serde(borrow, default)]
    text: Option<&'a RawValue>,
    #[serde(borrow, default)]
    output_format: Option<&'a RawValue>,
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

/// Reads a request. Nothing is copied unless a string has escapes.
///
/// # Errors
/// The first place that is not valid UTF-8 JSON, nests deeper than 96 levels, repeats a key, has another type than the
/// dialect says, or answers a call that is not there.
pub fn peek(body: &[u8]) -> Result<Peek<'_>, BadRequest> {
    peek_as(Shape::Chat, Some(&shape::CHAT), body)
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
pub(crate) fn peek_as<'a>(
    shape: Shape,
    kind: Option<&'static shape::Kind>,
    body: &'a [u8],
) -> Result<Peek<'a>, BadRequest> {
    let (text, open) = text(body)?;
    kind.map_or(Ok(()), |kind| shape::check(text, kind))?;
    let top: Top<'_> = parse(text, 0, text)?;

    let model_raw = top.model.ok_or_else(|| BadRequest::new("$.model", "nothing", "a model or workload name"))?;
    let model = string(text, model_raw, "a model or workload name")?;
    if model.is_empty() || model.len() > 256 || model.chars().any(char::is_control) {
        let found = "an empty, overlong or unprintable name";
        return Err(BadRequest::new("$.model", found, "1 to 256 printable characters"));
    }
    let stream = flag(text, top.stream)?;
    let (include_usage, usage_edit) = match shape {
        Shape::Chat => stream_options(text, open, top.stream_options)?,
        Shape::Anthropic | Shape::Responses | Shape::Raw => (true, UsageEdit::None),
    };
    let max_output_tokens = match count(text, top.max_completion_tokens)? {
        Some(tokens) => Some(tokens),
        None => count(text, top.max_tokens)?.or(count(text, top.max_output_tokens)?),
    };
    let offered = [top.tools, top.functions];
    let mut tools = false;
    for raw in offered.into_iter().flatten() {
        expect(text, raw, b'[', "an array")?;
        tools |= !empty(raw);
    }
    let json_schema = match top.response_format {
        None => {
            top.output_format.is_some()
                || [top.output_config, top.text].into_iter().flatten().any(|raw| raw.get().contains("\"json_schema\""))
        }
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
    let turns = match shape {
        Shape::Chat | Shape::Anthropic => turns(text, top.messages)?,
        Shape::Responses => input(text, top.input)?,
        Shape::Raw => Turns { count: 1, images: false },
    };
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

/// The turns of OpenAI's responses: one string, or items. None may be needed, where the conversation is stored.
fn input(text: &str, raw: Option<&RawValue>) -> Result<Turns, BadRequest> {
    let mut turns = Turns { count: 1, images: false };
    let Some(raw) = raw.filter(|raw| !raw.get().starts_with('"')) else {
        return Ok(turns);
    };
    expect(text, raw, b'[', "a string or an array of items")?;
    turns.count = 0;
    each(text, raw, &mut |item| {
        turns.count += 1;
        expect(text, item, b'{', "an item")
    })?;
    turns.images = raw.get().contains("\"input_image\"");
    Ok(turns)
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
    struct Top<'a> {
        #[serde(borrow, default)]
        contents: Option<&'a RawValue>,
        #[serde(borrow, default)]
        tools: Option<&'a RawValue>,
        #[serde(borrow, default, rename = "generationConfig", alias = "generation_config")]
        config: Option<&'a RawValue>,
    }
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
    shape::check(text, &shape::GEMINI)?;
    let top: Top<'_> = parse(text, 0, text)?;
    let contents = top.contents.ok_or_else(|| BadRequest::new("$.contents", "nothing", "an array of contents"))?;
    expect(text, contents, b'[', "an array of contents")?;
    let mut messages = 0;
    each(text, contents, &mut |content| {
        messages += 1;
        expect(text, content, b'{', "a content object")
    })?;
    if messages == 0 {
        return Err(BadRequest::new("$.contents", "an empty array", "a non-empty array of contents"));
    }
    let mut config = Config { most: None, schema: None, json_schema: None };
    if let Some(raw) = top.config {
        expect(text, raw, b'{', "an object")?;
        config = parse(text, offset(text, raw), raw.get())?;
    }
    if let Some(tools) = top.tools {
        expect(text, tools, b'[', "an array")?;
    }
    Ok(Peek {
        model: Cow::Borrowed(model),
        stream,
        include_usage: true,
        max_output_tokens: count(text, config.most)?,
        tools: top.tools.is_some_and(|tools| !empty(tools)),
        json_schema: config.schema.is_some() || config.json_schema.is_some(),
        images: contents.get().contains("\"image/"),
        user: None,
        messages,
        bytes: body.len(),
        model_at: 0..0,
        usage_edit: UsageEdit::None,
    })
}
