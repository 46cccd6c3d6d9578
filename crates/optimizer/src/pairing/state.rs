//! The fold itself: pending exposures, two queues of resolved units, three histograms.

use std::{
    collections::{BTreeMap, HashSet, VecDeque},
    ops::Bound,
    time::Duration,
};

use weir_core::{SpanId, Timestamp, decision::Arm};
use weir_stats::{
    eprocess::{Grid, interval},
    histogram::PairHistogram,
};

use super::unit::{Exposure, Moment, Outcome, Unit, resolve};

/// A unit gives way to a younger one of its own arm when its partner came later than this.
const PAIR_GAP: Duration = Duration::from_mins(10);
/// Confidence of the band is `1 − BAND_ALPHA`.
pub const BAND_ALPHA: f64 = 0.05;
/// First point of the trail, in pairs; later ones are at least a tenth further.
const TRAIL_FROM: u64 = 5;

/// The difference as it stood after some pairs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Assignment time of the pair that made it.
    pub at: Timestamp,
    /// Pairs with both grades.
    pub pairs: u64,
    /// Mean difference, candidate − control.
    pub delta: f64,
    /// Lower end of the anytime-valid 95 % band.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
}

/// What one arm did.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ArmCount {
    /// Requests that ended.
    pub requests: u64,
    /// Requests whose own deployment failed.
    pub failures: u64,
    /// Units resolved since the canary's last change.
    pub units: u64,
    /// Units of pairs without a score in time.
    pub missing: u64,
    /// Of those, the ones whose partner has a score, since the canary's last change.
    pub lone_missing: u64,
    /// Sum of the grades of pairs with both grades.
    pub grades: f64,
}

/// Everything a canary's tests need. Incremental, and the same when folded again from the first exposure.
#[derive(Debug, Clone, PartialEq)]
pub struct PairState {
    grid: Grid,
    watermark: Timestamp,
    since: Timestamp,
    in_flight: u64,
    pending: BTreeMap<(Timestamp, SpanId), Exposure>,
    closed: HashSet<u64>,
    waiting: [VecDeque<Unit>; 2],
    counts: [ArmCount; 2],
    promote: PairHistogram,
    rollback: PairHistogram,
    observed: PairHistogram,
    step_pairs: u64,
    trail: Vec<Point>,
}

impl PairState {
    /// Nothing folded yet. The margin decides the grid of bets and must be the plan's.
    #[must_use]
    pub fn new(margin: f64) -> Self {
        Self {
            grid: Grid::for_margin(margin),
            watermark: Timestamp(i64::MIN),
            since: Timestamp(i64::MIN),
            in_flight: 0,
            pending: BTreeMap::new(),
            closed: HashSet::new(),
            waiting: [VecDeque::new(), VecDeque::new()],
            counts: [ArmCount::default(); 2],
            promote: PairHistogram::default(),
            rollback: PairHistogram::default(),
            observed: PairHistogram::default(),
            step_pairs: 0,
            trail: Vec::new(),
        }
    }

    /// Takes the exposures assigned after [`Self::watermark`], in any order, and folds as far as they are resolved.
    /// Delivering one again, with or without news, is harmless.
    pub fn fold(&mut self, exposures: impl IntoIterator<Item = Exposure>, moment: &Moment) {
        self.in_flight = moment.in_flight;
        if moment.since != self.since {
            // A change happens after everything folded so far was assigned, so the new step starts from nothing.
            self.since = moment.since;
            self.step_pairs = 0;
            for count in &mut self.counts {
                (count.units, count.lone_missing) = (0, 0);
            }
        }
        for exposure in exposures {
            self.take(exposure);
        }
        self.advance(moment);
        self.pair();
    }

    /// Everything assigned up to here is folded; exposures after it are still wanted.
    #[must_use]
    pub const fn watermark(&self) -> Timestamp {
        self.watermark
    }

    /// Differences with missing grades imputed against the candidate.
    #[must_use]
    pub const fn promote(&self) -> &PairHistogram {
        &self.promote
    }

    /// Differences with missing grades imputed in favour of the candidate.
    #[must_use]
    pub const fn rollback(&self) -> &PairHistogram {
        &self.rollback
    }

    /// Differences of pairs with both grades.
    #[must_use]
    pub const fn observed(&self) -> &PairHistogram {
        &self.observed
    }

    /// The bets.
    #[must_use]
    pub const fn grid(&self) -> &Grid {
        &self.grid
    }

    /// Pairs folded since the canary's last change of state or step.
    #[must_use]
    pub const fn step_pairs(&self) -> u64 {
        self.step_pairs
    }

