//! What steers asks for items by these queries alone. They read current versions through the view that has no held-out
//! item.

use std::collections::HashSet;

use sqlx::{Row, sqlite::SqliteRow};
use weir_core::WorkloadId;

use crate::{Error, Store, value::to_json};

/// One stored item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Hash of its content, 32 hex digits.
    pub hash: String,
    /// Hash of its prompt.
    pub input_hash: String,
    /// The whole item as JSON.
    pub body: String,
}

impl Store {
    /// The first `limit` items of the current version that are not held out, in order.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn dataset_items(&self, name: &str, limit: u32) -> Result<Vec<Item>, Error> {
        let rows = sqlx::query(
            "SELECT item.hash, item.input_hash, item.body FROM dataset JOIN item_open AS item \
             ON item.version = dataset.head WHERE dataset.name = ? ORDER BY item.ord LIMIT ?",
        )
        .bind(name)
        .bind(limit)
        .fetch_all(self.readers())
        .await?;
        rows.iter().map(read).collect()
    }

    /// The same few items of the workload's datasets every time, by their hash: the golden ones that probes ask. Only
    /// items whose right answer is known.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn item_golden(&self, workload: &WorkloadId, limit: u32) -> Result<Vec<Item>, Error> {
        let rows = sqlx::query(
            "SELECT DISTINCT item.hash, item.input_hash, item.body FROM dataset JOIN item_open AS item \
             ON item.version = dataset.head WHERE dataset.workload = ? AND dataset.deleted_at IS NULL \
               AND item.body ->> '$.expected' IS NOT NULL ORDER BY item.hash LIMIT ?",
        )
        .bind(workload.as_str())
        .bind(limit)
        .fetch_all(self.readers())
        .await?;
        rows.iter().map(read).collect()
    }

    /// Whether a dataset of the workload has a current version, so that [`Store::items_by_input`] may find something.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn items_any(&self, workload: &WorkloadId) -> Result<bool, Error> {
        let any = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM dataset WHERE workload = ? AND head IS NOT NULL AND deleted_at IS NULL)",
        )
        .bind(workload.as_str())
        .fetch_one(self.readers())
        .await?;
        Ok(any)
    }

    /// The items with these prompts in the current versions of the workload's datasets: at most one each, in any order;
    /// the dataset published last wins.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn items_by_input(&self, workload: &WorkloadId, input_hashes: &[&str]) -> Result<Vec<Item>, Error> {
        let rows = sqlx::query(
            "SELECT item.hash, item.input_hash, item.body FROM item_open AS item \
             JOIN dataset ON dataset.head = item.version \
             WHERE item.input_hash IN (SELECT value FROM json_each(?)) AND dataset.workload = ? \
               AND dataset.deleted_at IS NULL ORDER BY item.version DESC, item.ord",
        )
        .bind(to_json(&input_hashes)?)
        .bind(workload.as_str())
        .fetch_all(self.readers())
        .await?;
        let mut seen = HashSet::new();
        let mut items = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        items.retain(|item: &Item| seen.insert(item.input_hash.clone()));
        Ok(items)
    }

    /// Of these prompts, those that the dataset's current version or its draft holds, held out or not.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn inputs_known(&self, name: &str, input_hashes: &[&str]) -> Result<HashSet<String>, Error> {
        let known: Vec<String> = sqlx::query_scalar(
            "SELECT DISTINCT item.input_hash FROM dataset JOIN dataset_version AS version \
               ON version.dataset = dataset.id AND (version.seq = dataset.head OR version.state = 'draft') \
             JOIN dataset_version_item AS place ON place.version = version.seq \
             JOIN dataset_item AS item ON item.hash = place.hash \
             WHERE dataset.name = ? AND item.input_hash IN (SELECT value FROM json_each(?))",
        )
        .bind(name)
        .bind(to_json(&input_hashes)?)
        .fetch_all(self.readers())
        .await?;
        Ok(known.into_iter().collect())
    }

    /// The item with this prompt, as [`Store::items_by_input`].
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn item_by_input(&self, workload: &WorkloadId, input_hash: &str) -> Result<Option<Item>, Error> {
        Ok(self.items_by_input(workload, &[input_hash]).await?.pop())
    }
}

fn read(row: &SqliteRow) -> Result<Item, Error> {
    Ok(Item { hash: row.try_get(0)?, input_hash: row.try_get(1)?, body: row.try_get(2)? })
}
