//! The one table of control-plane routes. The router, the guard before each handler, the OpenAPI document and the
//! authorisation tests are all made from it; a handler that is not in it does not serve.

mod compat;
mod evals;
mod policy;
mod system;
mod traffic;

use std::sync::Arc;

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request},
    http::{HeaderName, HeaderValue, header},
    middleware,
    response::{IntoResponse, Response},
};
use tower_http::{catch_panic::CatchPanicLayer, compression::CompressionLayer, set_header::SetResponseHeaderLayer};
use weir_core::error;

use crate::{
    assets,
    guard::{self, Guard},
    idempotent,
    problem::Failure,
    row::Row,
    state::{ApiState, App, Shared},
};

/// Largest dataset file, in bytes. It is spooled to disk, so the bound is of the disk and not of memory.
pub(crate) const IMPORT_BYTES: usize = 2 * 1024 * 1024 * 1024;
/// Largest edit of a dataset, in bytes.
const EDIT_BYTES: usize = 8 * 1024 * 1024;
/// Largest body of other products' interfaces, in bytes.
const COMPAT_BYTES: usize = 4 * 1024 * 1024;
/// Largest order of an eval run with its suite, files and recorded answers, in bytes.
const RUN_BYTES: usize = 32 * 1024 * 1024;

/// Every route of the control plane.
pub fn routes() -> impl Iterator<Item = &'static Row> {
    [traffic::ROWS, policy::ROWS, evals::ROWS, system::ROWS, compat::ROWS].into_iter().flatten()
}

/// What the browser may do with what we serve: run and show our own files only, in no one else's frame.
const HEADERS: [(HeaderName, &str); 4] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; \
         frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
];

/// The control plane and the dashboard as one router. It owns the fallback: what no other route takes is a page, a
/// file of the dashboard, or a 404.
pub fn router(state: ApiState) -> Router {
    let app: App = Arc::new(Shared::new(state));
    let mut router = Router::new();
    for row in routes() {
        let guard = Guard { app: Arc::clone(&app), route: &row.route };
        let method = match row.is_once() {
            true => (row.handler)()
                .route_layer(middleware::from_fn_with_state((Arc::clone(&app), &row.route), idempotent::once)),
            false => (row.handler)(),
        };
        let method = method
            .route_layer(middleware::from_fn_with_state(guard, guard::check))
            .route_layer(DefaultBodyLimit::max(row.route.body_limit));
        router = router.route(row.route.path, method);
    }
    let router = router
        .method_not_allowed_fallback(refuse_method)
        .fallback(assets::serve)
        .with_state(app)
        .layer(CompressionLayer::new())
        .layer(CatchPanicLayer::custom(|_| {
            Failure::new(&error::INTERNAL, "the control plane failed on this request").into_response()
        }));
    HEADERS.into_iter().fold(router, |router, (name, value)| {
        router.layer(SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value)))
    })
}

async fn refuse_method(request: Request) -> Response {
    Failure::new(&error::METHOD_NOT_ALLOWED, format!("{} is not a method of this path", request.method()))
        .into_response()
}
