//! What answers `/v1`.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use weir_core::sink::SpanSink;
use weir_gateway::{Limits, Parts, State, Targets};
use weir_store::Keep;
use weir_telemetry::metrics::Metrics;

use super::ground::Ground;

/// The gateway, not ready yet. `token` is the process token; `stop` is cancelled when the listener's end begins.
pub(super) fn assemble(
    ground: &Ground,
    targets: Targets,
    metrics: Option<Metrics>,
    token: &Arc<str>,
    stop: CancellationToken,
) -> Arc<State> {
    let settings = ground.in_force.settings.load();
    State::new(Parts {
        clock: Arc::clone(&ground.clock),
        entropy: Arc::clone(&ground.entropy),
        sink: Arc::clone(&ground.recorder) as Arc<dyn SpanSink>,
        store: ground.store.clone(),
        snapshots: Arc::clone(&ground.snapshots),
        live: Arc::clone(&ground.live),
        transport: Arc::clone(&ground.transport),
        keyring: settings.keys.clone(),
        targets,
        presets: settings.presets.clone(),
        limits: Limits {
            body_bytes: settings.server.max_body_bytes,
            responses: Keep { time: settings.server.responses_kept, bytes: settings.server.responses_max_bytes },
            ..Limits::default()
        },
        metrics: Box::new(move || metrics.as_ref().map(Metrics::render).unwrap_or_default()),
        internal_token: Arc::clone(token),
        feedback: Arc::clone(&ground.feedback),
        shutdown: stop,
    })
}
