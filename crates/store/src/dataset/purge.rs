//! Purging: content that must not exist any more. The hash stays, so that versions keep their names and an import does
//! not bring the content back; the text is overwritten in the file and the log is folded in and cut.

use sqlx::sqlite::SqliteConnection;

use super::draft::known;
use crate::{Error, Store, value::to_json};

impl Store {
    /// Destroys the content of these items of a dataset, by id or hash, in every version of every dataset. Returns how
    /// many; those already destroyed do not count.
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
