//! Carrying out a verdict or a person's order: the canary's next version, its event, and the new revision if there is
//! one. The three are stored in one transaction; the store checks that the version read is still the newest.

use weir_core::{
    Problem, Timestamp,
    canary::{Canary, CanaryEvent, CanaryState},
    error::CONFLICT,
    policy::{Author, Policy},
};

use super::{
    reading::Reading,
    step::Verdict,
    words::{self, percent},
};
use crate::revision;

/// What to store.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The canary after the change, its version one higher.
    pub canary: Canary,
    /// What happened and why.
    pub event: CanaryEvent,
    /// The revision a promotion makes.
    pub policy: Option<Policy>,
}

/// A person's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Stop exposure; evidence is kept.
    Pause,
    /// Expose again at the same step.
    Resume,
    /// Make the candidate stable without waiting for proof.
    Promote,
    /// Take the candidate back.
    RollBack,
}

/// Carries out the optimizer's verdict; `None` when there is nothing to do.
#[must_use]
pub fn apply(canary: &Canary, verdict: &Verdict, reading: &Reading, head: &Policy, now: Timestamp) -> Option<Change> {
    let evidence = &reading.evidence;
    let (state, step, reason) = match verdict {
        Verdict::Stay => return None,
        Verdict::Advance => {
            let step = canary.step + 1;
            let share = canary.plan.steps.get(step).copied()?;
            let reason = format!(
                "advanced to {} of units per arm after {} at the step before, {}",
                percent(share),
                words::pairs(evidence.step_pairs),
                words::difference(evidence)
            );
            (CanaryState::Running, step, reason)
        }
        Verdict::Hold(reason) => (CanaryState::Held, canary.step, reason.clone()),
        Verdict::RollBack(reason) => (CanaryState::RolledBack, canary.step, reason.clone()),
        Verdict::Promote => {
            let reason = format!(
                "not worse than {} by more than {}: log evidence {:.2} ≥ {:.2} after {}, {}",
                canary.control,
                canary.plan.margin,
                evidence.log_e_promote,
                evidence.promote_at,
                words::pairs(evidence.pairs),
                words::difference(evidence)
            );
            (CanaryState::Promoted, canary.step, reason)
        }
        Verdict::Expire => {
            let reason = format!(
                "undecided after {}, {}: {} stays",
                words::pairs(evidence.pairs),
                words::difference(evidence),
                canary.control
            );
            (CanaryState::Expired, canary.step, reason)
        }
        Verdict::Supersede => {
            let reason = format!("revision {} replaced {}, on which it was based", head.revision, canary.base);
            (CanaryState::Superseded, canary.step, reason)
        }
    };
    let author = Author::Canary { id: canary.id.clone() };
    Some(change(canary, (state, step, reason), "optimizer", author, reading, head, now))
}

/// Carries out a person's order. `reason` may be empty.
///
/// # Errors
/// `CONFLICT` when the canary's state does not allow it, or the head revision is no longer the canary's base.
pub fn act(
    canary: &Canary,
    action: Action,
    actor: &str,
    reason: &str,
    reading: &Reading,
    head: &Policy,
    now: Timestamp,
) -> Result<Change, Problem> {
    let (verb, state) = match (action, canary.state) {
        (Action::Pause, CanaryState::Running) => ("paused", CanaryState::Held),
        (Action::Resume, CanaryState::Held) => ("resumed", CanaryState::Running),
        (Action::Promote, CanaryState::Running | CanaryState::Held) => ("promoted", CanaryState::Promoted),
        (Action::RollBack, CanaryState::Running | CanaryState::Held) => ("rolled back", CanaryState::RolledBack),
        (action, state) => {
            let wanted = match action {
                Action::Pause => "running",
                Action::Resume => "held",
                Action::Promote | Action::RollBack => "running or held",
            };
            let message = format!("canary {} is {}, wanted {wanted}", canary.id, state.name());
            return Err(Problem::new(&CONFLICT, message));
        }
    };
    if action == Action::Promote && head.revision != canary.base {
        let message = format!("canary {} is based on {}, the head is {}", canary.id, canary.base, head.revision);
        return Err(Problem::new(&CONFLICT, message).hint("start a new canary on the head revision"));
    }
    let reason = reason.trim();
    let why = if reason.is_empty() { format!("{verb} by {actor}") } else { format!("{verb} by {actor}: {reason}") };
    let author = Author::Operator { name: actor.to_owned() };
    Ok(change(canary, (state, canary.step, why), actor, author, reading, head, now))
}

fn change(
    canary: &Canary,
    (state, step, reason): (CanaryState, usize, String),
    actor: &str,
    author: Author,
    reading: &Reading,
    head: &Policy,
    now: Timestamp,
) -> Change {
    let policy = (state == CanaryState::Promoted)
        .then(|| revision::promote(head, &canary.candidate, author, reason.clone(), now));
    Change {
        event: CanaryEvent {
            canary: canary.id.clone(),
            at: now,
            actor: actor.to_owned(),
            state,
            step,
            reason: reason.clone(),
            evidence: reading.evidence.clone(),
        },
        canary: Canary { state, step, version: canary.version + 1, changed_at: now, reason, ..canary.clone() },
        policy,
    }
}
