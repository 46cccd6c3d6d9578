//! A new configuration into a running process. Everything is prepared first and swapped last: what does not compile
//! changes nothing.

use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::{Mutex, watch};
use weir_config::{Settings, diff};
use weir_core::Clock;
use weir_gateway::State;
use weir_jobs::{Mirrors, Scoring, bootstrap};
use weir_store::Store;

use super::{
    discovery::{self, Found},
    ground::Ground,
    resolve::Resolver,
};

/// The configuration, and what was made of it for those who read it while they run.
#[derive(Clone)]
pub(super) struct InForce {
    pub(super) settings: Arc<ArcSwap<Settings>>,
    pub(super) scoring: Arc<ArcSwap<Scoring>>,
    pub(super) mirrors: Arc<ArcSwap<Mirrors>>,
}

impl InForce {
    /// `settings` as run.
    pub(super) fn new(settings: Settings, scoring: Scoring) -> Self {
        let mirrors = Mirrors::of(&settings);
        Self {
            settings: Arc::new(ArcSwap::from_pointee(settings)),
            scoring: Arc::new(ArcSwap::from_pointee(scoring)),
            mirrors: Arc::new(ArcSwap::from_pointee(mirrors)),
        }
    }
}

/// Swaps the configuration of a running process.
pub struct Reloader {
    in_force: InForce,
    gateway: Arc<State>,
    store: Store,
    clock: Arc<dyn Clock>,
    resolver: Resolver,
    reloads: watch::Sender<u64>,
    found: ArcSwap<Found>,
    /// One change at a time.
    turn: Mutex<()>,
}

impl Reloader {
    /// `reloads` counts the changes.
    pub(super) fn new(ground: &Ground, gateway: Arc<State>, resolver: Resolver, reloads: watch::Sender<u64>) -> Self {
        Self {
            in_force: ground.in_force.clone(),
            gateway,
            store: ground.store.clone(),
            clock: Arc::clone(&ground.clock),
            resolver,
            reloads,
            found: ArcSwap::default(),
            turn: Mutex::default(),
        }
    }

    /// The configuration in force.
    #[must_use]
    pub fn settings(&self) -> Arc<Settings> {
        self.in_force.settings.load_full()
    }

    /// Puts `next` in force for the next request. Returns what only a restart can change, one line each.
    ///
    /// # Errors
    /// When a scorer does not compile, a target cannot be used or the store refuses; the old configuration stays.
    pub async fn apply(&self, mut next: Settings) -> anyhow::Result<Vec<String>> {
        let _turn = self.turn.lock().await;
        let old = self.in_force.settings.load_full();
        // What needs a restart stays as it runs, so that nothing reads a value that is not in force.
        next.server = old.server.clone();
        next.egress = old.egress;
        let restart = diff(&old, &next).restart.iter().map(ToString::to_string).collect();
        discovery::add(&mut next, &self.found.load());
        let targets = self.resolver.deployments(&mut next)?;
        let scoring = self.resolver.scorers(&next)?;
        bootstrap::policies(&self.store, &next, &*self.clock).await?;
        bootstrap::datasets(&self.store, &next).await?;
        self.gateway.reload(next.keys.clone(), targets, next.presets.clone());
        self.in_force.scoring.store(Arc::new(scoring));
        self.in_force.mirrors.rcu(|mirrors| mirrors.reconfigured(&next));
        self.in_force.settings.store(Arc::new(next));
        self.reloads.send_modify(|count| *count += 1);
        Ok(restart)
    }

    /// Told of each change.
    pub(super) fn reloads(&self) -> watch::Receiver<u64> {
        self.reloads.subscribe()
    }

    /// The models that were found last.
    pub(super) fn found(&self) -> Arc<Found> {
        self.found.load_full()
    }

    /// Puts deployments of these models in force, and of no others that were found before.
    ///
    /// # Errors
    /// When a target cannot be used; what was in force stays.
    pub(super) async fn discovered(&self, found: Found) -> anyhow::Result<()> {
        let _turn = self.turn.lock().await;
        let mut next = Settings::clone(&self.in_force.settings.load());
        discovery::add(&mut next, &found);
        let targets = self.resolver.deployments(&mut next)?;
        self.gateway.reload(next.keys.clone(), targets, next.presets.clone());
        self.found.store(Arc::new(found));
        self.in_force.settings.store(Arc::new(next));
        self.reloads.send_modify(|count| *count += 1);
        Ok(())
    }
}
