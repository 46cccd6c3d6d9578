//! The demo's way in: weir's own HTTP door, like anybody's.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, bail};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};
use weir_core::chat::Message;
use weir_providers::transport::{Limits, Policy, Target, Transport};

/// Whose request it is: what spending can be split by.
const TAGS: HeaderName = HeaderName::from_static("x-weir-tags");
const ANSWER_BYTES: usize = 1 << 20;
const LIMITS: Limits = Limits {
    connect: Duration::from_secs(2),
    first_byte: Duration::from_secs(10),
    idle: Duration::from_secs(10),
    total: Duration::from_secs(20),
};

/// Talks to one weir.
#[derive(Clone)]
pub(super) struct Client {
    transport: Arc<Transport>,
    chat: Target,
    canaries: Target,
}

impl Client {
    pub(super) fn new(url: &str) -> anyhow::Result<Self> {
        Ok(Self {
            transport: Arc::new(Transport::new(Policy::default())?),
            chat: Target::chat(&format!("{url}/v1"), None, true)?,
            canaries: Target::new(&format!("{url}/api/v1/canaries"), None, true)?,
        })
    }

    /// Sends one prompt to a workload, for whom `tags` say, and reads the whole answer.
    pub(super) async fn ask(
        &self,
        workload: &str,
        messages: &[Message],
        stream: bool,
        tags: &'static str,
    ) -> anyhow::Result<()> {
        let body = json!({ "model": format!("weir/{workload}"), "messages": messages, "stream": stream });
        let head = HeaderMap::from_iter([(TAGS, HeaderValue::from_static(tags))]);
        let response = self.transport.send(&self.chat, head, bytes(&body), LIMITS).await?;
        let status = response.status;
        response.body.read_all(ANSWER_BYTES).await?;
        if status == 200 { Ok(()) } else { bail!("the gateway answered {status}") }
    }

    /// Starts a canary with the demo's plan.
    pub(super) async fn start_canary(&self, workload: &str, candidate: &str) -> anyhow::Result<String> {
        let body = json!({
            "workload": workload, "candidate": candidate, "steps": [0.1, 0.25, 0.5], "margin": 0.05,
            "min_pairs": 100, "step_pairs": 30, "score_timeout_ms": 30_000,
            // A demo is over in a minute and a half: no baking, and its share is not bounded by a risk budget.
            "bake_ms": 0, "min_duration_ms": 0, "risk_budget": 1.0, "verify_pairs": 0, "hold_clear_ms": 1_000,
        });
        let (status, answer) = self.transport.post_json(&self.canaries, bytes(&body), LIMITS, ANSWER_BYTES).await?;
        let answer: Value = serde_json::from_slice(&answer).unwrap_or_default();
        if status != 201 {
            bail!("starting a canary was answered {status}: {}", answer["message"]);
        }
        answer["id"].as_str().map(str::to_owned).context("a canary without an id")
    }
}

fn bytes(body: &Value) -> Bytes {
    body.to_string().into()
}
