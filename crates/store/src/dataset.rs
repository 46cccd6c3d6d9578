//! Datasets: each publication is an immutable version, identified by the hash of its content, so publishing the same
//! items twice is one version. What an item says is its owner's JSON; the store knows its hashes, its id and its split.
//!
//! Items of the split `heldout` are read through [`Store::heldout_open`] alone, which writes down who reads and why;
//! every query that steers reads a view without them.

mod diff;
mod draft;
mod heldout;
mod lookup;
mod publish;
mod purge;
mod rows;

use sqlx::{Row, sqlite::SqliteRow};
use weir_core::{Timestamp, WorkloadId};

use crate::{Error, Store, value::count};

pub use diff::{Changed, DiffCounts};
pub use draft::Draft;
pub use heldout::{GATE_READS, HELDOUT, Purpose, Reads};
pub use lookup::Item;
pub use publish::{Published, Stage, Staged};
pub(crate) use purge::purged_of;
pub use purge::{Purged, Reach};
pub use rows::{ItemFilter, ItemRow};

/// What is said of a dataset when it is published to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NewDataset {
    /// Unique name.
    pub name: String,
    /// Whose traffic it belongs to; live prompts are looked up in it. `None` leaves it as it is.
    pub workload: Option<WorkloadId>,
    /// One line; empty leaves it as it is.
    pub description: String,
    /// JSON Schema of items' inputs; `None` leaves it as it is.
    pub input_schema: Option<String>,
    /// The word that exports carry; only the first publication gives it.
    pub canary: String,
    /// Who publishes.
    pub author: String,
    /// Why this version.
    pub note: String,
}

/// An item to publish.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NewItem {
    /// Unique in its dataset.
    pub id: String,
    /// Hash of its whole content.
    pub hash: String,
    /// Hash of its prompt, to find it by a live request.
    pub input_hash: String,
    /// The part of the dataset it belongs to.
    pub split: Option<String>,
    /// The whole item as JSON.
    pub body: String,
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
    /// JSON Schema of items' inputs.
    pub input_schema: Option<String>,
    /// The word that exports carry.
    pub canary: String,
    /// Current version; empty while there is only a draft.
    pub version: String,
    /// Items in it.
    pub items: u64,
    /// True while somebody's edits wait to be published.
    pub draft: bool,
    /// First publication.
    pub created_at: Timestamp,
}

/// One publication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatasetVersion {
    /// Its place among all versions; what items are read by.
    pub seq: i64,
    /// Content hash; empty for a draft.
    pub id: String,
    /// The version it followed.
    pub parent: Option<String>,
    /// Items in it.
    pub items: u64,
    /// Who published it.
    pub author: String,
    /// Why.
    pub note: String,
    /// When.
    pub created_at: Timestamp,
}

const VERSION: &str = "SELECT version.seq, version.id, parent.id, version.items, version.author, version.note, \
     version.created_at FROM dataset JOIN dataset_version AS version ON version.dataset = dataset.id \
     LEFT JOIN dataset_version AS parent ON parent.seq = version.parent WHERE dataset.name = ?1 ";

impl Store {
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
        let text = format!("{VERSION} AND version.state = 'published' ORDER BY version.seq DESC");
        let rows = sqlx::query(sqlx::AssertSqlSafe(text)).bind(name).fetch_all(self.readers()).await?;
        let versions = rows.iter().map(read_version).collect::<Result<_, Error>>()?;
        Ok(Some((dataset, versions)))
    }

    /// One version of a dataset: the current one, `draft`, or the newest whose id begins with `at`.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn version_find(&self, name: &str, at: Option<&str>) -> Result<Option<DatasetVersion>, Error> {
        let which = match at {
            None | Some("latest") => "AND version.seq = dataset.head AND ?2 = ?2",
            Some("draft") => "AND version.state = 'draft' AND ?2 = ?2",
            Some(_) => "AND version.state = 'published' AND substr(version.id, 1, length(?2)) = ?2",
        };
        let text = format!("{VERSION} {which} ORDER BY version.seq DESC LIMIT 1");
        let row = sqlx::query(sqlx::AssertSqlSafe(text))
            .bind(name)
            .bind(at.unwrap_or_default())
            .fetch_optional(self.readers())
            .await?;
        row.as_ref().map(read_version).transpose()
    }

    /// Items of a version by split, the nameless one first.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn split_counts(&self, version: i64) -> Result<Vec<(String, u64)>, Error> {
        let rows: Vec<(String, i64)> = sqlx::query_as(
            "SELECT split, count(*) FROM dataset_version_item WHERE version = ? GROUP BY split ORDER BY split",
        )
        .bind(version)
        .fetch_all(self.readers())
        .await?;
        Ok(rows.into_iter().map(|(split, items)| (split, count(items))).collect())
    }

    /// Takes a dataset out of every list; its versions stay readable by whoever names them. Publishing to the name
    /// brings it back.
    ///
    /// # Errors
    /// `NotFound`, `Unavailable`.
    pub async fn dataset_delete(&self, name: &str) -> Result<(), Error> {
        let mut tx = self.begin_control().await?;
        let done = sqlx::query("UPDATE dataset SET deleted_at = ? WHERE name = ? AND deleted_at IS NULL")
            .bind(self.clock().now().0)
            .bind(name)
            .execute(&mut *tx)
            .await?;
        if done.rows_affected() == 0 {
            return Err(Error::not_found(format!("there is no dataset `{name}`")));
        }
        tx.commit().await?;
        self.changes().control();
        Ok(())
    }

    async fn datasets(&self, name: Option<&str>) -> Result<Vec<Dataset>, Error> {
        let rows = sqlx::query(
            "SELECT dataset.id, name, workload, description, input_schema, canary, coalesce(version.id, ''), \
                 coalesce(version.items, 0), draft.seq IS NOT NULL, dataset.created_at \
             FROM dataset LEFT JOIN dataset_version AS version ON version.seq = dataset.head \
             LEFT JOIN dataset_version AS draft ON draft.dataset = dataset.id AND draft.state = 'draft' \
             WHERE (?1 IS NULL OR name = ?1) AND deleted_at IS NULL AND coalesce(version.seq, draft.seq) IS NOT NULL \
             ORDER BY name",
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
                    input_schema: row.try_get(4)?,
                    canary: row.try_get(5)?,
                    version: row.try_get(6)?,
                    items: count(row.try_get(7)?),
                    draft: row.try_get(8)?,
                    created_at: Timestamp(row.try_get(9)?),
                })
            })
            .collect()
    }
}

fn read_version(row: &SqliteRow) -> Result<DatasetVersion, Error> {
    Ok(DatasetVersion {
        seq: row.try_get(0)?,
        id: row.try_get(1)?,
        parent: row.try_get(2)?,
        items: count(row.try_get(3)?),
        author: row.try_get(4)?,
        note: row.try_get(5)?,
        created_at: Timestamp(row.try_get(6)?),
    })
}
