//! Policy revisions of a workload.

use std::collections::BTreeMap;

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;
use weir_core::policy::{Author, Policy, Stage};

use crate::{extract::Segment, problem::Reply, state::App, time::rfc3339, view::List, workload::configured};

/// One immutable policy state of one workload.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Revision {
    revision: String,
    /// The revision it replaced.
    parent: Option<String>,
    workload: String,
    /// What to do, in order.
    stages: Vec<StageView>,
    /// Deployments that may take ordinary traffic; the first is the stable one.
    admitted: Vec<String>,
    author: AuthorView,
    /// Why, in one sentence.
    reason: String,
    at: String,
}

/// One stage of a policy.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "stage", rename_all = "snake_case")]
pub(crate) enum StageView {
    /// Drops candidates that cannot serve the request.
    Filter,
    /// Sends the canary's share to its two arms.
    Canary,
    /// Drops candidates whose lower bound misses the floor.
    Floor,
    /// Orders by expected cost.
    Cost,
    /// Orders by a weighted draw.
    Weighted {
        /// Relative weights by deployment.
        weights: BTreeMap<String, f64>,
    },
    /// Settles equals by load.
    TieBreak,
}

/// Who made a revision.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum AuthorView {
    /// The configuration file.
    Config,
    /// A promoted canary.
    Canary {
        /// Which.
        id: String,
    },
    /// A person.
    Operator {
        /// The key's name.
        name: String,
    },
}

impl From<&Policy> for Revision {
    fn from(policy: &Policy) -> Self {
        Self {
            revision: policy.revision.to_string(),
            parent: policy.parent.as_ref().map(ToString::to_string),
            workload: policy.workload.to_string(),
            stages: policy.stages.iter().map(StageView::from).collect(),
            admitted: policy.admitted.iter().map(ToString::to_string).collect(),
            author: AuthorView::from(&policy.author),
            reason: policy.reason.clone(),
            at: rfc3339(policy.at),
        }
    }
}

impl From<&Stage> for StageView {
    fn from(stage: &Stage) -> Self {
        match stage {
            Stage::Filter => Self::Filter,
            Stage::Canary => Self::Canary,
            Stage::Floor => Self::Floor,
            Stage::Cost => Self::Cost,
            Stage::Weighted { weights } => Self::Weighted {
                weights: weights.iter().map(|(deployment, weight)| (deployment.to_string(), *weight)).collect(),
            },
            Stage::TieBreak => Self::TieBreak,
        }
    }
}

impl From<&Author> for AuthorView {
    fn from(author: &Author) -> Self {
        match author {
            Author::Config => Self::Config,
            Author::Canary { id } => Self::Canary { id: id.to_string() },
            Author::Operator { name } => Self::Operator { name: name.clone() },
        }
    }
}

/// `GET /api/v1/workloads/{id}/policies`.
pub(crate) async fn list_policies(State(app): State<App>, Segment(id): Segment) -> Reply<Json<List<Revision>>> {
    let workload = configured(&app, &id)?;
    let revisions = app.store.policy_list(&workload.workload.id).await?;
    Ok(Json(List::whole(revisions.iter().map(Revision::from).collect())))
}
