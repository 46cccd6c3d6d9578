//! The tables, one for each kind of request. Sources: the providers' API references.

use super::{ANY, FLAG, INTEGER, Kind, Link, NUMBER, Note, TEXT, WHOLE, scalar};

type Members = &'static [(&'static str, Kind)];

const NOTHING: Kind = scalar(0, "");
const ANYTHING: Kind = scalar(ANY, "anything");
const WORD: Kind = scalar(TEXT, "a string");
const SWITCH: Kind = scalar(FLAG, "true or false");
const COUNT: Kind = scalar(WHOLE, "a whole number");
const SIGNED: Kind = scalar(INTEGER, "a whole number");
const REAL: Kind = scalar(NUMBER, "a number");
const WORDS: Kind = list(&WORD);
const WORD_OR_WORDS: Kind = WORD.or_list(&WORD, "a string or an array of strings");
const WHATEVER: Kind = object(&[]);

const fn list(items: &'static Kind) -> Kind {
    NOTHING.or_list(items, "an array")
}
const fn object(members: Members) -> Kind {
    NOTHING.or_object(members, "an object")
}
/// What a conversation is.
const fn turns(turn: &'static Kind) -> Kind {
    NOTHING.or_list(turn, "a non-empty array of messages").note(Note::Turns).there()
}
const fn turn(members: Members) -> Kind {
    NOTHING.or_object(members, "a message object").note(Note::Turn).there()
}
const fn part(members: Members) -> Kind {
    NOTHING.or_object(members, "a content part").there()
}
const fn tools(tool: &'static Kind) -> Kind {
    list(tool).note(Note::Tools)
}
/// Whose turn it is.
const ROLE: Kind = WORD.there();
/// What a part is.
const KIND: Kind = WORD.note(Note::Part);
/// A string, or a list of parts.
const fn content(parts: &'static Kind) -> Kind {
    WORD.or_list(parts, "a string, an array of parts or null")
}

/// OpenAI chat completions.
pub(crate) static CHAT: Kind = object(&[
    ("model", WORD),
    ("messages", turns(&chat::MESSAGE)),
    ("stream", SWITCH),
    ("stream_options", object(&[("include_usage", SWITCH)])),
    ("max_tokens", COUNT),
    ("max_completion_tokens", COUNT),
    ("temperature", REAL),
    ("top_p", REAL),
    ("top_k", SIGNED),
    ("stop", WORD_OR_WORDS),
    ("seed", SIGNED),
    ("n", COUNT),
    ("presence_penalty", REAL),
    ("frequency_penalty", REAL),
    ("logit_bias", WHATEVER),
    ("logprobs", SWITCH),
    ("top_logprobs", COUNT),
    ("response_format", object(&[("type", WORD), ("json_schema", chat::SCHEMA)])),
    ("tools", tools(&chat::TOOL)),
    ("functions", tools(&chat::FUNCTION)),
    ("tool_choice", WORD.or_object(&[("function", object(&[("name", WORD)]))], "a string or an object")),
    ("parallel_tool_calls", SWITCH),
    ("reasoning_effort", WORD),
    ("verbosity", WORD),
    ("modalities", WORDS),
    ("service_tier", WORD),
    ("metadata", WHATEVER),
    ("store", SWITCH),
    ("user", WORD),
]);

mod chat {
    use super::{COUNT, KIND, Kind, Link, ROLE, SWITCH, WHATEVER, WORD, content, list, object, part, turn};

