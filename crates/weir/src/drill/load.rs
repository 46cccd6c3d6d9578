//! Steady traffic at a fixed rate, whatever the answers take, and what each caller met.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, HeaderName};
use serde_json::{Value, json};
use tokio::{
    sync::Semaphore,
    time::{self, Instant},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use weir_core::{DeploymentId, SpanId, WorkloadId};
use weir_providers::transport::{Limits, Policy, Response, Target, Transport};

const ANSWER_BYTES: usize = 1 << 20;
/// Requests in flight before further ones wait.
const IN_FLIGHT: usize = 4_000;
/// How a stream ends that is whole.
const DONE: &[u8] = b"data: [DONE]\n\n";
const PROMPT: &str = "What would you do if half of your colleagues did not come to work today?";

/// What one caller met.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    /// Since the traffic began.
    pub(super) sent: Duration,
    pub(super) took: Duration,
    /// `None` when the connection broke before one came.
    pub(super) status: Option<u16>,
    /// A whole answer.
    pub(super) whole: bool,
    /// A whole answer, or an error that the caller could see.
    pub(super) told: bool,
    /// Upstream calls.
    pub(super) attempts: u64,
    pub(super) deployment: Option<DeploymentId>,
    pub(super) span: Option<SpanId>,
}

/// Steady traffic to one workload.
pub(super) struct Load {
    transport: Transport,
    target: Target,
    body: Bytes,
    stream: bool,
    limits: Limits,
    began: Instant,
    samples: Mutex<Vec<Sample>>,
}

impl Load {
    pub(super) fn new(url: &str, workload: &WorkloadId, stream: bool, patience: Duration) -> anyhow::Result<Self> {
        let body = json!({
            "model": format!("weir/{workload}"), "stream": stream,
            "messages": [{"role": "user", "content": PROMPT}],
        });
        Ok(Self {
            transport: Transport::new(Policy::default())?,
            target: Target::chat(&format!("{url}/v1"), None, true)?,
            body: body.to_string().into(),
            stream,
            limits: Limits { connect: patience, first_byte: patience, idle: patience, total: patience },
            began: Instant::now(),
            samples: Mutex::default(),
        })
    }

    /// Since the traffic began.
    pub(super) fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// What callers met so far.
    pub(super) fn samples(&self) -> Vec<Sample> {
        self.locked().clone()
    }

    /// Whole answers that this deployment gave to requests sent since then.
    pub(super) fn served(&self, id: &DeploymentId, since: Duration) -> usize {
        let served = |sample: &&Sample| sample.whole && sample.sent >= since && sample.deployment.as_ref() == Some(id);
        self.locked().iter().filter(served).count()
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, Vec<Sample>> {
        self.samples.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `rate` requests a second until `stop`; returns when the last has ended.
    pub(super) async fn drive(self: Arc<Self>, rate: u32, stop: CancellationToken) {
        let slots = Arc::new(Semaphore::new(IN_FLIGHT));
        let tasks = TaskTracker::new();
        let mut tick = time::interval(Duration::from_secs(1) / rate.max(1));
        tick.set_missed_tick_behavior(time::MissedTickBehavior::Burst);
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                _ = tick.tick() => {}
            }
            let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { break };
            let load = Arc::clone(&self);
            tasks.spawn(async move {
                let sample = load.ask().await;
                load.locked().push(sample);
                drop(slot);
            });
        }
        tasks.close();
        tasks.wait().await;
    }

    async fn ask(&self) -> Sample {
        let sent = self.now();
        let mut sample = Sample {
            sent,
            took: Duration::ZERO,
            status: None,
            whole: false,
            told: false,
            attempts: 0,
            deployment: None,
            span: None,
        };
        let reply = self.transport.send(&self.target, HeaderMap::new(), self.body.clone(), self.limits).await;
        if let Ok(reply) = reply {
            self.read(reply, &mut sample).await;
        }
        sample.took = self.now().saturating_sub(sent);
        sample
    }

    async fn read(&self, reply: Response, sample: &mut Sample) {
        sample.status = Some(reply.status);
        sample.attempts = header(&reply.headers, "x-weir-attempts").and_then(|text| text.parse().ok()).unwrap_or(0);
        sample.deployment = header(&reply.headers, "x-weir-deployment").map(DeploymentId::from);
        sample.span = header(&reply.headers, "x-weir-span-id").and_then(|text| text.parse().ok());
        let Ok(body) = reply.body.read_all(ANSWER_BYTES).await else { return };
        if self.stream && sample.status == Some(200) {
            sample.whole = body.ends_with(DONE);
            sample.told = sample.whole || last_event(&body).is_some_and(|event| event["error"].is_object());
        } else {
            sample.whole = sample.status == Some(200);
            sample.told = true;
        }
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &'static str) -> Option<&'a str> {
    headers.get(HeaderName::from_static(name))?.to_str().ok()
}

/// The last event that is JSON.
fn last_event(body: &[u8]) -> Option<Value> {
    let text = std::str::from_utf8(body).ok()?;
    text.lines().rev().find_map(|line| serde_json::from_str(line.strip_prefix("data: ")?).ok())
}
