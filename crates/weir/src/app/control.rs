//! What answers `/api/v1` and the dashboard.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use weir_api::{ApiState, DemoControl};
use weir_core::sink::SpanSink;
use weir_jobs::Desk;

use super::{graders::GraderRuns, ground::Ground, reconcile::Published, tester::Tester, trial::Trials};

/// The control plane's parts. Event streams end with `stop`.
pub(super) fn assemble(
    ground: &Ground,
    windows: &Published,
    desk: Arc<Desk>,
    tester: Tester,
    demo: Option<Arc<dyn DemoControl>>,
    stop: CancellationToken,
) -> ApiState {
    ApiState {
        store: ground.store.clone(),
        snapshot: Arc::clone(&ground.snapshots),
        live: Arc::clone(&ground.live),
        settings: Arc::clone(&ground.in_force.settings),
        windows: windows.clone(),
        clock: Arc::clone(&ground.clock),
        entropy: Arc::clone(&ground.entropy),
        sink: Arc::clone(&ground.recorder) as Arc<dyn SpanSink>,
        feedback: Arc::clone(&ground.feedback),
        demo,
        tester: Arc::new(tester),
        graders: Arc::new(GraderRuns::new(Arc::clone(&desk))),
        trial: Arc::new(Trials::new(desk)),
        stop,
    }
}
