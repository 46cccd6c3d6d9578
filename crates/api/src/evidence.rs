//! A canary's evidence for people, folded from stored exposures. The same fold decides in the optimizer's reconciler;
//! here nothing is decided, so a look needs nothing but the store and works on any replica.
//!
//! A long canary has tens of thousands of exposures and a dashboard asks every second, so a look is kept for twenty
//! times as long as it took: however many people watch, folding takes at most a twentieth of one core.

use std::{collections::HashMap, sync::Arc, time::Duration};

use tokio::sync::Mutex;
use weir_core::{
    CanaryId, Timestamp,
    canary::{Canary, Exposure, Inputs, Shadowed},
    decision::Arm,
    error,
};
use weir_optimizer::{
    canary::{Reading, read},
    pairing::{Differing, Funnel, Moment, PairState, Point},
};

use crate::{
    problem::{Failure, Reply},
    state::App,
};

/// A look is kept for this many times what it took.
const KEPT_FOR: u32 = 20;
/// Looks kept at once; there is one active canary per workload.
const KEPT: usize = 64;

/// What a canary's pairs say.
#[derive(Debug)]
pub(crate) struct Look {
    pub(crate) reading: Reading,
    /// The difference over time.
    pub(crate) trail: Vec<Point>,
    /// How requests became pairs.
    pub(crate) funnel: Funnel,
    /// The pairs that differ most.
    pub(crate) differing: Differing,
    /// When each request was assigned, and to which arm.
    pub(crate) exposed: Vec<(Timestamp, Arm)>,
}

/// Looks that are still fresh.
#[derive(Debug, Default)]
pub(crate) struct Looks(Mutex<HashMap<CanaryId, Kept>>);

#[derive(Debug)]
struct Kept {
    version: u64,
    until: Duration,
    look: Arc<Look>,
}

/// Folds what the canary's arms met so far, or gives the last fold while it is fresh. A change of the canary is
/// always seen.
pub(crate) async fn look(app: &App, canary: &Canary) -> Reply<Arc<Look>> {
    let begun = app.clock.elapsed();
    // Held over the fold: of many who ask at once, one folds.
    let mut looks = app.looks.0.lock().await;
    if let Some(kept) = looks.get(&canary.id)
        && kept.version == canary.version
        && begun < kept.until
    {
        return Ok(Arc::clone(&kept.look));
    }
    let look = Arc::new(fold(app, canary).await?);
    let now = app.clock.elapsed();
    let until = now + now.saturating_sub(begun) * KEPT_FOR;
    looks.retain(|_, kept| now < kept.until);
    if looks.len() < KEPT {
        let kept = Kept { version: canary.version, until, look: Arc::clone(&look) };
        looks.insert(canary.id.clone(), kept);
    }
    Ok(look)
}

/// Folds now, for an order that will be kept with these numbers.
pub(crate) async fn look_now(app: &App, canary: &Canary) -> Reply<Look> {
    fold(app, canary).await
}

async fn fold(app: &App, canary: &Canary) -> Reply<Look> {
    let now = app.clock.now();
    // Read before the rows: a request that ends in between is in the rows or still in flight, never lost. What came
    // after a canary's end is none of its evidence.
    let complete_before =
        if canary.state.is_final() { canary.changed_at } else { app.live.exposed().oldest().unwrap_or(now).min(now) };
    let exposures = app.store.exposure_list(&canary.id, canary.epoch_at).await?;
    let head = app.store.policy_head(&canary.workload).await?.map_or_else(|| canary.base.clone(), |head| head.revision);
    let inputs = Inputs {
        now: now.max(canary.changed_at),
        complete_before,
        in_flight: app.live.vital(&canary.candidate).map_or(0, |vital| u64::from(vital.exposed())),
        span_seq: exposures.span_seq,
        score_seq: exposures.score_seq,
        shadow_seq: Some(exposures.shadow_seq),
        head,
        frozen: app.store.is_frozen(&canary.workload).await?,
        orphaned: false,
        tripped: app.live.gates().of(&canary.id).tripped(),
        lapsed: false,
        bias: None,
    };
    let shadowed = app.store.shadowed(canary, &inputs).await?;
    let canary = canary.clone();
    tokio::task::spawn_blocking(move || folded(&canary, exposures.rows, &shadowed, &inputs))
        .await
        .map_err(|_| Failure::new(&error::INTERNAL, "the canary's exposures could not be read"))
}

/// The look at these rows with these inputs: the same always gives the same.
pub(crate) fn folded(canary: &Canary, rows: Vec<Exposure>, shadowed: &Shadowed, inputs: &Inputs) -> Look {
    let mut pairs = PairState::of(canary);
    pairs.set_shadow(shadowed);
    let exposed = rows.iter().map(|row| (row.assigned_at, row.arm)).collect();
    pairs.fold(rows, &Moment::of(canary, inputs));
    Look {
        reading: read(canary, &pairs, inputs),
        trail: pairs.trail().to_vec(),
        funnel: pairs.funnel(),
        differing: pairs.differing().clone(),
        exposed,
    }
}
