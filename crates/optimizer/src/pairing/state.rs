//! The fold itself: pending exposures, resolved units by segment, histograms of their pairs.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashSet},
    ops::Bound,
    sync::Arc,
};

use weir_core::{
    ScorerName, SpanId, Timestamp,
    canary::{Baseline, Battles, Canary, Exposure, Shadowed},
    decision::Arm,
};
use weir_stats::{eprocess::Grid, histogram::PairHistogram};

use super::{
    counts::{ArmCount, Counts, Funnel},
    differing::{Differing, Pair},
    stratum::Stratum,
    sums::Sums,
    trail::{Point, Trail},
    unit::{Moment, Outcome, Unit, resolve},
    versions::{OtherVersion, Versions},
};

/// Everything a canary's tests need. Incremental, and the same when folded again from the first exposure.
#[derive(Debug, Clone, PartialEq)]
pub struct PairState {
    grid: Grid,
    baseline: Baseline,
    guards: Vec<ScorerName>,
    epoch_at: Timestamp,
    watermark: Timestamp,
    since: Timestamp,
    in_flight: u64,
    versions: Versions,
    pending: BTreeMap<(Timestamp, SpanId), Exposure>,
    closed: HashSet<u64>,
    counts: Counts,
    strata: BTreeMap<Arc<str>, Stratum>,
    all: Sums,
    shadow: PairHistogram,
    battles: Option<Battles>,
    step_pairs: u64,
    trail: Trail,
    differing: Differing,
}

impl PairState {
    /// Nothing folded yet, for tests at this margin: it decides the grid of bets.
    #[must_use]
    pub fn new(margin: f64) -> Self {
        Self {
            grid: Grid::for_margin(margin),
            baseline: Baseline::default(),
            guards: Vec::new(),
            epoch_at: Timestamp(i64::MIN),
            watermark: Timestamp(i64::MIN),
            since: Timestamp(i64::MIN),
            in_flight: 0,
            versions: Versions::default(),
            pending: BTreeMap::new(),
            closed: HashSet::new(),
            counts: Counts::default(),
            strata: BTreeMap::new(),
            all: Sums::default(),
            shadow: PairHistogram::default(),
            battles: None,
            step_pairs: 0,
            trail: Trail::default(),
            differing: Differing::default(),
        }
    }

    /// Nothing folded yet, for this canary's plan and its present epoch of evidence.
    #[must_use]
    pub fn of(canary: &Canary) -> Self {
        Self {
            baseline: canary.plan.baseline,
            guards: canary.plan.guards.clone(),
            epoch_at: canary.epoch_at,
            ..Self::new(canary.plan.margin)
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
            self.counts.begin_step();
        }
        for exposure in exposures {
            self.take(exposure);
        }
        self.advance(moment);
        self.pair();
    }

    /// Replaces what the shadow says. Its pairs have a histogram of their own: nobody was randomised into them.
    pub fn set_shadow(&mut self, shadowed: &Shadowed) {
        self.shadow = PairHistogram::default();
        for &(candidate, control) in &shadowed.grades {
            self.shadow.add(candidate, control);
        }
        self.battles = shadowed.battles;
    }

    /// True while this is the evidence of the canary's present epoch.
    #[must_use]
    pub fn is_of(&self, canary: &Canary) -> bool {
        self.epoch_at == canary.epoch_at
    }

    /// Everything assigned up to here is folded; exposures after it are still wanted.
    #[must_use]
    pub fn watermark(&self) -> Timestamp {
        self.watermark.max(self.epoch_at)
    }

    /// Every pair.
    #[must_use]
    pub const fn all(&self) -> &Sums {
        &self.all
    }

