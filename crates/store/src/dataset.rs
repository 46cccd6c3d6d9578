//! Datasets: each publication is an immutable version, identified by the hash of its content, so publishing the same
//! items twice is one version. What an item says is its owner's JSON; the store knows only its two hashes.

use std::collections::HashSet;

use serde_json::value::RawValue;
use sqlx::{
    Row,
    sqlite::{SqliteConnection, SqliteRow},
};
use weir_core::{Timestamp, WorkloadId};

use crate::{
    Error, Store,
    value::{count, from_json, int, to_json},
};

/// A version to publish: exactly these items, whatever the version before held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDataset {
    /// Unique name.
    pub name: String,
    /// Whose traffic it belongs to; live prompts are looked up in it.
    pub workload: Option<WorkloadId>,
    /// One line.
    pub description: String,
    /// Content hash over the items.
    pub version: String,
    /// Why this version.
    pub note: String,
    /// In order.
    pub items: Vec<NewItem>,
}

/// An item to publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewItem {
    /// Hash of its prompt, to find it by a live request.
    pub input_hash: String,
    /// The whole item as JSON.
    pub body: String,
}

/// What a publication did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The version that is now current.
    pub version: String,
    /// Items in it.
    pub items: u64,
    /// Of those, items that the version before did not have.
    pub added: u64,
    /// Items given that were in the version before, or twice among those given.
    pub duplicate: u64,
}

/// A dataset with its current version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dataset {
    /// Number, for lists.
    pub id: i64,
    /// Unique name.
    pub name: String,
    /// Whose traffic it belongs to.
    pub workload: Option<WorkloadId>,
    /// One line.
    pub description: String,
    /// Current version.
    pub version: String,
    /// Items in it.
    pub items: u64,
    /// First publication.
    pub created_at: Timestamp,
}

/// One publication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatasetVersion {
    /// Content hash.
    pub id: String,
    /// Items in it.
    pub items: u64,
    /// Why.
    pub note: String,
    /// When.
    pub created_at: Timestamp,
}

/// One stored item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Hash of `body`, 32 hex digits.
    pub hash: String,
    /// Hash of its prompt.
    pub input_hash: String,
    /// The whole item as JSON.
    pub body: String,
}

/// Items per statement: each travels as a JSON array of one string per column.
const CHUNK: usize = 1_000;

impl Store {
    /// Makes these items the dataset's current version. The same content as the current version changes nothing but
    /// workload and description.
    ///
    /// # Errors
    /// `Unavailable`; nothing was written.
    pub async fn dataset_publish(&self, new: &NewDataset) -> Result<Published, Error> {
        let now = self.clock().now();
        let mut seen = std::collections::HashSet::with_capacity(new.items.len());
        let mut items = Vec::with_capacity(new.items.len());
        for item in &new.items {
            let hash = hash(&item.body);
            if seen.insert(hash.clone()) {
                items.push((hash, item));
            }
        }
        let repeated = new.items.len() - items.len();

        let mut tx = self.begin_control().await?;
        let dataset: i64 = sqlx::query_scalar(
            "INSERT INTO dataset (name, workload, description, created_at) VALUES (?,?,?,?) \
             ON CONFLICT (name) DO UPDATE SET workload = excluded.workload, description = excluded.description \
             RETURNING id",
        )
        .bind(&new.name)
        .bind(new.workload.as_ref().map(WorkloadId::as_str))
        .bind(&new.description)
        .bind(now.0)
        .fetch_one(&mut *tx)
        .await?;
        let head: Option<(i64, String, i64)> =
            sqlx::query_as("SELECT seq, id, items FROM dataset_version WHERE dataset = ? ORDER BY seq DESC LIMIT 1")
                .bind(dataset)
                .fetch_optional(&mut *tx)
                .await?;
        let published = match head {
            Some((_, id, count_now)) if id == new.version => {
                Published { version: id, items: count(count_now), added: 0, duplicate: new.items.len() as u64 }
            }
            head => {
                let version: i64 = sqlx::query_scalar(
                    "INSERT INTO dataset_version (dataset, id, items, note, created_at) VALUES (?,?,?,?,?) RETURNING seq",
                )
                .bind(dataset)
                .bind(&new.version)
                .bind(int(items.len() as u64))
                .bind(&new.note)
                .bind(now.0)
                .fetch_one(&mut *tx)
                .await?;
                for (index, chunk) in items.chunks(CHUNK).enumerate() {
                    insert_items(&mut tx, version, index * CHUNK, chunk).await?;
                }
                let kept: i64 = sqlx::query_scalar(
                    "SELECT count(*) FROM dataset_version_item AS now JOIN dataset_version_item AS before \
                     ON before.hash = now.hash AND before.version = ? WHERE now.version = ?",
                )
                .bind(head.map_or(0, |(seq, ..)| seq))
                .bind(version)
                .fetch_one(&mut *tx)
                .await?;
                let items = items.len() as u64;
                Published {
                    version: new.version.clone(),
                    items,
                    added: items.saturating_sub(count(kept)),
                    duplicate: count(kept) + repeated as u64,
                }
            }
        };
        tx.commit().await?;
        self.changes().control();
        Ok(published)
    }

