//! Requests whose words are gone or shut, for those who would have to read them.

use sqlx::Row as _;
use weir_core::{SpanId, span::Span};

use crate::{
    Error, Store,
    span::span_from,
    value::{span_id, to_json},
};

impl Store {
    /// Those of these requests that are there and have no words that may be read, in any order.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn span_wordless(&self, ids: &[SpanId]) -> Result<Vec<Span>, Error> {
        let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        let rows = sqlx::query(
            "SELECT span.id, span_body.body FROM span JOIN span_body USING (seq) \
             WHERE span.id IN (SELECT unhex(value) FROM json_each(?)) \
               AND NOT EXISTS (SELECT 1 FROM span_text AS texts WHERE texts.id = span.id)",
        )
        .bind(to_json(&ids)?)
        .fetch_all(self.readers())
        .await?;
        rows.iter().map(|row| span_from(span_id(row.try_get(0)?)?, row.try_get(1)?)).collect()
    }
}
