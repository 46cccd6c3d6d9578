//! Scores folded into quality windows. A window is a function of the score log: scores come with their sequence
//! number, one behind the watermark is skipped, so reading a page twice or starting again from the first score ends in
//! the same state.
//!
//! A score counts with the inverse of the probability that its span took this route and was sampled (Horvitz and
//! Thompson 1952), clipped so that one rare route cannot carry a window alone.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use weir_core::{
    DeploymentId, ScorerName, Timestamp, WorkloadId,
    score::{Score, Unscored, Verdict},
    snapshot::Quality,
};
use weir_stats::window::{Cell, Estimate};

/// Largest weight of one score.
pub const MAX_WEIGHT: f64 = 20.0;
/// What is assumed of a deployment before its first score.
pub const PRIOR: f64 = 0.5;
/// Half-life of workloads that were not named, in seconds.
pub const DEFAULT_HALF_LIFE_S: f64 = 86_400.0;

/// Which window.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Whose traffic.
    pub workload: WorkloadId,
    /// The part of its prompts.
    pub segment: Arc<str>,
    /// Whose answers.
    pub deployment: DeploymentId,
    /// Whose scores.
    pub scorer: ScorerName,
    /// The scorer's version.
    pub version: Arc<str>,
}

/// One window.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    cell: Cell,
    unscored: Vec<(Unscored, u64)>,
    updated_at: Timestamp,
}

impl Window {
    /// Shrunk mean and bounds; `None` without grades.
    #[must_use]
    pub fn estimate(&self) -> Option<Estimate> {
        self.cell.estimate(PRIOR)
    }

    /// The estimate as the router reads it.
    #[must_use]
    pub fn quality(&self) -> Option<Quality> {
        self.estimate().map(|estimate| Quality {
            mean: estimate.mean,
            lower: estimate.lower,
            upper: estimate.upper,
            n: estimate.n,
        })
    }

    /// Answers without a grade, by reason, in order of first appearance.
    #[must_use]
    pub fn unscored(&self) -> &[(Unscored, u64)] {
        &self.unscored
    }

    /// All answers without a grade.
    #[must_use]
    pub fn unscored_total(&self) -> u64 {
        self.unscored.iter().map(|(_, count)| count).sum()
    }

    /// Time of the newest score, graded or not.
    #[must_use]
    pub const fn updated_at(&self) -> Timestamp {
        self.updated_at
    }
}

/// All windows, and the newest score they know.
#[derive(Debug, Clone, Default)]
pub struct Windows {
    half_lives_s: HashMap<WorkloadId, f64>,
    windows: BTreeMap<Key, Window>,
    current: HashMap<(WorkloadId, ScorerName), Arc<str>>,
    score_seq: i64,
}

impl Windows {
    /// No scores yet. Half-lives are in seconds; a workload that is not named gets [`DEFAULT_HALF_LIFE_S`]. To change
    /// a half-life, start again and fold the log.
    #[must_use]
    pub fn new(half_lives_s: impl IntoIterator<Item = (WorkloadId, f64)>) -> Self {
        Self { half_lives_s: half_lives_s.into_iter().collect(), ..Self::default() }
    }

    /// Folds the score with sequence number `seq`; true when it was new. Scores must come in ascending order of `seq`:
    /// one at or behind [`Self::score_seq`] is taken for a repetition.
    pub fn fold(&mut self, seq: i64, score: &Score) -> bool {
        if seq <= self.score_seq {
            return false;
        }
        self.score_seq = seq;
        self.current.insert((score.workload.clone(), score.scorer.clone()), Arc::clone(&score.version));
        let half_life_s = self.half_life_s(&score.workload);
        let window = self.windows.entry(Key::of(score)).or_insert_with(|| Window {
            cell: Cell::new(score.at.as_secs_f64(), half_life_s),
            unscored: Vec::new(),
            updated_at: score.at,
        });
        window.updated_at = window.updated_at.max(score.at);
        match score.verdict {
            Verdict::Scored { grade } => {
                window.cell.add(score.at.as_secs_f64(), grade.value(), weight(score));
            }
            Verdict::Unscored { reason } => match window.unscored.iter_mut().find(|(known, _)| *known == reason) {
                Some((_, count)) => *count += 1,
                None => window.unscored.push((reason, 1)),
            },
        }
        true
    }

    /// Sequence number of the newest score folded; 0 before the first.
    #[must_use]
    pub const fn score_seq(&self) -> i64 {
        self.score_seq
    }

    /// Half-life of a workload's windows, in seconds.
    #[must_use]
    pub fn half_life_s(&self, workload: &WorkloadId) -> f64 {
        self.half_lives_s.get(workload).copied().unwrap_or(DEFAULT_HALF_LIFE_S)
    }

    /// One window.
    #[must_use]
    pub fn get(&self, key: &Key) -> Option<&Window> {
        self.windows.get(key)
    }

    /// All windows, in order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (&Key, &Window)> {
        self.windows.iter()
    }

    /// The version that gave a scorer's newest score on a workload: a changed scorer steers as soon as it speaks, and
    /// windows of its older versions stay readable.
    #[must_use]
    pub fn current_version(&self, workload: &WorkloadId, scorer: &ScorerName) -> Option<&Arc<str>> {
        self.current.get(&(workload.clone(), scorer.clone()))
    }

    /// A deployment's window of the scorer's current version.
    #[must_use]
    pub fn current(
        &self,
        workload: &WorkloadId,
        segment: &str,
        deployment: &DeploymentId,
        scorer: &ScorerName,
    ) -> Option<&Window> {
        let version = self.current_version(workload, scorer)?;
        self.get(&Key {
            workload: workload.clone(),
            segment: segment.into(),
            deployment: deployment.clone(),
            scorer: scorer.clone(),
            version: Arc::clone(version),
        })
    }
}

impl Key {
    fn of(score: &Score) -> Self {
        Self {
            workload: score.workload.clone(),
            segment: Arc::clone(&score.segment),
            deployment: score.deployment.clone(),
            scorer: score.scorer.clone(),
            version: Arc::clone(&score.version),
        }
    }
}

/// `1 / (p_sample · propensity)`, in `1..=MAX_WEIGHT`; probabilities that are no probabilities count as 1.
fn weight(score: &Score) -> f64 {
    let p = score.p_sample * score.propensity;
    if p > 0.0 { (1.0 / p).clamp(1.0, MAX_WEIGHT) } else { 1.0 }
}
