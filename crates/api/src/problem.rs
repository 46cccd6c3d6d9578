//! One shape for every error of the control plane: `{code, message, hint}` with the status of its code. Extractor and
//! store errors become the same shape here, so that no reply is ever plain text.

use axum::{
    Json,
    extract::rejection::{BytesRejection, PathRejection, QueryRejection},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;
use weir_core::{Code, Problem, error};

/// An error as JSON.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProblemView {
    /// `W0000`; `weir explain W0000` prints its page.
    code: &'static str,
    /// What was found and what is wanted.
    message: String,
    /// The next step, where there is one.
    hint: Option<String>,
}

/// A coded error on its way out.
#[derive(Debug)]
pub(crate) struct Failure(pub(crate) Problem);

/// What every handler returns.
pub(crate) type Reply<T> = Result<T, Failure>;

impl Failure {
    /// An error of this kind.
    pub(crate) fn new(code: &'static Code, message: impl Into<String>) -> Self {
        Self(Problem::new(code, message))
    }
    /// As JSON.
    pub(crate) fn view(self) -> ProblemView {
        let Problem { code, message, hint } = self.0;
        ProblemView { code: code.code, message, hint }
    }
    /// With the next step.
    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self(self.0.hint(hint))
    }
    /// Nothing of this kind has this id.
    pub(crate) fn not_found(kind: &str, id: &str) -> Self {
        Self::new(&error::NOT_FOUND, format!("there is no {kind} `{id}`"))
    }
    /// A parameter or field is wrong.
    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self::new(&error::BAD_PARAMETER, message)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.code.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(self.view())).into_response();
        // Both pass within a second: a busy store, and a bucket that fills at once a second or faster.
        if matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl From<weir_store::Error> for Failure {
    /// What the caller can mend is told; the rest is logged here, once, and told as ours.
    fn from(error: weir_store::Error) -> Self {
        use weir_store::Error;
        match error {
            Error::Unavailable { .. } => {
                tracing::warn!(%error, "the store is unavailable");
                Self::new(&error::STORE_UNAVAILABLE, "the store is busy or full")
                    .hint("nothing was written; send it again")
            }
            Error::Conflict { what } => Self::new(&error::CONFLICT, what).hint("read it again, then decide"),
            Error::NotFound { what } => Self::new(&error::NOT_FOUND, what),
            Error::Corrupt { .. } | Error::Newer { .. } | Error::Unexpected(_) => {
                tracing::error!(%error, "the store failed");
                Self::new(&error::INTERNAL, "the store failed; the log says how")
            }
        }
    }
}

impl From<BytesRejection> for Failure {
    fn from(rejection: BytesRejection) -> Self {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            Self::new(&error::BODY_TOO_LARGE, "the request body is over this route's limit")
        } else {
            Self::new(&error::BAD_JSON, "the request body could not be read")
        }
    }
}

impl From<QueryRejection> for Failure {
    fn from(rejection: QueryRejection) -> Self {
        let text = rejection.body_text();
        let detail = text.strip_prefix("Failed to deserialize query string: ").unwrap_or(&text);
        Self::bad(format!("in the query string: {detail}"))
    }
}

impl From<PathRejection> for Failure {
    fn from(_: PathRejection) -> Self {
        Self::new(&error::NOT_FOUND, "the path is not valid UTF-8")
    }
}
