//! Answers whose words are gone when it is their turn to be scored: purged, or shut because a held-out item was made from
//! them. They count as unscored with that reason. Left out they would make the coverage look better than it is, and
//! scored as an empty answer they would be zeros.

use weir_core::{
    SpanId,
    score::Unscored,
    span::{Payload, Record},
};
use weir_evals::Outcome;
use weir_store::{Error, Store};

/// Those of these requests that are there without words, each with none. One that is not there at all has no workload
/// that it could count for, which is logged.
///
/// # Errors
/// When the store cannot be read.
pub(crate) async fn lost(store: &Store, ids: &[SpanId]) -> Result<Vec<Record>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let spans = store.span_wordless(ids).await?;
    let unknown = ids.len().saturating_sub(spans.len());
    if unknown > 0 {
        tracing::warn!(unknown, "requests that were to be scored are not stored any more; nothing is said of them");
    }
    Ok(spans.into_iter().map(|span| Record { span, payload: Payload::default() }).collect())
}

/// What is said of a battle whose other answer cannot be read.
pub(crate) fn alone() -> Outcome {
    Outcome::unscored(
        Unscored::NotRecorded,
        "the caller's answer, which this one is compared with, cannot be read any more",
    )
}

/// What is said of such an answer.
pub(crate) fn wordless() -> Outcome {
    let why = "what was asked and answered cannot be read any more: it was purged, or a held-out item was made from it";
    Outcome::unscored(Unscored::NotRecorded, why)
}
