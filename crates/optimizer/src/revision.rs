//! How one policy follows another. Revisions are immutable and name their parent, so that two writers cannot both
//! replace the same head and history reads as a chain.

use std::sync::Arc;

use weir_core::{
    DeploymentId, RevisionId, Timestamp,
    policy::{Author, Exception, Policy, Stage},
    workload::Workload,
};

/// The first revision of a workload, from its configuration: the first candidate is admitted and those the configuration
/// vouches for; all others must prove themselves.
#[must_use]
pub fn first(workload: &Workload, vouched: &[DeploymentId], stages: Vec<Stage>, now: Timestamp) -> Policy {
    let stable = workload.candidates.first();
    let others = vouched.iter().filter(|other| Some(*other) != stable);
    Policy {
        revision: RevisionId::from("r-0001"),
        parent: None,
        workload: workload.id.clone(),
        stages,
        admitted: stable.into_iter().chain(others).cloned().collect(),
        except: Vec::new(),
        author: Author::Config,
        reason: "as configured".to_owned(),
        at: now,
    }
}

/// The revision that makes `candidate` the stable deployment outside of the segments `scoped_out`; those admitted
/// before stay admitted behind it, and the first of them that may serves in those segments.
#[must_use]
pub fn promote(
    head: &Policy,
    (candidate, scoped_out): (&DeploymentId, &[Arc<str>]),
    author: Author,
    reason: String,
    now: Timestamp,
) -> Policy {
    let others = head.admitted.iter().filter(|other| *other != candidate);
    let mut except: Vec<Exception> =
        head.except.iter().filter(|except| except.deployment != *candidate).cloned().collect();
    if !scoped_out.is_empty() {
        except.push(Exception { deployment: candidate.clone(), segments: scoped_out.to_vec() });
    }
    Policy {
        revision: next(&head.revision),
        parent: Some(head.revision.clone()),
        workload: head.workload.clone(),
        stages: head.stages.clone(),
        admitted: std::iter::once(candidate).chain(others).cloned().collect(),
        except,
        author,
        reason,
        at: now,
    }
}

/// The revision that admits what an earlier one admitted, in its order.
#[must_use]
pub fn restore(head: &Policy, earlier: &Policy, actor: &str, reason: &str, now: Timestamp) -> Policy {
    let why = if reason.is_empty() { String::new() } else { format!(": {reason}") };
    Policy {
        revision: next(&head.revision),
        parent: Some(head.revision.clone()),
        workload: head.workload.clone(),
        stages: earlier.stages.clone(),
        admitted: earlier.admitted.clone(),
        except: earlier.except.clone(),
        author: Author::Operator { name: actor.to_owned() },
        reason: format!("back to {} by {actor}{why}", earlier.revision),
        at: now,
    }
}

/// The name after this one: `r-0001`, `r-0002`, …
#[must_use]
pub fn next(revision: &RevisionId) -> RevisionId {
    let number: u64 = revision.as_str().strip_prefix("r-").and_then(|digits| digits.parse().ok()).unwrap_or(0);
    RevisionId::from(format!("r-{:04}", number.saturating_add(1)))
}

/// The stable deployment: the first admitted one that is still a candidate, else the first candidate, so that a
/// configuration which drops the stable deployment still leaves one. `None` for a workload without candidates.
#[must_use]
pub fn stable<'a>(workload: &'a Workload, policy: &'a Policy) -> Option<&'a DeploymentId> {
    policy
        .admitted
        .iter()
        .find(|admitted| workload.candidates.contains(admitted))
        .or_else(|| workload.candidates.first())
}

/// The stable deployment of one segment: the first admitted one that serves there, else the workload's.
#[must_use]
pub fn stable_in<'a>(workload: &'a Workload, policy: &'a Policy, segment: &str) -> Option<&'a DeploymentId> {
    let serves = |id: &&DeploymentId| workload.candidates.contains(id) && !policy.excepts(id, segment);
    policy.admitted.iter().find(serves).or_else(|| stable(workload, policy))
}
