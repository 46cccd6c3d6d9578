//! Rules of online scoring: which answers of a workload are scored, by what, how many of them, and for how much.

use std::sync::LazyLock;

use serde::Serialize;

use crate::{
    NanoUsd, RuleName, ScorerName, WorkloadId,
    expr::{Expr, ExprError, Schema, Scope, Type},
    span::Span,
};

/// `span` and `tags`.
static SPAN: LazyLock<Schema> = LazyLock::new(|| {
    let span = Type::record([
        ("deployment", Type::Text),
        ("model", Type::Text),
        ("tenant", Type::Text),
        ("stream", Type::Bool),
        ("session", Type::Bool),
        ("latency_ms", Type::Number),
        ("ttft_ms", Type::Number),
        ("cost_usd", Type::Number),
        ("input_tokens", Type::Int),
        ("output_tokens", Type::Int),
        ("attempts", Type::Int),
        ("finish_reason", Type::Text),
    ]);
    Schema::new([("span", span), ("tags", Type::Map)])
});

/// What is scored online, by what, and how much of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Its name; that of the workload for the rule that a workload's own `scorers` make.
    pub name: RuleName,
    /// Whose answers.
    pub workload: WorkloadId,
    /// Which of them; `None` for all.
    pub filter: Option<Filter>,
    /// By what.
    pub scorers: Vec<ScorerName>,
    /// Share of the answers that pass the filter, `0..=1`.
    pub sample: f64,
    /// The share follows where a score can change a decision; `sample` is then its mean.
    pub adaptive: bool,
    /// From the answer to its scoring, in seconds.
    pub delay_s: u64,
    /// How long the answer's session, or its trace where it has none, must have been quiet before it is scored, in
    /// seconds.
    pub settle_s: u64,
    /// From when it could be scored to when nobody wants to know any more, in seconds.
    pub expires_s: u64,
    /// Most that its scorers may spend in a day; `None` for no limit.
    pub budget_per_day: Option<NanoUsd>,
    /// It scores at all.
    pub enabled: bool,
}

/// How long what is to be scored may wait, where a rule does not say: a day.
pub const EXPIRES_S: u64 = 86_400;

/// Holds for some answers: over `span` and the caller's `tags`.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter(Expr);

impl Filter {
    /// Compiles `source`.
    ///
    /// # Errors
    /// The first place that is wrong.
    pub fn new(source: &str) -> Result<Self, ExprError> {
        Expr::compile(source, &SPAN, &Type::Bool).map(Self)
    }

    /// As it was written.
    #[must_use]
    pub fn source(&self) -> &str {
        self.0.source()
    }

    /// Whether this answer passes; `tags` are the span's as a map. One that lacks what the filter reads does not.
    #[must_use]
    pub fn holds(&self, span: &Span, tags: impl Serialize) -> bool {
        let ms = |us: u64| us as f64 / 1000.0;
        let view = View {
            deployment: span.served_by().map(|id| id.as_str()),
            model: &span.model_asked,
            tenant: &span.tenant,
            stream: span.stream,
            session: span.session.is_some(),
            latency_ms: ms(span.latency_us),
            ttft_ms: span.ttft_us.map(ms),
            cost_usd: span.cost.map(NanoUsd::as_usd),
            input_tokens: span.usage.input,
            output_tokens: span.usage.output,
            attempts: span.attempts.len(),
            finish_reason: span.finish_reason.as_deref(),
        };
        let mut scope = Scope::default();
        scope.set("span", view);
        scope.set("tags", tags);
        self.0.holds(&scope)
    }
}

/// A span as filters see it.
#[derive(Serialize)]
struct View<'a> {
    deployment: Option<&'a str>,
    model: &'a str,
    tenant: &'a str,
    stream: bool,
    session: bool,
    latency_ms: f64,
    ttft_ms: Option<f64>,
    cost_usd: Option<f64>,
    input_tokens: u64,
    output_tokens: u64,
    attempts: usize,
    finish_reason: Option<&'a str>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_knows_what_it_may_read() {
        assert!(Filter::new("span.output_tokens > 100 && tags.tier == 'gold'").is_ok());
        let error = Filter::new("span.outptu_tokens > 100").unwrap_err();
        assert!(error.message.contains("outptu_tokens"), "{error:?}");
        assert!(Filter::new("span.output_tokens").is_err());
    }
}
