//! The demo: traffic through the built-in providers, so that the product explains itself without an account.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;
use weir_core::error;

use crate::{
    problem::{Failure, Reply},
    state::App,
};

/// Whether the demo began.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Played {
    /// False when it was already running.
    started: bool,
}

/// `POST /api/v1/demo/play`.
pub(crate) async fn play_demo(State(app): State<App>) -> Reply<Json<Played>> {
    let Some(demo) = &app.demo else {
        return Err(Failure::new(&error::NOT_FOUND, "the demo needs the built-in providers, and none is configured")
            .hint("start weir without a configuration, or add a deployment with `provider = \"sim\"`"));
    };
    Ok(Json(Played { started: demo.play() }))
}
