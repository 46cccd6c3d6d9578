//! What `model` names. A workload lets the policy choose; a deployment pins the request to one endpoint, which is still
//! recorded and scored.

use std::{cmp::Reverse, sync::Arc};

use weir_core::{
    DeploymentId, Problem, WorkloadId,
    deployment::Deployment,
    error,
    snapshot::{Snapshot, WorkloadView},
};

/// The workload of requests that name none.
pub(crate) const DEFAULT: &str = "default";
/// `model` for "the workload in the header, else the default one".
const AUTO: &str = "auto";
/// Prefix of workloads in `/v1/models`.
pub(crate) const PREFIX: &str = "weir/";
/// Names further than this from what was asked are no help.
const LEAST_LIKENESS: f64 = 0.7;
const MOST_NEAREST: usize = 3;

/// Where a request is addressed.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// Whose policy, scorers and deadlines.
    pub(crate) workload: WorkloadId,
    /// Set when the request names its deployment.
    pub(crate) pinned: Option<Arc<Deployment>>,
}

/// The key's scope: which workloads it reaches; `None` reaches all.
pub(crate) type Scope<'a> = Option<&'a [WorkloadId]>;

/// Reads `model`; the header wins for the workload.
///
/// # Errors
/// W0102 for unknown names, with the nearest ones the key may use; W0202 outside the key's scope.
pub(crate) fn resolve(
    snapshot: &Snapshot,
    scope: Scope<'_>,
    model: &str,
    header: Option<&str>,
) -> Result<Target, Problem> {
    let target = match workload_named(snapshot, model, header) {
        Some(workload) => Target { workload, pinned: None },
        None => Target {
            workload: header.unwrap_or(DEFAULT).into(),
            pinned: Some(deployment_named(snapshot, scope, model)?),
        },
    };
    // A header that names no workload is as wrong as a model that does.
    if header.is_some() || target.pinned.is_none() {
        known(snapshot, scope, &target.workload)?;
    }
    reach(snapshot, scope, &target)?;
    Ok(target)
}

/// The workload that `model` asks for, the header winning; `None` when it names no workload.
fn workload_named(snapshot: &Snapshot, model: &str, header: Option<&str>) -> Option<WorkloadId> {
    let name = if model == AUTO {
        DEFAULT
    } else if let Some(name) = model.strip_prefix(PREFIX) {
        // `weir/…` is never a deployment, so an unknown one is reported as a workload.
        name
    } else if snapshot.workloads.contains_key(model) {
        model
    } else {
        return None;
    };
    Some(header.unwrap_or(name).into())
}

fn deployment_named(snapshot: &Snapshot, scope: Scope<'_>, model: &str) -> Result<Arc<Deployment>, Problem> {
    if let Some(deployment) = snapshot.deployments.get(model) {
        return Ok(Arc::clone(deployment));
    }
    let mut same = snapshot.deployments.values().filter(|known| {
        model
            .strip_prefix(known.provider.as_str())
            .and_then(|rest| rest.strip_prefix('/'))
            .is_some_and(|name| name == known.model)
    });
    match (same.next(), same.next()) {
        (Some(only), None) => Ok(Arc::clone(only)),
        (Some(one), Some(other)) => Err(Problem::new(
            &error::UNKNOWN_MODEL,
            format!(
                "`{}` is served by several deployments, such as `{}` and `{}`; name one of them",
                shown(model),
                one.id,
                other.id
            ),
        )),
        _ => Err(unknown(snapshot, scope, "model", model)),
    }
}

fn known(snapshot: &Snapshot, scope: Scope<'_>, workload: &WorkloadId) -> Result<(), Problem> {
    if snapshot.workloads.contains_key(workload) {
        return Ok(());
    }
    Err(unknown(snapshot, scope, "workload", workload.as_str()))
}

fn reach(snapshot: &Snapshot, scope: Scope<'_>, target: &Target) -> Result<(), Problem> {
    let workload = &target.workload;
    if !in_scope(scope, workload) {
        return Err(Problem::new(
            &error::NOT_ALLOWED,
            format!("the key does not reach workload `{}`", shown(workload.as_str())),
        )
        .hint("name a workload of the key's scope in `model` or x-weir-workload"));
    }
    match &target.pinned {
        Some(pinned) if scope.is_some() && !is_candidate(snapshot, workload, &pinned.id) => Err(Problem::new(
            &error::NOT_ALLOWED,
            format!("the key does not reach deployment `{}` in workload `{workload}`", pinned.id),
        )),
        _ => Ok(()),
    }
}

fn is_candidate(snapshot: &Snapshot, workload: &WorkloadId, deployment: &DeploymentId) -> bool {
    snapshot.workloads.get(workload).is_some_and(|view| has_candidate(view, deployment))
}

fn has_candidate(view: &WorkloadView, deployment: &DeploymentId) -> bool {
    view.candidates.iter().any(|candidate| candidate.deployment.id == *deployment)
}

fn in_scope(scope: Scope<'_>, workload: &WorkloadId) -> bool {
    scope.is_none_or(|scope| scope.contains(workload))
}

/// Workloads the key may use, in configured order.
pub(crate) fn workloads<'a>(snapshot: &'a Snapshot, scope: Scope<'a>) -> impl Iterator<Item = &'a WorkloadId> {
    snapshot.workloads.keys().filter(move |workload| in_scope(scope, workload))
}

/// Deployments the key may use: all without a scope, else the candidates of its workloads.
pub(crate) fn deployments<'a>(snapshot: &'a Snapshot, scope: Scope<'a>) -> impl Iterator<Item = &'a Arc<Deployment>> {
    snapshot.deployments.values().filter(move |deployment| {
        scope.is_none()
            || snapshot
                .workloads
                .iter()
                .any(|(workload, view)| in_scope(scope, workload) && has_candidate(view, &deployment.id))
    })
}

/// W0102 with the nearest names that the key may use: an error must not list what the key cannot see.
pub(crate) fn unknown(snapshot: &Snapshot, scope: Scope<'_>, what: &str, asked: &str) -> Problem {
    let bare = asked.strip_prefix(PREFIX).unwrap_or(asked);
    let shown = shown(bare);
    let mut near: Vec<(f64, String)> = workloads(snapshot, scope)
        .map(|id| (strsim::jaro_winkler(id.as_str(), shown), format!("{PREFIX}{id}")))
        .chain(deployments(snapshot, scope).map(|d| (strsim::jaro_winkler(d.id.as_str(), shown), d.id.to_string())))
        .filter(|(likeness, _)| *likeness >= LEAST_LIKENESS)
        .collect();
    near.sort_by(|a, b| Reverse(a).partial_cmp(&Reverse(b)).unwrap_or(std::cmp::Ordering::Equal));
    near.truncate(MOST_NEAREST);
    let problem = Problem::new(&error::UNKNOWN_MODEL, format!("no {what} `{shown}`"));
    if near.is_empty() {
        return problem.hint("GET /v1/models lists what the key may use");
    }
    let names: Vec<_> = near.into_iter().map(|(_, name)| format!("`{name}`")).collect();
    problem.hint(format!("nearest: {}", names.join(", ")))
}

/// What a caller sent, short enough for an error.
fn shown(text: &str) -> &str {
    text.char_indices().nth(100).map_or(text, |(end, _)| &text[..end])
}
