//! Policy revisions of a workload.

use std::collections::BTreeMap;

use axum::{Json, extract::State};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use weir_core::policy::{Author, Exception, Policy, Stage};

use crate::{
    extract::Segment,
    precondition::{Tag, Tagged},
    problem::Reply,
    state::App,
    time::rfc3339,
    view::List,
    workload::configured,
};

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
    /// Segments in which an admitted deployment takes none, by its name.
    except: BTreeMap<String, Vec<String>>,
    author: AuthorView,
    /// Why, in one sentence.
    reason: String,
    at: String,
}

impl Tag for Revision {
    fn tag(&self) -> Option<&str> {
        Some(&self.revision)
    }
}

/// A workload's line is at its head, which comes first.
impl Tag for List<Revision> {
    fn tag(&self) -> Option<&str> {
        self.items.first().and_then(Tag::tag)
    }
}

/// One stage of a policy.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StageView {
    /// Its name.
    stage: String,
    /// Runs only for requests for which this CEL expression holds.
    when: Option<String>,
    /// What it was given, as in the configuration.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    parameters: Map<String, Value>,
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
            except: policy.except.iter().map(excepted).collect(),
            author: AuthorView::from(&policy.author),
            reason: policy.reason.clone(),
            at: rfc3339(policy.at),
        }
    }
}

fn excepted(except: &Exception) -> (String, Vec<String>) {
    (except.deployment.to_string(), except.segments.iter().map(ToString::to_string).collect())
}

impl From<&Stage> for StageView {
    fn from(stage: &Stage) -> Self {
        let when = match stage {
            Stage::When { condition, .. } => Some(condition.expr().to_string()),
            _ => None,
        };
        let parameters = match serde_json::to_value(stage.bare()) {
            Ok(Value::Object(mut parameters)) => {
                parameters.remove("stage");
                parameters
            }
            _ => Map::new(),
        };
        Self { stage: stage.name().to_owned(), when, parameters }
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

/// Most revisions of all workloads together.
const ALL: usize = 500;

/// `GET /api/v1/policies`.
pub(crate) async fn list_all_policies(State(app): State<App>) -> Reply<Json<List<Revision>>> {
    let mut revisions = Vec::new();
    for workload in app.snapshot.load().workloads.keys() {
        revisions.extend(app.store.policy_list(workload).await?);
    }
    revisions.sort_by_key(|policy| std::cmp::Reverse(policy.at));
    Ok(Json(List::whole(revisions.iter().take(ALL).map(Revision::from).collect())))
}

/// `GET /api/v1/workloads/{id}/policies`: its `ETag` is the head revision.
pub(crate) async fn list_policies(State(app): State<App>, Segment(id): Segment) -> Reply<Tagged<List<Revision>>> {
    let workload = configured(&app, &id)?;
    let revisions = app.store.policy_list(&workload.workload.id).await?;
    Ok(Tagged(List::whole(revisions.iter().map(Revision::from).collect())))
}
