//! Log lines to standard error, and `tracing` spans to the collector when there is one.

use opentelemetry::trace::TracerProvider as _;
use tracing_subscriber::{EnvFilter, Layer, filter::ParseError, layer::SubscriberExt, util::SubscriberInitExt};

use crate::otlp::Exporter;

/// The queue's library tells of every worker's birth and death, Amazon's of the programs that profiles name with all their
/// arguments; a filter that names them gets that back.
const QUIET: &str = "apalis_core=warn,aws_config=warn";

/// Installs the process-wide subscriber. `filter` is in `tracing` syntax, such as `info,weir_jobs=debug`; lines are
/// JSON when `json`. A second call in one process changes nothing.
///
/// # Errors
/// When `filter` cannot be read.
pub fn install(filter: &str, json: bool, exporter: Option<&Exporter>) -> Result<(), ParseError> {
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(true);
    let lines = if json { lines.json().boxed() } else { lines.with_ansi(false).boxed() };
    let spans = exporter.map(|exporter| tracing_opentelemetry::layer().with_tracer(exporter.provider().tracer("weir")));
    let installed = tracing_subscriber::registry()
        .with(spans)
        .with(lines.with_filter(EnvFilter::try_new(format!("{QUIET},{filter}"))?))
        .try_init();
    if installed.is_err() {
        tracing::debug!("a subscriber is installed already");
    }
    Ok(())
}
