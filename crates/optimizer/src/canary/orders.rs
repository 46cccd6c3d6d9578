//! People's orders to a canary. Every one is kept with its reason, and a freeze stops whatever would move traffic
//! towards the candidate, never what takes it back.

use weir_core::{
    Problem,
    canary::{Canary, CanaryState, HoldCause},
    error::CONFLICT,
    policy::{Author, Policy},
};

use super::{
    change::{Change, change, hold},
    reading::Reading,
};

/// A person's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Let it begin.
    Approve,
    /// Do not let it begin.
    Reject,
    /// Stop exposure; evidence is kept.
    Pause,
    /// Expose again at the same step.
    Resume,
    /// Make the candidate stable without waiting for proof.
    Promote,
    /// Take the candidate back.
    RollBack,
}

impl Action {
    /// True when it takes exposure away: it is published before it is stored.
    #[must_use]
    pub const fn retreats(self) -> bool {
        matches!(self, Self::Pause | Self::RollBack)
    }

    const fn verb(self) -> &'static str {
        match self {
            Self::Approve => "approved",
            Self::Reject => "rejected",
            Self::Pause => "paused",
            Self::Resume => "resumed",
            Self::Promote => "promoted",
            Self::RollBack => "rolled back",
        }
    }

    const fn wanted(self) -> &'static str {
        match self {
            Self::Approve | Self::Reject => "awaiting_approval",
            Self::Pause => "running or verifying",
            Self::Resume => "held",
            Self::Promote => "running, verifying or held",
            Self::RollBack => "an active state",
        }
    }
}

/// Carries out a person's order. `reason` may be empty.
///
/// # Errors
/// `CONFLICT` when the canary's state does not allow it, says who moved it last and when; when its workload is frozen;
/// when its proposer approves what takes four eyes; when the head revision is no longer its base.
pub fn act(
    canary: &Canary,
    action: Action,
    actor: &str,
    reason: &str,
    reading: &Reading,
    head: &Policy,
) -> Result<Change, Problem> {
    let mut next = canary.clone();
    let forward = matches!(action, Action::Approve | Action::Resume | Action::Promote);
    next.state = match (action, canary.state) {
        (Action::Approve, CanaryState::AwaitingApproval) => begin(canary),
        (Action::Reject, CanaryState::AwaitingApproval) => CanaryState::Rejected,
        (Action::Pause, CanaryState::Running | CanaryState::Verifying) => CanaryState::Held,
        (Action::Pause, CanaryState::Held) if canary.held != Some(HoldCause::Operator) => CanaryState::Held,
        (Action::Resume, CanaryState::Held) => canary.resumes_to,
        (Action::Promote, CanaryState::Running | CanaryState::Held | CanaryState::Verifying) => CanaryState::Promoted,
        (Action::RollBack, state) if !state.is_final() => CanaryState::RolledBack,
        (action, state) => {
            let message = format!("canary {} is {}, wanted {}", canary.id, state.name(), action.wanted());
            return Err(Problem::new(&CONFLICT, message));
        }
    };
    if forward && reading.evidence.inputs.frozen {
        let message = format!("workload {} is frozen: nothing moves towards a candidate", canary.workload);
        return Err(
            Problem::new(&CONFLICT, message).hint("`weir canary unfreeze`, or roll back, which is never blocked")
        );
    }
    if action == Action::Approve && canary.plan.four_eyes && actor == canary.proposer {
        let message = format!("{actor} proposed canary {}, somebody else must approve it", canary.id);
        return Err(Problem::new(&CONFLICT, message).hint("ask the holder of another key"));
    }
    if forward && head.revision != canary.base {
        let message = format!("canary {} is based on {}, the head is {}", canary.id, canary.base, head.revision);
        return Err(Problem::new(&CONFLICT, message).hint("start a new canary on the head revision"));
    }
    match action {
        Action::Pause => {
            next.state = canary.state;
            hold(&mut next, HoldCause::Operator);
        }
        Action::Resume => accept(&mut next),
        _ => {}
    }
    let (verb, reason) = (action.verb(), reason.trim());
    let why = if reason.is_empty() { format!("{verb} by {actor}") } else { format!("{verb} by {actor}: {reason}") };
    let author = Author::Operator { name: actor.to_owned() };
    Ok(change(canary, next, why, actor, author, reading, head))
}

/// A person looked at what held it: it may go on by itself again, and is not held for the same once more.
pub(super) fn accept(next: &mut Canary) {
    next.auto_resumes = 0;
    next.accepted.extend(next.held.filter(|cause| cause.acceptable() && !next.accepted.contains(cause)));
}

/// Where a canary that may begin begins.
pub(super) const fn begin(canary: &Canary) -> CanaryState {
    if canary.plan.shadow_pairs > 0 { CanaryState::Shadow } else { CanaryState::Running }
}
