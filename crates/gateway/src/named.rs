//! `x-weir-policy`: one call is routed by a preset in place of its workload's own policy. What the key may choose is
//! said in the configuration; everything else of the workload stays: its candidates, floor, deadlines and scorers.

use std::sync::Arc;

use indexmap::IndexMap;
use weir_config::nearest;
use weir_core::{
    Problem, RevisionId, WorkloadId, error,
    policy::{Policy, Stage},
    snapshot::WorkloadView,
};

use crate::{State, address::Target, admit::Admitted};

/// The stages of every preset that fits a workload, by name.
pub type Presets = IndexMap<WorkloadId, IndexMap<String, Vec<Stage>>>;

/// The workload as this call sees it; `None` when it asked for no policy of its own.
///
/// A canary compares the arms of the workload's own policy, so such a call is in none of its arms. The revision it is
/// recorded under is the head's with the preset's name behind a plus, so that the decision can be made again.
///
/// # Errors
/// W0202 when the key may not choose it; W0106 when there is no such preset, it does not fit the workload, or the call
/// names its deployment.
pub(crate) fn view(
    state: &State,
    caller: &Admitted,
    target: &Target,
    view: Option<&Arc<WorkloadView>>,
    name: Option<&str>,
) -> Result<Option<Arc<WorkloadView>>, Problem> {
    let Some(name) = name else { return Ok(None) };
    if target.pinned.is_some() {
        let problem =
            Problem::new(&error::BAD_PARAMETER, "`x-weir-policy` has nothing to choose: `model` names a deployment");
        return Err(problem.hint("name a workload in `model`, or leave the header out"));
    }
    if !caller.may_choose(name) {
        let problem = Problem::new(&error::NOT_ALLOWED, "the key may not choose this policy");
        return Err(problem.hint("`policies` of the key in the configuration lists what it may choose"));
    }
    let Some(view) = view else { return Ok(None) };
    let presets = state.presets.load();
    let known = presets.get(&target.workload);
    let stages = known.and_then(|known| known.get(name)).ok_or_else(|| stranger(known, &target.workload, name))?;
    let policy = Policy {
        revision: RevisionId::from(format!("{}+{name}", view.policy.revision).as_str()),
        stages: stages.clone(),
        ..Policy::clone(&view.policy)
    };
    let policy = Arc::new(policy);
    let by = |view: &WorkloadView| {
        let (segments, workload) = (Arc::clone(&view.segments), Arc::clone(&view.workload));
        WorkloadView::within(segments, workload, Arc::clone(&policy), view.candidates.clone(), None)
    };
    let mut named = by(view);
    named.parts = view.parts.iter().map(|(name, part)| (Arc::clone(name), Arc::new(by(part)))).collect();
    Ok(Some(Arc::new(named)))
}

fn stranger(known: Option<&IndexMap<String, Vec<Stage>>>, workload: &WorkloadId, name: &str) -> Problem {
    let names = || known.into_iter().flat_map(IndexMap::keys).map(String::as_str);
    let shown: String = name.chars().take(40).collect();
    let problem = Problem::new(&error::BAD_PARAMETER, format!("no policy `{shown}` fits workload `{workload}`"));
    problem.hint(match nearest(name, names()) {
        Some(near) => format!("nearest: `{near}`"),
        None => format!("they are {}", names().collect::<Vec<_>>().join(", ")),
    })
}
