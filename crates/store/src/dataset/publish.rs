//! Publishing: items are staged in batches of a thousand, each its own transaction, so that a large file neither fills
//! memory nor keeps other writers waiting; then one transaction makes the version current. A stage that was left behind
//! is dropped by the next one.

use std::collections::HashSet;

use serde_json::value::RawValue;
use sqlx::{QueryBuilder, Sqlite, sqlite::SqliteConnection};
use weir_core::{Timestamp, WorkloadId};

use super::{NewDataset, NewItem};
use crate::{
    Error, Store,
    value::{count, from_json, int, to_json},
};

/// Items per statement.
const CHUNK: usize = 1_000;
/// A stage older than this was left behind: a day, in microseconds.
const LEFT_BEHIND_US: i64 = 86_400_000_000;

/// A version whose items are arriving.
#[derive(Debug)]
pub struct Stage {
    dataset: i64,
    version: i64,
    /// Place of the next item; those left out leave gaps.
    next: u64,
    new: NewDataset,
    told: Staged,
}

/// What became of the items of a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Staged {
    /// Items in it.
    pub items: u64,
    /// Items given twice.
    pub repeated: u64,
    /// Items left out, because people took them out before.
    pub buried: u64,
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
    /// Items given that people took out before; they stay out.
    pub buried: u64,
}

impl Stage {
    /// What became of the items so far.
    #[must_use]
    pub const fn told(&self) -> Staged {
        self.told
    }

    /// The version's place, to read what is staged.
    #[must_use]
    pub const fn version(&self) -> i64 {
        self.version
    }
}

impl Store {
    /// Makes exactly these items the dataset's current version. The same content as the current version changes nothing
    /// but what is said of the dataset.
    ///
    /// # Errors
    /// `Unavailable`; nothing is current that was not before.
    pub async fn dataset_publish(&self, new: &NewDataset, items: &[NewItem]) -> Result<Published, Error> {
        let mut stage = self.dataset_stage(new).await?;
        for chunk in items.chunks(CHUNK) {
            if let Err(error) = self.stage_add(&mut stage, chunk).await {
                self.stage_drop(stage).await?;
                return Err(error);
            }
        }
        self.stage_publish(stage).await
    }

    /// Begins a version. Nobody sees it before [`Store::stage_publish`].
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn dataset_stage(&self, new: &NewDataset) -> Result<Stage, Error> {
        let now = self.clock().now();
        let mut tx = self.begin_control().await?;
        sqlx::query("DELETE FROM dataset_version WHERE state = 'staged' AND created_at < ?")
            .bind(now.0 - LEFT_BEHIND_US)
            .execute(&mut *tx)
            .await?;
        let dataset = register(&mut tx, new, now).await?;
        let version = open_version(&mut tx, dataset, "staged", new, now).await?;
        tx.commit().await?;
        Ok(Stage { dataset, version, next: 0, new: new.clone(), told: Staged::default() })
    }

