//! What a revision would have done: the newest recorded decisions of its workload made again under it and under another.
//! Numbers are those on record, so a look says what routing would have changed, not what traffic would have answered.

use std::{cmp::Reverse, collections::BTreeMap, sync::Arc};

use axum::{
    Json,
    extract::{Path, State},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use weir_core::{decision::Decision, policy::Policy, span::Origin};
use weir_router::{WhatIf, replay};
use weir_store::SpanFilter;

use crate::{
    extract::Params,
    problem::{Failure, Reply},
    state::App,
    workload::configured,
};

const LAST: u32 = 200;
const LAST_MAX: u32 = 1_000;

/// Against what, over how many.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct PolicyReplayQuery {
    /// The revision to compare with; the parent unless given.
    against: Option<String>,
    /// Newest requests, 1 to 1000; 200 unless given.
    last: Option<u32>,
}

/// Both revisions over the same requests.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PolicyReplay {
    revision: String,
    /// `null` for the first revision, which replaced none.
    against: Option<String>,
    /// Routed requests that were decided again.
    requests: u64,
    /// Those that would go to another deployment.
    moved: u64,
    /// From where to where, most first.
    moves: Vec<MoveView>,
    now: ChoiceView,
    /// `null` without a revision to compare with.
    before: Option<ChoiceView>,
}

/// Requests that would go elsewhere.
#[derive(Debug, Serialize, ToSchema)]
struct MoveView {
    from: String,
    to: String,
    n: u64,
}

/// What one revision would have chosen, by the numbers on record.
#[derive(Debug, Serialize, ToSchema)]
struct ChoiceView {
    /// Mean expected cost; `null` where no choice has a price.
    cost_per_1k_usd: Option<f64>,
    /// Mean quality of the chosen deployments, and mean of its lower bounds; `null` before the first score.
    quality: Option<f64>,
    quality_lower: Option<f64>,
}

/// `GET /api/v1/workloads/{id}/policies/{revision}/replay`.
pub(crate) async fn replay_policy(
    State(app): State<App>,
    Path((id, revision)): Path<(String, String)>,
    Params(query): Params<PolicyReplayQuery>,
) -> Reply<Json<PolicyReplay>> {
    let last = query.last.unwrap_or(LAST);
    if !(1..=LAST_MAX).contains(&last) {
        return Err(Failure::bad(format!("`last` is {last}, wanted 1 to {LAST_MAX}")));
    }
    let view = configured(&app, &id)?;
    let line = app.store.policy_list(&view.workload.id).await?;
    let find = |name: &str| {
        let found = line.iter().find(|policy| policy.revision.as_str() == name);
        found.cloned().map(Arc::new).ok_or_else(|| Failure::not_found("revision", name))
    };
    let policy = find(&revision)?;
    let against = query.against.or_else(|| policy.parent.as_ref().map(ToString::to_string));
    let against = against.as_deref().map(find).transpose()?;
    let filter =
        SpanFilter { workload: Some(view.workload.id.clone()), origin: Some(Origin::Client), ..SpanFilter::default() };
    let mut decisions = Vec::new();
    for row in app.store.span_list(&filter, None, last).await?.items {
        let span = app.store.span_get(row.span_id).await?;
        decisions.extend(span.and_then(|span| span.decision).filter(|decision| &*decision.strategy != "pinned"));
    }
    let deployments = &app.snapshot.load().deployments;
    let under = |policy: &Arc<Policy>, decision: &Decision| {
        replay(&admitting(decision, policy), policy, &view.workload, deployments, &WhatIf::default())
    };
    let (mut now, mut before) = (Choices::default(), Choices::default());
    let mut moves: BTreeMap<(String, String), u64> = BTreeMap::new();
    for decision in &decisions {
        let chosen = under(&policy, decision);
        now.add(&chosen);
        if let Some(other) = &against {
            let was = under(other, decision);
            before.add(&was);
            if was.chain.first() != chosen.chain.first() {
                *moves.entry((head(&was), head(&chosen))).or_default() += 1;
            }
        }
    }
    let mut moves: Vec<MoveView> = moves.into_iter().map(|((from, to), n)| MoveView { from, to, n }).collect();
    moves.sort_by_key(|each| Reverse(each.n));
    Ok(Json(PolicyReplay {
        revision,
        before: against.as_ref().map(|_| before.view()),
        against: against.map(|policy| policy.revision.to_string()),
        requests: decisions.len() as u64,
        moved: moves.iter().map(|each| each.n).sum(),
        moves,
        now: now.view(),
    }))
}

/// The record as it would be if this revision said who is admitted; a canary's arms are left out.
fn admitting(decision: &Decision, policy: &Policy) -> Decision {
    let mut decision = decision.clone();
    decision.inputs.canary = None;
    for candidate in &mut decision.candidates {
        candidate.state.admitted = policy.admitted.contains(&candidate.deployment);
        candidate.state.stable = policy.admitted.first() == Some(&candidate.deployment);
    }
    decision
}

fn head(decision: &Decision) -> String {
    decision.chain.first().map(ToString::to_string).unwrap_or_default()
}

/// Running means over what was chosen.
#[derive(Default)]
struct Choices {
    cost: (f64, u64),
    quality: (f64, u64),
    lower: (f64, u64),
}

impl Choices {
    fn add(&mut self, decision: &Decision) {
        let chosen = decision.chain.first();
        let Some(record) = decision.candidates.iter().find(|candidate| Some(&candidate.deployment) == chosen) else {
            return;
        };
        let add = |mean: &mut (f64, u64), value: f64| *mean = (mean.0 + value, mean.1 + 1);
        if let Some(cost) = record.expected_cost {
            add(&mut self.cost, cost.as_usd() * 1_000.0);
        }
        if let Some(quality) = &record.quality {
            add(&mut self.quality, quality.mean);
            add(&mut self.lower, quality.lower);
        }
    }

    fn view(&self) -> ChoiceView {
        let mean = |(sum, n): (f64, u64)| (n > 0).then(|| sum / n as f64);
        ChoiceView { cost_per_1k_usd: mean(self.cost), quality: mean(self.quality), quality_lower: mean(self.lower) }
    }
}
