//! What clients of other products sent, as they sent it, so that it can be read back in their shape: one row an object,
//! by kind and tenant. And their ways to name an answer.

use sqlx::{Row, sqlite::SqliteRow};
use weir_core::{SpanId, Timestamp, TraceId, span::Origin};

use crate::{
    Error, Store,
    value::{id_bytes, span_id},
};

/// Requests looked through for an id that has no index: it would cost every request a random page.
const LOOKED_THROUGH: i64 = 50_000;

/// A page of kept objects, in the order in which they were first kept or last changed.
#[derive(Debug, Clone, Copy, Default)]
pub struct KeptPage<'a> {
    /// What they belong to.
    pub parent: Option<&'a str>,
    /// The `status` that their body has.
    pub status: Option<&'a str>,
    /// The last object of the page before.
    pub after: Option<&'a Kept>,
    /// Newest first.
    pub newest_first: bool,
    /// By their last change.
    pub by_change: bool,
    /// Most of them.
    pub limit: u32,
}

/// One page in one order. An object that is after the last one has a key above its, or below where the newest are first.
macro_rules! page {
    ($key:literal, $above:literal, $order:literal) => {
        concat!(
            "SELECT * FROM compat_object WHERE kind = ?1 AND tenant = ?2 AND (?3 IS NULL OR parent = ?3) \
             AND (?4 IS NULL OR body ->> '$.status' = ?4) AND (?5 IS NULL OR (",
            $key,
            ", seq) ",
            $above,
            " (?5, ?6)) ORDER BY ",
            $key,
            " ",
            $order,
            ", seq ",
            $order,
            " LIMIT ?7"
        )
    };
}

/// One kept object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its number; higher is newer.
    pub seq: i64,
    /// Unique within kind and tenant.
    pub id: String,
    /// What it belongs to; may be empty.
    pub parent: String,
    /// JSON.
    pub body: String,
    /// First kept.
    pub created_at: Timestamp,
    /// Last changed.
    pub updated_at: Timestamp,
}

impl Store {
    /// Keeps an object; one of the same id is replaced.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn compat_put(&self, kind: &str, tenant: &str, id: &str, parent: &str, body: &str) -> Result<(), Error> {
        let now = self.clock().now().0;
        let mut tx = self.begin_control().await?;
        sqlx::query(
            "INSERT INTO compat_object (kind, tenant, id, parent, body, created_at, updated_at) VALUES (?,?,?,?,?,?,?) \
             ON CONFLICT (kind, tenant, id) DO UPDATE SET parent = excluded.parent, body = excluded.body, \
             updated_at = excluded.updated_at",
        )
        .bind(kind)
        .bind(tenant)
        .bind(id)
        .bind(parent)
        .bind(body)
        .bind(now)
        .bind(now)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        self.changes().runs();
        Ok(())
    }

    /// One object.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn compat_get(&self, kind: &str, tenant: &str, id: &str) -> Result<Option<Kept>, Error> {
        let row = sqlx::query("SELECT * FROM compat_object WHERE kind = ? AND tenant = ? AND id = ?")
            .bind(kind)
            .bind(tenant)
            .bind(id)
            .fetch_optional(self.readers())
            .await?;
        row.as_ref().map(read).transpose()
    }

    /// Objects of a kind before number `before`, newest first; of one parent where one is named.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn compat_list(
        &self,
        kind: &str,
        tenant: &str,
        parent: Option<&str>,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<Kept>, Error> {
        let rows = sqlx::query(
            "SELECT * FROM compat_object WHERE kind = ?1 AND tenant = ?2 AND (?3 IS NULL OR parent = ?3) \
             AND (?4 IS NULL OR seq < ?4) ORDER BY seq DESC LIMIT ?5",
        )
        .bind(kind)
        .bind(tenant)
        .bind(parent)
        .bind(before)
        .bind(limit)
        .fetch_all(self.readers())
        .await?;
        rows.iter().map(read).collect()
    }

    /// One page of a kind's objects.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn compat_page(&self, kind: &str, tenant: &str, page: KeptPage<'_>) -> Result<Vec<Kept>, Error> {
        let sql = match (page.by_change, page.newest_first) {
            (false, false) => page!("seq", ">", "ASC"),
            (false, true) => page!("seq", "<", "DESC"),
            (true, false) => page!("updated_at", ">", "ASC"),
            (true, true) => page!("updated_at", "<", "DESC"),
        };
        let key = page.after.map(|after| if page.by_change { after.updated_at.0 } else { after.seq });
        let rows = sqlx::query(sql)
            .bind(kind)
            .bind(tenant)
            .bind(page.parent)
            .bind(page.status)
            .bind(key)
            .bind(page.after.map(|after| after.seq))
            .bind(page.limit)
            .fetch_all(self.readers())
            .await?;
        rows.iter().map(read).collect()
    }

    /// Forgets an object; false when it was not there.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn compat_delete(&self, kind: &str, tenant: &str, id: &str) -> Result<bool, Error> {
        let mut tx = self.begin_control().await?;
        let done = sqlx::query("DELETE FROM compat_object WHERE kind = ? AND tenant = ? AND id = ?")
            .bind(kind)
            .bind(tenant)
            .bind(id)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(done.rows_affected() > 0)
    }

    /// The newest request whose id ends with these 64 bits, which is what OpenTelemetry calls its span.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn span_by_low(&self, low: u64) -> Result<Option<SpanId>, Error> {
        let id: Option<Vec<u8>> = sqlx::query_scalar(
            "SELECT id FROM span WHERE seq > (SELECT coalesce(max(seq), 0) FROM span) - ?1 AND substr(id, 9) = ?2 \
             ORDER BY seq DESC LIMIT 1",
        )
        .bind(LOOKED_THROUGH)
        .bind(low.to_be_bytes().to_vec())
        .fetch_optional(self.readers())
        .await?;
        id.map(|id| span_id(&id)).transpose()
    }

    /// The first answered request of a trace, a client's or another program's.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn span_by_trace(&self, trace: TraceId) -> Result<Option<SpanId>, Error> {
        let id: Option<Vec<u8>> = sqlx::query_scalar(
            "SELECT id FROM span WHERE seq > (SELECT coalesce(max(seq), 0) FROM span) - ?1 AND trace_id = ?2 \
             AND origin IN (?3, ?4) ORDER BY status = 'ok' DESC, seq LIMIT 1",
        )
        .bind(LOOKED_THROUGH)
        .bind(id_bytes(trace.bits()))
        .bind(Origin::Client.name())
        .bind(Origin::External.name())
        .fetch_optional(self.readers())
        .await?;
        id.map(|id| span_id(&id)).transpose()
    }
}

fn read(row: &SqliteRow) -> Result<Kept, Error> {
    Ok(Kept {
        seq: row.try_get("seq")?,
        id: row.try_get("id")?,
        parent: row.try_get("parent")?,
        body: row.try_get("body")?,
        created_at: Timestamp(row.try_get("created_at")?),
        updated_at: Timestamp(row.try_get("updated_at")?),
    })
}
