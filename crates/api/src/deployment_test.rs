//! A live test of a deployment's key: one short question through the gateway, which spends real money.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use weir_core::{DeploymentId, error};

use crate::{
    extract::{Body, Segment},
    problem::{Failure, Reply},
    state::{App, Tested},
};

/// Agreement that the test spends.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TestOrder {
    /// Must be true: the question is billed by the provider like any other, a few tokens each way.
    #[serde(default)]
    confirm_spend: bool,
}

/// What came back.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TestView {
    /// It answered with status 200.
    ok: bool,
    /// `null` when there was no answer at all.
    status: Option<u16>,
    /// The answer's text, or what went wrong.
    text: String,
    /// What to do about it.
    hint: Option<String>,
    latency_ms: f64,
    /// `null` without a price.
    cost_usd: Option<f64>,
    /// The request as recorded.
    span_id: Option<String>,
}

impl From<Tested> for TestView {
    fn from(tested: Tested) -> Self {
        Self {
            ok: tested.status == Some(200),
            status: tested.status,
            text: tested.text,
            hint: tested.hint,
            latency_ms: tested.took.as_secs_f64() * 1e3,
            cost_usd: tested.cost_usd,
            span_id: tested.span_id,
        }
    }
}

/// `POST /api/v1/deployments/{id}/test`.
pub(crate) async fn test_deployment(
    State(app): State<App>,
    Segment(id): Segment,
    Body(order): Body<TestOrder>,
) -> Reply<Json<TestView>> {
    let id = DeploymentId::from(id.as_str());
    if !app.snapshot.load().deployments.contains_key(&id) {
        return Err(Failure::not_found("deployment", id.as_str()));
    }
    if !order.confirm_spend {
        return Err(Failure::bad(
            "the test asks the provider one short question, which it bills; send `confirm_spend` as true to agree",
        ));
    }
    let Ok(_one) = app.testing.try_lock() else {
        return Err(Failure::new(&error::CONFLICT, "another deployment is being tested; try again in a moment"));
    };
    Ok(Json(app.tester.test(&id).await.into()))
}
