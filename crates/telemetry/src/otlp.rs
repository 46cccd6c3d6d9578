//! OTLP/HTTP export. The SDK's batch processor runs on its own thread with a bounded queue: a slow or dead collector
//! costs dropped telemetry, never a reply.

use std::time::Duration;

use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig};
use opentelemetry_sdk::{
    Resource,
    trace::{BatchConfigBuilder, BatchSpanProcessor, SdkTracerProvider, SpanProcessor},
};
use weir_core::{score::Score, span::Span};

use crate::genai;

const EXPORT_TIMEOUT: Duration = Duration::from_secs(10);
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(5);

/// The exporter could not be built.
#[derive(Debug, thiserror::Error)]
#[error("the OTLP exporter for {endpoint} could not be built: {source}")]
pub struct ExportError {
    endpoint: String,
    source: opentelemetry_otlp::ExporterBuildError,
}

/// Sends request and evaluation spans to a collector.
#[derive(Debug)]
pub struct Exporter {
    requests: BatchSpanProcessor,
    /// Feeds `tracing` spans of workers and reconcilers to the same collector.
    provider: SdkTracerProvider,
}

impl Exporter {
    /// Exports to `{endpoint}/v1/traces`. Must be called outside an async runtime's worker thread: the blocking HTTP
    /// client starts a runtime of its own.
    ///
    /// # Errors
    /// When the endpoint is not a URL.
    pub fn new(endpoint: &str) -> Result<Self, ExportError> {
        let url = format!("{}/v1/traces", endpoint.trim_end_matches('/'));
        let exporter = || {
            SpanExporter::builder()
                .with_http()
                .with_protocol(Protocol::HttpBinary)
                .with_endpoint(&url)
                .with_timeout(EXPORT_TIMEOUT)
                .build()
                .map_err(|source| ExportError { endpoint: endpoint.to_owned(), source })
        };
        let resource = Resource::builder().with_service_name("weir").build();
        let config = BatchConfigBuilder::default().with_max_queue_size(16_384).build();
        let mut requests = BatchSpanProcessor::builder(exporter()?).with_batch_config(config).build();
        requests.set_resource(&resource);
        let provider = SdkTracerProvider::builder().with_batch_exporter(exporter()?).with_resource(resource).build();
        Ok(Self { requests, provider })
    }

    /// Queues one request; drops when the queue is full.
    pub fn request(&self, span: &Span) {
        for data in genai::spans(span) {
            self.requests.on_end(data);
        }
    }

    /// Queues one score; drops when the queue is full.
    pub fn score(&self, span: &Span, score: &Score) {
        self.requests.on_end(genai::evaluation(span, score));
    }

    /// The provider for `tracing` spans.
    pub(crate) const fn provider(&self) -> &SdkTracerProvider {
        &self.provider
    }

    /// Sends what is queued and stops; waits a few seconds at most.
    pub fn shutdown(&self) {
        for result in [
            self.requests.shutdown_with_timeout(SHUTDOWN_TIMEOUT),
            self.provider.shutdown_with_timeout(SHUTDOWN_TIMEOUT),
        ] {
            if let Err(error) = result {
                tracing::warn!(%error, "the last telemetry batch was not sent");
            }
        }
    }
}
