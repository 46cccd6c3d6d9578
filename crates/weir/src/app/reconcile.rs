//! What brings the running state to what the store and the world say: windows, snapshots, canaries, plans, models found.

use std::sync::Arc;

use tokio::sync::watch;
use weir_gateway::State;
use weir_jobs::{Canaries, CanariesParts, Planner, Publisher, PublisherParts, Refusals};
use weir_optimizer::windows::Windows;

use super::{Reloader, discovery::Discovery, ground::Ground, pressure, stage::Stage};

/// The newest windows.
pub(super) type Published = watch::Receiver<Arc<Windows>>;

/// Publishes the first snapshot. `reloads` tells of another configuration.
///
/// # Errors
/// When the store cannot be read.
pub(super) async fn first_snapshot(
    ground: &Ground,
    reloads: watch::Receiver<u64>,
) -> anyhow::Result<(Publisher, Published)> {
    let (sender, windows) = watch::channel(Arc::default());
    let publisher = Publisher::start(PublisherParts {
        store: ground.store.clone(),
        settings: Arc::clone(&ground.in_force.settings),
        reloads,
        cell: Arc::clone(&ground.snapshots),
        live: Arc::clone(&ground.live),
        tokens: Arc::clone(&ground.tokens),
        clock: Arc::clone(&ground.clock),
        windows: sender,
    })
    .await?;
    Ok((publisher, windows))
}

/// Starts the reconcilers.
pub(super) fn start(
    ground: &Ground,
    publisher: Publisher,
    windows: &Published,
    gateway: &Arc<State>,
    reloader: &Arc<Reloader>,
    back: &mut Stage,
) {
    let planner = Planner {
        store: ground.store.clone(),
        lead: Arc::clone(&ground.lead),
        settings: Arc::clone(&ground.in_force.settings),
        cell: Arc::clone(&ground.snapshots),
        windows: windows.clone(),
        clock: Arc::clone(&ground.clock),
        entropy: Arc::clone(&ground.entropy),
        refusals: Refusals::default(),
    };
    let canaries = Canaries::new(CanariesParts {
        store: ground.store.clone(),
        live: Arc::clone(&ground.live),
        cell: Arc::clone(&ground.snapshots),
        settings: Arc::clone(&ground.in_force.settings),
        mirrors: Arc::clone(&ground.in_force.mirrors),
        clock: Arc::clone(&ground.clock),
        recorder: Arc::clone(&ground.recorder),
    });
    let discovery = Discovery {
        settings: Arc::clone(&ground.in_force.settings),
        transport: Arc::clone(&ground.transport),
        reloader: Arc::clone(reloader),
        reloads: reloader.reloads(),
    };
    back.spawn(planner.run(back.stop.clone()));
    back.spawn(publisher.run(back.stop.clone()));
    back.spawn(canaries.run(back.stop.clone()));
    if let Some(limit) = ground.in_force.settings.load().server.max_memory_bytes.or_else(pressure::limit) {
        let pressed = Arc::clone(gateway);
        back.spawn(pressure::watch(limit, move |short| pressed.set_pressed(short), back.stop.clone()));
    }
    back.spawn(discovery.run(back.stop.clone()));
}
