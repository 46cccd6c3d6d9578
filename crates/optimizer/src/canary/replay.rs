//! A canary lived again from what was stored: every decision is a pure function of rows, plan and inputs, so the same
//! rows must give the same events, byte for byte.

use weir_core::{
    canary::{Canary, CanaryEvent, CanaryState, Evidence, HoldCause},
    policy::Policy,
};

use super::{
    change::{apply, hold},
    orders,
    reading::Reading,
    step::step,
};

/// Who makes events that nobody ordered.
pub(super) const OPTIMIZER: &str = "optimizer";

/// The canary as it was when it was started, from what is stored of it now.
#[must_use]
pub fn at_start(stored: &Canary, first: &CanaryEvent) -> Canary {
    Canary {
        state: first.state,
        step: 0,
        held: None,
        resumes_to: CanaryState::Running,
        auto_resumes: 0,
        accepted: Vec::new(),
        scoped_out: stored.plan.except.clone(),
        epoch_at: stored.created_at,
        version: 1,
        changed_at: stored.created_at,
        reason: first.reason.clone(),
        ..stored.clone()
    }
}

/// The event that follows from `canary` at this reading, and the canary after it. For an event of the optimizer's
/// everything is decided anew; of a person's order only the numbers can be, the order itself is taken from `stored`.
/// `None` when nothing would have happened.
#[must_use]
pub fn again(canary: &Canary, stored: &CanaryEvent, reading: &Reading, head: &Policy) -> Option<(CanaryEvent, Canary)> {
    if stored.actor == OPTIMIZER {
        return apply(canary, &step(canary, reading), reading, head).map(|change| (change.event, change.canary));
    }
    let mut next = canary.clone();
    match (canary.state, stored.state) {
        (_, CanaryState::Held) => hold(&mut next, HoldCause::Operator),
        (CanaryState::Held, CanaryState::Running | CanaryState::Verifying) => {
            next.state = stored.state;
            orders::accept(&mut next);
        }
        (CanaryState::AwaitingApproval, state) if !state.is_final() => next.state = orders::begin(canary),
        (_, state) => next.state = state,
    }
    let held = next.held.filter(|_| next.state == CanaryState::Held);
    let at = reading.evidence.inputs.now.max(canary.changed_at);
    let event = CanaryEvent {
        at,
        from: Some(canary.state),
        state: next.state,
        step: next.step,
        evidence: reading.evidence.clone(),
        ..stored.clone()
    };
    let reason = stored.reason.clone();
    Some((event, Canary { held, version: canary.version + 1, changed_at: at, reason, ..next }))
}

/// The evidence of a canary that has just been started.
#[must_use]
pub fn nothing(canary: &Canary) -> Evidence {
    super::start::nothing(canary)
}