    pub(super) const SCHEMA: Kind = object(&[("name", WORD), ("schema", WHATEVER), ("strict", SWITCH)]);
    pub(super) const FUNCTION: Kind =
        object(&[("name", WORD), ("description", WORD), ("parameters", WHATEVER), ("strict", SWITCH)]);
    pub(super) const TOOL: Kind = object(&[("type", WORD), ("function", FUNCTION)]);
    const CALL: Kind = object(&[
        ("id", WORD.link(Link::Call)),
        ("type", WORD),
        ("index", COUNT),
        ("function", object(&[("name", WORD), ("arguments", WORD)])),
    ]);
    const PART: Kind = part(&[
        ("type", KIND),
        ("text", WORD),
        ("refusal", WORD),
        ("image_url", WORD.or_object(&[("url", WORD), ("detail", WORD)], "an object")),
        ("input_audio", object(&[("data", WORD), ("format", WORD)])),
        ("file", object(&[("file_data", WORD), ("file_id", WORD), ("filename", WORD)])),
        ("cache_control", WHATEVER),
    ]);
    pub(super) const MESSAGE: Kind = turn(&[
        ("role", ROLE),
        ("content", content(&PART)),
        ("name", WORD),
        ("refusal", WORD),
        ("tool_calls", list(&CALL)),
        ("tool_call_id", WORD.link(Link::Result)),
        ("reasoning_content", WORD),
        ("thinking_blocks", list(&WHATEVER)),
        ("cache_control", WHATEVER),
    ]);
}

/// OpenAI's older completions.
static COMPLETIONS: Kind = object(&[
    ("model", WORD),
    ("prompt", WORD.or_list(&ANYTHING, "a string or an array")),
    ("suffix", WORD),
    ("max_tokens", COUNT),
    ("temperature", REAL),
    ("top_p", REAL),
    ("n", COUNT),
    ("best_of", COUNT),
    ("stream", SWITCH),
    ("stream_options", object(&[("include_usage", SWITCH)])),
    ("logprobs", COUNT),
    ("echo", SWITCH),
    ("stop", WORD_OR_WORDS),
    ("seed", SIGNED),
    ("presence_penalty", REAL),
    ("frequency_penalty", REAL),
    ("logit_bias", WHATEVER),
    ("user", WORD),
]);

/// A text, or the ids of its tokens.
const TOKENS: Kind = scalar(TEXT | WHOLE, "a string or tokens").or_list(&COUNT, "a string or tokens");

/// OpenAI's embeddings.
pub(crate) static EMBEDDINGS: Kind = object(&[
    ("model", WORD),
    ("input", WORD.or_list(&TOKENS, "a string or an array")),
    ("dimensions", COUNT),
    ("encoding_format", WORD),
    ("user", WORD),
]);

/// OpenAI's moderations.
static MODERATIONS: Kind = object(&[
    ("model", WORD),
    ("input", WORD.or_list(&WORD.or_object(&[("type", WORD)], "a string or a part"), "a string or an array")),
]);

/// Reranking.
static RERANK: Kind = object(&[
    ("model", WORD),
    ("query", WORD),
    ("documents", list(&WORD.or_object(&[], "a string or an object"))),
    ("top_n", COUNT),
]);

/// OpenAI's images.
static IMAGES: Kind = object(&[("model", WORD), ("prompt", WORD), ("n", COUNT), ("size", WORD), ("user", WORD)]);

/// What weir knows nothing of.
static WHATEVER_ELSE: Kind = WHATEVER;

/// OpenAI's speech.
static SPEECH: Kind =
    object(&[("model", WORD), ("input", WORD), ("instructions", WORD), ("speed", REAL), ("response_format", WORD)]);

/// OpenAI responses.
pub(crate) static RESPONSES: Kind = object(&[
    ("model", WORD),
    ("input", WORD.or_list(&responses::ITEM, "a string or an array of items").note(Note::Turns)),
    ("instructions", WORD),
    ("max_output_tokens", COUNT),
    ("temperature", REAL),
    ("top_p", REAL),
    ("top_logprobs", COUNT),
    ("tools", tools(&responses::TOOL)),
    ("tool_choice", WORD.or_object(&[("type", WORD), ("name", WORD)], "a string or an object")),
    ("parallel_tool_calls", SWITCH),
    ("previous_response_id", WORD),
    ("reasoning", object(&[("effort", WORD), ("summary", WORD)])),
    ("text", object(&[("format", responses::FORMAT), ("verbosity", WORD)])),
    ("include", WORDS),
    ("store", SWITCH),
    ("stream", SWITCH),
    ("background", SWITCH),
    ("truncation", WORD),
    ("metadata", WHATEVER),
    ("user", WORD),
]);

