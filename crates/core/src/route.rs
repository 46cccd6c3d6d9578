//! What routing may look at, and the shape of a row in the one table of HTTP routes.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::language::Language;

/// The features of a request. Never its text: decisions are stored and replayed from these.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Features {
    /// Estimated prompt tokens.
    pub input_tokens: u64,
    /// `max_tokens` where the caller set it.
    pub max_output_tokens: Option<u64>,
    /// Answer wanted as a stream.
    pub stream: bool,
    /// Tools are offered.
    pub tools: bool,
    /// Images are sent.
    pub vision: bool,
    /// A JSON schema binds the output.
    pub json_schema: bool,
    /// The request belongs to a session.
    #[serde(default)]
    pub session: bool,
    /// How hard the prompt looks, `0..=1`; read only where the policy asks.
    #[serde(default)]
    pub complexity: Option<f64>,
    /// The language that the caller writes in; read only where the workload tells prompts apart by it.
    #[serde(default)]
    pub language: Option<Language>,
}

/// What a provider said is left of its rate limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RateLimits {
    /// Requests.
    pub requests_left: Option<u64>,
    /// Until requests are whole again.
    pub requests_reset: Option<Duration>,
    /// Tokens.
    pub tokens_left: Option<u64>,
    /// Until tokens are whole again.
    pub tokens_reset: Option<Duration>,
}

/// What a caller must hold to use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grant {
    /// Nothing: health, static assets.
    Public,
    /// Any valid key: the data plane.
    Caller,
    /// An admin key: the control plane.
    Admin,
}

/// One row of the route table, from which router, authorisation, OpenAPI and the authorisation tests come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// `GET`, `POST`, …
    pub method: &'static str,
    /// axum syntax: `/api/v1/traces/{span_id}`.
    pub path: &'static str,
    /// Who may call it.
    pub grant: Grant,
    /// Largest request body in bytes; checked against Content-Length before anything is read.
    pub body_limit: usize,
    /// One line for people and OpenAPI.
    pub summary: &'static str,
}
