//! Where judges are asked, and what is remembered between questions: which models cannot be bound to a schema, what was
//! spent today, what was judged before.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header::RETRY_AFTER};
use moka::sync::Cache;
use serde_json::Value;
use weir_core::{RuleName, Timestamp, score::Unscored, span::Errand};
use weir_evals::{
    Exchange, Outcome,
    judge::{self, JudgeSpec, Question},
};
use weir_providers::{
    dialect::text,
    transport::{Limits, Target, Transport, TransportError},
};

use super::aimd::{Gates, Leave};
use crate::own;

/// Largest judge reply.
const REPLY_BYTES: usize = 1 << 20;
pub(super) const LIMITS: Limits = Limits {
    connect: Duration::from_secs(2),
    first_byte: Duration::from_secs(60),
    idle: Duration::from_secs(30),
    total: Duration::from_secs(120),
};
/// The header that carries the process token.
const INTERNAL: &str = "x-weir-internal";
/// Outcomes remembered.
const MOST_KNOWN: u64 = 10_000;
const KNOWN_FOR: Duration = Duration::from_hours(24);
const DAY_MS: i64 = 86_400_000;

/// Where judges are asked.
#[derive(Debug)]
pub struct Bench {
    pub(crate) target: Target,
    pub(crate) headers: HeaderMap,
    /// Models whose provider refused a reply bound to a schema; they are asked without one from then on.
    unbound: Mutex<HashSet<String>>,
    /// Day and dollars, by version of the scorer.
    spent: Mutex<HashMap<String, (i64, f64)>>,
    known: Cache<String, Outcome>,
    gates: Gates,
    /// Failures in a row, by rule.
    failures: Mutex<HashMap<RuleName, u32>>,
}

/// Why a judge gave no reply this time.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unanswered {
    #[error(transparent)]
    Transport(#[from] TransportError),
    #[error("the gateway answered {0}")]
    Status(u16),
    #[error("the webhook answered {0}")]
    Webhook(u16),
}

impl Unanswered {
    /// What is stored when the last try has failed.
    pub(crate) const fn reason(&self) -> Unscored {
        match self {
            Self::Status(429) | Self::Webhook(429) => Unscored::RateLimited,
            Self::Transport(TransportError::Refused(_)) | Self::Webhook(400..=404) => Unscored::ConfigError,
            Self::Status(408 | 504) | Self::Transport(TransportError::Timeout { .. }) => Unscored::Timeout,
            Self::Status(400..=404 | 422) => Unscored::ConfigError,
            Self::Status(_) | Self::Webhook(_) | Self::Transport(_) => Unscored::ScoringFailed,
        }
    }
}

/// What came back.
#[derive(Debug, Default)]
pub(super) struct Reply {
    pub(super) text: String,
    /// Who answered, as the gateway and the provider name it.
    pub(super) deployment: String,
    pub(super) model: String,
    fingerprint: Option<String>,
    pub(super) cost_usd: f64,
}

impl Reply {
    /// Deployment, model and build in one word each.
    pub(super) fn who(&self) -> String {
        let words = [self.deployment.as_str(), self.model.as_str(), self.fingerprint.as_deref().unwrap_or_default()];
        words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
    }
}

impl Bench {
    /// Asks the gateway at `base_url` (such as `http://127.0.0.1:8080/v1`), proving with `token` that weir itself asks.
    ///
    /// # Errors
    /// When the URL or the token cannot be sent.
    pub fn new(base_url: &str, token: &str) -> Result<Self, TransportError> {
        let mut value = HeaderValue::from_str(token)
            .map_err(|_| TransportError::Refused("a token that no header can hold".into()))?;
        value.set_sensitive(true);
        let mut headers = HeaderMap::new();
        headers.insert(INTERNAL, value);
        Ok(Self {
            target: Target::chat(base_url, None, true)?,
            headers,
            unbound: Mutex::default(),
            spent: Mutex::default(),
            gates: Gates::default(),
            failures: Mutex::default(),
            known: Cache::builder().max_capacity(MOST_KNOWN).time_to_live(KNOWN_FOR).build(),
        })
    }

