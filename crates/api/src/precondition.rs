//! `ETag` and `If-Match` (RFC 9110, 13.1.1): an order about what somebody read is refused once that has changed. Without
//! the header an order is about whatever is current; the store's own compare-and-set still holds between the two.

use axum::{
    Json,
    extract::FromRequestParts,
    http::{HeaderValue, header, request::Parts},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use weir_core::error;

use crate::problem::{Failure, Reply};

/// Tags of one header; who read one thing names one.
const MOST: usize = 16;

/// A resource that orders are about.
pub(crate) trait Tag {
    /// What changes with every order and every transition, without its quotes: printable ASCII with no `"`. `None` where
    /// there is nothing to order about.
    fn tag(&self) -> Option<&str>;
}

/// A reply as JSON with its `ETag`.
#[derive(Debug)]
pub(crate) struct Tagged<T>(pub(crate) T);

impl<T: Serialize + Tag> IntoResponse for Tagged<T> {
    fn into_response(self) -> Response {
        let tag = self.0.tag().and_then(|tag| HeaderValue::from_str(&quoted(tag)).ok());
        let mut response = Json(self.0).into_response();
        if let Some(tag) = tag {
            response.headers_mut().insert(header::ETAG, tag);
        }
        response
    }
}

/// What the caller says it read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum IfMatch {
    /// Nothing: whatever is current is meant.
    Unsaid,
    /// `*`: whatever is current, in so many words.
    Any,
    /// One of these, in quotes as sent. A weak tag is kept with its `W/`, so that it equals none of ours.
    OneOf(Vec<String>),
}

impl IfMatch {
    /// Refuses the order unless what is current was read. `now` says what is current, `path` where it is read.
    ///
    /// # Errors
    /// `STALE` (412) with both and the next step.
    pub(crate) fn check(&self, tag: &str, now: impl FnOnce() -> String, path: &str) -> Reply<()> {
        let Self::OneOf(read) = self else { return Ok(()) };
        let current = quoted(tag);
        if read.contains(&current) {
            return Ok(());
        }
        let message = format!("{}: its ETag is {current}, `If-Match` says {}", now(), read.join(", "));
        let weak = read.iter().any(|tag| tag.strip_prefix("W/") == Some(&current));
        let hint = match weak {
            true => {
                format!("a weak tag matches nothing: send {current}, without the `W/` that something in between added")
            }
            false => format!("GET {path}, then decide on what it says now"),
        };
        Err(Failure::new(&error::STALE, message).hint(hint))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Failure;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let values: Option<Vec<&str>> =
            parts.headers.get_all(header::IF_MATCH).iter().map(|value| value.to_str().ok()).collect();
        read(&values.ok_or_else(malformed)?)
    }
}

fn read(values: &[&str]) -> Result<IfMatch, Failure> {
    if values.is_empty() {
        return Ok(IfMatch::Unsaid);
    }
    // Empty elements of a list count for nothing (RFC 9110, 5.6.1).
    let tags = values.iter().flat_map(|value| value.split(',')).map(str::trim).filter(|tag| !tag.is_empty());
    let tags: Vec<&str> = tags.take(MOST + 1).collect();
    if tags == ["*"] {
        return Ok(IfMatch::Any);
    }
    if tags.is_empty() || tags.len() > MOST || !tags.iter().all(|tag| is_tag(tag)) {
        return Err(malformed());
    }
    Ok(IfMatch::OneOf(tags.into_iter().map(str::to_owned).collect()))
}

/// `"…"` or `W/"…"`.
fn is_tag(text: &str) -> bool {
    let bare = text.strip_prefix("W/").unwrap_or(text);
    bare.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).is_some_and(|tag| !tag.contains('"'))
}

fn malformed() -> Failure {
    Failure::bad(format!("`If-Match` takes `*`, or up to {MOST} tags in quotes"))
        .hint("send the ETag of the reply as it came, such as `If-Match: \"r-0001\"`")
}

fn quoted(tag: &str) -> String {
    format!("\"{tag}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_read_as_they_are_sent_and_anything_else_is_refused() {
        assert_eq!(read(&[]).unwrap(), IfMatch::Unsaid);
        assert_eq!(read(&[" * "]).unwrap(), IfMatch::Any);
        let three = IfMatch::OneOf(["\"a\"", "W/\"b\"", "\"c\""].map(str::to_owned).to_vec());
        assert_eq!(read(&["\"a\", W/\"b\"", "\"c\""]).unwrap(), three);
        assert_eq!(read(&["\"a\",, W/\"b\"", "", "\"c\","]).unwrap(), three);
        let many = "\"a\",".repeat(MOST) + "\"a\"";
        for wrong in ["", "r-0001", "\"", "\"a\" \"b\"", ",", "*, \"a\"", "w/\"a\"", &many] {
            assert!(read(&[wrong]).unwrap_err().0.message.contains("in quotes"), "{wrong}");
        }
    }

    #[test]
    fn a_weak_tag_matches_nothing_and_a_mismatch_says_what_is_current() {
        let check = |sent: &str| read(&[sent]).unwrap().check("7", || "it is held".to_owned(), "/it");
        assert!(check("\"6\", \"7\"").is_ok() && check("*").is_ok());
        for (wrong, next) in [("\"6\"", "GET /it"), ("W/\"7\"", "a weak tag matches nothing: send \"7\"")] {
            let Failure(problem) = check(wrong).unwrap_err();
            assert_eq!(problem.code.status, 412);
            assert_eq!(problem.message, format!("it is held: its ETag is \"7\", `If-Match` says {wrong}"));
            assert!(problem.hint.unwrap().starts_with(next));
        }
    }
}
