//! Eval runs as they go on: one event whenever a run has moved, with its figures so far.

use std::time::Duration;

use axum::{
    extract::State,
    response::{IntoResponse, sse::Event},
};
use tokio::{sync::watch, time::sleep};
use weir_store::{RunFilter, RunRow};

use crate::{
    feed::{Feed, respond, told, wake},
    run_view::RunView,
    state::App,
};

/// Runs looked at.
const NEWEST: u32 = 50;
/// A run that answers fast is told this often.
const REST: Duration = Duration::from_millis(250);

/// `GET /api/v1/live/runs`: `event: run`. Open runs are told at once, then each whenever it has moved.
pub(crate) async fn stream_runs(State(app): State<App>) -> impl IntoResponse {
    let changes = app.store.run_changes();
    let stop = app.stop.clone();
    respond(Runs { app, changes, known: Vec::new(), first: true }, stop)
}

struct Runs {
    app: App,
    changes: watch::Receiver<u64>,
    /// As last told.
    known: Vec<RunRow>,
    first: bool,
}

impl Feed for Runs {
    const NAME: &'static str = "runs";

    async fn wait(&mut self) {
        if !self.first {
            sleep(REST).await;
            wake(&mut self.changes).await;
        }
    }

    async fn read(&mut self) -> Result<Vec<Event>, weir_store::Error> {
        let mut out = Vec::new();
        let rows = self.app.store.run_list(&RunFilter::default(), NEWEST).await?;
        for row in rows.iter().rev() {
            let told_before = self.known.iter().find(|known| known.seq == row.seq);
            let moved = match told_before {
                Some(known) => known != row,
                None => !self.first || !row.status.is_over(),
            };
            if moved {
                out.push(told("run", &RunView::from(row)));
            }
        }
        (self.known, self.first) = (rows, false);
        Ok(out)
    }
}
