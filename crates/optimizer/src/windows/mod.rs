//! Scores folded into quality windows. A window is a function of the score log and the log of provider changes: scores
//! come with their sequence number, one behind the watermark is skipped, so reading a page twice or starting again from
//! the first score ends in the same state.
//!
//! A score counts with the inverse of the probability that its span took this route and was sampled (Horvitz and
//! Thompson 1952), clipped so that one rare route cannot carry a window alone.
//!
//! Windows protect and take back; they never give a deployment traffic that its policy does not allow.

mod fitted;
mod key;
mod log;
mod notice;
mod offline;
mod version;
mod watch;
mod window;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use weir_core::{
    DeploymentId, ScorerName, WorkloadId,
    score::{Score, Source, Verdict},
    workload::{SEGMENT_ALL, SEGMENT_EXTERNAL, SEGMENT_PROBE, SEGMENT_SHADOW},
};

use notice::{fell, told};
use version::Versions;
use watch::Turn;

pub use key::Key;
pub use log::{Labelled, Shift};
pub use notice::{Notice, NoticeKind};
pub use offline::{Offline, Runs};
pub use watch::{Alarm, COOL_DOWN, Cause, KEPT, State};
pub use window::{PRIOR, Window};

/// Largest weight of one score.
pub const MAX_WEIGHT: f64 = 20.0;
/// Half-life of workloads that were not named, in seconds.
pub const DEFAULT_HALF_LIFE_S: f64 = 86_400.0;
/// Grades of traffic that make a reference to watch.
pub const LEARN: u64 = 100;
/// The same for golden probes, whose prompts do not vary.
pub const LEARN_PROBES: u64 = 40;
/// Windows that posted scores may open on one workload; scores beyond them are stored and steer nothing.
const POSTED_MAX: usize = 256;

/// The epochs that a score was counted in: of its part of the workload, and of the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Folded {
    part: u32,
    whole: u32,
}

/// All windows, and the newest score they know.
#[derive(Debug, Clone, Default)]
pub struct Windows {
    half_lives_s: HashMap<WorkloadId, f64>,
    windows: BTreeMap<Key, Window>,
    versions: HashMap<(WorkloadId, ScorerName), Versions>,
    posted: HashMap<WorkloadId, usize>,
    /// The models each deployment has answered with.
    models: HashMap<DeploymentId, HashSet<Option<Arc<str>>>>,
    score_seq: i64,
    shift_seq: i64,
    label_seq: i64,
    notices: Vec<Notice>,
    runs: Runs,
}

impl Windows {
    /// No scores yet. Half-lives are in seconds; a workload that is not named gets [`DEFAULT_HALF_LIFE_S`]. To change
    /// a half-life, start again and fold the log.
    #[must_use]
    pub fn new(half_lives_s: impl IntoIterator<Item = (WorkloadId, f64)>) -> Self {
        Self { half_lives_s: half_lives_s.into_iter().collect(), ..Self::default() }
    }

    /// Folds the score with sequence number `seq`; true when it was new. Scores must come in ascending order of `seq`:
    /// one at or behind [`Self::score_seq`] is taken for a repetition. Probes and shadow answers have windows of their
    /// own; the grade of a part of a workload also counts for the whole.
    pub fn fold(&mut self, seq: i64, score: &Score) -> bool {
        if seq <= self.score_seq {
            return false;
        }
        self.score_seq = seq;
        let key = Key::of(score);
        if !self.has_room(&key, score.source) {
            return true;
        }
        let named = (key.workload.clone(), key.scorer.clone());
        match self.versions.get_mut(&named) {
            Some(versions) => versions.speak(&key.version, score.source),
            None => drop(self.versions.insert(named, Versions::new(&key.version))),
        }
        match &*score.segment {
            SEGMENT_ALL | SEGMENT_SHADOW | SEGMENT_EXTERNAL => {
                self.take(key, score);
            }
            SEGMENT_PROBE => self.probe(key, score),
            _ => {
                let whole = key.whole();
                self.take(whole.clone(), score);
                self.take(key.clone(), score);
                self.lend(&whole, &key);
            }
        }
        true
    }

