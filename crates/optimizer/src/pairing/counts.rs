//! What both arms did: requests, failures and slow answers as they end, units and missing grades as they are folded.

use std::collections::BTreeMap;

use weir_core::{
    Timestamp,
    canary::{Baseline, Exposure},
    decision::Arm,
};

use super::{
    stratum::index,
    sums::Sums,
    unit::{Outcome, Unit},
};

/// Resolved units are counted in steps of this long, to tell whether scores go missing now.
const RECENT_STEP_US: i64 = 10_000_000;
/// Steps kept: an hour, the longest time a score may take, and more.
const RECENT_STEPS: i64 = 450;

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

/// Counts of both arms.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Counts {
    arms: [ArmCount; 2],
    /// Resolved units and those without a score, by arm, in steps of assignment time.
    recent: BTreeMap<i64, [(u64, u64); 2]>,
}

impl Counts {
    pub(super) const fn arm(&self, arm: Arm) -> &ArmCount {
        &self.arms[index(arm)]
    }

    /// The canary's state or step has changed: what is counted since then begins again.
    pub(super) fn begin_step(&mut self) {
        for count in &mut self.arms {
            (count.units, count.lone_missing) = (0, 0);
        }
    }

    /// A request that ended.
    pub(super) fn request(&mut self, exposure: &Exposure, baseline: &Baseline) {
        let count = &mut self.arms[index(exposure.arm)];
        let latency_us = u64::try_from(exposure.ended_at.since(exposure.assigned_at).as_micros()).unwrap_or(u64::MAX);
        count.requests += 1;
        count.failures += u64::from(exposure.failed);
        tally(&mut count.timed, Some(latency_us).filter(|_| !exposure.failed), baseline.latency_us);
        tally(&mut count.first_bytes, exposure.ttft_us, baseline.ttft_us);
    }

    /// A unit that is resolved; `own_step` when it was assigned in the canary's present step.
    pub(super) fn unit(&mut self, arm: Arm, unit: &Unit, own_step: bool) {
        self.arms[index(arm)].units += u64::from(own_step);
        let recent = self.recent.entry(unit.assigned_at.0.div_euclid(RECENT_STEP_US)).or_default();
        recent[index(arm)].0 += 1;
        recent[index(arm)].1 += u64::from(unit.outcome == Outcome::Missing);
    }

    /// A pair whose candidate and control `lost` their grade or not.
    pub(super) fn pair(&mut self, lost: [bool; 2], own_step: bool) {
        let alone = own_step && lost[0] != lost[1];
        for (count, lost) in self.arms.iter_mut().zip(lost) {
            count.missing += u64::from(lost);
            count.lone_missing += u64::from(lost && alone);
        }
    }

    /// Units of an arm assigned at or after `from`, and those of them without a score in time.
    pub(super) fn missing_since(&self, arm: Arm, from: Timestamp) -> (u64, u64) {
        let steps = self.recent.range(from.0.div_euclid(RECENT_STEP_US)..);
        steps.fold((0, 0), |(units, missing), (_, counts)| {
            let (more, lost) = counts[index(arm)];
            (units + more, missing + lost)
        })
    }

    /// Forgets the steps of units that are long past at `now`.
    pub(super) fn forget(&mut self, now: Timestamp) {
        let oldest = now.0.div_euclid(RECENT_STEP_US).saturating_sub(RECENT_STEPS);
        self.recent = self.recent.split_off(&oldest);
    }

    /// How many requests came to be evidence: `units` in all, of which every pair is in `sums`.
    pub(super) fn funnel(&self, units: u64, sums: &Sums) -> Funnel {
        let [candidate, control] = &self.arms;
        let scored = sums.observed().n();
        let imputed = sums.promote().n() - scored;
        // A pair without any grade counts once in each arm's missing.
        let ungraded = (candidate.missing + control.missing).saturating_sub(imputed) / 2;
        Funnel {
            offered: candidate.requests + control.requests,
            units,
            paired: scored + imputed + ungraded,
            scored,
            imputed,
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
