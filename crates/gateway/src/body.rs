//! Reading a request body within its bounds. What can be refused from the head alone is refused before a byte of the
//! body is read, so a client that declares ten gigabytes costs nothing.

use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, header};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use tokio::time::Instant;
use weir_core::{Problem, error};

/// Refuses from the head alone.
///
/// # Errors
/// W0104 for any content encoding, W0103 when the declared length is over `limit`.
pub(crate) fn check_head(headers: &HeaderMap, limit: usize) -> Result<(), Problem> {
    if let Some(encoding) = headers.get(header::CONTENT_ENCODING)
        && !encoding.as_bytes().eq_ignore_ascii_case(b"identity")
    {
        return Err(Problem::new(&error::UNSUPPORTED_MEDIA, "the body has a content encoding, plain JSON is wanted"));
    }
    let declared = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.parse::<u64>().ok());
    match declared {
        Some(declared) if declared > limit as u64 => Err(Problem::new(
            &error::BODY_TOO_LARGE,
            format!("the body is declared as {declared} bytes, at most {limit} are taken"),
        )),
        _ => Ok(()),
    }
}

/// All of a body may take this many times as long as one pause within it: a client that drips a byte at a time would
/// otherwise hold its place for ever.
const WHOLE: u32 = 10;

/// Reads the whole body, giving up when no byte came for `idle`, or when all of it took ten times as long.
///
/// # Errors
/// W0103 over `limit`, W0109 when it stalls, W0101 when the client breaks off.
pub(crate) async fn read(mut body: Body, limit: usize, idle: Duration) -> Result<Bytes, Problem> {
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    let last = Instant::now() + idle * WHOLE;
    loop {
        let until = last.min(Instant::now() + idle);
        let frame = tokio::time::timeout_at(until, body.frame()).await.map_err(|_| {
            let idle_ms = idle.as_millis();
            Problem::new(
                &error::TIMEOUT_BODY,
                format!("the body paused for {idle_ms} ms or took {WHOLE} times as long in all"),
            )
        })?;
        let Some(frame) = frame else { break };
        let frame = frame.map_err(|_| Problem::new(&error::BAD_JSON, "the body broke off"))?;
        let Ok(data) = frame.into_data() else {
            continue; // Trailers say nothing that weir reads.
        };
        if first.len() + rest.len() + data.len() > limit {
            return Err(Problem::new(&error::BODY_TOO_LARGE, format!("the body is over {limit} bytes")));
        }
        // Most bodies are one frame, which is then never copied.
        if first.is_empty() && rest.is_empty() {
            first = data;
        } else {
            if rest.is_empty() {
                let expected = usize::try_from(body.size_hint().lower()).unwrap_or(0).min(limit);
                rest.reserve(first.len() + data.len() + expected);
                rest.extend_from_slice(&first);
                first = Bytes::new();
            }
            rest.extend_from_slice(&data);
        }
    }
    Ok(if rest.is_empty() { first } else { rest.freeze() })
}

#[cfg(test)]
mod tests {
    use futures::stream;
    use http::HeaderValue;

    use super::*;

    const IDLE: Duration = Duration::from_secs(5);

    fn chunks(chunks: &[&'static str]) -> Body {
        let chunks: Vec<_> = chunks.iter().map(|c| Ok::<_, std::io::Error>(*c)).collect();
        Body::from_stream(stream::iter(chunks))
    }

    #[tokio::test]
    async fn a_body_in_pieces_is_put_together() {
        let read = read(chunks(&["{\"a\"", ":", "1}"]), 100, IDLE).await.unwrap();
        assert_eq!(read, "{\"a\":1}");
    }

    #[tokio::test]
    async fn an_undeclared_flood_stops_at_the_limit() {
        let problem = read(chunks(&["12345", "67890", "1"]), 10, IDLE).await.unwrap_err();
        assert_eq!(problem.code, &error::BODY_TOO_LARGE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stalled_body_is_given_up() {
        let body = Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
        assert_eq!(read(body, 10, IDLE).await.unwrap_err().code, &error::TIMEOUT_BODY);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_drips_is_given_up_in_the_end() {
        let drip = stream::unfold((), |()| async {
            tokio::time::sleep(IDLE / 2).await;
            Some((Ok::<_, std::io::Error>("x"), ()))
        });
        let start = Instant::now();
        let problem = read(Body::from_stream(drip), 1_000, IDLE).await.unwrap_err();
        assert_eq!(problem.code, &error::TIMEOUT_BODY);
        assert_eq!(start.elapsed().as_secs(), (IDLE * WHOLE).as_secs());
    }

    #[test]
    fn a_declared_length_over_the_limit_and_any_encoding_are_refused_from_the_head() {
        let mut head = HeaderMap::new();
        head.insert(header::CONTENT_LENGTH, HeaderValue::from_static("10737418240"));
        assert_eq!(check_head(&head, 1_000).unwrap_err().code, &error::BODY_TOO_LARGE);
        head.insert(header::CONTENT_LENGTH, HeaderValue::from_static("1000"));
        assert_eq!(check_head(&head, 1_000), Ok(()));
        head.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        assert_eq!(check_head(&head, 1_000).unwrap_err().code, &error::UNSUPPORTED_MEDIA);
    }
}
