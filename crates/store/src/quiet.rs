//! When a session, or a trace, was last heard of.

use weir_core::{Timestamp, span::Span};

use crate::{Error, Store, value::id_bytes};

/// Longest request that is looked for by when it began.
const LONGEST_US: i64 = 600_000_000;

impl Store {
    /// The end of the newest answer of this span's session, or of its trace where it has none, among those that ended
    /// after `since`; `None` when nothing did.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn span_heard(&self, span: &Span, since: Timestamp) -> Result<Option<Timestamp>, Error> {
        let began = since.0 - LONGEST_US;
        let newest: Option<i64> = match &span.session {
            Some(session) => {
                sqlx::query_scalar(
                    "SELECT max(started_at + latency_us) FROM span \
                     WHERE session = ? AND started_at >= ? AND tenant = ? AND workload = ?",
                )
                .bind(&**session)
                .bind(began)
                .bind(&*span.tenant)
                .bind(span.workload.as_str())
                .fetch_one(self.readers())
                .await?
            }
            None => {
                sqlx::query_scalar(
                    "SELECT max(started_at + latency_us) FROM span \
                     WHERE workload = ? AND started_at >= ? AND trace_id = ?",
                )
                .bind(span.workload.as_str())
                .bind(began)
                .bind(id_bytes(span.trace_id.bits()))
                .fetch_one(self.readers())
                .await?
            }
        };
        Ok(newest.filter(|newest| *newest > since.0).map(Timestamp))
    }
}
