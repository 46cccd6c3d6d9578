//! The live test of a deployment: one short question to our own gateway, as weir's own traffic, so that it is routed,
//! priced and recorded like any request and counts as nobody's.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use bytes::Bytes;
use futures::future::BoxFuture;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};
use weir_api::{DeploymentTest, Tested};
use weir_core::{Clock, DeploymentId, span::Origin};
use weir_providers::{
    dialect::text,
    transport::{Limits, Target, Transport, TransportError},
};

/// Largest answer that is read.
const REPLY_BYTES: usize = 1 << 20;
/// Tokens the answer may have.
const MOST_TOKENS: u32 = 16;
/// Characters of it that are shown.
const SHOWN: usize = 300;
const LIMITS: Limits = Limits {
    connect: Duration::from_secs(2),
    first_byte: Duration::from_secs(20),
    idle: Duration::from_secs(10),
    total: Duration::from_secs(30),
};
const INTERNAL: HeaderName = HeaderName::from_static("x-weir-internal");
const ORIGIN: HeaderName = HeaderName::from_static("x-weir-origin");

/// Asks our own gateway.
pub(super) struct Tester {
    target: Target,
    headers: HeaderMap,
    transport: Arc<Transport>,
    clock: Arc<dyn Clock>,
}

impl Tester {
    pub(super) fn new(
        base_url: &str,
        token: &str,
        transport: Arc<Transport>,
        clock: Arc<dyn Clock>,
    ) -> anyhow::Result<Self> {
        let mut value = HeaderValue::from_str(token).context("the process token")?;
        value.set_sensitive(true);
        let mut headers = HeaderMap::new();
        headers.insert(INTERNAL, value);
        headers.insert(ORIGIN, HeaderValue::from_static(Origin::Probe.name()));
        Ok(Self { target: Target::chat(base_url, None, true)?, headers, transport, clock })
    }
}

impl DeploymentTest for Tester {
    fn test(&self, deployment: &DeploymentId) -> BoxFuture<'static, Tested> {
        let body = json!({
            "model": deployment.as_str(),
            "messages": [{"role": "user", "content": "Answer with the one word: ok"}],
            "max_tokens": MOST_TOKENS,
        });
        let body = Bytes::from(body.to_string());
        let (target, headers) = (self.target.clone(), self.headers.clone());
        let (transport, clock) = (Arc::clone(&self.transport), Arc::clone(&self.clock));
        Box::pin(async move {
            let begun = clock.elapsed();
            let answer = ask(&transport, &target, headers, body).await;
            let took = clock.elapsed().saturating_sub(begun);
            answer.map_or_else(
                |error| Tested {
                    status: None,
                    text: error.to_string(),
                    hint: Some("weir's own gateway did not answer in time; look at its log".to_owned()),
                    took,
                    cost_usd: None,
                    span_id: None,
                },
                |tested| Tested { took, ..tested },
            )
        })
    }
}

async fn ask(
    transport: &Transport,
    target: &Target,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Tested, TransportError> {
    let response = transport.send(target, headers, body, LIMITS).await?;
    let header = |name: &str| response.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (cost, span_id) = (header("x-weir-cost-usd"), header("x-weir-span-id"));
    let status = response.status;
    let body = response.body.read_all(REPLY_BYTES).await?;
    let (said, hint) = if status == 200 { (text::answer(&body).text, None) } else { refusal(&body) };
    Ok(Tested {
        status: Some(status),
        text: said.chars().take(SHOWN).collect(),
        hint,
        took: Duration::ZERO,
        cost_usd: cost.and_then(|usd| usd.parse().ok()),
        span_id,
    })
}

/// What the gateway said went wrong, and what to do.
fn refusal(body: &[u8]) -> (String, Option<String>) {
    let whole: Value = serde_json::from_slice(body).unwrap_or_default();
    let error = whole.get("error").unwrap_or(&whole);
    let word = |name: &str| error.get(name).and_then(Value::as_str).map(str::to_owned);
    (word("message").unwrap_or_else(|| "the answer was an error without a message".to_owned()), word("hint"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_gives_its_message_and_its_hint() {
        let body = br#"{"error": {"message": "the key is wrong", "hint": "set api_key", "code": "W0301"}}"#;
        assert_eq!(refusal(body), ("the key is wrong".to_owned(), Some("set api_key".to_owned())));
        assert_eq!(refusal(b"<html>").1, None);
    }
}
