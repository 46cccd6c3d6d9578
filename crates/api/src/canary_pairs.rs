//! What a canary's comparison is made of: how many requests became pairs, the pairs that differ most, and how much of
//! the traffic each arm really got.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;
use weir_core::{
    Timestamp,
    canary::{Canary, CanaryEvent, CanaryState},
    decision::Arm,
};
use weir_optimizer::pairing::{Funnel, Pair};
use weir_store::ShadowDifference;

use crate::{
    canary::find,
    evidence::{Look, look},
    extract::Segment,
    problem::Reply,
    state::App,
    time::rfc3339,
    workload::configured,
};

/// Same-prompt pairs told.
const SAME_PROMPT: u32 = 20;
/// Buckets of the shares, at most.
const BUCKETS: u32 = 60;

/// How requests became evidence, and the evidence that differs most.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CanaryPairs {
    funnel: FunnelView,
    /// The candidate's grade is lower; widest first. The two answers are to different prompts of one segment.
    worse: Vec<PairView>,
    /// The candidate's grade is higher; widest first.
    better: Vec<PairView>,
    /// Both answered the same prompt, from before anybody was exposed; widest first.
    same_prompt: Vec<PairView>,
}

/// From requests to pairs, both arms together.
#[derive(Debug, Serialize, ToSchema)]
struct FunnelView {
    /// Requests that ended.
    offered: u64,
    /// Units whose outcome is known: sessions, or single requests.
    units: u64,
    paired: u64,
    /// Pairs with both grades.
    scored: u64,
    /// Pairs with one grade: the other counts as the worst case of each test.
    imputed: u64,
}

/// Two answers with their grades.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PairView {
    at: String,
    segment: String,
    /// Candidate less control.
    delta: f64,
    candidate: PairSide,
    control: PairSide,
}

/// One answer of a pair.
#[derive(Debug, Serialize, ToSchema)]
struct PairSide {
    span_id: String,
    grade: f64,
}

/// What share of the workload's requests each arm got, in equal buckets that end with the current one.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CanaryShare {
    start: String,
    step_s: u32,
    /// Units per arm that the step allows; `null` while it is held and when it is over.
    set: Vec<Option<f64>>,
    /// Share of requests the candidate arm got; `null` without a request.
    candidate: Vec<Option<f64>>,
    /// Share of requests the control arm got.
    control: Vec<Option<f64>>,
}

impl From<Funnel> for FunnelView {
    fn from(funnel: Funnel) -> Self {
        let Funnel { offered, units, paired, scored, imputed } = funnel;
        Self { offered, units, paired, scored, imputed }
    }
}

impl From<&Pair> for PairView {
    fn from(pair: &Pair) -> Self {
        Self {
            at: rfc3339(pair.at),
            segment: pair.segment.to_string(),
            delta: pair.delta(),
            candidate: PairSide { span_id: pair.candidate.to_string(), grade: pair.candidate_grade },
            control: PairSide { span_id: pair.control.to_string(), grade: pair.control_grade },
        }
    }
}

impl From<&ShadowDifference> for PairView {
    fn from(pair: &ShadowDifference) -> Self {
        Self {
            at: rfc3339(pair.at),
            segment: "shadow".to_owned(),
            delta: pair.candidate_grade - pair.control_grade,
            candidate: PairSide { span_id: pair.candidate.to_string(), grade: pair.candidate_grade },
            control: PairSide { span_id: pair.control.to_string(), grade: pair.control_grade },
        }
    }
}

/// `GET /api/v1/canaries/{id}/pairs`.
pub(crate) async fn list_pairs(State(app): State<App>, Segment(id): Segment) -> Reply<Json<CanaryPairs>> {
    let canary = find(&app, &id).await?;
    let look = look(&app, &canary).await?;
    let same = app.store.shadow_differences(&canary.id, &canary.scorer, SAME_PROMPT).await?;
    Ok(Json(CanaryPairs {
        funnel: look.funnel.into(),
        worse: look.differing.worse().iter().map(PairView::from).collect(),
        better: look.differing.better().iter().map(PairView::from).collect(),
        same_prompt: same.iter().map(PairView::from).collect(),
    }))
}

