//! Carrying out a verdict: the canary's next version, its event, and the new revision if there is one. The three are
//! stored in one transaction; the store checks that the version read is still the newest.

use std::sync::Arc;

use weir_core::{
    canary::{Canary, CanaryEvent, CanaryState, HoldCause},
    policy::{Author, Policy},
};

use super::{
    reading::Reading,
    replay::OPTIMIZER,
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

/// Carries out the optimizer's verdict; `None` when there is nothing to do.
#[must_use]
pub fn apply(canary: &Canary, verdict: &Verdict, reading: &Reading, head: &Policy) -> Option<Change> {
    let evidence = &reading.evidence;
    let mut next = canary.clone();
    let reason = match verdict {
        Verdict::Stay => return None,
        Verdict::Advance => {
            let shadow = canary.state == CanaryState::Shadow;
            next.state = CanaryState::Running;
            next.step = if shadow { 0 } else { canary.step + 1 };
            let share = canary.plan.steps.get(next.step).copied()?;
            let what = if shadow { "exposed after its shadow, on" } else { "advanced to" };
            let pairs = words::pairs(if shadow { evidence.pairs } else { evidence.step_pairs });
            let before = if shadow { "" } else { " at the step before" };
            let beside = evidence.battles.as_ref().filter(|_| shadow).map_or_else(String::new, words::battles);
            let difference = words::difference(evidence);
            format!("{what} {} of units per arm after {pairs}{before}, {difference}{beside}", percent(share))
        }
        Verdict::Verify => {
            next.state = CanaryState::Verifying;
            format!(
                "{}; takes all but {} per arm until it is verified",
                proof(canary, reading),
                percent(next.ceiling())
            )
        }
        Verdict::Hold(cause, reason) => {
            hold(&mut next, *cause);
            reason.clone()
        }
        Verdict::NewEpoch(reason) => {
            hold(
                &mut next,
                if canary.held == Some(HoldCause::Operator) { HoldCause::Operator } else { HoldCause::ScorerChanged },
            );
            next.epoch_at = evidence.inputs.now;
            format!("{reason}: {} archived, evidence starts again", words::pairs(evidence.pairs))
        }
        Verdict::Resume => {
            next.state = canary.resumes_to;
            next.auto_resumes += 1;
            format!("cleared by itself, for the {}", ordinal(next.auto_resumes))
        }
        Verdict::ScopeOut(segment, reason) => {
            next.scoped_out.push(Arc::clone(segment));
            format!("{reason}; out of scope from now on")
        }
        Verdict::RollBack(reason) => {
            next.state = CanaryState::RolledBack;
            reason.clone()
        }
        Verdict::Promote => {
            next.state = CanaryState::Promoted;
            proof(canary, reading)
        }
        Verdict::Expire => {
            next.state = CanaryState::Expired;
            let (pairs, difference) = (words::pairs(evidence.pairs), words::difference(evidence));
            format!("undecided after {pairs}, {difference}: {} stays", canary.control)
        }
        Verdict::Supersede => {
            next.state = CanaryState::Superseded;
            format!("revision {} replaced {}, on which it was based", head.revision, canary.base)
        }
        Verdict::Abort => {
            next.state = CanaryState::Aborted;
            format!("{} or {} is no longer a candidate of {}", canary.candidate, canary.control, canary.workload)
        }
        Verdict::Reject => {
            next.state = CanaryState::Rejected;
            "nobody approved it within 7 days".to_owned()
        }
    };
    let author = Author::Canary { id: canary.id.clone() };
    Some(change(canary, next, reason, OPTIMIZER, author, reading, head))
}

/// Held for `cause`, to go on later where it was.
pub(super) fn hold(next: &mut Canary, cause: HoldCause) {
    if next.state != CanaryState::Held {
        next.resumes_to = next.state;
    }
    next.state = CanaryState::Held;
    next.held = Some(cause);
}

fn proof(canary: &Canary, reading: &Reading) -> String {
    let evidence = &reading.evidence;
    format!(
        "not worse than {} by more than {}: log evidence {:.2} ≥ {:.2} after {}, {}",
        canary.control,
        canary.plan.margin,
        evidence.log_e_promote,
        evidence.promote_at,
        words::pairs(evidence.pairs),
        words::difference(evidence)
    )
}

const fn ordinal(count: u32) -> &'static str {
    match count {
        1 => "first time",
        2 => "second time",
        _ => "third and last time",
    }
}

/// `next` as the successor of `canary`, with its event and, for a promotion, the revision that makes it stable.
pub(super) fn change(
    canary: &Canary,
    next: Canary,
    reason: String,
    actor: &str,
    author: Author,
    reading: &Reading,
    head: &Policy,
) -> Change {
    // The clock may have stepped back: a canary's own time does not.
    let now = reading.evidence.inputs.now.max(canary.changed_at);
    let held = next.held.filter(|_| next.state == CanaryState::Held);
    let next = Canary { held, version: canary.version + 1, changed_at: now, reason: reason.clone(), ..next };
    let policy = (next.state == CanaryState::Promoted)
        .then(|| revision::promote(head, (&canary.candidate, &next.scoped_out), author, reason.clone(), now));
    Change {
        event: CanaryEvent {
            canary: canary.id.clone(),
            at: now,
            actor: actor.to_owned(),
            from: Some(canary.state),
            state: next.state,
            step: next.step,
            reason,
            evidence: reading.evidence.clone(),
        },
        canary: next,
        policy,
    }
}
