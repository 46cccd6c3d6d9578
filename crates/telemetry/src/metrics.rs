//! Prometheus. Counters are raised where records are stored, not on the request path; labels come from configuration
//! and closed sets only, so that no caller can grow them.

use std::time::Duration;

use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};
use weir_core::{
    score::{Score, Verdict},
    span::Span,
};

const SECONDS: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];

/// Renders the process's metrics as Prometheus text.
#[derive(Debug, Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// Installs the process-wide recorder.
    ///
    /// # Errors
    /// When one is installed already.
    pub fn install() -> Result<Self, BuildError> {
        let handle = PrometheusBuilder::new().set_buckets(SECONDS)?.install_recorder()?;
        describe_counter!("weir_requests_total", "requests recorded, by workload, deployment and outcome");
        describe_counter!("weir_tokens_total", "tokens served, by deployment and direction");
        describe_counter!("weir_cost_nano_usd_total", "cost of all attempts in nano-dollars, by workload");
        describe_counter!("weir_scores_total", "scores stored, by workload, scorer and status");
        describe_histogram!("weir_request_seconds", "request received to last byte sent");
        describe_histogram!("weir_ttft_seconds", "request received to first byte of the answer");
        describe_gauge!("weir_spool_records", "records on disk that the store does not have yet");
        describe_gauge!("weir_degraded", "1 while the store cannot take writes and records wait in the spool");
        Ok(Self(handle))
    }

    /// The text for `GET /metrics`.
    #[must_use]
    pub fn render(&self) -> String {
        self.0.run_upkeep();
        self.0.render()
    }
}

/// Counts one recorded request.
pub fn request(span: &Span) {
    let workload = span.workload.to_string();
    let deployment = span.served_by().map_or_else(|| "none".to_owned(), ToString::to_string);
    counter!("weir_requests_total", "workload" => workload.clone(), "deployment" => deployment.clone(), "outcome" => span.outcome.name())
        .increment(1);
    counter!("weir_tokens_total", "deployment" => deployment.clone(), "direction" => "input")
        .increment(span.usage.input);
    counter!("weir_tokens_total", "deployment" => deployment.clone(), "direction" => "output")
        .increment(span.usage.output);
    if let Some(cost) = span.cost {
        counter!("weir_cost_nano_usd_total", "workload" => workload.clone())
            .increment(u64::try_from(cost.0).unwrap_or(0));
    }
    histogram!("weir_request_seconds", "workload" => workload, "deployment" => deployment.clone())
        .record(Duration::from_micros(span.latency_us));
    if let Some(ttft) = span.ttft_us {
        histogram!("weir_ttft_seconds", "deployment" => deployment).record(Duration::from_micros(ttft));
    }
}

/// Counts one stored score.
pub fn score(score: &Score) {
    let status = match &score.verdict {
        Verdict::Scored { .. } => "scored",
        Verdict::Unscored { reason } => reason.name(),
    };
    counter!("weir_scores_total", "workload" => score.workload.to_string(), "scorer" => score.scorer.to_string(), "status" => status)
        .increment(1);
}

/// Says how large the spool is and whether the store refuses writes.
pub fn spool(bytes: u64, degraded: bool) {
    gauge!("weir_spool_bytes").set(bytes as f64);
    gauge!("weir_degraded").set(f64::from(u8::from(degraded)));
}