/// `GET /api/v1/canaries/{id}/share`.
pub(crate) async fn get_share(State(app): State<App>, Segment(id): Segment) -> Reply<Json<CanaryShare>> {
    let canary = find(&app, &id).await?;
    let events = app.store.canary_event_list(&canary.id).await?;
    let look = look(&app, &canary).await?;
    let end = if canary.state.is_final() { canary.changed_at } else { app.clock.now() };
    let grid = Grid::of(canary.created_at, end);
    let workload = configured(&app, canary.workload.as_str())?;
    let series =
        app.store.series(&canary.workload, &workload.workload.quality, grid.start, grid.step_s, grid.buckets).await?;
    let total = |slot: usize| series.iter().map(|line| line.requests.get(slot).copied().unwrap_or(0)).sum::<u64>();
    let arms = grid.count(&look);
    let of = |arm: usize| {
        let shared = |(slot, counts): (usize, &[u64; 2])| {
            let all = total(slot).max(counts[0] + counts[1]);
            (all > 0).then(|| counts[arm] as f64 / all as f64)
        };
        arms.iter().enumerate().map(shared).collect()
    };
    Ok(Json(CanaryShare {
        start: rfc3339(grid.start),
        step_s: grid.step_s,
        set: (0..arms.len()).map(|slot| set_at(&canary, &events, grid.end_of(slot).min(end))).collect(),
        candidate: of(0),
        control: of(1),
    }))
}

/// The share per arm that the state allowed at `at`.
fn set_at(canary: &Canary, events: &[CanaryEvent], at: Timestamp) -> Option<f64> {
    let event = events.iter().rev().find(|event| event.at <= at)?;
    match event.state {
        CanaryState::Running => canary.plan.steps.get(event.step).copied(),
        CanaryState::Verifying => Some(canary.plan.hold_back),
        CanaryState::AwaitingApproval | CanaryState::Shadow => Some(0.0),
        _ => None,
    }
}

/// Equal buckets over a canary's life.
struct Grid {
    start: Timestamp,
    step_s: u32,
    buckets: u32,
}

impl Grid {
    fn of(from: Timestamp, to: Timestamp) -> Self {
        let seconds = u32::try_from(to.since(from).as_secs()).unwrap_or(u32::MAX).saturating_add(1);
        let step_s = seconds.div_ceil(BUCKETS);
        // Whole minutes are summed already.
        let step_s = if step_s > 30 { step_s.div_ceil(60).saturating_mul(60) } else { step_s };
        let step_us = i64::from(step_s) * 1_000_000;
        let start = Timestamp(from.0.div_euclid(step_us) * step_us);
        let buckets = (to.0.saturating_sub(start.0) / step_us).saturating_add(1);
        Self { start, step_s, buckets: u32::try_from(buckets).unwrap_or(BUCKETS) }
    }

    fn end_of(&self, slot: usize) -> Timestamp {
        let slots = i64::try_from(slot).unwrap_or(i64::MAX).saturating_add(1);
        Timestamp(self.start.0.saturating_add(slots.saturating_mul(i64::from(self.step_s) * 1_000_000)))
    }

    /// Exposed requests by arm, candidate first.
    fn count(&self, look: &Look) -> Vec<[u64; 2]> {
        let mut counts = vec![[0; 2]; self.buckets as usize];
        for (at, arm) in &look.exposed {
            let slot = at.0.saturating_sub(self.start.0).div_euclid(i64::from(self.step_s) * 1_000_000);
            if let Some(count) = usize::try_from(slot).ok().and_then(|slot| counts.get_mut(slot)) {
                count[usize::from(*arm == Arm::Control)] += 1;
            }
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_cover_a_life_of_any_length() {
        for seconds in [0, 1, 90, 1_800, 1_801, 86_400, 14 * 86_400] {
            let (from, to) = (Timestamp(1_000_500_000), Timestamp(1_000_500_000 + seconds * 1_000_000));
            let grid = Grid::of(from, to);
            assert!(grid.start <= from && grid.end_of(grid.buckets as usize - 1) > to, "{seconds}");
            assert!(grid.buckets <= BUCKETS + 1, "{seconds}: {}", grid.buckets);
        }
    }
}
