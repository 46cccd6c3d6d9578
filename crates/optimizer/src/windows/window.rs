//! One window: its grades, what could not be graded, and its watch.

use weir_core::{
    Timestamp,
    score::{Score, Unscored, Verdict},
    snapshot::Quality,
};
use weir_stats::{
    ppi::{Alone, Labels, Trust},
    window::{BOUND_Z, Cell, Estimate, Prior},
};

use super::{
    Labelled,
    offline::Offline,
    watch::{Alarm, Cause, KEPT, State, Turn, Watch},
};

/// Half-lives of a window that its labels live for: what a judge gets wrong changes more slowly than what it judges, and
/// labels are few.
const LABELS_OUTLAST: f64 = 7.0;
/// What is assumed of a deployment before its first score.
pub const PRIOR: f64 = 0.5;
/// Grades of golden probes that can take a deployment back.
const PROBES_WANTED: u64 = 20;
/// Grades of golden probes that can keep it out.
const PROBES_AGAINST: u64 = 10;
/// How far under the reference probes must be to keep it out.
const PROBES_BELOW: f64 = 0.05;

/// One window.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    cell: Cell,
    /// Where the estimate is drawn to while there are few grades: the mean of golden probes, or of the whole workload
    /// for a part of it.
    prior: f64,
    /// What an eval run said of the same deployment.
    offline: Option<Offline>,
    /// What all parts of the workload together let expect of this one.
    fitted: Option<Prior>,
    unscored: Vec<(Unscored, u64)>,
    updated_at: Timestamp,
    watch: Watch,
    /// Answers that people have labelled as well.
    labels: Labels,
    /// Golden probes since the newest grade of traffic, or since the alarm. Undecayed.
    probes: Cell,
}

impl Window {
    pub(super) fn new(at: Timestamp, half_life_s: f64, learn: u64) -> Self {
        Self {
            cell: Cell::new(at.as_secs_f64(), half_life_s),
            prior: PRIOR,
            offline: None,
            fitted: None,
            unscored: Vec::new(),
            updated_at: at,
            watch: Watch::new(learn),
            labels: Labels::new(at.as_secs_f64(), half_life_s * LABELS_OUTLAST),
            probes: fresh(at),
        }
    }

    /// Takes in one word; [`Turn::Alarmed`] has begun a new epoch.
    pub(super) fn take(&mut self, score: &Score) -> Option<Turn> {
        let at = score.at;
        self.updated_at = self.updated_at.max(at);
        match &score.verdict {
            Verdict::Scored { grade } => {
                self.cell.add(at.as_secs_f64(), grade.value(), weight(score));
                if self.state(at) != State::Suspect {
                    self.probes = fresh(at);
                }
                // A reference is learned from what this window alone has seen: the fit depends on when it was made.
                let lower = self.cell.estimate(self.lent()).map_or(0.0, |estimate| estimate.lower);
                let turn = self.watch.grade(at, grade.value(), lower);
                if turn == Some(Turn::Alarmed) {
                    self.suspect(at, Cause::Traffic);
                }
                turn
            }
            Verdict::Unscored { reason } => {
                self.miss(*reason);
                None
            }
        }
    }

    /// Another word in the place of one that was taken in during `epoch`. The watch has heard of this answer already: who
    /// changes their mind a hundred times has seen one answer.
    pub(super) fn replace(&mut self, earlier: (&Score, u32), score: &Score) {
        let (before, epoch) = earlier;
        let epochs = i32::try_from(self.epoch().saturating_sub(epoch)).unwrap_or(i32::MAX);
        match &before.verdict {
            Verdict::Scored { grade } => {
                self.cell.take_back(before.at.as_secs_f64(), grade.value(), weight(before), KEPT.powi(epochs));
            }
            Verdict::Unscored { reason } => {
                if let Some((_, count)) = self.unscored.iter_mut().find(|(known, _)| known == reason) {
                    *count = count.saturating_sub(1);
                }
            }
        }
        self.updated_at = self.updated_at.max(score.at);
        match &score.verdict {
            Verdict::Scored { grade } => self.cell.add(score.at.as_secs_f64(), grade.value(), weight(score)),
            Verdict::Unscored { reason } => self.miss(*reason),
        }
    }

