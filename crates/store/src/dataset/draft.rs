//! Drafts: edits by people. A draft begins as a copy of the current version; publishing it makes the next one, unless
//! somebody published meanwhile.

use sqlx::sqlite::SqliteConnection;

use super::{
    NewDataset, NewItem, Published,
    publish::{insert, open_version, register, say, settle},
};
use crate::{
    Error, Store,
    value::{count, int, to_json},
};

/// A draft after an edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Its place among all versions; what items are read by.
    pub seq: i64,
    /// Items in it.
    pub items: u64,
    /// Items that the edit put in.
    pub put: u64,
    /// Items that the edit took out.
    pub taken: u64,
}

impl Store {
    /// Puts items into the dataset's draft, which is opened when there is none: in place of the item of the same id, or
    /// at the end. Names a new dataset as well.
    ///
    /// # Errors
    /// `Conflict` when another item has the same content, `Unavailable`.
    pub async fn draft_put(&self, new: &NewDataset, items: &[NewItem]) -> Result<Draft, Error> {
        let mut tx = self.begin_control().await?;
        let dataset = register(&mut tx, new, self.clock().now()).await?;
        say(&mut tx, dataset, new).await?;
        let draft = self.draft_of(&mut tx, dataset, new).await?;
        let ids: Vec<&str> = items.iter().map(|item| item.id.as_str()).collect();
        let hashes: Vec<&str> = items.iter().map(|item| item.hash.as_str()).collect();
        // What a person puts in on purpose is not kept out by what was taken out before; what was purged is.
        sqlx::query(
            "DELETE FROM dataset_tombstone WHERE dataset = ? AND purged = 0 AND hash IN (SELECT value FROM json_each(?))",
        )
        .bind(dataset)
        .bind(to_json(&hashes)?)
        .execute(&mut *tx)
        .await?;
        let places: Vec<(String, i64)> = sqlx::query_as(
            "DELETE FROM dataset_version_item WHERE version = ? AND item_id IN (SELECT value FROM json_each(?)) \
             RETURNING item_id, ord",
        )
        .bind(draft)
        .bind(to_json(&ids)?)
        .fetch_all(&mut *tx)
        .await?;
        let mut put = 0;
        let mut fresh: Vec<NewItem> = Vec::new();
        for item in items {
            match places.iter().find(|(id, _)| *id == item.id) {
                Some((_, ord)) => {
                    put += insert(&mut tx, dataset, draft, count(*ord), std::slice::from_ref(item)).await?.0
                }
                None => fresh.push(item.clone()),
            }
        }
        let next: i64 =
            sqlx::query_scalar("SELECT coalesce(max(ord) + 1, 0) FROM dataset_version_item WHERE version = ?")
                .bind(draft)
                .fetch_one(&mut *tx)
                .await?;
        let mut next = count(next);
        for chunk in fresh.chunks(1_000) {
            put += insert(&mut tx, dataset, draft, next, chunk).await?.0;
            next += chunk.len() as u64;
        }
        let told = Draft { seq: draft, items: tally(&mut tx, draft).await?, put, taken: 0 };
        tx.commit().await?;
        self.changes().control();
        Ok(told)
    }

    /// Takes items out of the dataset's draft. Once it is published, imports do not bring them back.
    ///
    /// # Errors
    /// `NotFound` when the dataset or every id is unknown, `Unavailable`.
    pub async fn draft_take(&self, new: &NewDataset, ids: &[String], reason: &str) -> Result<Draft, Error> {
        let now = self.clock().now();
        let mut tx = self.begin_control().await?;
        let dataset = known(&mut tx, &new.name).await?;
        let draft = self.draft_of(&mut tx, dataset, new).await?;
        let ids = to_json(&ids)?;
        sqlx::query(
            "INSERT INTO dataset_tombstone (dataset, hash, item_id, reason, author, draft, purged, at) \
             SELECT ?1, hash, item_id, ?2, ?3, ?4, 0, ?5 FROM dataset_version_item \
             WHERE version = ?4 AND item_id IN (SELECT value FROM json_each(?6)) \
             ON CONFLICT (dataset, hash) DO NOTHING",
        )
        .bind(dataset)
        .bind(reason)
        .bind(&new.author)
        .bind(draft)
        .bind(now.0)
        .bind(&ids)
        .execute(&mut *tx)
        .await?;
        let taken = sqlx::query(
            "DELETE FROM dataset_version_item WHERE version = ? AND item_id IN (SELECT value FROM json_each(?))",
        )
        .bind(draft)
        .bind(&ids)
        .execute(&mut *tx)
        .await?
        .rows_affected();
        if taken == 0 {
            return Err(Error::not_found(format!("no such item in dataset `{}`", new.name)));
        }
        let told = Draft { seq: draft, items: tally(&mut tx, draft).await?, put: 0, taken };
        tx.commit().await?;
        self.changes().control();
        Ok(told)
    }