    /// All datasets, by name.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn dataset_list(&self) -> Result<Vec<Dataset>, Error> {
        self.datasets(None).await
    }

    /// The dataset of this name with its versions, newest first.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn dataset_get(&self, name: &str) -> Result<Option<(Dataset, Vec<DatasetVersion>)>, Error> {
        let Some(dataset) = self.datasets(Some(name)).await?.pop() else {
            return Ok(None);
        };
        let rows =
            sqlx::query("SELECT id, items, note, created_at FROM dataset_version WHERE dataset = ? ORDER BY seq DESC")
                .bind(dataset.id)
                .fetch_all(self.readers())
                .await?;
        let versions = rows
            .iter()
            .map(|row| {
                Ok(DatasetVersion {
                    id: row.try_get(0)?,
                    items: count(row.try_get(1)?),
                    note: row.try_get(2)?,
                    created_at: Timestamp(row.try_get(3)?),
                })
            })
            .collect::<Result<_, Error>>()?;
        Ok(Some((dataset, versions)))
    }

    /// The first `limit` items of the current version, in order.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn dataset_items(&self, name: &str, limit: u32) -> Result<Vec<Item>, Error> {
        let rows = sqlx::query(
            "SELECT item.hash, item.input_hash, item.body FROM dataset_version_item AS place \
             JOIN dataset_item AS item ON item.hash = place.hash \
             WHERE place.version = ( \
                 SELECT max(version.seq) FROM dataset_version AS version \
                 JOIN dataset ON dataset.id = version.dataset WHERE dataset.name = ?) \
             ORDER BY place.ord LIMIT ?",
        )
        .bind(name)
        .bind(limit)
        .fetch_all(self.readers())
        .await?;
        rows.iter().map(read).collect()
    }

    /// The same few items of the workload's datasets every time, by their hash: the golden ones that probes ask. Only
    /// current versions count, and only items whose right answer is known.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn item_golden(&self, workload: &WorkloadId, limit: u32) -> Result<Vec<Item>, Error> {
        let rows = sqlx::query(
            "SELECT DISTINCT item.hash, item.input_hash, item.body FROM dataset \
             JOIN dataset_version_item AS place \
               ON place.version = (SELECT max(seq) FROM dataset_version WHERE dataset = dataset.id) \
             JOIN dataset_item AS item ON item.hash = place.hash \
             WHERE dataset.workload = ? AND item.body ->> '$.expected' IS NOT NULL ORDER BY item.hash LIMIT ?",
        )
        .bind(workload.as_str())
        .bind(limit)
        .fetch_all(self.readers())
        .await?;
        rows.iter().map(read).collect()
    }

    /// The item with this prompt in the current version of one of the workload's datasets; the dataset published last
    /// wins.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn item_by_input(&self, workload: &WorkloadId, input_hash: &str) -> Result<Option<Item>, Error> {
        let row = sqlx::query(
            "SELECT item.hash, item.input_hash, item.body FROM dataset_item AS item \
             JOIN dataset_version_item AS place ON place.hash = item.hash \
             JOIN dataset_version AS version ON version.seq = place.version \
             JOIN dataset ON dataset.id = version.dataset \
             WHERE item.input_hash = ? AND dataset.workload = ? \
               AND version.seq = (SELECT max(seq) FROM dataset_version WHERE dataset = dataset.id) \
             ORDER BY version.seq DESC, place.ord LIMIT 1",
        )
        .bind(input_hash)
        .bind(workload.as_str())
        .fetch_optional(self.readers())
        .await?;
        row.as_ref().map(read).transpose()
    }

    /// `item_by_input` for many prompts at once: at most one item each, in any order.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn items_by_input(&self, workload: &WorkloadId, input_hashes: &[&str]) -> Result<Vec<Item>, Error> {
        let rows = sqlx::query(
            "SELECT item.hash, item.input_hash, item.body FROM dataset_item AS item \
             JOIN dataset_version_item AS place ON place.hash = item.hash \
             JOIN dataset_version AS version ON version.seq = place.version \
             JOIN dataset ON dataset.id = version.dataset \
             WHERE item.input_hash IN (SELECT value FROM json_each(?)) AND dataset.workload = ? \
               AND version.seq = (SELECT max(seq) FROM dataset_version WHERE dataset = dataset.id) \
             ORDER BY version.seq DESC, place.ord",
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

    async fn datasets(&self, name: Option<&str>) -> Result<Vec<Dataset>, Error> {
        let rows = sqlx::query(
            "SELECT dataset.id, name, workload, description, version.id, version.items, dataset.created_at \
             FROM dataset JOIN dataset_version AS version \
               ON version.seq = (SELECT max(seq) FROM dataset_version WHERE dataset = dataset.id) \
             WHERE ?1 IS NULL OR name = ?1 ORDER BY name",
        )
        .bind(name)
        .fetch_all(self.readers())
        .await?;
        rows.iter()
            .map(|row| {
                Ok(Dataset {
                    id: row.try_get(0)?,
                    name: row.try_get(1)?,
                    workload: row.try_get::<Option<String>, _>(2)?.map(Into::into),
                    description: row.try_get(3)?,
                    version: row.try_get(4)?,
                    items: count(row.try_get(5)?),
                    created_at: Timestamp(row.try_get(6)?),
                })
            })
            .collect()
    }
}