    /// Adds items, in order. An item whose hash is there already, or that people took out, is left out and counted.
    ///
    /// # Errors
    /// `Conflict` for an id with two contents, `Corrupt` for a body that is no JSON, `Unavailable`.
    pub async fn stage_add(&self, stage: &mut Stage, items: &[NewItem]) -> Result<(), Error> {
        let mut tx = self.begin_control().await?;
        for chunk in items.chunks(CHUNK) {
            let (taken, buried) = insert(&mut tx, stage.dataset, stage.version, stage.next, chunk).await?;
            stage.next += chunk.len() as u64;
            stage.told.items += taken;
            stage.told.buried += buried;
            stage.told.repeated += chunk.len() as u64 - taken - buried;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Makes the staged version current.
    ///
    /// # Errors
    /// `Unavailable`; the stage is left, and dropped later.
    pub async fn stage_publish(&self, stage: Stage) -> Result<Published, Error> {
        let mut tx = self.begin_control().await?;
        say(&mut tx, stage.dataset, &stage.new).await?;
        let mut published =
            settle(&mut tx, stage.dataset, stage.version, &stage.new.author, &stage.new.note, self.clock().now())
                .await?;
        published.duplicate += stage.told.repeated;
        published.buried = stage.told.buried;
        tx.commit().await?;
        self.changes().control();
        Ok(published)
    }

    /// Forgets a stage.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn stage_drop(&self, stage: Stage) -> Result<(), Error> {
        let mut tx = self.begin_control().await?;
        sqlx::query("DELETE FROM dataset_version WHERE seq = ?").bind(stage.version).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// The dataset's number; a new name is entered.
pub(super) async fn register(
    connection: &mut SqliteConnection,
    new: &NewDataset,
    now: Timestamp,
) -> Result<i64, Error> {
    Ok(sqlx::query_scalar(
        "INSERT INTO dataset (name, workload, description, input_schema, canary, created_at) VALUES (?,?,?,?,?,?) \
         ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING id",
    )
    .bind(&new.name)
    .bind(new.workload.as_ref().map(WorkloadId::as_str))
    .bind(&new.description)
    .bind(&new.input_schema)
    .bind(&new.canary)
    .bind(now.0)
    .fetch_one(connection)
    .await?)
}

pub(super) async fn open_version(
    connection: &mut SqliteConnection,
    dataset: i64,
    state: &str,
    new: &NewDataset,
    now: Timestamp,
) -> Result<i64, Error> {
    Ok(sqlx::query_scalar(
        "INSERT INTO dataset_version (dataset, id, state, parent, items, author, note, created_at) \
         SELECT ?1, '', ?2, head, 0, ?3, ?4, ?5 FROM dataset WHERE id = ?1 RETURNING seq",
    )
    .bind(dataset)
    .bind(state)
    .bind(&new.author)
    .bind(&new.note)
    .bind(now.0)
    .fetch_one(connection)
    .await?)
}

/// Takes over what was said of the dataset; what was left open stays.
pub(super) async fn say(connection: &mut SqliteConnection, dataset: i64, new: &NewDataset) -> Result<(), Error> {
    sqlx::query(
        "UPDATE dataset SET workload = coalesce(?2, workload), input_schema = coalesce(?4, input_schema), \
             description = CASE ?3 WHEN '' THEN description ELSE ?3 END WHERE id = ?1",
    )
    .bind(dataset)
    .bind(new.workload.as_ref().map(WorkloadId::as_str))
    .bind(&new.description)
    .bind(&new.input_schema)
    .execute(connection)
    .await?;
    Ok(())
}

/// Inserts items behind place `first`; how many were taken, and how many people had taken out before.
pub(super) async fn insert(
    connection: &mut SqliteConnection,
    dataset: i64,
    version: i64,
    first: u64,
    items: &[NewItem],
) -> Result<(u64, u64), Error> {
    for item in items {
        from_json::<Box<RawValue>>("dataset item", &item.body)?;
    }
    let hashes: Vec<&str> = items.iter().map(|item| item.hash.as_str()).collect();
    let buried: Vec<String> = sqlx::query_scalar(
        "SELECT given.value FROM json_each(?) AS given WHERE \
             EXISTS (SELECT 1 FROM dataset_tombstone AS stone \
                 WHERE stone.dataset = ? AND stone.hash = given.value AND stone.draft IS NULL) \
             OR EXISTS (SELECT 1 FROM dataset_item AS item WHERE item.hash = given.value AND item.purged_at IS NOT NULL)",
    )
    .bind(to_json(&hashes)?)
    .bind(dataset)
    .fetch_all(&mut *connection)
    .await?;
    let buried: HashSet<String> = buried.into_iter().collect();
    let kept: Vec<&NewItem> = items.iter().filter(|item| !buried.contains(&item.hash)).collect();
    let left_out = (items.len() - kept.len()) as u64;
    if kept.is_empty() {
        return Ok((0, left_out));
    }
    let mut bodies = QueryBuilder::<Sqlite>::new("INSERT INTO dataset_item (hash, input_hash, body) ");
    bodies.push_values(&kept, |mut row, item| {
        row.push_bind(item.hash.as_str()).push_bind(item.input_hash.as_str()).push_bind(item.body.as_str());
    });
    bodies.push(" ON CONFLICT (hash) DO NOTHING");
    bodies.build().execute(&mut *connection).await?;

    let mut places =
        QueryBuilder::<Sqlite>::new("INSERT INTO dataset_version_item (version, ord, hash, item_id, split) ");
    places.push_values(kept.iter().enumerate(), |mut row, (at, item)| {
        row.push_bind(version)
            .push_bind(int(first + at as u64))
            .push_bind(item.hash.as_str())
            .push_bind(item.id.as_str())
            .push_bind(item.split.as_deref().unwrap_or_default());
    });
    places.push(" ON CONFLICT (hash, version) DO NOTHING");
    let taken = places.build().execute(&mut *connection).await?.rows_affected();
    Ok((taken, left_out))
}

/// Publishes a version that is complete: names it by its content and makes it current, unless it is what is current.
pub(super) async fn settle(
    connection: &mut SqliteConnection,
    dataset: i64,
    version: i64,
    author: &str,
    note: &str,
    now: Timestamp,
) -> Result<Published, Error> {
    let head: Option<(i64, String)> = sqlx::query_as(
        "SELECT version.seq, version.id FROM dataset JOIN dataset_version AS version ON version.seq = dataset.head \
         WHERE dataset.id = ?",
    )
    .bind(dataset)
    .fetch_optional(&mut *connection)
    .await?;
    let hashes: Vec<String> =
        sqlx::query_scalar("SELECT hash FROM dataset_version_item WHERE version = ? ORDER BY hash")
            .bind(version)
            .fetch_all(&mut *connection)
            .await?;
    let id = name(&hashes);
    let items = hashes.len() as u64;
    sqlx::query("UPDATE dataset SET deleted_at = NULL WHERE id = ?").bind(dataset).execute(&mut *connection).await?;
    if head.as_ref().is_some_and(|(_, current)| *current == id) {
        sqlx::query("DELETE FROM dataset_version WHERE seq = ?").bind(version).execute(&mut *connection).await?;
        return Ok(Published { version: id, items, added: 0, duplicate: items, buried: 0 });
    }
    let kept: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM dataset_version_item AS now JOIN dataset_version_item AS before \
         ON before.hash = now.hash AND before.version = ? WHERE now.version = ?",
    )
    .bind(head.map_or(0, |(seq, _)| seq))
    .bind(version)
    .fetch_one(&mut *connection)
    .await?;
    sqlx::query(
        "UPDATE dataset_version SET id = ?, state = 'published', items = ?, author = ?, note = ?, created_at = ?, \
             parent = (SELECT head FROM dataset WHERE id = ?) WHERE seq = ?",
    )
    .bind(&id)
    .bind(int(items))
    .bind(author)
    .bind(note)
    .bind(now.0)
    .bind(dataset)
    .bind(version)
    .execute(&mut *connection)
    .await?;
    sqlx::query("UPDATE dataset SET head = ? WHERE id = ?").bind(version).bind(dataset).execute(connection).await?;
    Ok(Published { version: id, items, added: items.saturating_sub(count(kept)), duplicate: count(kept), buried: 0 })
}

/// The first 128 bits of blake3 over the sorted hashes, in hex.
fn name(sorted: &[String]) -> String {
    let mut hasher = blake3::Hasher::new();
    for (at, hash) in sorted.iter().enumerate() {
        if at > 0 {
            hasher.update(b"\n");
        }
        hasher.update(hash.as_bytes());
    }
    hasher.finalize().to_hex()[..32].to_owned()
}