    /// Makes the draft the current version.
    ///
    /// # Errors
    /// `NotFound` without a draft, `Conflict` when another version was published since it began, `Unavailable`.
    pub async fn draft_publish(&self, name: &str, author: &str, note: &str) -> Result<Published, Error> {
        let mut tx = self.begin_control().await?;
        let dataset = known(&mut tx, name).await?;
        let found: Option<(i64, Option<i64>, Option<i64>)> = sqlx::query_as(
            "SELECT version.seq, version.parent, dataset.head FROM dataset_version AS version \
             JOIN dataset ON dataset.id = version.dataset WHERE dataset.id = ? AND version.state = 'draft'",
        )
        .bind(dataset)
        .fetch_optional(&mut *tx)
        .await?;
        let Some((draft, parent, head)) = found else {
            return Err(Error::not_found(format!("dataset `{name}` has no draft")));
        };
        if parent != head {
            return Err(Error::conflict(format!("another version of `{name}` was published since this draft began")));
        }
        let published = settle(&mut tx, dataset, draft, author, note, self.clock().now()).await?;
        sqlx::query("UPDATE dataset_tombstone SET draft = NULL WHERE draft = ?").bind(draft).execute(&mut *tx).await?;
        tx.commit().await?;
        self.changes().control();
        Ok(published)
    }

    /// Throws the draft away.
    ///
    /// # Errors
    /// `NotFound` without a draft, `Unavailable`.
    pub async fn draft_discard(&self, name: &str) -> Result<(), Error> {
        let mut tx = self.begin_control().await?;
        let dataset = known(&mut tx, name).await?;
        let draft: Option<i64> =
            sqlx::query_scalar("DELETE FROM dataset_version WHERE dataset = ? AND state = 'draft' RETURNING seq")
                .bind(dataset)
                .fetch_optional(&mut *tx)
                .await?;
        let Some(draft) = draft else {
            return Err(Error::not_found(format!("dataset `{name}` has no draft")));
        };
        sqlx::query("DELETE FROM dataset_tombstone WHERE draft = ?").bind(draft).execute(&mut *tx).await?;
        tx.commit().await?;
        self.changes().control();
        Ok(())
    }

    /// The dataset's draft, opened as a copy of the current version when there is none.
    async fn draft_of(&self, connection: &mut SqliteConnection, dataset: i64, new: &NewDataset) -> Result<i64, Error> {
        let open: Option<i64> =
            sqlx::query_scalar("SELECT seq FROM dataset_version WHERE dataset = ? AND state = 'draft'")
                .bind(dataset)
                .fetch_optional(&mut *connection)
                .await?;
        if let Some(draft) = open {
            return Ok(draft);
        }
        let draft = open_version(connection, dataset, "draft", new, self.clock().now()).await?;
        sqlx::query(
            "INSERT INTO dataset_version_item (version, ord, hash, item_id, split) \
             SELECT ?, place.ord, place.hash, place.item_id, place.split FROM dataset_version_item AS place \
             JOIN dataset ON dataset.head = place.version JOIN dataset_item AS item ON item.hash = place.hash \
             WHERE dataset.id = ? AND item.purged_at IS NULL",
        )
        .bind(draft)
        .bind(dataset)
        .execute(connection)
        .await?;
        Ok(draft)
    }
}

/// The number of a dataset that there is.
pub(super) async fn known(connection: &mut SqliteConnection, name: &str) -> Result<i64, Error> {
    let id: Option<i64> = sqlx::query_scalar("SELECT id FROM dataset WHERE name = ? AND deleted_at IS NULL")
        .bind(name)
        .fetch_optional(connection)
        .await?;
    id.ok_or_else(|| Error::not_found(format!("there is no dataset `{name}`")))
}

/// Counts a draft's items, and keeps the count.
async fn tally(connection: &mut SqliteConnection, draft: i64) -> Result<u64, Error> {
    let items: i64 = sqlx::query_scalar("SELECT count(*) FROM dataset_version_item WHERE version = ?")
        .bind(draft)
        .fetch_one(&mut *connection)
        .await?;
    sqlx::query("UPDATE dataset_version SET items = ? WHERE seq = ?")
        .bind(int(count(items)))
        .bind(draft)
        .execute(connection)
        .await?;
    Ok(count(items))
}
