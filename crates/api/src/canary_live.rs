//! Canaries as they go on: one event whenever one has moved, or its pairs say something else.

use std::{collections::BTreeMap, time::Duration};

use axum::{
    extract::State,
    response::{IntoResponse, sse::Event},
};
use serde_json::Value;
use tokio::{sync::watch, time::sleep};
use weir_core::{CanaryId, canary::Canary};

use crate::{
    canary::view,
    canary_view::CanaryView,
    feed::{Feed, respond, told, wake},
    state::App,
};

/// One whose pairs come fast is told this often; what its pairs say is folded more seldom when that takes long.
const REST: Duration = Duration::from_millis(500);

/// `GET /api/v1/live/canaries`: `event: canary`. Open ones are told at once, then each whenever it has moved, and for the
/// last time when it is over.
pub(crate) async fn stream_canaries(State(app): State<App>) -> impl IntoResponse {
    let (control, scores) = (app.store.control_changes(), app.store.score_changes());
    let stop = app.stop.clone();
    respond(Canaries { app, control, scores, known: BTreeMap::new(), first: true }, stop)
}

struct Canaries {
    app: App,
    control: watch::Receiver<u64>,
    scores: watch::Receiver<i64>,
    /// Open ones as last told.
    known: BTreeMap<CanaryId, Value>,
    first: bool,
}

impl Feed for Canaries {
    const NAME: &'static str = "canaries";

    async fn wait(&mut self) {
        if std::mem::take(&mut self.first) {
            return;
        }
        sleep(REST).await;
        tokio::select! {
            () = wake(&mut self.control) => {}
            () = wake(&mut self.scores) => {}
        }
    }

    async fn read(&mut self) -> Result<Vec<Event>, weir_store::Error> {
        let mut out = Vec::new();
        let open = self.app.store.canary_active().await?;
        let over: Vec<CanaryId> =
            self.known.keys().filter(|id| !open.iter().any(|canary| canary.id == **id)).cloned().collect();
        for id in over {
            let Some(canary) = self.app.store.canary_get(&id).await? else {
                self.known.remove(&id);
                continue;
            };
            if let Some(last) = self.moved(&canary).await {
                out.push(last);
                self.known.remove(&id);
            }
        }
        for canary in &open {
            out.extend(self.moved(canary).await);
        }
        Ok(out)
    }
}

impl Canaries {
    /// The event of a canary that is not as it was told. One that cannot be read now, which is logged where it failed, is
    /// told at the next look.
    async fn moved(&mut self, canary: &Canary) -> Option<Event> {
        let view = view(&self.app, canary).await.ok()?;
        let shape = shape(&view);
        if self.known.get(&canary.id) == Some(&shape) {
            return None;
        }
        self.known.insert(canary.id.clone(), shape);
        Some(told("canary", &view))
    }
}

/// What is told of it. Where nothing comes in, the watermark alone goes with the clock.
fn shape(view: &CanaryView) -> Value {
    let mut shape = serde_json::to_value(view).unwrap_or_default();
    if let Some(evidence) = shape.get_mut("evidence").and_then(Value::as_object_mut) {
        evidence.remove("watermark");
    }
    shape
}
