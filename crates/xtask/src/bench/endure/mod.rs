//! What weir endures: thousands of slow streams, callers that leave, three times the load it can serve, and providers
//! that send too much. Each part prints its figures with its goal; the upstream is a process of its own.

mod hostile;
mod leavers;
mod overload;
mod streams;
pub(super) mod upstream;

use std::{net::SocketAddr, path::Path, time::Duration};

use anyhow::Context;
use bytes::Bytes;
use clap::ValueEnum;
use http_body_util::{BodyExt, Full};
use hyper::{Request, Response, body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::{
    fakes::{Fake, Role},
    process::rss_mb as resident_mb,
};
use crate::weir::{KEY, Weir};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What to measure [default: all of it]
    #[arg(long, value_enum)]
    part: Vec<Part>,
    /// Streams at once
    #[arg(long, default_value_t = 9_500)]
    streams: usize,
    /// Callers that leave
    #[arg(long, default_value_t = 1_000)]
    leavers: usize,
    /// Measure a debug build: right or wrong holds, times do not
    #[arg(long)]
    pub(super) dev: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Slow streams at once: memory of each, and whether all complete
    Streams,
    /// Callers that leave in the middle: when the provider sees it, and what is left
    Leavers,
    /// Three times the load that can be served
    Overload,
    /// 192 MiB, and 512 MiB packed into little
    Hostile,
}

/// A goal, and whether it is met.
struct Goal {
    what: String,
    met: bool,
}

pub(super) async fn run(args: &Args, binary: &Path) -> anyhow::Result<()> {
    let parts = if args.part.is_empty() { Part::value_variants().to_vec() } else { args.part.clone() };
    let mut missed = Vec::new();
    for part in parts {
        let upstream = Fake::start(Role::Trouble, None).await?;
        let weir = Weir::start(binary, Some(&config(upstream.addr))).await?;
        let scene = Scene { upstream: upstream.addr, weir: address(&weir)?, pid: weir.pid()? };
        let goals = match part {
            Part::Streams => streams::run(&scene, args.streams).await,
            Part::Leavers => leavers::run(&scene, args.leavers).await,
            Part::Overload => overload::run(&scene).await,
            Part::Hostile => hostile::run(&scene).await,
        };
        for Goal { what, met } in goals.with_context(|| format!("{part:?}"))? {
            println!("  {} {what}", if met { "met   " } else { "MISSED" });
            if !met {
                missed.push(what);
            }
        }
        weir.stop().await?;
    }
    anyhow::ensure!(missed.is_empty(), "missed: {}", missed.join("; "));
    Ok(())
}

/// Who plays.
struct Scene {
    upstream: SocketAddr,
    weir: SocketAddr,
    /// Of weir.
    pid: u32,
}

fn address(weir: &Weir) -> anyhow::Result<SocketAddr> {
    weir.url().trim_start_matches("http://").parse().with_context(|| weir.url().to_owned())
}

/// One deployment for each kind of trouble, by the model's name. `busy` takes so many requests at once and no more.
fn config(upstream: SocketAddr) -> String {
    let mut text = String::from(
        "[server]\nbind = \"127.0.0.1:0\"\nmax_connections = 15000\n[telemetry]\nlog = \"error\"\n\
         [keys.bench]\nsecret = \"env:WEIR_KEY\"\ngrant = \"admin\"\n",
    );
    for model in upstream::MODELS {
        text.push_str(&format!(
            "[deployments.\"{model}\"]\nprovider = \"fake\"\nbase_url = \"http://{upstream}/v1\"\nmodel = \"{model}\"\n\
             allow_private = true\nprice = {{ input_usd = 1.0, output_usd = 1.0 }}\n"
        ));
        if model == "busy" {
            text.push_str(&format!(
                "concurrency = {}\nqueue = {}\nqueue_ms = 300\n",
                overload::PLACES,
                overload::PLACES
            ));
        }
    }
    text.push_str("[workloads.default]\ncandidates = [\"slow\"]\nfloor = 0.5\nsample = 0.0\n");
    text
}

/// Asks `model` over a connection of its own; the head of the reply and its body. Dropping the body hangs up.
async fn ask(weir: SocketAddr, model: &str, prompt: &str, stream: bool) -> anyhow::Result<(Response<()>, Answer)> {
    let socket = TcpStream::connect(weir).await?;
    socket.set_nodelay(true)?;
    let (mut sender, driver) = http1::Builder::new().max_buf_size(16 << 10).handshake(TokioIo::new(socket)).await?;
    let driver = tokio::spawn(async move { drop(driver.await) });
    let hang_up = HangUp(driver);
    let body = serde_json::json!({
        "model": model, "stream": stream, "messages": [{"role": "user", "content": prompt}],
    });
    let request = Request::post("/v1/chat/completions")
        .header("host", "127.0.0.1")
        .header("content-type", "application/json")
        .header("authorization", format!("Bearer {KEY}"))
        .body(Full::new(Bytes::from(body.to_string())))?;
    let (head, body) = sender.send_request(request).await?.into_parts();
    Ok((Response::from_parts(head, ()), Answer { body, _hang_up: hang_up }))
}

/// A reply that is still coming.
struct Answer {
    body: Incoming,
    _hang_up: HangUp,
}

/// Ends its connection when dropped.
struct HangUp(tokio::task::JoinHandle<()>);

impl Drop for HangUp {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Answer {
    /// The next piece; `None` at the end.
    async fn next(&mut self) -> anyhow::Result<Option<Bytes>> {
        Ok(self.body.frame().await.transpose()?.map(|frame| frame.into_data().unwrap_or_default()))
    }

    /// The last piece.
    async fn rest(mut self) -> anyhow::Result<Bytes> {
        let mut last = Bytes::new();
        while let Some(piece) = self.next().await? {
            last = piece;
        }
        Ok(last)
    }
}

/// Waits until weir has nothing open any more that it opened for its callers.
async fn quiet(pid: u32, open: usize) -> anyhow::Result<usize> {
    let mut now = sockets(pid)?;
    for _ in 0..100 {
        if now <= open {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        now = sockets(pid)?;
    }
    Ok(now)
}

/// Sockets that a process holds.
fn sockets(pid: u32) -> anyhow::Result<usize> {
    let links =
        std::fs::read_dir(format!("/proc/{pid}/fd"))?.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
    Ok(links.filter(|link| link.to_string_lossy().starts_with("socket:")).count())
}

/// The most resident memory that a process has had, in MB.
fn peak_mb(pid: u32) -> anyhow::Result<f64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: f64 = line.and_then(|line| line.split_whitespace().next()?.parse().ok()).context("no VmHWM")?;
    Ok(kib * 1_024.0 / 1e6)
}
