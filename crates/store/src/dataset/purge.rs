//! Purging: content that must not exist any more. The hash stays, so that versions keep their names and an import does
//! not bring the content back; the text is overwritten in the file and the log is folded in and cut. It goes wherever an
//! item took it: what runs were answered, the requests that asked for it, and the request it was made from. Grades stay,
//! without the words that explain them.

use sqlx::sqlite::SqliteConnection;
use weir_core::SpanId;

use super::draft::known;
use crate::{
    Error, Store,
    value::{id_bytes, to_json},
};

/// An answer of which nothing is left but that there was one.
const NO_WORDS: &str = "{\"text\":\"\"}";

impl Store {
    /// Destroys the content of these items of a dataset, by id or hash, in every version of every dataset, with what runs
    /// answered to them and the texts of the requests that carried them. Returns how many items; those already destroyed do
    /// not count.
    ///
    /// # Errors
    /// `NotFound` when the dataset has none of them, `Unavailable`.
    pub async fn item_purge(&self, name: &str, keys: &[String], reason: &str, author: &str) -> Result<u64, Error> {
        let now = self.clock().now();
        let mut tx = self.begin_control().await?;
        sqlx::query("PRAGMA secure_delete = ON").execute(&mut *tx).await?;
        let dataset = known(&mut tx, name).await?;
        let hashes = hashes(&mut tx, dataset, keys).await?;
        if hashes.is_empty() {
            return Err(Error::not_found(format!("no such item in dataset `{name}`")));
        }
        let hashes = to_json(&hashes)?;
        forget_requests(&mut tx, &hashes).await?;
        forget_answers(&mut tx, &hashes).await?;
        sqlx::query(
            "INSERT INTO dataset_tombstone (dataset, hash, item_id, reason, author, draft, purged, at) \
             SELECT version.dataset, place.hash, max(place.item_id), ?1, ?2, NULL, 1, ?3 \
             FROM dataset_version_item AS place JOIN dataset_version AS version ON version.seq = place.version \
             WHERE place.hash IN (SELECT value FROM json_each(?4)) GROUP BY version.dataset, place.hash \
             ON CONFLICT (dataset, hash) DO UPDATE SET purged = 1, draft = NULL, reason = excluded.reason, at = excluded.at",
        )
        .bind(reason)
        .bind(author)
        .bind(now.0)
        .bind(&hashes)
        .execute(&mut *tx)
        .await?;
        let purged = sqlx::query(
            "UPDATE dataset_item SET body = '{}', input_hash = '', purged_at = ? \
             WHERE hash IN (SELECT value FROM json_each(?)) AND purged_at IS NULL",
        )
        .bind(now.0)
        .bind(&hashes)
        .execute(&mut *tx)
        .await?
        .rows_affected();
        sqlx::query(
            "DELETE FROM dataset_version_item WHERE hash IN (SELECT value FROM json_each(?)) \
               AND version IN (SELECT seq FROM dataset_version WHERE state <> 'published')",
        )
        .bind(&hashes)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        self.fold_log().await?;
        self.changes().control();
        Ok(purged)
    }
}

/// What these ids or hashes stand for in any version of the dataset.
async fn hashes(connection: &mut SqliteConnection, dataset: i64, keys: &[String]) -> Result<Vec<String>, Error> {
    Ok(sqlx::query_scalar(
        "SELECT DISTINCT place.hash FROM dataset_version_item AS place \
         JOIN dataset_version AS version ON version.seq = place.version WHERE version.dataset = ?1 \
           AND (place.item_id IN (SELECT value FROM json_each(?2)) OR place.hash IN (SELECT value FROM json_each(?2)))",
    )
    .bind(dataset)
    .bind(to_json(&keys)?)
    .fetch_all(connection)
    .await?)
}

/// Takes their texts from the requests that runs asked with these items, and from those the items were made from; and
/// from what scorers said of them. Before the items themselves go, which know where they come from.
async fn forget_requests(connection: &mut SqliteConnection, hashes: &str) -> Result<(), Error> {
    let sources: Vec<Option<String>> = sqlx::query_scalar(
        "SELECT body ->> '$.source.span_id' FROM dataset_item WHERE hash IN (SELECT value FROM json_each(?)) \
         AND purged_at IS NULL AND json_valid(body)",
    )
    .bind(hashes)
    .fetch_all(&mut *connection)
    .await?;
    let asked: Vec<Vec<u8>> = sqlx::query_scalar(
        "SELECT answer.span_id FROM run_item AS place JOIN run_output AS answer \
             ON answer.run = place.run AND answer.ord = place.ord \
         WHERE place.hash IN (SELECT value FROM json_each(?)) AND answer.span_id IS NOT NULL",
    )
    .bind(hashes)
    .fetch_all(&mut *connection)
    .await?;
    // What others call an id is not one of ours, and names no request here.
    let sources = sources.iter().flatten().filter_map(|id| id.parse::<SpanId>().ok()).map(|id| id_bytes(id.bits()));
    for span in asked.into_iter().chain(sources) {
        sqlx::query(
            "UPDATE span_body SET request = NULL, response = NULL WHERE seq = (SELECT seq FROM span WHERE id = ?)",
        )
        .bind(&span)
        .execute(&mut *connection)
        .await?;
        sqlx::query("UPDATE score SET explanation = NULL WHERE span_id = ?")
            .bind(&span)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// Takes the words from what runs were answered to these items, and from what scorers said of that.
async fn forget_answers(connection: &mut SqliteConnection, hashes: &str) -> Result<(), Error> {
    const ANSWERS: &str = "SELECT answer.seq FROM run_item AS place JOIN run_output AS answer \
         ON answer.run = place.run AND answer.ord = place.ord WHERE place.hash IN (SELECT value FROM json_each(?1))";
    let words = format!("UPDATE run_score SET explanation = NULL WHERE output IN ({ANSWERS})");
    sqlx::query(sqlx::AssertSqlSafe(words)).bind(hashes).execute(&mut *connection).await?;
    let words = format!("UPDATE run_output SET output = ?2 WHERE output IS NOT NULL AND seq IN ({ANSWERS})");
    sqlx::query(sqlx::AssertSqlSafe(words)).bind(hashes).bind(NO_WORDS).execute(&mut *connection).await?;
    Ok(())
}
