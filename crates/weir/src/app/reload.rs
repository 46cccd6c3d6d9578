//! A new configuration into a running process. Everything is prepared first and swapped last: what does not compile
//! changes nothing.

use std::{path::PathBuf, sync::Arc};

use arc_swap::ArcSwap;
use tokio::sync::{Mutex, watch};
use weir_config::{Settings, diff};
use weir_core::Clock;
use weir_gateway::State;
use weir_jobs::{Mirrors, Scoring, bootstrap};
use weir_providers::transport::Vault;
use weir_store::Store;

use super::{
    compile,
    discovery::{self, Found},
    resolve,
};

/// Swaps the configuration of a running process.
pub struct Reloader {
    pub(super) settings: Arc<ArcSwap<Settings>>,
    pub(super) scoring: Arc<ArcSwap<Scoring>>,
    pub(super) mirrors: Arc<ArcSwap<Mirrors>>,
    pub(super) gateway: Arc<State>,
    pub(super) store: Store,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) reloads: watch::Sender<u64>,
    pub(super) sim_url: Option<String>,
    pub(super) base: PathBuf,
    pub(super) vault: Vault,
    pub(super) found: ArcSwap<Found>,
    /// One change at a time.
    pub(super) turn: Mutex<()>,
}

impl Reloader {
    /// The configuration in force.
    #[must_use]
    pub fn settings(&self) -> Arc<Settings> {
        self.settings.load_full()
    }

    /// Puts `next` in force for the next request. Returns what only a restart can change, one line each.
    ///
    /// # Errors
    /// When a scorer does not compile, a target cannot be used or the store refuses; the old configuration stays.
    pub async fn apply(&self, mut next: Settings) -> anyhow::Result<Vec<String>> {
        let _turn = self.turn.lock().await;
        let old = self.settings.load_full();
        // What needs a restart stays as it runs, so that nothing reads a value that is not in force.
        next.server = old.server.clone();
        next.egress = old.egress;
        let restart = diff(&old, &next).restart.iter().map(ToString::to_string).collect();
        discovery::add(&mut next, &self.found.load());
        resolve::fill(&mut next, self.sim_url.as_deref());
        let targets = resolve::targets(&next, &|source| self.vault.credential(source))?;
        let scoring = compile(&next, &self.base)?;
        bootstrap::policies(&self.store, &next, &*self.clock).await?;
        bootstrap::datasets(&self.store, &next).await?;
        self.gateway.reload(next.keys.clone(), targets, next.presets.clone());
        self.scoring.store(Arc::new(scoring));
        self.mirrors.rcu(|mirrors| mirrors.reconfigured(&next));
        self.settings.store(Arc::new(next));
        self.reloads.send_modify(|count| *count += 1);
        Ok(restart)
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
        let mut next = Settings::clone(&self.settings.load());
        discovery::add(&mut next, &found);
        resolve::fill(&mut next, self.sim_url.as_deref());
        let targets = resolve::targets(&next, &|source| self.vault.credential(source))?;
        self.gateway.reload(next.keys.clone(), targets, next.presets.clone());
        self.found.store(Arc::new(found));
        self.settings.store(Arc::new(next));
        self.reloads.send_modify(|count| *count += 1);
        Ok(())
    }
}
