//! The processes weir is compared with: a provider that answers at once, a bare reverse proxy, and the pass-through
//! that axum and reqwest make in a few lines. Each ends when its standard input does, so none is left behind.

use std::{convert::Infallible, net::SocketAddr, process::Stdio, time::Duration};

use anyhow::{Context, bail};
use axum::{Router, body::Body, extract::State, routing::post};
use bytes::Bytes;
use clap::ValueEnum;
use futures::{StreamExt, stream};
use http_body_util::{BodyExt, Full, StreamBody, combinators::BoxBody};
use hyper::{
    Request, Response, Uri,
    body::{Frame, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo, TokioTimer},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    net::TcpListener,
    process::{Child, Command},
    time::timeout,
};

use super::endure::upstream::{Ended, serve as trouble};
use crate::weir::runtime;

const CHUNKS: usize = 20;
const START: Duration = Duration::from_secs(10);

/// Options of the hidden `child` command.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    role: Role,
    /// What it forwards to
    #[arg(long)]
    to: Option<SocketAddr>,
}

/// What a child is.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Role {
    /// A provider with one answer
    Upstream,
    /// A hyper reverse proxy
    Proxy,
    /// axum and reqwest
    PassThrough,
    /// A provider that gives trouble
    Trouble,
}

/// A child process and where it listens.
pub(super) struct Fake {
    child: Child,
    pub(super) addr: SocketAddr,
}

impl Fake {
    pub(super) async fn start(role: Role, to: Option<SocketAddr>) -> anyhow::Result<Self> {
        let name = role.to_possible_value().context("a role without a name")?;
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("child").arg(name.get_name());
        if let Some(to) = to {
            command.args(["--to", &to.to_string()]);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn()?;
        let stdout = child.stdout.take().context("no standard output")?;
        let mut line = String::new();
        timeout(START, BufReader::new(stdout).read_line(&mut line)).await.context("a child does not start")??;
        let addr = line.trim().parse().with_context(|| format!("a child said `{line}`"))?;
        Ok(Self { child, addr })
    }
    pub(super) fn pid(&self) -> anyhow::Result<u32> {
        self.child.id().context("a child has ended")
    }
}

/// The child's side.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    runtime()?.block_on(async {
        let listener = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await?;
        println!("{}", listener.local_addr()?);
        let served = async {
            match (args.role, args.to) {
                (Role::Upstream, _) => upstream(listener).await,
                (Role::Trouble, _) => {
                    let ended = Ended::default();
                    accept(listener, move |request| trouble(ended.clone(), request)).await
                }
                (Role::Proxy, Some(to)) => proxy(listener, to).await,
                (Role::PassThrough, Some(to)) => pass_through(listener, to).await,
                _ => bail!("--to is missing"),
            }
        };
        let mut nothing = Vec::new();
        tokio::select! {
            served = served => served,
            _ = async { tokio::io::stdin().read_to_end(&mut nothing).await } => Ok(()),
        }
    })
}

type Reply = Response<BoxBody<Bytes, hyper::Error>>;

async fn upstream(listener: TcpListener) -> anyhow::Result<()> {
    let (whole, events) = (whole(), events());
    accept(listener, move |request: Request<Incoming>| {
        let (whole, events) = (whole.clone(), events.clone());
        async move {
            let body = request.into_body().collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
            let reply = if is_stream(&body) { streamed(events) } else { plain(whole) };
            Ok(reply)
        }
    })
    .await
}

fn is_stream(body: &[u8]) -> bool {
    const TRUE: &[u8] = b"\"stream\":true";
    body.windows(TRUE.len()).any(|window| window == TRUE)
}

fn plain(body: Bytes) -> Reply {
    let body = Full::new(body).map_err(|never| match never {}).boxed();
    with_type(Response::new(body), "application/json")
}

/// One write for each event: between two of them the connection gets to run.
fn streamed(events: Vec<Bytes>) -> Reply {
    let frames = stream::iter(events).then(|event| async {
        tokio::task::yield_now().await;
        Ok(Frame::data(event))
    });
    with_type(Response::new(BodyExt::boxed(StreamBody::new(frames))), "text/event-stream")
}

fn with_type(mut reply: Reply, media: &'static str) -> Reply {
    let value = hyper::header::HeaderValue::from_static(media);
    reply.headers_mut().insert(hyper::header::CONTENT_TYPE, value);
    reply
}

