//! What people hear of windows, in words.

use std::sync::Arc;

use weir_core::{Timestamp, workload::SEGMENT_PROBE};

use super::{Alarm, Key, Shift};

/// Something that people should hear of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Which window.
    pub key: Key,
    /// Its epoch after it.
    pub epoch: u32,
    /// What.
    pub kind: NoticeKind,
    /// When.
    pub at: Timestamp,
    /// In one sentence.
    pub text: String,
}

/// What happened to a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NoticeKind {
    /// Grades fell: it is under suspicion.
    Drifted,
    /// It is back: by probes, or with a level of its own after a trial.
    Recovered,
    /// The provider answers with another model or configuration.
    Changed,
}

/// That grades fell.
pub(super) fn fell(key: &Key, alarm: &Alarm, epoch: u32) -> String {
    let what = if &*key.segment == SEGMENT_PROBE { "golden probes of" } else { "grades of" };
    format!(
        "{what} {} fell below {:.3} on {}: drift evidence {:.0}, epoch {epoch}",
        key.deployment,
        alarm.reference.unwrap_or(0.0),
        key.scorer,
        alarm.level,
    )
}

/// That somebody else answers.
pub(super) fn told(shift: &Shift, new_model: bool) -> String {
    let named = |name: &Option<Arc<str>>| name.as_deref().unwrap_or("without a name").to_owned();
    if new_model {
        format!(
            "{} answers as model {} for the first time; its windows begin a new epoch",
            shift.deployment,
            named(&shift.identity.model)
        )
    } else {
        format!(
            "{} answers with fingerprint {} for the first time",
            shift.deployment,
            named(&shift.identity.fingerprint)
        )
    }
}