mod responses {
    use super::{ANYTHING, Kind, Link, NOTHING, SWITCH, WHATEVER, WORD, content, list, object};

    pub(super) const FORMAT: Kind = object(&[("type", WORD), ("name", WORD), ("schema", WHATEVER), ("strict", SWITCH)]);
    pub(super) const TOOL: Kind =
        object(&[("type", WORD), ("name", WORD), ("description", WORD), ("parameters", WHATEVER), ("strict", SWITCH)]);
    const PART: Kind = object(&[
        ("type", WORD),
        ("text", WORD),
        ("refusal", WORD),
        ("image_url", WORD),
        ("file_id", WORD),
        ("file_data", WORD),
        ("file_url", WORD),
        ("filename", WORD),
        ("detail", WORD),
    ]);
    const MEMBERS: super::Members = &[
        ("type", WORD),
        ("id", WORD),
        ("role", WORD),
        ("status", WORD),
        ("content", content(&PART)),
        ("call_id", WORD.link(Link::Either)),
        ("name", WORD),
        ("arguments", WORD),
        // Some tools answer with an object.
        ("output", ANYTHING),
        ("summary", list(&WHATEVER)),
        ("encrypted_content", WORD),
    ];
    pub(super) const ITEM: Kind = NOTHING.or_object(MEMBERS, "an item").there();
}

/// Anthropic Messages, and the count of their tokens.
pub(crate) static ANTHROPIC: Kind = object(&[
    ("model", WORD),
    ("messages", turns(&anthropic::MESSAGE)),
    ("system", content(&anthropic::BLOCK)),
    ("max_tokens", COUNT),
    ("temperature", REAL),
    ("top_p", REAL),
    ("top_k", COUNT),
    ("stop_sequences", WORDS),
    ("stream", SWITCH),
    ("metadata", object(&[("user_id", WORD)])),
    ("tools", tools(&anthropic::TOOL)),
    ("tool_choice", object(&[("type", WORD), ("name", WORD), ("disable_parallel_tool_use", SWITCH)])),
    ("thinking", object(&[("type", WORD), ("budget_tokens", COUNT)])),
    ("service_tier", WORD),
]);

mod anthropic {
    use super::{KIND, Kind, Link, ROLE, SWITCH, WHATEVER, WORD, content, object, part, turn};

    const CACHE: Kind = object(&[("type", WORD), ("ttl", WORD)]);
    pub(super) const TOOL: Kind = object(&[
        ("type", WORD),
        ("name", WORD),
        ("description", WORD),
        ("input_schema", WHATEVER),
        ("cache_control", CACHE),
    ]);
    const SOURCE: Kind = WORD.or_object(
        &[("type", WORD), ("media_type", WORD), ("data", WORD), ("url", WORD), ("file_id", WORD)],
        "an object",
    );
    const INNER: Kind = object(&[("type", WORD), ("text", WORD), ("source", SOURCE)]);
    pub(super) const BLOCK: Kind = part(&[
        ("type", KIND),
        ("text", WORD),
        ("source", SOURCE),
        ("id", WORD.link(Link::Call)),
        ("name", WORD),
        ("input", WHATEVER),
        ("tool_use_id", WORD.link(Link::Result)),
        // What went wrong in one of Anthropic's own tools is an object.
        ("content", content(&INNER).or_object(&[], "a string, an array of parts or null")),
        ("is_error", SWITCH),
        ("thinking", WORD),
        ("signature", WORD),
        ("data", WORD),
        ("cache_control", CACHE),
    ]);
    pub(super) const MESSAGE: Kind = turn(&[("role", ROLE), ("content", content(&BLOCK))]);
}