/// About 1 KB.
fn whole() -> Bytes {
    let text = "It is done, and it was done well. ".repeat(20);
    let body = serde_json::json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1_760_000_000, "model": "fast",
        "choices": [{
            "index": 0, "logprobs": null, "finish_reason": "stop",
            "message": {"role": "assistant", "content": text.trim_end(), "refusal": null},
        }],
        "usage": {"prompt_tokens": 980, "completion_tokens": 180, "total_tokens": 1_160},
        "system_fingerprint": "fp_1",
    });
    Bytes::from(body.to_string())
}

/// Twenty chunks of text, the usage, and the end.
fn events() -> Vec<Bytes> {
    let chunk = |choices: serde_json::Value, usage: serde_json::Value| {
        let event = serde_json::json!({
            "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_760_000_000, "model": "fast",
            "choices": choices, "usage": usage,
        });
        Bytes::from(format!("data: {event}\n\n"))
    };
    let null = serde_json::Value::Null;
    let mut events: Vec<Bytes> = (1..=CHUNKS)
        .map(|at| {
            let end = if at == CHUNKS { "stop".into() } else { null.clone() };
            let choice = serde_json::json!([{"index": 0, "delta": {"content": "It is done. "}, "finish_reason": end}]);
            chunk(choice, null.clone())
        })
        .collect();
    let usage = serde_json::json!({"prompt_tokens": 980, "completion_tokens": 80, "total_tokens": 1_060});
    events.push(chunk(serde_json::json!([]), usage));
    events.push(Bytes::from_static(b"data: [DONE]\n\n"));
    events
}

async fn proxy(listener: TcpListener, to: SocketAddr) -> anyhow::Result<()> {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let client: Client<_, Incoming> = Client::builder(TokioExecutor::new()).build(connector);
    accept(listener, move |mut request: Request<Incoming>| {
        let client = client.clone();
        async move {
            let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
            *request.uri_mut() = format!("http://{to}{path}").parse::<Uri>().unwrap_or_default();
            Ok(match client.request(request).await {
                Ok(response) => response.map(BodyExt::boxed),
                Err(error) => refused(&error.to_string()),
            })
        }
    })
    .await
}

fn refused(message: &str) -> Reply {
    let body = Full::new(Bytes::from(message.to_owned())).map_err(|never| match never {}).boxed();
    let mut reply = Response::new(body);
    *reply.status_mut() = hyper::StatusCode::BAD_GATEWAY;
    reply
}

async fn accept<F, R>(listener: TcpListener, service: F) -> anyhow::Result<()>
where
    F: Fn(Request<Incoming>) -> R + Clone + Send + 'static,
    R: Future<Output = Result<Reply, Infallible>> + Send + 'static,
{
    loop {
        let (socket, _) = listener.accept().await?;
        socket.set_nodelay(true)?;
        let service = service.clone();
        tokio::spawn(async move {
            let mut server = http1::Builder::new();
            server.timer(TokioTimer::new());
            // The load generator closes connections as it likes.
            drop(server.serve_connection(TokioIo::new(socket), service_fn(service)).await);
        });
    }
}

async fn pass_through(listener: TcpListener, to: SocketAddr) -> anyhow::Result<()> {
    let client = reqwest::Client::builder().no_proxy().tcp_nodelay(true).build()?;
    let router = Router::new()
        .route("/v1/chat/completions", post(forward))
        .with_state((client, format!("http://{to}/v1/chat/completions")));
    let listener = axum::serve::ListenerExt::tap_io(listener, |socket| drop(socket.set_nodelay(true)));
    Ok(axum::serve(listener, router).await?)
}

async fn forward(
    State((client, url)): State<(reqwest::Client, String)>,
    request: axum::extract::Request,
) -> Result<axum::response::Response, (axum::http::StatusCode, String)> {
    let refuse = |error: reqwest::Error| (axum::http::StatusCode::BAD_GATEWAY, error.to_string());
    let (parts, body) = request.into_parts();
    let mut headers = parts.headers;
    headers.remove(axum::http::header::HOST);
    headers.remove(axum::http::header::CONTENT_LENGTH);
    let body = axum::body::to_bytes(body, 1 << 20)
        .await
        .map_err(|error| (axum::http::StatusCode::BAD_REQUEST, error.to_string()))?;
    let answer = client.post(url).headers(headers).body(body).send().await.map_err(refuse)?;
    let mut response = axum::response::Response::new(Body::empty());
    *response.status_mut() = answer.status();
    for name in [axum::http::header::CONTENT_TYPE, axum::http::header::CONTENT_LENGTH] {
        if let Some(value) = answer.headers().get(&name) {
            response.headers_mut().insert(name, value.clone());
        }
    }
    *response.body_mut() = Body::from_stream(answer.bytes_stream());
    Ok(response)
}
