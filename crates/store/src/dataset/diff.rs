//! What changed between two versions, item by item, by id.

use sqlx::Row;

use crate::{Error, Store, value::count};

/// One item that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// Its id; the cursor.
    pub id: String,
    /// Its hash before; `None` when it was added.
    pub from: Option<String>,
    /// Its hash after; `None` when it was taken out.
    pub to: Option<String>,
    /// The whole item before; `None` when there was none, or it is held out or purged.
    pub before: Option<String>,
    /// The whole item after, likewise.
    pub after: Option<String>,
}

/// How much differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DiffCounts {
    /// Items only the later has.
    pub added: u64,
    /// Items only the earlier has.
    pub removed: u64,
    /// Items with other content.
    pub changed: u64,
    /// Items that are the same.
    pub same: u64,
}

/// Both halves look the other version's item up by its id; a full join would go through one for each of the other.
const PAIRS: &str = "SELECT b.item_id AS id, a.hash AS was, b.hash AS now, a.ord AS a_ord, b.ord AS b_ord \
     FROM dataset_version_item AS b LEFT JOIN dataset_version_item AS a ON a.version = ?1 AND a.item_id = b.item_id \
     WHERE b.version = ?2 \
     UNION ALL SELECT a.item_id, a.hash, NULL, a.ord, NULL FROM dataset_version_item AS a WHERE a.version = ?1 \
       AND NOT EXISTS (SELECT 1 FROM dataset_version_item AS b WHERE b.version = ?2 AND b.item_id = a.item_id)";

impl Store {
    /// Items that differ between two versions, by id, behind `cursor`.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn version_diff(
        &self,
        from: i64,
        to: i64,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<(Vec<Changed>, Option<String>), Error> {
        let text = format!(
            "WITH pair AS ({PAIRS}) SELECT id, was, now, \
                 (SELECT body FROM item_open WHERE version = ?1 AND ord = pair.a_ord), \
                 (SELECT body FROM item_open WHERE version = ?2 AND ord = pair.b_ord) \
             FROM pair WHERE was IS NOT now AND id > ?3 ORDER BY id LIMIT ?4"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(text))
            .bind(from)
            .bind(to)
            .bind(cursor.unwrap_or_default())
            .bind(i64::from(limit) + 1)
            .fetch_all(self.readers())
            .await?;
        let mut items = rows
            .iter()
            .map(|row| {
                Ok(Changed {
                    id: row.try_get(0)?,
                    from: row.try_get(1)?,
                    to: row.try_get(2)?,
                    before: row.try_get(3)?,
                    after: row.try_get(4)?,
                })
            })
            .collect::<Result<Vec<_>, Error>>()?;
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = items.len() > wanted;
        items.truncate(wanted);
        let next = items.last().filter(|_| more).map(|item| item.id.clone());
        Ok((items, next))
    }

    /// How much differs between two versions.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn version_diff_counts(&self, from: i64, to: i64) -> Result<DiffCounts, Error> {
        let text = format!(
            "WITH pair AS ({PAIRS}) SELECT count(*) FILTER (WHERE was IS NULL), count(*) FILTER (WHERE now IS NULL), \
             count(*) FILTER (WHERE was <> now), count(*) FILTER (WHERE was = now) FROM pair"
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(text)).bind(from).bind(to).fetch_one(self.readers()).await?;
        let at = |index: usize| row.try_get::<i64, _>(index).map(count);
        Ok(DiffCounts { added: at(0)?, removed: at(1)?, changed: at(2)?, same: at(3)? })
    }
}
