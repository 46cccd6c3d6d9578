//! Asking an embeddings deployment through weir's own gateway, and webhooks directly: signed, bounded in time and size,
//! and never at an address that a deployment might not have either.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use secrecy::SecretString;
use serde_json::Value;
use weir_core::{NanoUsd, score::Unscored, span::Errand};
use weir_evals::{
    Exchange, Outcome,
    asked::{embedding::EmbeddingSpec, webhook::WebhookSpec},
};
use weir_providers::transport::{Endpoint, Limits, Target};

use super::bench::{LIMITS, Unanswered};
use crate::{desk::Desk, own, signed};

/// Largest reply with embeddings: some dozens of texts of some thousand numbers each.
const EMBEDDINGS_BYTES: usize = 8 << 20;
/// Largest reply of a webhook.
const VERDICT_BYTES: usize = 64 << 10;
const COST_USD: &str = "x-weir-cost-usd";

/// Embeds the answer and its targets in one request.
///
/// # Errors
/// When no embeddings came back; worth another try.
pub(crate) async fn embedding(
    desk: &Desk,
    spec: &EmbeddingSpec,
    exchange: &Exchange<'_>,
    errand: &Errand,
) -> Result<(Outcome, NanoUsd), Unanswered> {
    let Some(request) = spec.request(exchange) else {
        return Ok((Outcome::unscored(Unscored::NoReference, "no expected answer to compare with"), NanoUsd::ZERO));
    };
    let bench = &desk.bench;
    let body = Bytes::from(request.to_string());
    let at = Endpoint::At("embeddings".into());
    let mut headers = bench.headers.clone();
    own::tell(&mut headers, errand);
    let response = desk.transport.send_to(&bench.target, &at, headers, body, LIMITS).await?;
    let status = response.status;
    let cost = response.headers.get(COST_USD).and_then(|value| value.to_str().ok()?.parse().ok());
    let body = response.body.read_all(EMBEDDINGS_BYTES).await?;
    if status != 200 {
        return Err(Unanswered::Status(status));
    }
    let reply: Value = serde_json::from_slice(&body).unwrap_or_default();
    Ok((spec.read(&reply), cost.map_or(NanoUsd::ZERO, NanoUsd::from_usd)))
}

/// Posts the exchange and reads the verdict.
///
/// # Errors
/// When there is no verdict: no connection, no 2xx, too slow or too long. Worth another try.
pub(crate) async fn webhook(
    desk: &Desk,
    spec: &WebhookSpec,
    secret: Option<&SecretString>,
    request: Value,
) -> Result<Outcome, Unanswered> {
    let target = match Target::new(&spec.url, None, spec.allow_private) {
        Ok(target) => target,
        Err(error) => return Ok(Outcome::unscored(Unscored::ConfigError, error.to_string())),
    };
    let body = request.to_string();
    let mut headers = HeaderMap::new();
    if let Some(secret) = secret {
        match signed::signature(secret, desk.clock.now(), &body) {
            Some(value) => headers.insert(signed::HEADER, value),
            None => return Ok(Outcome::unscored(Unscored::ConfigError, "the secret cannot sign")),
        };
    }
    let total = Duration::from_millis(spec.timeout_ms);
    let limits = Limits { connect: total.min(LIMITS.connect), first_byte: total, idle: total, total };
    let response = desk.transport.send(&target, headers, body.into(), limits).await?;
    let status = response.status;
    let body = response.body.read_all(VERDICT_BYTES).await?;
    if !(200..300).contains(&status) {
        return Err(Unanswered::Webhook(status));
    }
    Ok(spec.read(&body))
}
