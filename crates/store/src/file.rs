//! Files that clients upload: read only by the key that sent them, all of a key's within a bound, gone when their time is
//! over.

use std::time::Duration;

use sqlx::{Row, sqlite::SqliteRow};
use weir_core::Timestamp;

use crate::{
    Error, Store,
    value::{count, int},
};

/// A file without its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its number; higher is newer.
    pub seq: i64,
    /// Unique; must not be guessable.
    pub id: String,
    /// As its sender calls it.
    pub name: String,
    /// What it is for.
    pub purpose: String,
    /// Its size.
    pub bytes: u64,
    /// When it was sent.
    pub created_at: Timestamp,
    /// When it goes.
    pub expires_at: Option<Timestamp>,
}

/// A file to keep.
#[derive(Debug, Clone, Copy)]
pub struct NewFile<'a> {
    /// Unique.
    pub id: &'a str,
    /// As its sender calls it.
    pub name: &'a str,
    /// What it is for.
    pub purpose: &'a str,
    /// How long it is kept; for ever unless given.
    pub lasts: Option<Duration>,
    /// What it holds.
    pub content: &'a [u8],
}

/// Which files of a tenant's.
#[derive(Debug, Clone, Copy, Default)]
pub struct FilePage<'a> {
    /// What they are for.
    pub purpose: Option<&'a str>,
    /// The `seq` of the last file of the page before.
    pub after: Option<i64>,
    /// Newest first.
    pub newest_first: bool,
    /// Most of them.
    pub limit: u32,
}

/// Files of tenant `?1` that are still kept at `?2`.
macro_rules! kept {
    ($what:literal, $more:literal) => {
        concat!("SELECT ", $what, " FROM file WHERE tenant = ?1 AND (expires_at IS NULL OR expires_at > ?2)", $more)
    };
}

impl Store {
    /// Keeps a file; `None` where its tenant's files would take more than `most` bytes together.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn file_put(&self, tenant: &str, new: NewFile<'_>, most: u64) -> Result<Option<File>, Error> {
        let now = self.clock().now();
        let mut tx = self.begin_control().await?;
        let kept: i64 = sqlx::query_scalar(kept!("coalesce(sum(bytes), 0)", ""))
            .bind(tenant)
            .bind(now.0)
            .fetch_one(&mut *tx)
            .await?;
        let bytes = new.content.len() as u64;
        if u64::try_from(kept).unwrap_or(0).saturating_add(bytes) > most {
            return Ok(None);
        }
        let row = sqlx::query(
            "INSERT INTO file (tenant, id, name, purpose, bytes, created_at, expires_at, content) \
             VALUES (?,?,?,?,?,?,?,?) RETURNING seq, id, name, purpose, bytes, created_at, expires_at",
        )
        .bind(tenant)
        .bind(new.id)
        .bind(new.name)
        .bind(new.purpose)
        .bind(int(bytes))
        .bind(now.0)
        .bind(new.lasts.map(|lasts| now.plus(lasts).0))
        .bind(new.content)
        .fetch_one(&mut *tx)
        .await?;
        tx.commit().await?;
        read(&row).map(Some)
    }

    /// One file.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn file_get(&self, tenant: &str, id: &str) -> Result<Option<File>, Error> {
        let row = sqlx::query(kept!("seq, id, name, purpose, bytes, created_at, expires_at", " AND id = ?3"))
            .bind(tenant)
            .bind(self.clock().now().0)
            .bind(id)
            .fetch_optional(self.readers())
            .await?;
        row.as_ref().map(read).transpose()
    }

    /// What a file holds.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn file_content(&self, tenant: &str, id: &str) -> Result<Option<Vec<u8>>, Error> {
        Ok(sqlx::query_scalar(kept!("content", " AND id = ?3"))
            .bind(tenant)
            .bind(self.clock().now().0)
            .bind(id)
            .fetch_optional(self.readers())
            .await?)
    }

    /// One page of a tenant's files, in the order in which they were sent.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn file_page(&self, tenant: &str, page: FilePage<'_>) -> Result<Vec<File>, Error> {
        let sql = if page.newest_first {
            kept!(
                "seq, id, name, purpose, bytes, created_at, expires_at",
                " AND (?3 IS NULL OR purpose = ?3) AND (?4 IS NULL OR seq < ?4) ORDER BY seq DESC LIMIT ?5"
            )
        } else {
            kept!(
                "seq, id, name, purpose, bytes, created_at, expires_at",
                " AND (?3 IS NULL OR purpose = ?3) AND (?4 IS NULL OR seq > ?4) ORDER BY seq LIMIT ?5"
            )
        };
        let rows = sqlx::query(sql)
            .bind(tenant)
            .bind(self.clock().now().0)
            .bind(page.purpose)
            .bind(page.after)
            .bind(page.limit)
            .fetch_all(self.readers())
            .await?;
        rows.iter().map(read).collect()
    }

    /// Forgets a file; false when it was not there.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn file_delete(&self, tenant: &str, id: &str) -> Result<bool, Error> {
        let mut tx = self.begin_control().await?;
        let done = sqlx::query("DELETE FROM file WHERE tenant = ? AND id = ?").bind(tenant).bind(id);
        let done = done.execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(done.rows_affected() > 0)
    }

    /// Forgets the files whose time is over.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn file_expire(&self) -> Result<(), Error> {
        let now = self.clock().now().0;
        let over: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM file WHERE expires_at <= ?)")
            .bind(now)
            .fetch_one(self.readers())
            .await?;
        // An idle weir writes nothing.
        if over {
            let mut tx = self.begin_control().await?;
            sqlx::query("DELETE FROM file WHERE expires_at <= ?").bind(now).execute(&mut *tx).await?;
            tx.commit().await?;
        }
        Ok(())
    }
}

fn read(row: &SqliteRow) -> Result<File, Error> {
    Ok(File {
        seq: row.try_get("seq")?,
        id: row.try_get("id")?,
        name: row.try_get("name")?,
        purpose: row.try_get("purpose")?,
        bytes: count(row.try_get("bytes")?),
        created_at: Timestamp(row.try_get("created_at")?),
        expires_at: row.try_get::<Option<i64>, _>("expires_at")?.map(Timestamp),
    })
}