async fn insert_items(
    connection: &mut SqliteConnection,
    version: i64,
    first: usize,
    chunk: &[(String, &NewItem)],
) -> Result<(), Error> {
    let hashes: Vec<&str> = chunk.iter().map(|(hash, _)| hash.as_str()).collect();
    let hashes = to_json(&hashes)?;
    let inputs: Vec<&str> = chunk.iter().map(|(_, item)| item.input_hash.as_str()).collect();
    let bodies: Vec<&str> = chunk.iter().map(|(_, item)| item.body.as_str()).collect();
    for body in &bodies {
        from_json::<Box<RawValue>>("dataset item", body)?;
    }
    sqlx::query(
        "INSERT INTO dataset_item (hash, input_hash, body) \
         SELECT hash.value, input.value, body.value FROM json_each(?) AS hash \
         JOIN json_each(?) AS input ON input.key = hash.key JOIN json_each(?) AS body ON body.key = hash.key \
         WHERE true ON CONFLICT (hash) DO NOTHING",
    )
    .bind(&hashes)
    .bind(to_json(&inputs)?)
    .bind(to_json(&bodies)?)
    .execute(&mut *connection)
    .await?;
    sqlx::query("INSERT INTO dataset_version_item (version, ord, hash) SELECT ?, ? + key, value FROM json_each(?)")
        .bind(version)
        .bind(int(first as u64))
        .bind(&hashes)
        .execute(&mut *connection)
        .await?;
    Ok(())
}

fn read(row: &SqliteRow) -> Result<Item, Error> {
    Ok(Item { hash: row.try_get(0)?, input_hash: row.try_get(1)?, body: row.try_get(2)? })
}

/// The first 128 bits of blake3, in hex.
fn hash(body: &str) -> String {
    blake3::hash(body.as_bytes()).to_hex()[..32].to_owned()
}