    /// What an arm did.
    #[must_use]
    pub const fn arm(&self, arm: Arm) -> &ArmCount {
        &self.counts[index(arm)]
    }

    /// Candidate requests in flight at the last fold.
    #[must_use]
    pub const fn in_flight(&self) -> u64 {
        self.in_flight
    }

    /// How the difference moved, at growing distances, oldest first.
    #[must_use]
    pub fn trail(&self) -> &[Point] {
        &self.trail
    }

    fn take(&mut self, exposure: Exposure) {
        if exposure.assigned_at <= self.watermark {
            return;
        }
        let (arm, failed) = (exposure.arm, exposure.failed);
        let key = (exposure.assigned_at, exposure.span_id);
        if self.pending.insert(key, exposure).is_none() {
            let count = &mut self.counts[index(arm)];
            count.requests += 1;
            count.failures += u64::from(failed);
        }
    }

    /// Moves resolved units to the queues, oldest first, up to the first one that is open.
    fn advance(&mut self, moment: &Moment) {
        for (key, first) in &self.pending {
            if self.closed.contains(&first.unit) {
                continue;
            }
            let later = self.pending.range((Bound::Excluded(key), Bound::Unbounded)).map(|(_, exposure)| exposure);
            let Some(resolved) = resolve(first, later, moment) else {
                // Others may share its instant: stop just before it.
                let before = Timestamp(first.assigned_at.0.saturating_sub(1));
                self.watermark = self.watermark.min(before);
                break;
            };
            self.watermark = resolved.assigned_at;
            self.closed.insert(first.unit);
            let arm = index(first.arm);
            self.counts[arm].units += u64::from(resolved.assigned_at >= self.since);
            self.waiting[arm].push_back(resolved);
        }
        let wanted = Timestamp(self.watermark.0.saturating_add(1));
        self.pending = self.pending.split_off(&(wanted, SpanId::from_bits(0)));
    }

    fn pair(&mut self) {
        loop {
            let [candidates, controls] = &mut self.waiting;
            let (Some(candidate), Some(control)) = (candidates.front(), controls.front()) else {
                return;
            };
            let (candidate, control) = (*candidate, *control);
            // Compared units should be of the same time. Which one gives way depends on assignment times alone.
            let (older, queue, younger) = if candidate.assigned_at <= control.assigned_at {
                (candidate, &mut *candidates, control)
            } else {
                (control, &mut *controls, candidate)
            };
            let successor_fits = queue.get(1).is_some_and(|next| next.assigned_at <= younger.assigned_at);
            if successor_fits && younger.assigned_at.since(older.assigned_at) > PAIR_GAP {
                queue.pop_front();
                continue;
            }
            candidates.pop_front();
            controls.pop_front();
            self.record(candidate, control);
        }
    }

    fn record(&mut self, candidate: Unit, control: Unit) {
        let own_step = candidate.assigned_at.min(control.assigned_at) >= self.since;
        let [left, right] = &mut self.counts;
        match (candidate.outcome, control.outcome) {
            (Outcome::Grade(a), Outcome::Grade(b)) => {
                self.promote.add(a, b);
                self.rollback.add(a, b);
                self.observed.add(a, b);
                left.grades += a;
                right.grades += b;
            }
            (Outcome::Missing, Outcome::Grade(b)) => {
                self.promote.add(0.0, b);
                self.rollback.add(1.0, b);
                left.missing += 1;
                left.lone_missing += u64::from(own_step);
            }
            (Outcome::Grade(a), Outcome::Missing) => {
                self.promote.add(a, 1.0);
                self.rollback.add(a, 0.0);
                right.missing += 1;
                right.lone_missing += u64::from(own_step);
            }
            (Outcome::Missing, Outcome::Missing) => {
                left.missing += 1;
                right.missing += 1;
                return;
            }
        }
        self.step_pairs += u64::from(own_step);
        self.mark(candidate.assigned_at.max(control.assigned_at));
    }

    fn mark(&mut self, at: Timestamp) {
        let pairs = self.observed.n();
        let due = self.trail.last().map_or(TRAIL_FROM, |last| (last.pairs + TRAIL_FROM).max(last.pairs * 11 / 10));
        if pairs >= due {
            let (lower, upper) = interval(&self.grid, &self.observed, BAND_ALPHA);
            let delta = self.observed.mean();
            self.trail.push(Point { at, pairs, delta, lower, upper });
        }
    }
}

const fn index(arm: Arm) -> usize {
    match arm {
        Arm::Candidate => 0,
        Arm::Control => 1,
    }
}
