//! What the planner was refused, so that a look every minute says it once and not every minute: until something else is
//! said, or the canary starts.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use weir_core::{DeploymentId, Problem, WorkloadId};

/// The last refusal of each (workload, candidate); at most one per configured pair.
#[derive(Debug, Default)]
pub struct Refusals(Mutex<BTreeMap<(WorkloadId, DeploymentId), String>>);

impl Refusals {
    /// Notes a refusal; false when it is the one that was noted last.
    pub(super) fn is_news(&self, workload: &WorkloadId, candidate: &DeploymentId, problem: &Problem) -> bool {
        let said = format!("{}: {}", problem.code.code, problem.message);
        let known = self.lock().insert((workload.clone(), candidate.clone()), said.clone());
        known.is_none_or(|known| known != said)
    }

    /// It was not refused any more: the same refusal later is news.
    pub(super) fn forget(&self, workload: &WorkloadId, candidate: &DeploymentId) {
        self.lock().remove(&(workload.clone(), candidate.clone()));
    }

    /// Forgets what is not configured any more.
    pub(super) fn keep(&self, known: impl Fn(&WorkloadId, &DeploymentId) -> bool) {
        self.lock().retain(|(workload, candidate), _| known(workload, candidate));
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<(WorkloadId, DeploymentId), String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use weir_core::error::{CONFLICT, KIN_JUDGE};

    use super::*;

    #[test]
    fn a_refusal_is_news_once_until_it_changes_or_the_pair_goes() {
        let refusals = Refusals::default();
        let (maths, small): (WorkloadId, DeploymentId) = ("maths".into(), "sim/small".into());
        let kin = Problem::new(&KIN_JUDGE, "gpt-5 is kin");
        assert!(refusals.is_news(&maths, &small, &kin));
        assert!(!refusals.is_news(&maths, &small, &kin));
        assert!(refusals.is_news(&maths, &"sim/other".into(), &kin), "another candidate");
        assert!(refusals.is_news(&maths, &small, &Problem::new(&KIN_JUDGE, "gpt-6 is kin")));
        assert!(refusals.is_news(&maths, &small, &Problem::new(&CONFLICT, "gpt-6 is kin")));
        assert!(refusals.is_news(&maths, &small, &kin), "it is back");
        refusals.forget(&maths, &small);
        assert!(refusals.is_news(&maths, &small, &kin));
        refusals.keep(|_, candidate| candidate.as_str() == "sim/other");
        assert!(refusals.is_news(&maths, &small, &kin));
        assert!(!refusals.is_news(&maths, &"sim/other".into(), &kin), "it is configured still");
    }
}
