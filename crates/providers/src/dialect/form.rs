//! A form with a file (`multipart/form-data`, RFC 7578): the field `model` is read, and written for a deployment; all other
//! bytes stay as they came. A library would read the fields one after another but not say where they are.

use std::borrow::Cow;

use bytes::{Bytes, BytesMut};
use memchr::memmem;

use super::{BadRequest, Peek, openai_chat};

const WANTED: &str = "a form with a field `model`";

/// The boundary in a content type.
///
/// # Errors
/// It is not that of a form, or has none.
pub fn boundary(content_type: &str) -> Result<&str, BadRequest> {
    let wrong = || BadRequest::new("content-type", "another type", "multipart/form-data with a boundary");
    let (kind, rest) = content_type.split_once(';').ok_or_else(wrong)?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return Err(wrong());
    }
    let boundary = rest.split(';').find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        key.trim().eq_ignore_ascii_case("boundary").then(|| value.trim().trim_matches('"'))
    });
    // RFC 2046, section 5.1.1.
    boundary.filter(|boundary| (1..=70).contains(&boundary.len())).ok_or_else(wrong)
}

/// Finds the model.
///
/// # Errors
/// There is no such field, or its value is no name.
pub(crate) fn peek<'a>(boundary: &str, body: &'a [u8]) -> Result<Peek<'a>, BadRequest> {
    let missing = || BadRequest::new("model", "nothing", WANTED);
    let delimiter = format!("--{boundary}");
    let mut starts = memmem::find_iter(body, delimiter.as_bytes()).map(|at| at + delimiter.len()).peekable();
    while let Some(start) = starts.next() {
        let end = starts.peek().map_or(body.len(), |next| next - delimiter.len());
        let part = body.get(start..end).unwrap_or_default();
        let Some(split) = memmem::find(part, b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(part.get(..split).unwrap_or_default());
        if !head.contains("name=\"model\"") && !head.contains("name=model") {
            continue;
        }
        let at = start + split + 4;
        let value = body.get(at..end).unwrap_or_default();
        let value = value.strip_suffix(b"\r\n").unwrap_or(value);
        let model = std::str::from_utf8(value).map_err(|_| BadRequest::new("model", "invalid UTF-8", WANTED))?;
        if model.is_empty() || model.len() > 256 || model.chars().any(char::is_control) {
            return Err(BadRequest::new("model", "an empty, overlong or unprintable name", WANTED));
        }
        return Ok(openai_chat::peek_at(Cow::Borrowed(model), at..at + value.len(), body));
    }
    Err(missing())
}

/// The form for a deployment.
pub(crate) fn splice(peek: &Peek<'_>, body: &Bytes, model: &str) -> Bytes {
    let mut out = BytesMut::with_capacity(body.len() + model.len());
    out.extend_from_slice(body.get(..peek.model_at.start).unwrap_or_default());
    out.extend_from_slice(model.as_bytes());
    out.extend_from_slice(body.get(peek.model_at.end..).unwrap_or_default());
    out.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_model_of_a_form_is_written() {
        let form = |model: &str| {
            Bytes::from(format!(
                "--b1\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.mp3\"\r\n\r\n\0\r\n\r\n--x\r\n\
                 --b1\r\ncontent-disposition: form-data; name=\"model\"\r\n\r\n{model}\r\n--b1--\r\n"
            ))
        };
        let asked = form("weir/default");
        let peek = peek("b1", &asked).unwrap();
        assert_eq!(peek.model, "weir/default");
        assert_eq!(splice(&peek, &asked, "whisper-1"), form("whisper-1"));
        for bad in ["", "--b1--", "--b1\r\ncontent-disposition: form-data; name=\"file\"\r\n\r\nx\r\n--b1--"] {
            assert!(super::peek("b1", bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_boundary_is_read_or_refused() {
        assert_eq!(boundary("multipart/form-data; boundary=abc").unwrap(), "abc");
        assert_eq!(boundary("multipart/form-data; charset=utf-8; boundary=\"a b\"").unwrap(), "a b");
        for bad in ["application/json", "multipart/form-data", "multipart/form-data; boundary=", ""] {
            assert!(boundary(bad).is_err(), "{bad}");
        }
    }
}