    /// Every pair but those of these segments: a segment that the candidate has lost speaks neither for it nor against it
    /// in the others. No pair is used twice: a segment is lost by its own pairs alone.
    #[must_use]
    pub fn without(&self, segments: &[Arc<str>]) -> Cow<'_, Sums> {
        if !segments.iter().any(|segment| self.strata.contains_key(segment)) {
            return Cow::Borrowed(&self.all);
        }
        let mut rest = Sums::default();
        for (_, stratum) in self.strata.iter().filter(|(name, _)| !segments.contains(name)) {
            rest.merge(stratum.sums());
        }
        Cow::Owned(rest)
    }

    /// Same-prompt differences from before any exposure.
    #[must_use]
    pub const fn shadow(&self) -> &PairHistogram {
        &self.shadow
    }

    /// The shadow's answers side by side with those that callers got.
    #[must_use]
    pub const fn battles(&self) -> Option<Battles> {
        self.battles
    }

    /// Each segment's own pairs, by name.
    pub fn strata(&self) -> impl Iterator<Item = (&Arc<str>, &Stratum)> {
        self.strata.iter()
    }

    /// The version of the canary's scorer whose grades are folded.
    #[must_use]
    pub fn version(&self) -> Option<&Arc<str>> {
        self.versions.own()
    }

    /// Another version of the canary's scorer or of one of its guards, if any came: folding has stopped there.
    #[must_use]
    pub fn other_version(&self) -> Option<OtherVersion> {
        self.versions.other(&self.guards)
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
        self.counts.arm(arm)
    }

    /// Units of an arm assigned at or after `from`, and those of them without a score in time.
    #[must_use]
    pub fn missing_since(&self, arm: Arm, from: Timestamp) -> (u64, u64) {
        self.counts.missing_since(arm, from)
    }

    /// Candidate requests in flight at the last fold.
    #[must_use]
    pub const fn in_flight(&self) -> u64 {
        self.in_flight
    }

    /// How the difference moved, at growing distances, oldest first.
    #[must_use]
    pub fn trail(&self) -> &[Point] {
        self.trail.points()
    }

    /// The pairs that differ most.
    #[must_use]
    pub const fn differing(&self) -> &Differing {
        &self.differing
    }

    /// How many requests came to be evidence.
    #[must_use]
    pub fn funnel(&self) -> Funnel {
        self.counts.funnel(self.strata.values().map(Stratum::units).sum(), &self.all)
    }

    fn take(&mut self, exposure: Exposure) {
        if exposure.assigned_at <= self.watermark || exposure.assigned_at < self.epoch_at {
            return;
        }
        let key = (exposure.assigned_at, exposure.span_id);
        if !self.pending.contains_key(&key) {
            self.counts.request(&exposure, &self.baseline);
        }
        self.pending.insert(key, exposure);
    }

    /// Moves resolved units to the queues, oldest first, up to the first one that is open or was scored by another
    /// version.
    fn advance(&mut self, moment: &Moment) {
        for (key, first) in &self.pending {
            if self.versions.have_changed() {
                break;
            }
            if self.closed.contains(&first.unit) {
                continue;
            }
            let later = self.pending.range((Bound::Excluded(key), Bound::Unbounded)).map(|(_, exposure)| exposure);
            // Others may share its instant: stop just before it.
            let before = Timestamp(first.assigned_at.0.saturating_sub(1));
            let Some(resolved) = resolve(first, later, &self.guards, moment) else {
                self.watermark = self.watermark.min(before);
                break;
            };
            if !self.versions.take(&resolved.versions) {
                self.watermark = self.watermark.min(before);
                break;
            }
            self.watermark = resolved.assigned_at;
            self.closed.insert(first.unit);
            self.counts.unit(first.arm, &resolved, resolved.assigned_at >= self.since);
            self.strata.entry(Arc::clone(&first.segment)).or_default().push(first.arm, resolved);
        }
        self.counts.forget(self.watermark);
        let wanted = Timestamp(self.watermark.0.saturating_add(1));
        self.pending = self.pending.split_off(&(wanted, SpanId::from_bits(0)));
    }

    fn pair(&mut self) {
        let mut pairs: Vec<(Arc<str>, Unit, Unit)> = Vec::new();
        for (name, stratum) in &mut self.strata {
            while let Some((candidate, control)) = stratum.next_pair() {
                stratum.add(&candidate, &control, &self.baseline);
                pairs.push((Arc::clone(name), candidate, control));
            }
        }
        // Order matters to the trail alone: by the assignment that completed the pair.
        pairs.sort_by(|(a, a1, a2), (b, b1, b2)| {
            (a1.assigned_at.max(a2.assigned_at), a).cmp(&(b1.assigned_at.max(b2.assigned_at), b))
        });
        for (segment, candidate, control) in &pairs {
            self.record(candidate, control);
            if let (Outcome::Grade(a), Outcome::Grade(b)) = (candidate.outcome, control.outcome) {
                self.differing.add(Pair {
                    at: candidate.assigned_at.max(control.assigned_at),
                    segment: Arc::clone(segment),
                    candidate: candidate.span_id,
                    candidate_grade: a,
                    control: control.span_id,
                    control_grade: b,
                });
            }
        }
    }

    fn record(&mut self, candidate: &Unit, control: &Unit) {
        let own_step = candidate.assigned_at.min(control.assigned_at) >= self.since;
        self.all.add(candidate, control, &self.baseline);
        let lost = [candidate, control].map(|unit| unit.outcome == Outcome::Missing);
        self.counts.pair(lost, own_step);
        if lost != [true, true] {
            self.step_pairs += u64::from(own_step);
            self.trail.mark(candidate.assigned_at.max(control.assigned_at), self.all.observed(), &self.grid);
        }
    }
}
