//! The fold itself: pending exposures, resolved units by segment, histograms of their pairs.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashSet},
    ops::Bound,
    sync::Arc,
};

use weir_core::{
    SpanId, Timestamp,
    canary::{Baseline, Battles, Canary, Exposure, Shadowed},
    decision::Arm,
};
use weir_stats::{
    eprocess::{Grid, interval},
    histogram::PairHistogram,
};

use super::{
    differing::{Differing, Pair},
    stratum::{Stratum, index},
    sums::Sums,
    unit::{Moment, Outcome, Unit, resolve},
};

/// Resolved units are counted in steps of this long, to tell whether scores go missing now.
const RECENT_STEP_US: i64 = 10_000_000;
/// Steps kept: an hour, the longest time a score may take, and more.
const RECENT_STEPS: i64 = 450;
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
    /// Whole answers, and those of them that took longer than the baseline's 95th percentile.
    pub timed: (u64, u64),
    /// Streams, and those of them whose first byte came later than the baseline's 95th percentile.
    pub first_bytes: (u64, u64),
    /// Units resolved since the canary's last change.
    pub units: u64,
    /// Units of pairs without a score in time.
    pub missing: u64,
    /// Of those, the ones whose partner has a score, since the canary's last change.
    pub lone_missing: u64,
}

/// What became of the requests of both arms, from exposure to pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Funnel {
    /// Requests that ended.
    pub offered: u64,
    /// Units whose outcome is known: sessions, or single requests.
    pub units: u64,
    /// Pairs made of them.
    pub paired: u64,
    /// Pairs with both grades.
    pub scored: u64,
    /// Pairs with one grade; the other counts as the worst case of each test.
    pub imputed: u64,
}

/// Everything a canary's tests need. Incremental, and the same when folded again from the first exposure.
#[derive(Debug, Clone, PartialEq)]
pub struct PairState {
    grid: Grid,
    baseline: Baseline,
    epoch_at: Timestamp,
    watermark: Timestamp,
    since: Timestamp,
    in_flight: u64,
    version: Option<Arc<str>>,
    other_version: Option<Arc<str>>,
    pending: BTreeMap<(Timestamp, SpanId), Exposure>,
    closed: HashSet<u64>,
    counts: [ArmCount; 2],
    /// Resolved units and those without a score, by arm, in steps of assignment time.
    recent: BTreeMap<i64, [(u64, u64); 2]>,
    strata: BTreeMap<Arc<str>, Stratum>,
    all: Sums,
    shadow: PairHistogram,
    battles: Option<Battles>,
    step_pairs: u64,
    trail: Vec<Point>,
    differing: Differing,
}

impl PairState {
    /// Nothing folded yet, for tests at this margin: it decides the grid of bets.
    #[must_use]
    pub fn new(margin: f64) -> Self {
        Self {
            grid: Grid::for_margin(margin),
            baseline: Baseline::default(),
            epoch_at: Timestamp(i64::MIN),
            watermark: Timestamp(i64::MIN),
            since: Timestamp(i64::MIN),
            in_flight: 0,
            version: None,
            other_version: None,
            pending: BTreeMap::new(),
            closed: HashSet::new(),
            counts: [ArmCount::default(); 2],
            recent: BTreeMap::new(),
            strata: BTreeMap::new(),
            all: Sums::default(),
            shadow: PairHistogram::default(),
            battles: None,
            step_pairs: 0,
            trail: Vec::new(),
            differing: Differing::default(),
        }
    }

