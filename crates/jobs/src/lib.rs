//! Everything that happens after a reply: recording, scoring, windows, canaries. The only crate that names apalis.
//!
//! ```text
//! gateway → Recorder (spool) → Writer: spans + jobs in one transaction
//!   → workers: RunChecks, AskJudge → scores → Publisher: windows, snapshot → the next request
//!                                            → Canaries: pairs, verdict → policy revision
//! ```

mod anchors;
mod assemble;
mod backfill;
pub mod bootstrap;
mod canaries;
mod checks;
mod desk;
mod fair;
mod graders;
mod herald;
mod judges;
mod lead;
mod lost;
mod mirrors;
mod openai_runs;
mod own;
mod pacer;
mod planner;
mod probes;
mod publisher;
mod queue;
mod rates;
mod recent;
mod recorder;
mod references;
mod runs;
mod scoring;
mod settle;
mod shadows;
mod signed;
mod spool;
#[cfg(test)]
mod testing;
mod tokens;
mod trial;
mod tries;
mod wake;
mod workers;
mod writer;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use weir_store::Store;

pub use anchors::Anchors;
pub use backfill::Backfiller;
pub use canaries::{Canaries, CanariesParts};
pub use desk::Desk;
pub use fair::Turns;
pub use graders::Graders;
pub use herald::Herald;
pub use judges::Bench;
pub use lead::Lead;
pub use mirrors::Mirrors;
pub use openai_runs::OpenaiRuns;
pub use pacer::Pacer;
pub use planner::{Planner, Refusals};
pub use probes::{Prober, ProberParts};
pub use publisher::{Publisher, PublisherParts};
pub use rates::Rates;
pub use recent::Recent;
pub use recorder::{Recorder, Tail};
pub use references::References;
pub use runs::Runner;
pub use scoring::{Plan, Scoring};
pub use tokens::OutputTokens;
pub use trial::Trial;
pub use wake::Bells;
pub use writer::{Writer, WriterParts};

/// Creates the queue's tables; call once before the writer and the workers start.
///
/// # Errors
/// As [`Store::open`].
pub async fn prepare_queue(store: &Store) -> Result<(), weir_store::Error> {
    queue::migrate(store).await
}

/// Runs the scoring workers until `stop`. `worker_id` must differ at every start: the queue keeps names.
pub async fn run_workers(desk: Arc<Desk>, worker_id: String, stop: CancellationToken) {
    workers::run(desk, worker_id, stop).await;
}
