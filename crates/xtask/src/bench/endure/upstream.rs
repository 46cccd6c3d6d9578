//! A provider that gives trouble. What kind, the model's name says.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use http_body_util::{BodyExt, StreamBody, combinators::BoxBody};
use hyper::{
    Request, Response,
    body::{Frame, Incoming},
};

/// `slow` streams a token now and then, `hang` says one and no more, `busy` takes its time, `huge` sends 192 MiB, `bomb`
/// sends 512 MiB in an encoding that packs them.
pub(in crate::bench) const MODELS: [&str; 5] = ["slow", "hang", "busy", "huge", "bomb"];

/// Tokens of a slow stream, and the pause before each.
pub(super) const TOKENS: usize = 12;
pub(super) const PAUSE: Duration = Duration::from_secs(8);
/// How long `busy` takes.
pub(super) const BUSY: Duration = Duration::from_secs(1);
const HUGE: usize = 192 << 20;
const BOMB: usize = 512 << 20;

type Reply = Response<BoxBody<Bytes, hyper::Error>>;

/// When calls ended that nobody waits for any more: the prompt, and microseconds since the epoch.
#[derive(Clone, Default)]
pub(in crate::bench) struct Ended(Arc<Mutex<Vec<(String, u64)>>>);

/// Microseconds since the epoch, which two processes of one machine agree on.
pub(super) fn now_us() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

pub(in crate::bench) async fn serve(ended: Ended, request: Request<Incoming>) -> Result<Reply, Infallible> {
    if request.method() == hyper::Method::GET {
        let seen = std::mem::take(&mut *ended.0.lock().unwrap_or_else(PoisonError::into_inner));
        return Ok(json(serde_json::to_vec(&seen).unwrap_or_default().into()));
    }
    let body = request.into_body().collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let asked: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
    let prompt = asked["messages"][0]["content"].as_str().unwrap_or_default().to_owned();
    Ok(match asked["model"].as_str() {
        Some("slow") => events(slow()),
        Some("hang") => {
            let first = stream::once(async { token("Well") });
            events(Watched { inner: Box::pin(first.chain(stream::pending())), left: Some((prompt, ended)) })
        }
        Some("huge") => pieces(HUGE, b'a', None),
        Some("bomb") => pieces(BOMB / 1_000, 0, Some("gzip")),
        _ => {
            tokio::time::sleep(BUSY).await;
            json(Bytes::from_static(WHOLE))
        }
    })
}

const WHOLE: &[u8] = br#"{"id":"1","object":"chat.completion","created":1,"model":"busy","choices":[{"index":0,"logprobs":null,"finish_reason":"stop","message":{"role":"assistant","content":"done","refusal":null}}],"usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4}}"#;

fn token(text: &str) -> Bytes {
    Bytes::from(format!(
        "data: {{\"id\":\"1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{{\"index\":0,\
         \"delta\":{{\"content\":\"{text} \"}},\"finish_reason\":null}}]}}\n\n"
    ))
}

fn slow() -> impl Stream<Item = Bytes> + Send + Sync + 'static {
    let said = stream::iter(0..TOKENS).then(|nth| async move {
        if nth > 0 {
            tokio::time::sleep(PAUSE).await;
        }
        token("well")
    });
    let end = br#"data: {"id":"1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}

data: [DONE]

"#;
    said.chain(stream::once(async { Bytes::from_static(end) }))
}

fn json(body: Bytes) -> Reply {
    reply(stream::once(async { body }), "application/json")
}

fn events(body: impl Stream<Item = Bytes> + Send + Sync + 'static) -> Reply {
    reply(body, "text/event-stream")
}

fn pieces(bytes: usize, of: u8, encoding: Option<&'static str>) -> Reply {
    let piece = Bytes::from(vec![of; 64 << 10]);
    let start = Bytes::from_static(b"{\"choices\":[{\"message\":{\"content\":\"");
    let body = stream::once(async { start }).chain(stream::iter(std::iter::repeat_n(piece, bytes.div_ceil(64 << 10))));
    let mut reply = reply(body, "application/json");
    if let Some(encoding) = encoding {
        reply.headers_mut().insert(hyper::header::CONTENT_ENCODING, hyper::header::HeaderValue::from_static(encoding));
    }
    reply
}

fn reply(body: impl Stream<Item = Bytes> + Send + Sync + 'static, media: &'static str) -> Reply {
    let frames = body.map(|piece| Ok(Frame::data(piece)));
    let mut reply = Response::new(BodyExt::boxed(StreamBody::new(frames)));
    reply.headers_mut().insert(hyper::header::CONTENT_TYPE, hyper::header::HeaderValue::from_static(media));
    reply
}

/// Notes when it is dropped.
struct Watched {
    inner: Pin<Box<dyn Stream<Item = Bytes> + Send + Sync>>,
    left: Option<(String, Ended)>,
}

impl Stream for Watched {
    type Item = Bytes;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        self.inner.as_mut().poll_next(cx)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        if let Some((prompt, ended)) = self.left.take() {
            ended.0.lock().unwrap_or_else(PoisonError::into_inner).push((prompt, now_us()));
        }
    }
}