    /// One question through the gateway. A model that refuses a reply bound to a schema is asked once more without: the
    /// contract stands in the instructions too, and the reply is read as strictly.
    pub(super) async fn ask(
        &self,
        transport: &Transport,
        model: &str,
        errand: &Errand,
        mut request: Value,
    ) -> Result<Reply, Unanswered> {
        let leave = self.gates.enter(model).await;
        let unbound = self.unbound.lock().unwrap_or_else(PoisonError::into_inner).contains(model);
        if !unbound {
            match self.post(transport, errand, request.to_string().into(), &leave).await {
                Err(Unanswered::Status(400 | 422)) => {}
                other => return other,
            }
        }
        if let Some(fields) = request.as_object_mut() {
            fields.shift_remove("response_format");
            fields.shift_remove("seed");
        }
        let reply = self.post(transport, errand, request.to_string().into(), &leave).await?;
        self.unbound.lock().unwrap_or_else(PoisonError::into_inner).insert(model.to_owned());
        Ok(reply)
    }

    async fn post(
        &self,
        transport: &Transport,
        errand: &Errand,
        body: Bytes,
        leave: &Leave,
    ) -> Result<Reply, Unanswered> {
        let mut headers = self.headers.clone();
        own::tell(&mut headers, errand);
        let sent = transport.send(&self.target, headers, body, LIMITS).await;
        if matches!(sent, Err(TransportError::Timeout { .. })) {
            leave.refused(None);
        }
        let response = sent?;
        let status = response.status;
        match status {
            429 | 503 => leave.refused(rest(&response.headers)),
            200..300 => leave.went_well(),
            _ => {}
        }
        let header = |name: &str| {
            let value = response.headers.get(name).and_then(|value| value.to_str().ok());
            value.unwrap_or_default().to_owned()
        };
        let (deployment, cost) = (header("x-weir-deployment"), header("x-weir-cost-usd"));
        let body = response.body.read_all(REPLY_BYTES).await?;
        if status != 200 {
            return Err(Unanswered::Status(status));
        }
        let whole: Value = serde_json::from_slice(&body).unwrap_or_default();
        let word = |name: &str| whole.get(name).and_then(Value::as_str).map(str::to_owned);
        Ok(Reply {
            text: text::answer(&body).text,
            deployment,
            model: word("model").unwrap_or_default(),
            fingerprint: word("system_fingerprint"),
            cost_usd: cost.parse::<f64>().ok().filter(|usd| usd.is_finite() && *usd >= 0.0).unwrap_or(0.0),
        })
    }

    /// Names everything that decides a judgement but its nonce.
    pub(super) fn key(&self, version: &str, spec: &JudgeSpec, exchange: &Exchange<'_>) -> String {
        let request = judge::build(spec, &spec.model, exchange, Question { swapped: false }, "");
        blake3::hash(format!("{version} {request}").as_bytes()).to_hex().to_string()
    }

    pub(super) fn known(&self, key: &str) -> Option<Outcome> {
        self.known.get(key)
    }

    /// Remembers a grade; what failed may go better the next time.
    pub(super) fn remember(&self, key: String, outcome: &Outcome) {
        if outcome.value().is_some() {
            self.known.insert(key, outcome.clone());
        }
    }

    /// How often in a row a rule's scorers could not be asked, this time included.
    pub(super) fn failures(&self, rule: &RuleName, failed: bool) -> u32 {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if !failed {
            failures.remove(rule);
            return 0;
        }
        let count = failures.entry(rule.clone()).or_default();
        *count += 1;
        *count
    }

    /// Dollars spent today by this version of a scorer.
    pub(super) fn spent(&self, version: &str, now: Timestamp) -> f64 {
        let spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        spent.get(version).filter(|(day, _)| *day == today(now)).map_or(0.0, |(_, usd)| *usd)
    }

    pub(super) fn spend(&self, version: &str, now: Timestamp, usd: f64) {
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        let today = today(now);
        spent.retain(|_, (day, _)| *day == today);
        spent.entry(version.to_owned()).or_insert((today, 0.0)).1 += usd;
    }
}

/// How long the provider asks to be left alone.
fn rest(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

const fn today(now: Timestamp) -> i64 {
    now.as_millis().div_euclid(DAY_MS)
}