    /// Nothing folded yet, for this canary's plan and its present epoch of evidence.
    #[must_use]
    pub fn of(canary: &Canary) -> Self {
        Self { baseline: canary.plan.baseline, epoch_at: canary.epoch_at, ..Self::new(canary.plan.margin) }
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

    /// The scorer version whose grades are folded, and another one that came after it: folding has stopped there.
    #[must_use]
    pub const fn versions(&self) -> (Option<&Arc<str>>, Option<&Arc<str>>) {
        (self.version.as_ref(), self.other_version.as_ref())
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

    /// Units of an arm assigned at or after `from`, and those of them without a score in time.
    #[must_use]
    pub fn missing_since(&self, arm: Arm, from: Timestamp) -> (u64, u64) {
        let steps = self.recent.range(from.0.div_euclid(RECENT_STEP_US)..);
        steps.fold((0, 0), |(units, missing), (_, counts)| {
            let (more, lost) = counts[index(arm)];
            (units + more, missing + lost)
        })
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

    /// The pairs that differ most.
    #[must_use]
    pub const fn differing(&self) -> &Differing {
        &self.differing
    }

    /// How many requests came to be evidence.
    #[must_use]
    pub fn funnel(&self) -> Funnel {
        let [candidate, control] = &self.counts;
        let scored = self.all.observed().n();
        let imputed = self.all.promote().n() - scored;
        // A pair without any grade counts once in each arm's missing.
        let ungraded = (candidate.missing + control.missing).saturating_sub(imputed) / 2;
        Funnel {
            offered: candidate.requests + control.requests,
            units: self.strata.values().map(Stratum::units).sum(),
            paired: scored + imputed + ungraded,
            scored,
            imputed,
        }
    }

    fn take(&mut self, exposure: Exposure) {
        if exposure.assigned_at <= self.watermark || exposure.assigned_at < self.epoch_at {
            return;
        }
        let key = (exposure.assigned_at, exposure.span_id);
        let arm = index(exposure.arm);
        let latency_us = u64::try_from(exposure.ended_at.since(exposure.assigned_at).as_micros()).unwrap_or(u64::MAX);
        let (failed, ttft_us) = (exposure.failed, exposure.ttft_us);
        if self.pending.insert(key, exposure).is_none() {
            let count = &mut self.counts[arm];
            count.requests += 1;
            count.failures += u64::from(failed);
            tally(&mut count.timed, Some(latency_us).filter(|_| !failed), self.baseline.latency_us);
            tally(&mut count.first_bytes, ttft_us, self.baseline.ttft_us);
        }
    }

    /// Moves resolved units to the queues, oldest first, up to the first one that is open or was scored by another
    /// version.
    fn advance(&mut self, moment: &Moment) {
        for (key, first) in &self.pending {
            if self.other_version.is_some() {
                break;
            }
            if self.closed.contains(&first.unit) {
                continue;
            }
            let later = self.pending.range((Bound::Excluded(key), Bound::Unbounded)).map(|(_, exposure)| exposure);
            // Others may share its instant: stop just before it.
            let before = Timestamp(first.assigned_at.0.saturating_sub(1));
            let Some(resolved) = resolve(first, later, moment) else {
                self.watermark = self.watermark.min(before);
                break;
            };
            let pinned = self.version.clone().or_else(|| resolved.versions.first().cloned());
            self.other_version = resolved.versions.iter().find(|version| Some(*version) != pinned.as_ref()).cloned();
            self.version = pinned;
            if self.other_version.is_some() {
                self.watermark = self.watermark.min(before);
                break;
            }
            self.watermark = resolved.assigned_at;
            self.closed.insert(first.unit);
            let arm = index(first.arm);
            self.counts[arm].units += u64::from(resolved.assigned_at >= self.since);
            let recent = self.recent.entry(resolved.assigned_at.0.div_euclid(RECENT_STEP_US)).or_default();
            recent[arm].0 += 1;
            recent[arm].1 += u64::from(resolved.outcome == Outcome::Missing);
            self.strata.entry(Arc::clone(&first.segment)).or_default().push(first.arm, resolved);
        }
        let oldest = self.watermark.0.div_euclid(RECENT_STEP_US).saturating_sub(RECENT_STEPS);
        self.recent = self.recent.split_off(&oldest);
        let wanted = Timestamp(self.watermark.0.saturating_add(1));
        self.pending = self.pending.split_off(&(wanted, SpanId::from_bits(0)));
    }

    fn pair(&mut self) {
        let mut pairs: Vec<(Arc<str>, Unit, Unit)> = Vec::new();
        for (name, stratum) in &mut self.strata {
            while let Some((candidate, control)) = stratum.next_pair() {
                stratum.add(&candidate, &control, self.baseline.cost_cap_nano);
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
        self.all.add(candidate, control, self.baseline.cost_cap_nano);
        let lost = [candidate, control].map(|unit| unit.outcome == Outcome::Missing);
        let alone = own_step && lost[0] != lost[1];
        for (count, lost) in self.counts.iter_mut().zip(lost) {
            count.missing += u64::from(lost);
            count.lone_missing += u64::from(lost && alone);
        }
        if lost != [true, true] {
            self.step_pairs += u64::from(own_step);
            self.mark(candidate.assigned_at.max(control.assigned_at));
        }
    }

    fn mark(&mut self, at: Timestamp) {
        let pairs = self.all.observed().n();
        let due = self.trail.last().map_or(TRAIL_FROM, |last| (last.pairs + TRAIL_FROM).max(last.pairs * 11 / 10));
        if pairs >= due {
            let (lower, upper) = interval(&self.grid, self.all.observed(), BAND_ALPHA);
            let delta = self.all.observed().mean();
            self.trail.push(Point { at, pairs, delta, lower, upper });
        }
    }
}

/// Counts a time, and whether it is over the bar.
fn tally((seen, over): &mut (u64, u64), time_us: Option<u64>, bar_us: Option<u64>) {
    if let (Some(time), Some(bar)) = (time_us, bar_us) {
        *seen += 1;
        *over += u64::from(time > bar);
    }
}
