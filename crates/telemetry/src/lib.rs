//! What weir tells the outside about itself: OpenTelemetry spans by OTLP/HTTP, Prometheus text, log lines.

pub mod genai;
pub mod ingest;
pub mod log;
pub mod metrics;
pub mod otlp;
pub mod semconv;