/// Gemini's generateContent and countTokens.
pub(crate) static GEMINI: Kind = object(&[
    ("contents", list(&gemini::TURN).note(Note::Turns)),
    ("systemInstruction", gemini::CONTENT),
    ("tools", tools(&object(&[("functionDeclarations", list(&gemini::FUNCTION))]))),
    ("toolConfig", object(&[("functionCallingConfig", object(&[("mode", WORD), ("allowedFunctionNames", WORDS)]))])),
    ("generationConfig", gemini::CONFIG),
    ("safetySettings", list(&WHATEVER)),
    ("cachedContent", WORD),
]);

/// Gemini's embedContent.
pub(crate) static EMBED: Kind = gemini::EMBED;
/// Gemini's batchEmbedContents.
pub(crate) static BATCH_EMBED: Kind = object(&[("requests", list(&gemini::EMBED))]);

mod gemini {
    use super::{COUNT, Kind, Link, REAL, SIGNED, SWITCH, WHATEVER, WORD, WORDS, list, object};

    pub(super) const FUNCTION: Kind =
        object(&[("name", WORD), ("description", WORD), ("parameters", WHATEVER), ("parametersJsonSchema", WHATEVER)]);
    const INLINE: Kind = object(&[("mimeType", WORD), ("data", WORD), ("displayName", WORD)]);
    const BY_URI: Kind = object(&[("mimeType", WORD), ("fileUri", WORD), ("displayName", WORD)]);
    const RESPONSE: Kind = object(&[
        ("name", WORD.link(Link::Result)),
        ("response", WHATEVER),
        ("id", WORD),
        ("parts", list(&object(&[("inlineData", INLINE), ("fileData", BY_URI)]))),
    ]);
    const MEMBERS: super::Members = &[
        ("text", WORD),
        ("inlineData", INLINE),
        ("fileData", BY_URI),
        ("functionCall", object(&[("name", WORD.link(Link::Call)), ("args", WHATEVER), ("id", WORD)])),
        ("functionResponse", RESPONSE),
        ("thought", SWITCH),
        ("thoughtSignature", WORD),
    ];
    const PART: Kind = object(MEMBERS);
    pub(super) const CONTENT: Kind =
        object(&[("role", WORD), ("parts", list(&PART).or_object(MEMBERS, "an array of parts"))]);
    pub(super) const TURN: Kind = CONTENT.there();
    pub(super) const EMBED: Kind = object(&[
        ("model", WORD),
        ("content", CONTENT),
        ("taskType", WORD),
        ("title", WORD),
        ("outputDimensionality", COUNT),
    ]);
    pub(super) const CONFIG: Kind = object(&[
        ("temperature", REAL),
        ("topP", REAL),
        ("topK", REAL),
        ("candidateCount", COUNT),
        ("maxOutputTokens", COUNT),
        ("stopSequences", WORDS),
        ("responseMimeType", WORD),
        ("responseSchema", WHATEVER),
        ("responseJsonSchema", WHATEVER),
        ("seed", SIGNED),
        ("presencePenalty", REAL),
        ("frequencyPenalty", REAL),
        ("responseLogprobs", SWITCH),
        ("logprobs", COUNT),
        ("thinkingConfig", object(&[("thinkingBudget", SIGNED), ("includeThoughts", SWITCH)])),
    ]);
}

/// What is passed on to the endpoint of this path.
pub(crate) fn passed(path: &str) -> &'static Kind {
    match path {
        "completions" => &COMPLETIONS,
        "moderations" => &MODERATIONS,
        "rerank" => &RERANK,
        "images/generations" => &IMAGES,
        "audio/speech" => &SPEECH,
        _ => &WHATEVER_ELSE,
    }
}
