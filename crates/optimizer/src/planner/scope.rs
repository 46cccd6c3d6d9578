//! Where is a deployment good enough? Conjunctions of up to three features are searched on one half of the units and
//! reported on the other: the best of many scopes looks better than it is on the rows it was chosen by, and only
//! there.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use weir_core::entropy::mix;
use weir_stats::window::BOUND_Z;

/// Fewest observations of each arm, in each half, for a scope to be considered.
pub const LEAST: u64 = 200;
/// Most features in a scope.
pub const DEPTH: usize = 3;

/// One graded answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Observation {
    /// Its unit of randomisation; decides the half.
    pub unit: u64,
    /// One value for each feature, such as the bucket of input tokens or the hour.
    pub features: Vec<u16>,
    /// Of the candidate, not the control.
    pub candidate: bool,
    /// Its grade, `0..=1`.
    pub grade: f64,
}

/// `(feature, value)`, ascending by feature, each feature once.
pub type Scope = Vec<(usize, u16)>;

/// Difference of means within a scope.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// Candidate − control, `-1..=1`.
    pub delta: f64,
    /// Its standard error.
    pub se: f64,
    /// Observations of the smaller arm.
    pub n: u64,
}

/// The scope that was chosen.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Mined {
    /// The conjunction.
    pub scope: Scope,
    /// As it looked where it was chosen: an overestimate.
    pub discovered: Difference,
    /// As it is on the half that had no part in the choice: the one to report.
    pub held_out: Difference,
    /// Scopes that were considered.
    pub considered: usize,
}

#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    n: [u64; 2],
    grade: [f64; 2],
    grade_sq: [f64; 2],
}

impl Sums {
    fn add(&mut self, one: &Observation) {
        let arm = usize::from(one.candidate);
        self.n[arm] += 1;
        self.grade[arm] += one.grade;
        self.grade_sq[arm] += one.grade * one.grade;
    }

    fn merge(&mut self, other: &Self) {
        for arm in 0..2 {
            self.n[arm] += other.n[arm];
            self.grade[arm] += other.grade[arm];
            self.grade_sq[arm] += other.grade_sq[arm];
        }
    }

    fn difference(&self) -> Option<Difference> {
        let n = self.n[0].min(self.n[1]);
        if n < LEAST {
            return None;
        }
        let mean = |arm: usize| self.grade[arm] / self.n[arm] as f64;
        let error = |arm: usize| (self.grade_sq[arm] / self.n[arm] as f64 - mean(arm).powi(2)) / self.n[arm] as f64;
        Some(Difference { delta: mean(1) - mean(0), se: (error(0) + error(1)).max(0.0).sqrt(), n })
    }
}

/// The scope whose lower bound of the difference is highest, from conjunctions of up to [`DEPTH`] features. `None`
/// when no scope has [`LEAST`] observations of each arm in both halves. `salt` decides the halves.
#[must_use]
pub fn mine(observations: &[Observation], salt: u64) -> Option<Mined> {
    // There are few combinations of values and many observations: each is added once, and scopes are sums of sums.
    let mut halves: [BTreeMap<&[u16], Sums>; 2] = Default::default();
    for one in observations {
        let half = usize::from(mix(one.unit ^ salt) & 1 == 1);
        halves[half].entry(&one.features).or_default().add(one);
    }
    let [discovery, held_out] = halves;
    let mut sums: BTreeMap<Scope, Sums> = BTreeMap::new();
    let mut alive: Option<BTreeSet<Scope>> = None;
    for depth in 1..=DEPTH {
        let mut level: BTreeMap<Scope, Sums> = BTreeMap::new();
        for (values, part) in &discovery {
            let features: Vec<_> = values.iter().copied().enumerate().collect();
            for scope in conjunctions(&features, depth) {
                // A part of a scope that is too small is too small.
                let grows = alive.as_ref().is_none_or(|alive| alive.contains(&scope[..depth - 1]));
                if grows {
                    level.entry(scope).or_default().merge(part);
                }
            }
        }
        level.retain(|_, sums| sums.difference().is_some());
        alive = Some(level.keys().cloned().collect());
        sums.extend(level);
    }
    let considered = sums.len();
    let mut found: Vec<(Scope, Difference)> =
        sums.into_iter().filter_map(|(scope, sums)| Some((scope, sums.difference()?))).collect();
    let bound = |difference: &Difference| difference.delta - BOUND_Z * difference.se;
    found.sort_by(|(_, left), (_, right)| bound(right).total_cmp(&bound(left)));
    found.into_iter().find_map(|(scope, discovered)| {
        let mut rest = Sums::default();
        held_out.iter().filter(|(values, _)| covers(&scope, values)).for_each(|(_, part)| rest.merge(part));
        rest.difference().map(|held_out| Mined { scope, discovered, held_out, considered })
    })
}

/// Whether the scope holds for these values, one for each feature.
#[must_use]
pub fn covers(scope: &[(usize, u16)], values: &[u16]) -> bool {
    scope.iter().all(|&(feature, value)| values.get(feature) == Some(&value))
}

fn conjunctions(features: &[(usize, u16)], depth: usize) -> Vec<Scope> {
    if depth == 0 {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for (at, &first) in features.iter().enumerate() {
        for mut rest in conjunctions(&features[at + 1..], depth - 1) {
            rest.insert(0, first);
            all.push(rest);
        }
    }
    all
}
