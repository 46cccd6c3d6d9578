//! The items of a run. They are read through the two doors of their dataset: open ones by anybody, held-out ones by
//! whoever is on the books. What orders a run enters it there, and its worker reads on under that entry.

use std::collections::HashMap;

use sqlx::{Row, sqlite::SqliteRow};

use crate::{Error, HELDOUT, Item, Purpose, Store, value::to_json};

/// One item of a run in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunItem {
    /// Its place in the run, from 0.
    pub ord: u32,
    /// Its id in the dataset.
    pub id: String,
    /// Hash of its content.
    pub hash: String,
    /// The whole item as JSON; `None` when it is held out from this reader, or purged.
    pub body: Option<String>,
    /// It belongs to the held-out split.
    pub held_out: bool,
    /// Its content is gone for good.
    pub purged: bool,
}

impl RunItem {
    /// It is there and may not be seen by this reader.
    #[must_use]
    pub const fn hidden(&self) -> bool {
        self.body.is_none() && !self.purged && self.held_out
    }
}

impl Store {
    /// The items of a run from place `from` on, in order; held-out ones open with `access`, an entry of
    /// [`Store::heldout_open`] for the run's version.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn run_items(&self, run: i64, access: Option<i64>, from: u32, limit: u32) -> Result<Vec<RunItem>, Error> {
        self.items_of_run(run, access, ("place.ord >= CAST(?5 AS INTEGER)", from.to_string()), limit).await
    }

    /// The items of a run at these places, in order, as far as anybody may see them.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn run_items_at(&self, run: i64, places: &[u32]) -> Result<Vec<RunItem>, Error> {
        let at = ("place.ord IN (SELECT value FROM json_each(?5))", to_json(&places)?);
        self.items_of_run(run, None, at, u32::MAX).await
    }

    async fn items_of_run(
        &self,
        run: i64,
        access: Option<i64>,
        (which, value): (&'static str, String),
        limit: u32,
    ) -> Result<Vec<RunItem>, Error> {
        // Each item is looked up by its place: joined, SQLite would build both views whole.
        let text = format!(
            "SELECT place.ord, coalesce(spot.item_id, ''), place.hash, coalesce(\
                 (SELECT open.body FROM item_open AS open WHERE open.version = spot.version AND open.ord = spot.ord), \
                 (SELECT held.body FROM item_heldout AS held WHERE held.version = spot.version AND held.ord = spot.ord \
                     AND held.access = ?3)), \
                 coalesce(spot.split, '') = ?4, EXISTS (SELECT 1 FROM dataset_item AS item WHERE item.hash = place.hash \
                     AND item.purged_at IS NOT NULL) \
             FROM run_item AS place LEFT JOIN dataset_version_item AS spot \
                 ON spot.hash = place.hash AND spot.version = ?2 \
             WHERE place.run = ?1 AND {which} ORDER BY place.ord LIMIT ?6"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(text))
            .bind(run)
            .bind(self.run_version(run).await?)
            .bind(access)
            .bind(HELDOUT)
            .bind(value)
            .bind(limit)
            .fetch_all(self.readers())
            .await?;
        let item = |row: &SqliteRow| {
            Ok(RunItem {
                ord: row.try_get(0)?,
                id: row.try_get(1)?,
                hash: row.try_get(2)?,
                body: row.try_get(3)?,
                held_out: row.try_get(4)?,
                purged: row.try_get(5)?,
            })
        };
        rows.iter().map(item).collect()
    }

    /// The number of the dataset's version that a run was ordered on.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn run_version(&self, run: i64) -> Result<Option<i64>, Error> {
        Ok(sqlx::query_scalar(
            "SELECT max(version.seq) FROM experiment_run AS run JOIN dataset ON dataset.name = run.dataset \
             JOIN dataset_version AS version ON version.dataset = dataset.id AND version.id = run.dataset_version \
             WHERE run.seq = ? AND version.state = 'published'",
        )
        .bind(run)
        .fetch_one(self.readers())
        .await?)
    }

    /// The newest entry of a gate for the version of a run: what its worker reads under. `None` when the run was ordered
    /// on splits that hold nothing back.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn run_access(&self, run: i64) -> Result<Option<i64>, Error> {
        Ok(sqlx::query_scalar("SELECT max(seq) FROM heldout_access WHERE version = ? AND purpose = 'gate'")
            .bind(self.run_version(run).await?)
            .fetch_one(self.readers())
            .await?)
    }

    /// The places of a run's items by their hash.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn run_places(&self, run: i64) -> Result<HashMap<String, u32>, Error> {
        let rows: Vec<(String, u32)> =
            sqlx::query_as("SELECT hash, ord FROM run_item WHERE run = ?").bind(run).fetch_all(self.readers()).await?;
        Ok(rows.into_iter().collect())
    }

    /// The items of a dataset's version in these splits, in order, all of them without any, and none that was purged;
    /// `version` may be the beginning of its hash, the newest without one. The version's whole hash beside them. Held-out
    /// items are read, and put on the books, only when their split is among these.
    ///
    /// # Errors
    /// `NotFound` when there is no such dataset or version; `Conflict` when gates have read its held-out items so often
    /// that they prove nothing any more; `Unavailable`.
    pub async fn version_items(
        &self,
        name: &str,
        version: Option<&str>,
        splits: &[String],
    ) -> Result<(String, Vec<Item>), Error> {
        let Some(found) = self.version_find(name, version).await? else {
            let at = version.map(|version| format!("@{version}")).unwrap_or_default();
            return Err(Error::not_found(format!("dataset `{name}{at}`")));
        };
        let (seq, id) = (found.seq, found.id);
        let wanted = splits.is_empty() || splits.iter().any(|split| split == HELDOUT);
        let held_out: bool = wanted
            && sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM dataset_version_item WHERE version = ? AND split = ?)")
                .bind(seq)
                .bind(HELDOUT)
                .fetch_one(self.readers())
                .await?;
        let access = match held_out {
            true => Some(self.heldout_open(seq, "eval run", Purpose::Gate).await?),
            false => None,
        };
        let rows = sqlx::query(
            "SELECT ord, hash, input_hash, body FROM item_open WHERE version = ?1 \
             UNION ALL SELECT ord, hash, input_hash, body FROM item_heldout WHERE version = ?1 AND access = ?2 \
             ORDER BY ord",
        )
        .bind(seq)
        .bind(access)
        .fetch_all(self.readers())
        .await?;
        let items = rows
            .iter()
            .map(|row| Ok(Item { hash: row.try_get(1)?, input_hash: row.try_get(2)?, body: row.try_get(3)? }))
            .collect::<Result<_, Error>>()?;
        Ok((id, items))
    }
}
