//! What the router does and how that changes: revisions, proposals, canaries, freezes.

use axum::routing::{get, post};

use crate::{
    canary, canary_pairs, canary_view, diff, freeze, policy, policy_replay, replay, revert, row::Row, view::List,
};

pub(super) static ROWS: &[Row] = &[
    Row::get("/api/v1/workloads/{id}/policies", "Policy revisions, newest first", || get(policy::list_policies))
        .replies::<List<policy::Revision>>()
        .tagged(),
    Row::post("/api/v1/workloads/{id}/policies/revert", "Restores a revision replaced within 7 days", || {
        post(revert::revert_policy)
    })
    .takes::<revert::Revert>()
    .creates::<policy::Revision>()
    .tagged(),
    Row::get(
        "/api/v1/workloads/{id}/policies/{revision}/replay",
        "Recorded decisions made again under a revision",
        || get(policy_replay::replay_policy),
    )
    .query::<policy_replay::PolicyReplayQuery>()
    .replies::<policy_replay::PolicyReplay>(),
    Row::get("/api/v1/policies", "Policy revisions of all workloads, newest first", || get(policy::list_all_policies))
        .replies::<List<policy::Revision>>(),
    Row::get("/api/v1/policy-diffs", "Proposed routes, newest first", || get(diff::list_diffs))
        .query::<diff::DiffQuery>()
        .replies::<List<diff::DiffView>>(),
    Row::get("/api/v1/policy-diffs/{id}", "One proposal with the maths attached", || get(diff::get_diff))
        .replies::<diff::DiffView>()
        .tagged(),
    Row::get("/api/v1/policy-diffs/{id}/replay", "The proposal made again from its facts", || get(diff::replay_diff))
        .replies::<diff::DiffReplay>(),
    Row::post("/api/v1/policy-diffs/{id}/apply", "Starts the proposal's canary", || post(diff::apply_diff))
        .may_take::<diff::DiffOrder>()
        .creates::<canary_view::CanaryView>()
        .tagged(),
    Row::post("/api/v1/policy-diffs/{id}/reject", "Closes the proposal", || post(diff::reject_diff))
        .takes::<canary::Reason>()
        .replies::<diff::DiffView>()
        .tagged(),
    Row::get("/api/v1/canaries", "Canaries, newest first", || get(canary::list_canaries))
        .query::<canary::CanaryQuery>()
        .replies::<List<canary_view::CanaryView>>(),
    Row::post("/api/v1/canaries", "Starts a canary", || post(canary::create_canary))
        .takes::<canary::NewCanary>()
        .creates::<canary_view::CanaryView>(),
    Row::get("/api/v1/canaries/{id}", "One canary with its events and its band over time", || get(canary::get_canary))
        .replies::<canary_view::CanaryDetail>()
        .tagged(),
    Row::post("/api/v1/canaries/{id}/pause", "Stops exposure, keeps the evidence", || post(canary::pause_canary))
        .takes::<canary::Reason>()
        .replies::<canary_view::CanaryView>()
        .tagged(),
    Row::post("/api/v1/canaries/{id}/resume", "Resumes a paused canary", || post(canary::resume_canary))
        .takes::<canary::Reason>()
        .replies::<canary_view::CanaryView>()
        .tagged(),
    Row::post("/api/v1/canaries/{id}/promote", "Makes the candidate the stable deployment now", || {
        post(canary::promote_canary)
    })
    .takes::<canary::Reason>()
    .replies::<canary_view::CanaryView>()
    .tagged(),
    Row::post("/api/v1/canaries/{id}/roll_back", "Ends the canary; the stable deployment stays", || {
        post(canary::roll_back_canary)
    })
    .takes::<canary::Reason>()
    .replies::<canary_view::CanaryView>()
    .tagged(),
    Row::post("/api/v1/canaries/{id}/approve", "Lets a proposed canary begin", || post(canary::approve_canary))
        .takes::<canary::Reason>()
        .replies::<canary_view::CanaryView>()
        .tagged(),
    Row::post("/api/v1/canaries/{id}/reject", "Ends a proposed canary before it begins", || {
        post(canary::reject_canary)
    })
    .takes::<canary::Reason>()
    .replies::<canary_view::CanaryView>()
    .tagged(),
    Row::get("/api/v1/canaries/{id}/replay", "Decides a canary's history again and compares", || {
        get(replay::replay_canary)
    })
    .replies::<replay::Replayed>(),
    Row::get("/api/v1/canaries/{id}/pairs", "How requests became pairs, and those that differ most", || {
        get(canary_pairs::list_pairs)
    })
    .replies::<canary_pairs::CanaryPairs>(),
    Row::get("/api/v1/canaries/{id}/share", "What share of the traffic each arm was set and got", || {
        get(canary_pairs::get_share)
    })
    .replies::<canary_pairs::CanaryShare>(),
    Row::get("/api/v1/freezes", "What may not move towards a candidate", || get(freeze::list_freezes))
        .replies::<List<freeze::FreezeView>>(),
    Row::post("/api/v1/freezes", "Freezes one workload or all", || post(freeze::create_freeze))
        .takes::<freeze::FreezeOrder>()
        .replies::<List<freeze::FreezeView>>(),
    Row::post("/api/v1/freezes/lift", "Lets one workload or all go on", || post(freeze::lift_freeze))
        .takes::<freeze::FreezeOrder>()
        .replies::<List<freeze::FreezeView>>(),
];