    /// The epochs that this score, which was folded last, has been counted in.
    #[must_use]
    pub fn folded(&self, score: &Score) -> Folded {
        let key = Key::of(score);
        let epoch = |key: &Key| self.windows.get(key).map_or(0, Window::epoch);
        Folded { part: epoch(&key), whole: epoch(&key.whole()) }
    }

    /// Folds a score that stands in the place of an earlier one of the same span, scorer and version, as if the earlier
    /// had never been; true when it was new.
    pub fn replace(&mut self, seq: i64, (earlier, folded): (&Score, Folded), score: &Score) -> bool {
        if seq <= self.score_seq {
            return false;
        }
        self.score_seq = seq;
        let key = Key::of(score);
        let whole = key.whole();
        if whole != key
            && let Some(window) = self.windows.get_mut(&whole)
        {
            window.replace((earlier, folded.whole), score);
        }
        if let Some(window) = self.windows.get_mut(&key) {
            window.replace((earlier, folded.part), score);
        }
        if whole != key {
            self.lend(&whole, &key);
        }
        true
    }

    /// Takes in that a deployment answers as somebody else; true when it was new. Must come in ascending order of its
    /// own `seq`, and before the scores that are newer than it. Another model begins a new epoch in every window of the
    /// deployment; a new fingerprint alone is only told, because providers serve several at once.
    pub fn shift(&mut self, shift: &Shift) -> bool {
        if shift.seq <= self.shift_seq {
            return false;
        }
        self.shift_seq = shift.seq;
        let known = self.models.entry(shift.deployment.clone()).or_default();
        let first = known.is_empty();
        let new_model = known.insert(shift.identity.model.clone());
        if first {
            return true;
        }
        let text = told(shift, new_model);
        for (key, window) in self.windows.iter_mut().filter(|(key, _)| key.deployment == shift.deployment) {
            if new_model {
                window.shift(shift.at);
            }
            if &*key.segment == SEGMENT_ALL {
                let epoch = window.epoch();
                let (key, text) = (key.clone(), text.clone());
                self.notices.push(Notice { key, epoch, kind: NoticeKind::Changed, at: shift.at, text });
            }
        }
        true
    }

    /// Takes a label in; true when it was new. Must come in ascending order of its own `seq`, after the score it is beside:
    /// it corrects the window of that version of the scorer and no other.
    pub fn label(&mut self, labelled: &Labelled) -> bool {
        if labelled.seq <= self.label_seq {
            return false;
        }
        self.label_seq = labelled.seq;
        let key = Key {
            workload: labelled.workload.clone(),
            segment: SEGMENT_ALL.into(),
            deployment: labelled.deployment.clone(),
            scorer: labelled.scorer.clone(),
            version: Arc::clone(&labelled.version),
        };
        if let Some(window) = self.windows.get_mut(&key) {
            window.label(labelled);
        }
        true
    }

    /// Sequence number of the newest label taken in; 0 before the first.
    #[must_use]
    pub const fn label_seq(&self) -> i64 {
        self.label_seq
    }

    /// Takes in what eval runs say now; what they said before is forgotten.
    pub fn set_runs(&mut self, runs: Runs) {
        self.runs = runs;
        for (key, window) in &mut self.windows {
            window.set_offline(self.runs.means.get(key).copied());
        }
    }

    /// A failed gate keeps this deployment out of the workload's ordinary traffic.
    #[must_use]
    pub fn is_out(&self, workload: &WorkloadId, deployment: &DeploymentId) -> bool {
        self.runs.out.contains(&(workload.clone(), deployment.clone()))
    }

