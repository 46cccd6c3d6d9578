//! The words a field may hold, told to the OpenAPI document by the types that name them: clients get them as a union
//! instead of any text.

use utoipa::openapi::{
    Object, ObjectBuilder,
    schema::{SchemaType, Type},
};
use weir_core::{
    canary::CanaryState,
    span::{Origin, Outcome},
};
use weir_router::Health;
use weir_store::{DiffState, EventKind, JobStatus};

const CANARY_STATES: [CanaryState; 11] = [
    CanaryState::AwaitingApproval,
    CanaryState::Shadow,
    CanaryState::Running,
    CanaryState::Held,
    CanaryState::Verifying,
    CanaryState::Promoted,
    CanaryState::RolledBack,
    CanaryState::Expired,
    CanaryState::Superseded,
    CanaryState::Aborted,
    CanaryState::Rejected,
];

fn one_of<const N: usize>(words: [&'static str; N]) -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).build()
}

/// Where a canary stands.
pub(crate) fn canary_state() -> Object {
    one_of(CANARY_STATES.map(CanaryState::name))
}

/// Where a canary stood, if there was a before.
pub(crate) fn canary_state_before() -> Object {
    let words = CANARY_STATES.iter().map(|state| Some(state.name())).chain([None]);
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .enum_values(Some(words.collect::<Vec<_>>()))
        .build()
}

/// Why a canary is held, while it is.
pub(crate) fn hold_cause() -> Object {
    let words = [
        "operator",
        "harm",
        "units",
        "missing",
        "latency",
        "first_byte",
        "scorer",
        "scorer_changed",
        "lease",
        "judge_bias",
    ];
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .enum_values(Some(words.into_iter().map(Some).chain([None]).collect::<Vec<_>>()))
        .build()
}

/// What a guard of a canary says.
pub(crate) fn guard_state() -> Object {
    one_of(["fine", "holds", "rolls_back"])
}

/// What became of a policy diff.
pub(crate) fn diff_state() -> Object {
    one_of([DiffState::Proposed, DiffState::Applied, DiffState::Rejected].map(DiffState::name))
}

/// What changed routing.
pub(crate) fn event_kind() -> Object {
    let kinds = [
        EventKind::Started,
        EventKind::Advanced,
        EventKind::Verifying,
        EventKind::Held,
        EventKind::Resumed,
        EventKind::ScopedOut,
        EventKind::Promoted,
        EventKind::RolledBack,
        EventKind::Expired,
        EventKind::Superseded,
        EventKind::Aborted,
        EventKind::Rejected,
        EventKind::Revised,
        EventKind::Drifted,
        EventKind::Recovered,
        EventKind::Changed,
        EventKind::Quarantined,
        EventKind::Released,
    ];
    one_of(kinds.map(EventKind::name))
}

/// A deployment's breaker.
pub(crate) fn health() -> Object {
    one_of([Health::Up, Health::Open, Health::Probing].map(Health::name))
}

/// Where a job stands.
pub(crate) fn job_status() -> Object {
    let states = [JobStatus::Ready, JobStatus::Running, JobStatus::Done, JobStatus::Failed, JobStatus::Dead];
    one_of(states.map(JobStatus::name))
}

/// How a request ended.
pub(crate) fn outcome() -> Object {
    let failed = Outcome::Failed { code: "".into(), message: "".into() };
    one_of([Outcome::Ok.name(), Outcome::Cancelled.name(), failed.name()])
}

/// Who asked.
pub(crate) fn origin() -> Object {
    one_of([Origin::Client, Origin::Eval, Origin::Probe, Origin::Shadow, Origin::External].map(Origin::name))
}

/// What a scorer gave.
pub(crate) fn score_status() -> Object {
    one_of(["scored", "unscored"])
}
