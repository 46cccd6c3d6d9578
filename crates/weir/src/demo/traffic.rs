//! Steady traffic: every workload's prompts in a shuffled round, at a fixed rate whatever the answers take.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::{sync::Semaphore, time};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use weir_core::{Entropy, chat::Message, entropy::Seeded};
use weir_evals::{dataset, shipped::SHIPPED};

use super::client::Client;

/// Requests a second to each workload.
pub(super) const RATE: u64 = 60;
/// Requests of one workload in flight before further ones are skipped.
const IN_FLIGHT: usize = 64;
/// Every so many requests asks for a stream.
const STREAM_EVERY: u64 = 10;

/// Who sends it, in turn: one team twice as much as another.
const TEAMS: [&str; 3] = [r#"{"team":"web"}"#, r#"{"team":"mobile"}"#, r#"{"team":"web"}"#];

/// What the traffic met.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) sent: AtomicU64,
    pub(super) failed: AtomicU64,
    /// Not sent because too many were in flight.
    pub(super) skipped: AtomicU64,
}

/// Drives one workload until `stop`.
pub(super) async fn drive(client: Client, workload: &'static str, tally: Arc<Tally>, stop: CancellationToken) {
    let prompts = shuffled(workload);
    let slots = Arc::new(Semaphore::new(IN_FLIGHT));
    let tasks = TaskTracker::new();
    let mut tick = time::interval(Duration::from_micros(1_000_000 / RATE));
    tick.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
    for ((number, messages), team) in (0u64..).zip(prompts.iter().cycle()).zip(TEAMS.into_iter().cycle()) {
        tokio::select! {
            () = stop.cancelled() => break,
            _ = tick.tick() => {}
        }
        let Ok(slot) = Arc::clone(&slots).try_acquire_owned() else {
            tally.skipped.fetch_add(1, Relaxed);
            continue;
        };
        let (client, tally, messages) = (client.clone(), Arc::clone(&tally), Arc::clone(messages));
        tasks.spawn(async move {
            tally.sent.fetch_add(1, Relaxed);
            if let Err(error) = client.ask(workload, &messages, number % STREAM_EVERY == 0, team).await {
                tracing::warn!(%error, workload, "a demo request failed");
                tally.failed.fetch_add(1, Relaxed);
            }
            drop(slot);
        });
    }
    tasks.close();
    tasks.wait().await;
}

/// A workload's prompts in a fixed random order (Fisher and Yates).
fn shuffled(workload: &str) -> Vec<Arc<Vec<Message>>> {
    let text = SHIPPED.iter().find(|shipped| shipped.name == workload).map_or("", |shipped| shipped.dataset);
    let parsed = dataset::parse(text.as_bytes(), "shipped.jsonl", None);
    let mut prompts: Vec<_> = parsed.items().map(|item| Arc::new(item.input.clone())).collect();
    let draws = Seeded::new(workload.len() as u64);
    for last in (1..prompts.len()).rev() {
        let other = (draws.next_u64() % (last as u64 + 1)) as usize;
        prompts.swap(last, other);
    }
    prompts
}
