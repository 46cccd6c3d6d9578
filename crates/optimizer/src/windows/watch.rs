//! Whether one window still measures what it measured. A long window with a reset beats a short window: the reset needs
//! proof that grades fell, and until there is proof every grade counts.
//!
//! The proof is an e-detector (`weir_stats::drift`): while the mean stays at or above the reference, the expected
//! number of grades to a false alarm is at least the detector's threshold. The reference is the window's own lower bound
//! when it was learned, less a slack, and is learned again whenever the evidence has doubled without suspicion.
//!
//! ```text
//! learning ──reference──► steady ──alarm──► suspect ──cool-down, or probes──► returning ──grades──► steady
//!                                             ▲                                   │
//!                                             └───────────── alarm ───────────────┘   twice the cool-down
//! ```

use std::time::Duration;

use weir_core::Timestamp;
use weir_stats::drift::{ALARM_AT, Detector};

/// Share of an old epoch's evidence that the next one starts from.
pub const KEPT: f64 = 0.1;
/// Shortest time under suspicion; doubles with each relapse.
pub const COOL_DOWN: Duration = Duration::from_mins(10);
/// Longest time under suspicion.
const COOL_DOWN_MAX: Duration = Duration::from_hours(24);
/// Evidence below which a reference may be replaced: a hundredth of an alarm's.
const CALM: f64 = ALARM_AT / 100.0;

/// What may be believed of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Too few grades to know its own level.
    Learning,
    /// Watched, and nothing to see.
    Steady,
    /// Grades have fallen: it takes no ordinary traffic while another deployment can.
    Suspect,
    /// Taken back on trial: a second alarm comes sooner than the first and costs twice the time.
    Returning,
}

impl State {
    /// The word shown.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Learning => "learning",
            Self::Steady => "steady",
            Self::Suspect => "suspect",
            Self::Returning => "returning",
        }
    }
}

/// Why a window's past no longer counts in full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Grades of traffic fell below the reference.
    Traffic,
    /// Grades of golden probes fell below theirs.
    Probes,
    /// The provider answers with another model.
    Model,
}

impl Cause {
    /// The word shown.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Traffic => "traffic",
            Self::Probes => "probes",
            Self::Model => "model",
        }
    }
}

/// The last reset.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Alarm {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub cause: Cause,
    /// The reference that grades fell below; `None` when none was known.
    pub reference: Option<f64>,
    /// The detector's value that raised it; 0 when no detector did.
    pub level: f64,
}

/// What a grade made of the watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// Proof that grades fell.
    Alarmed,
    /// A level is known, for the first time in this epoch.
    Settled,
}

/// One window's watch.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Watch {
    /// Grades that make a reference.
    learn: u64,
    epoch: u32,
    /// Grades of this epoch, those under suspicion left out.
    seen: u64,
    next_reference: u64,
    detector: Option<Detector>,
    reference: Option<f64>,
    returning: bool,
    relapses: u32,
    suspect_until: Timestamp,
    alarm: Option<Alarm>,
}

impl Watch {
    pub(super) const fn new(learn: u64) -> Self {
        Self {
            learn,
            epoch: 1,
            seen: 0,
            next_reference: learn,
            detector: None,
            reference: None,
            returning: false,
            relapses: 0,
            suspect_until: Timestamp(i64::MIN),
            alarm: None,
        }
    }

    pub(super) const fn epoch(&self) -> u32 {
        self.epoch
    }

    pub(super) const fn alarm(&self) -> Option<&Alarm> {
        self.alarm.as_ref()
    }

    pub(super) const fn reference(&self) -> Option<f64> {
        self.reference
    }

    /// The detector's value; 0 without one.
    pub(super) fn level(&self) -> f64 {
        self.detector.as_ref().map_or(0.0, Detector::evidence)
    }

    pub(super) fn suspect_until(&self) -> Option<Timestamp> {
        (self.suspect_until.0 > i64::MIN).then_some(self.suspect_until)
    }

    pub(super) fn state(&self, now: Timestamp) -> State {
        if now < self.suspect_until {
            State::Suspect
        } else if self.returning {
            State::Returning
        } else if self.reference.is_none() {
            State::Learning
        } else {
            State::Steady
        }
    }

    /// Takes one grade in; `lower` is the window's lower bound with it. On [`Turn::Alarmed`] the caller owes
    /// [`Self::reset`].
    pub(super) fn grade(&mut self, at: Timestamp, grade: f64, lower: f64) -> Option<Turn> {
        if at < self.suspect_until {
            // What still comes here comes because nobody else could take it; it says nothing about a return.
            return None;
        }
        self.seen += 1;
        if self.detector.is_none() {
            self.detector = self.reference.map(Detector::new);
        }
        if let Some(detector) = &mut self.detector {
            detector.add(grade);
            if detector.alarms() {
                return Some(Turn::Alarmed);
            }
        }
        if self.seen < self.next_reference {
            return None;
        }
        self.next_reference = self.seen.saturating_mul(2);
        if self.level() >= CALM {
            return None;
        }
        let first = self.reference.is_none() || self.returning;
        let detector = Detector::below(lower);
        self.reference = Some(detector.reference());
        self.detector = Some(detector);
        (self.returning, self.relapses) = (false, 0);
        first.then_some(Turn::Settled)
    }

    /// Begins a new epoch under suspicion.
    pub(super) fn suspect(&mut self, at: Timestamp, cause: Cause) {
        self.relapses = if self.returning { self.relapses + 1 } else { 0 };
        self.begin(at, cause);
        self.suspect_until = at.plus(self.cool_down());
    }

    /// Begins a new epoch on trial: nothing is known against it, but what was known is of another model.
    pub(super) fn begin(&mut self, at: Timestamp, cause: Cause) {
        self.alarm = Some(Alarm { at, cause, reference: self.reference, level: self.level() });
        self.epoch += 1;
        self.returning = self.reference.is_some();
        self.restart();
    }

    /// Takes it back on trial, at once.
    pub(super) fn release(&mut self, at: Timestamp) {
        self.suspect_until = self.suspect_until.min(at);
        self.returning = self.reference.is_some();
        self.restart();
    }

    /// Stays under suspicion for another cool-down from now.
    pub(super) fn prolong(&mut self, at: Timestamp) {
        self.suspect_until = self.suspect_until.max(at.plus(self.cool_down()));
    }

    /// The old reference is kept, so that the same fault is found again by fewer grades than a new level needs.
    fn restart(&mut self) {
        (self.seen, self.detector) = (0, None);
        self.next_reference = if self.returning { self.learn.saturating_mul(2) } else { self.learn };
    }

    fn cool_down(&self) -> Duration {
        COOL_DOWN.saturating_mul(1 << self.relapses.min(16)).min(COOL_DOWN_MAX)
    }
}
