//! What is fuzzed: anything at all goes into each decoder and reader, and none of it may make one panic or disagree with
//! itself. `cargo fuzz` and the replay in `tests/fuzz.rs` run the same functions.

use bytes::{Bytes, BytesMut};
use weir_core::deployment::{
    Capabilities, Deployment,
    Dialect::{self, Anthropic, Bedrock, Cohere, Gemini, Mistral, OpenaiChat, OpenaiResponses},
};
use weir_providers::{
    exchange::{Entry, Inbound},
    frames, sse,
    stream::Step,
};

/// A name and what it does with bytes.
pub(crate) type Target = (&'static str, fn(&[u8]));

/// All of them.
pub(crate) const TARGETS: [Target; 5] =
    [("request", request), ("answer", answer), ("stream", stream), ("sse", sse), ("frames", frames)];

const CALLERS: [Dialect; 4] = [OpenaiChat, OpenaiResponses, Anthropic, Gemini];
/// Dialects with who speaks them, where that makes a difference.
const PROVIDERS: [(Dialect, &str); 8] = [
    (OpenaiChat, "p"),
    (OpenaiResponses, "p"),
    (Anthropic, "p"),
    (Gemini, "p"),
    (Mistral, "p"),
    (Cohere, "p"),
    (Bedrock, "p"),
    (Anthropic, "bedrock"),
];

fn deployment((dialect, provider): (Dialect, &str)) -> Deployment {
    Deployment {
        id: "d".into(),
        provider: provider.into(),
        dialect,
        base_url: "https://example.com/v1".into(),
        model: "gemini-3-upstream".into(),
        capabilities: Capabilities::default(),
        price: None,
    }
}

fn entry(caller: Dialect) -> Entry {
    match caller {
        Gemini => Entry::Gemini { model: "m".into(), stream: true, sse: true },
        other => Entry::Body(other),
    }
}

/// The first byte picks one of `some`; the rest is left.
fn pick<'a, T: Copy>(data: &'a [u8], some: &[T]) -> Option<(T, &'a [u8])> {
    let (first, rest) = data.split_first()?;
    Some((*some.get(usize::from(*first) % some.len())?, rest))
}

/// A request of any dialect to every provider. What is said there must be JSON.
pub(crate) fn request(data: &[u8]) {
    let Some((from, rest)) = pick(data, &CALLERS) else { return };
    let (entry, body) = (entry(from), Bytes::copy_from_slice(rest));
    let Ok(inbound) = Inbound::read(&entry, &body, 0) else { return };
    for to in PROVIDERS {
        if let Ok(outgoing) = inbound.outgoing(&deployment(to), true) {
            assert!(serde_json::from_slice::<serde_json::Value>(&outgoing.body).is_ok(), "{from:?} to {to:?}");
        }
    }
}

/// An answer of any provider to every caller.
pub(crate) fn answer(data: &[u8]) {
    let Some((from, rest)) = pick(data, &PROVIDERS) else { return };
    for to in CALLERS {
        let (entry, body) = (entry(to), question(to));
        let Ok(inbound) = Inbound::read(&entry, &body, 0) else { continue };
        if let Ok((said, _)) = inbound.reply(from.0, Bytes::copy_from_slice(rest), 0) {
            assert!(serde_json::from_slice::<serde_json::Value>(&said).is_ok(), "{from:?} to {to:?}");
        }
    }
}

/// A stream of any provider to any caller, whole and byte by byte: both must read the same.
pub(crate) fn stream(data: &[u8]) {
    let Some((from, rest)) = pick(data, &PROVIDERS) else { return };
    let Some((to, rest)) = pick(rest, &CALLERS) else { return };
    assert_eq!(relayed(from, to, rest, usize::MAX), relayed(from, to, rest, 1), "{from:?} to {to:?}");
}

fn relayed(from: (Dialect, &str), to: Dialect, bytes: &[u8], size: usize) -> (Vec<u8>, bool) {
    let (entry, body) = (entry(to), question(to));
    let Ok(inbound) = Inbound::read(&entry, &body, 0) else { return Default::default() };
    let mut stream = inbound.stream(&deployment(from), 0);
    let mut out = BytesMut::new();
    for piece in bytes.chunks(size.min(bytes.len().max(1))) {
        if stream.push(piece, &mut out) != Step::More {
            break;
        }
    }
    let end = stream.end(None, &mut out);
    (out.to_vec(), end == weir_providers::stream::StreamEnd::Finished)
}

fn question(to: Dialect) -> Bytes {
    Bytes::from_static(match to {
        Gemini => br#"{"contents":[{"parts":[{"text":"hi"}]}]}"#,
        OpenaiResponses => br#"{"model":"m","input":"hi","stream":true}"#,
        _ => br#"{"model":"m","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"hi"}]}"#,
    })
}

/// Events, whole and byte by byte.
pub(crate) fn sse(data: &[u8]) {
    let read = |size: usize| {
        let mut reader = sse::Reader::with_max(64 * 1024);
        let mut events = Vec::new();
        for piece in data.chunks(size.min(data.len().max(1))) {
            reader.push(piece);
            while let Ok(Some(event)) = reader.next_event() {
                events.push(event.data().into_owned());
            }
        }
        let residue = reader.residue().map(|event| event.data().into_owned());
        (events, residue)
    };
    if data.len() < 32 * 1024 {
        assert_eq!(read(usize::MAX), read(1));
    }
}

/// Frames, whole and byte by byte.
pub(crate) fn frames(data: &[u8]) {
    let read = |size: usize| {
        let mut reader = frames::Reader::default();
        let mut found = Vec::new();
        for piece in data.chunks(size.min(data.len().max(1))) {
            reader.push(piece);
            loop {
                match reader.next_frame() {
                    Ok(Some(frame)) => found.push(frame),
                    Ok(None) => break,
                    Err(bad) => return (found, Some(bad)),
                }
            }
        }
        (found, None)
    };
    assert_eq!(read(usize::MAX), read(1));
}