    /// What people should hear of, once; folding the log again tells it again.
    #[must_use]
    pub fn take_notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices)
    }

    /// Sequence number of the newest score folded; 0 before the first.
    #[must_use]
    pub const fn score_seq(&self) -> i64 {
        self.score_seq
    }

    /// Sequence number of the newest provider change taken in; 0 before the first.
    #[must_use]
    pub const fn shift_seq(&self) -> i64 {
        self.shift_seq
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

    /// The version of a scorer that steers a workload: a changed scorer steers as soon as it speaks, and windows of its
    /// older versions stay readable.
    #[must_use]
    pub fn current_version(&self, workload: &WorkloadId, scorer: &ScorerName) -> Option<&Arc<str>> {
        self.versions.get(&(workload.clone(), scorer.clone())).map(Versions::current)
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

    fn has_room(&mut self, key: &Key, source: Source) -> bool {
        if source != Source::Api || self.windows.contains_key(key) {
            return true;
        }
        let posted = self.posted.entry(key.workload.clone()).or_default();
        *posted += usize::from(*posted < POSTED_MAX + 1);
        *posted <= POSTED_MAX
    }

    fn take(&mut self, key: Key, score: &Score) -> Option<Turn> {
        let half_life_s = self.half_life_s(&score.workload);
        let probes = Key { segment: SEGMENT_PROBE.into(), ..key.clone() };
        let learn = if &*key.segment == SEGMENT_PROBE { LEARN_PROBES } else { LEARN };
        let new = !self.windows.contains_key(&key);
        let offline = self.runs.means.get(&key).copied();
        let window = self.windows.entry(key.clone()).or_insert_with(|| {
            let mut window = Window::new(score.at, half_life_s, learn);
            window.set_offline(offline);
            window
        });
        let turn = window.take(score);
        let (epoch, alarm) = (window.epoch(), window.alarm().copied());
        let settled = window.epoch() > 1 && turn == Some(Turn::Settled);
        if new && &*key.segment == SEGMENT_ALL {
            self.lend(&probes, &key);
        }
        match turn {
            Some(Turn::Alarmed) => {
                let text = alarm.map(|alarm| fell(&key, &alarm, epoch)).unwrap_or_default();
                self.notices.push(Notice { key, epoch, kind: NoticeKind::Drifted, at: score.at, text });
            }
            Some(Turn::Settled) if settled => {
                let text = format!("{} has a level again after its trial, epoch {epoch}", key.deployment);
                self.notices.push(Notice { key, epoch, kind: NoticeKind::Recovered, at: score.at, text });
            }
            _ => {}
        }
        turn
    }

    /// A probe's grade counts in the probes' own window, and is heard by the window of traffic beside it.
    fn probe(&mut self, key: Key, score: &Score) {
        let turn = self.take(key.clone(), score);
        let traffic = Key { segment: SEGMENT_ALL.into(), ..key.clone() };
        self.lend(&key, &traffic);
        let Some(window) = self.windows.get_mut(&traffic) else {
            return;
        };
        if turn == Some(Turn::Alarmed) && window.state(score.at) != State::Suspect {
            window.suspect(score.at, Cause::Probes);
            return;
        }
        if let Verdict::Scored { grade } = &score.verdict
            && window.probed(score.at, grade.value())
        {
            let epoch = window.epoch();
            let text = format!("golden probes took {} back on trial, epoch {epoch}", key.deployment);
            let notice = Notice { key: traffic, epoch, kind: NoticeKind::Recovered, at: score.at, text };
            self.notices.push(notice);
        }
    }

    /// The mean of one window becomes the prior of another.
    fn lend(&mut self, from: &Key, to: &Key) {
        let Some(mean) = self.windows.get(from).and_then(Window::estimate).map(|estimate| estimate.mean) else {
            return;
        };
        if let Some(window) = self.windows.get_mut(to) {
            window.set_prior(mean);
        }
    }
}

/// `1 / p`, in `1..=MAX_WEIGHT`, for an answer that was routed and sampled with probability `p`; what is no probability
/// counts as 1.
#[must_use]
pub fn weight(p: f64) -> f64 {
    if p > 0.0 { (1.0 / p).clamp(1.0, MAX_WEIGHT) } else { 1.0 }
}
