//! What is wrong with a request, and where.

/// A request that is not what its dialect says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: found {found}, wanted {wanted}")]
pub struct BadRequest {
    /// Where, as a JSON path: `$.messages[2].content`.
    pub path: String,
    /// What is there; no payload.
    pub found: String,
    /// What belongs there.
    pub wanted: &'static str,
}

impl BadRequest {
    pub(crate) fn new(path: impl Into<String>, found: impl Into<String>, wanted: &'static str) -> Self {
        Self { path: path.into(), found: found.into(), wanted }
    }

    /// A call at `at` whose arguments cannot be read.
    pub(crate) fn arguments(at: &str) -> Self {
        Self::new(at, "arguments that are no JSON", "a JSON object as text")
    }
}
