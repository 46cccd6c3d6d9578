//! Writes the few bytes that differ between what the caller sent and what a provider gets. All others are copied.

use bytes::{Bytes, BytesMut};

use super::peek::{Peek, UsageEdit};

/// The body for the provider: the model name replaced, and for streams, when `want_usage` is set and the caller did not
/// ask, `stream_options.include_usage: true` added. `body` must be the bytes that `peek` was read from. One allocation.
#[must_use]
pub fn splice(peek: &Peek<'_>, body: &Bytes, upstream_model: &str, want_usage: bool) -> Bytes {
    let model = quote(upstream_model);
    let mut edits = [Some((peek.model_at.clone(), ["", model.as_str(), ""])), None];
    if want_usage && peek.stream {
        edits[1] = match &peek.usage_edit {
            UsageEdit::None => None,
            UsageEdit::Member(at) => Some((*at..*at, ["\"stream_options\":{", "\"include_usage\":true", "},"])),
            UsageEdit::Replace(range, value) => Some((range.clone(), ["", *value, ""])),
            UsageEdit::Inside(at, more) => {
                Some((*at..*at, ["", "\"include_usage\":true", if *more { "," } else { "" }]))
            }
        };
        edits.sort_by_key(|edit| edit.as_ref().map_or(usize::MAX, |(range, _)| range.start));
    }
    let mut out = BytesMut::with_capacity(body.len() + model.len() + 64);
    let mut copied = 0;
    for (range, texts) in edits.into_iter().flatten() {
        out.extend_from_slice(body.get(copied..range.start).unwrap_or_default());
        for text in texts {
            out.extend_from_slice(text.as_bytes());
        }
        copied = range.end;
    }
    out.extend_from_slice(body.get(copied..).unwrap_or_default());
    out.freeze()
}

/// A JSON string literal of `text`.
fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The JSON object `chunk` with `"weir":extension` as its last member. `extension` is JSON text, such as
/// `{"cost_usd":0.000012}`. A chunk that is no object is returned as it is.
#[must_use]
pub fn splice_usage_extension(chunk: &[u8], extension: &str) -> Bytes {
    let close = chunk.iter().rposition(|byte| !byte.is_ascii_whitespace());
    let Some(close) = close.filter(|close| chunk.get(*close) == Some(&b'}')) else {
        return Bytes::copy_from_slice(chunk);
    };
    let before = chunk.get(..close).unwrap_or_default().trim_ascii_end();
    let mut out = BytesMut::with_capacity(chunk.len() + extension.len() + 10);
    out.extend_from_slice(before);
    if !before.ends_with(b"{") {
        out.extend_from_slice(b",");
    }
    out.extend_from_slice(b"\"weir\":");
    out.extend_from_slice(extension.as_bytes());
    out.extend_from_slice(b"}");
    out.freeze()
}
