//! Items in their order, page by page. Held-out items show their place; their content only to whoever brings an access.

use sqlx::{QueryBuilder, Row, Sqlite, sqlite::SqliteRow};

use super::heldout::HELDOUT;
use crate::{Error, Page, Store, value::count};

/// Which items; every field that is set must match.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ItemFilter {
    /// Of this split; an empty one is no split.
    pub split: Option<String>,
    /// Whose content has this text somewhere, whatever its case.
    pub text: Option<String>,
    /// An access to held-out items of the same version, as [`Store::heldout_open`] gives it.
    pub access: Option<i64>,
}

/// One item in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemRow {
    /// Its place; the cursor.
    pub ord: i64,
    /// Unique in the version.
    pub id: String,
    /// Hash of its content.
    pub hash: String,
    /// The part of the dataset it belongs to.
    pub split: Option<String>,
    /// The whole item as JSON; `None` when it is held out or purged.
    pub body: Option<String>,
    /// Its content is gone for good.
    pub purged: bool,
}

impl ItemRow {
    /// It is there and may not be seen.
    #[must_use]
    pub fn hidden(&self) -> bool {
        self.body.is_none() && !self.purged && self.split.as_deref() == Some(HELDOUT)
    }
}

impl Store {
    /// Items of a version behind place `after`, at most `limit`.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn item_list(
        &self,
        version: i64,
        filter: &ItemFilter,
        after: Option<i64>,
        limit: u32,
    ) -> Result<Page<ItemRow>, Error> {
        let mut query = narrowed(version, filter, after, ROW);
        query.push(" ORDER BY ord LIMIT ").push_bind(i64::from(limit) + 1);
        let rows = query.build().fetch_all(self.readers()).await?;
        let mut items = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = items.len() > wanted;
        items.truncate(wanted);
        let next = items.last().filter(|_| more).map(|row| row.ord);
        Ok(Page { items, next })
    }

    /// How many items of a version the filter fits.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn item_count(&self, version: i64, filter: &ItemFilter) -> Result<u64, Error> {
        let row = narrowed(version, filter, None, "count(*)").build().fetch_one(self.readers()).await?;
        Ok(count(row.try_get(0)?))
    }

    /// One item of a version by its id.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn item_get(&self, version: i64, id: &str, access: Option<i64>) -> Result<Option<ItemRow>, Error> {
        let filter = ItemFilter { access, ..ItemFilter::default() };
        let mut query = narrowed(version, &filter, None, ROW);
        query.push(" AND item_id = ").push_bind(id.to_owned());
        query.build().fetch_optional(self.readers()).await?.as_ref().map(read).transpose()
    }
}

const ROW: &str = "ord, item_id, hash, split, body, purged";

fn narrowed(version: i64, filter: &ItemFilter, after: Option<i64>, columns: &str) -> QueryBuilder<Sqlite> {
    // Each item is looked up by its place: joined, SQLite would build both views whole for every page.
    let mut query = QueryBuilder::<Sqlite>::new(format!(
        "SELECT {columns} FROM (SELECT place.ord, place.item_id, place.hash, place.split, coalesce(\
             (SELECT open.body FROM item_open AS open WHERE open.version = place.version AND open.ord = place.ord), \
             (SELECT held.body FROM item_heldout AS held WHERE held.version = place.version AND held.ord = place.ord \
                 AND held.access = "
    ));
    query.push_bind(filter.access).push(
        ")) AS body, EXISTS (SELECT 1 FROM dataset_item AS item WHERE item.hash = place.hash \
             AND item.purged_at IS NOT NULL) AS purged FROM dataset_version_item AS place WHERE place.version = ",
    );
    query.push_bind(version).push(" AND place.ord > ").push_bind(after.unwrap_or(-1)).push(") WHERE true");
    if let Some(split) = &filter.split {
        query.push(" AND split = ").push_bind(split.clone());
    }
    if let Some(text) = &filter.text {
        query.push(" AND instr(lower(body), ").push_bind(text.to_lowercase()).push(") > 0");
    }
    query
}

fn read(row: &SqliteRow) -> Result<ItemRow, Error> {
    let split: String = row.try_get(3)?;
    Ok(ItemRow {
        ord: row.try_get(0)?,
        id: row.try_get(1)?,
        hash: row.try_get(2)?,
        split: Some(split).filter(|split| !split.is_empty()),
        body: row.try_get(4)?,
        purged: row.try_get(5)?,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use weir_core::{Timestamp, clock::ManualClock};

    use super::*;

    #[tokio::test]
    async fn a_page_is_looked_up_by_places_and_builds_no_view() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), Arc::new(ManualClock::new(Timestamp(0)))).await.unwrap();
        let page = narrowed(1, &ItemFilter::default(), Some(5), ROW).sql().to_owned();
        let plan = format!("EXPLAIN QUERY PLAN {} ORDER BY ord LIMIT 1", page.as_str());
        let rows = sqlx::query(sqlx::AssertSqlSafe(plan)).bind(1).bind(1).bind(5).fetch_all(store.readers()).await;
        let steps: Vec<String> = rows.unwrap().iter().map(|row| row.get("detail")).collect();
        assert!(
            !steps.is_empty() && steps.iter().all(|step| !step.starts_with("SCAN") && !step.starts_with("MATERIALIZE")),
            "{steps:#?}"
        );
    }
}