    fn miss(&mut self, reason: Unscored) {
        match self.unscored.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, count)) => *count += 1,
            None => self.unscored.push((reason, 1)),
        }
    }

    /// Takes in a golden probe's grade. True when probes have taken the deployment back: since traffic last spoke they
    /// are surely better than traffic was, which they now stand in for.
    pub(super) fn probed(&mut self, at: Timestamp, grade: f64) -> bool {
        self.probes.add(at.as_secs_f64(), grade, 1.0);
        let (Some(probes), Some(traffic)) = (self.probes.estimate(PRIOR), self.estimate()) else {
            return false;
        };
        if probes.n >= PROBES_WANTED && probes.lower > traffic.upper {
            self.cell = Cell::new(at.as_secs_f64(), self.cell.half_life_s());
            self.cell.merge(&self.probes);
            self.probes = fresh(at);
            self.watch.release(at);
            return true;
        }
        let known_bad = self.watch.reference().is_some_and(|reference| probes.upper < reference - PROBES_BELOW);
        if known_bad && probes.n >= PROBES_AGAINST && self.state(at) == State::Suspect {
            self.watch.prolong(at);
        }
        false
    }

    /// Begins a new epoch under suspicion.
    pub(super) fn suspect(&mut self, at: Timestamp, cause: Cause) {
        self.watch.suspect(at, cause);
        self.forget(at);
    }

    /// The provider answers with another model: what was graded is of the old one.
    pub(super) fn shift(&mut self, at: Timestamp) {
        self.watch.begin(at, Cause::Model);
        self.labels.keep(KEPT);
        self.forget(at);
    }

    fn forget(&mut self, at: Timestamp) {
        self.cell.keep(KEPT);
        self.probes = fresh(at);
    }

    pub(super) const fn set_prior(&mut self, prior: f64) {
        self.prior = prior;
    }

    pub(super) const fn set_offline(&mut self, offline: Option<Offline>) {
        self.offline = offline;
    }

    pub(super) const fn set_fitted(&mut self, fitted: Option<Prior>) {
        self.fitted = fitted;
    }

    /// Mean and variance of its grades, not shrunk, and how many they count for; `None` without grades.
    pub(super) fn moments(&self) -> Option<(f64, f64, f64)> {
        self.cell.moments()
    }

    /// The prior by what was lent to it and by an eval run.
    fn lent(&self) -> Prior {
        self.offline.map_or_else(
            || self.prior.into(),
            |offline| {
                let (mean, weight) = offline.join(self.prior);
                Prior { mean, weight, doubt: 0.0 }
            },
        )
    }

    /// What an eval run said of the same deployment, which the estimate is drawn to beside the prior.
    #[must_use]
    pub const fn offline(&self) -> Option<Offline> {
        self.offline
    }

    /// Shrunk mean and bounds; `None` without grades.
    #[must_use]
    pub fn estimate(&self) -> Option<Estimate> {
        self.cell.estimate(self.fitted.unwrap_or_else(|| self.lent()))
    }

    /// Takes in what a person said of an answer beside what the scorer said.
    pub(super) fn label(&mut self, labelled: &Labelled) {
        self.labels.add(labelled.at.as_secs_f64(), labelled.human, labelled.grade, labelled.weight);
    }

    /// Answers that people have labelled.
    #[must_use]
    pub const fn labels(&self) -> u64 {
        self.labels.labelled()
    }

    /// True once there are labels enough to correct the scorer by.
    #[must_use]
    pub fn is_calibrated(&self) -> bool {
        self.labels.suffice()
    }

    /// What people would have said, from few of their labels and the scorer's many grades; `None` while labels are too
    /// few. The interval is as wide as both kinds of evidence leave it.
    #[must_use]
    pub fn corrected(&self) -> Option<Quality> {
        let estimate = self.estimate()?;
        // A bound may be cut at 0 or 1; the other one then tells the error.
        let se = (estimate.mean - estimate.lower).max(estimate.upper - estimate.mean) / BOUND_Z;
        let alone = Alone { mean: estimate.mean, se, n_eff: estimate.n_eff };
        let mean = self.labels.mean(&alone, Trust::Tuned, BOUND_Z)?;
        Some(Quality { mean: mean.mean, lower: mean.lower, upper: mean.upper, n: estimate.n })
    }

    /// The estimate as the router reads it: corrected by people's labels where there are enough, so that a floor is
    /// held by what people would say and not by what a judge says.
    #[must_use]
    pub fn quality(&self) -> Option<Quality> {
        self.corrected().or_else(|| self.uncorrected())
    }

    /// The scorer's word alone.
    #[must_use]
    pub fn uncorrected(&self) -> Option<Quality> {
        self.estimate().map(|estimate| Quality {
            mean: estimate.mean,
            lower: estimate.lower,
            upper: estimate.upper,
            n: estimate.n,
        })
    }

    /// What the estimate is drawn to while grades are few.
    #[must_use]
    pub fn prior(&self) -> f64 {
        self.fitted.map_or(self.prior, |fitted| fitted.mean)
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

    /// What may be believed of it.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> State {
        self.watch.state(now)
    }

    /// Counts resets, from 1.
    #[must_use]
    pub const fn epoch(&self) -> u32 {
        self.watch.epoch()
    }

    /// The last reset.
    #[must_use]
    pub const fn alarm(&self) -> Option<&Alarm> {
        self.watch.alarm()
    }

    /// The level that grades must stay above; `None` until it is learned.
    #[must_use]
    pub const fn reference(&self) -> Option<f64> {
        self.watch.reference()
    }

    /// The drift detector's value; it alarms at [`weir_stats::drift::ALARM_AT`].
    #[must_use]
    pub fn drift_level(&self) -> f64 {
        self.watch.level()
    }

    /// When the last suspicion ends or ended; `None` when there was none.
    #[must_use]
    pub fn suspect_until(&self) -> Option<Timestamp> {
        self.watch.suspect_until()
    }
}

fn weight(score: &Score) -> f64 {
    super::weight(score.p_sample * score.propensity)
}

fn fresh(at: Timestamp) -> Cell {
    Cell::new(at.as_secs_f64(), f64::INFINITY)
}
