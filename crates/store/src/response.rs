//! Stored responses: the turns of a conversation that its caller continues by the id of the last one. A turn is read only
//! by the key that asked for it. Each is kept for a time, and all of a key's within a bound; the oldest go first.

use std::time::Duration;

use sqlx::{Row, sqlite::SqliteRow};
use weir_core::{SpanId, Timestamp};

use crate::{
    Error, Store,
    value::{id_bytes, int, span_id},
};

/// Turns read back from one id.
const MOST_TURNS: i64 = 1_000;
/// Turns over their time that one more turn removes.
const BATCH: i64 = 64;
/// Turns over their time that one sweep removes.
const SWEPT: i64 = 2_000;

/// One answered turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// Its id; must not be guessable.
    pub id: String,
    /// The key that asked.
    pub tenant: String,
    /// The turn before it.
    pub previous: Option<String>,
    /// The request that it answers; `None` for turns that were stored before this was written down.
    pub span: Option<SpanId>,
    /// When it was answered.
    pub at: Timestamp,
    /// The response without its output, JSON.
    pub document: String,
    /// What was said, input before output.
    pub items: Vec<TurnItem>,
}

/// A message, a call, a result or a thought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TurnItem {
    /// Its id within the conversation.
    pub id: String,
    /// Said by the model.
    pub output: bool,
    /// JSON.
    pub body: String,
}

/// How long and how much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// For how long.
    pub time: Duration,
    /// Bytes of one tenant.
    pub bytes: u64,
}

impl Default for Keep {
    /// 30 days, 256 MiB.
    fn default() -> Self {
        Self { time: Duration::from_secs(30 * 86_400), bytes: 256 << 20 }
    }
}

/// A conversation up to one of its turns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Conversation {
    /// What was said, oldest first.
    Whole(Vec<TurnItem>),
    /// This turn is not, or no longer, kept.
    Gone(String),
    /// It takes this many bytes, which is more than was asked for.
    TooLarge(u64),
}

impl Turn {
    fn bytes(&self) -> usize {
        self.document.len() + self.items.iter().map(|item| item.body.len() + item.id.len()).sum::<usize>()
    }
}

impl Store {
    /// Keeps a turn, and removes those that are over their time or their tenant's bound. After a power cut the last ones
    /// may be gone.
    ///
    /// # Errors
    /// `Conflict` when the id is taken, `Unavailable`.
    pub async fn response_put(&self, turn: &Turn, keep: Keep) -> Result<(), Error> {
        let mut tx = self.begin_normal().await?;
        let seq: i64 = sqlx::query_scalar(
            "INSERT INTO response (id, tenant, previous, span, at, document, bytes) VALUES (?,?,?,?,?,?,?) RETURNING seq",
        )
        .bind(&turn.id)
        .bind(&turn.tenant)
        .bind(&turn.previous)
        .bind(turn.span.map(|span| id_bytes(span.bits())))
        .bind(turn.at.0)
        .bind(&turn.document)
        .bind(int(turn.bytes() as u64))
        .fetch_one(&mut *tx)
        .await?;
        for (position, item) in turn.items.iter().enumerate() {
            sqlx::query("INSERT INTO response_item (response, position, output, id, body) VALUES (?,?,?,?,?)")
                .bind(seq)
                .bind(int(position as u64))
                .bind(item.output)
                .bind(&item.id)
                .bind(&item.body)
                .execute(&mut *tx)
                .await?;
        }
        sqlx::query("DELETE FROM response WHERE seq IN (SELECT seq FROM response WHERE at < ? ORDER BY at LIMIT ?)")
            .bind(turn.at.minus(keep.time).0)
            .bind(BATCH)
            .execute(&mut *tx)
            .await?;
        let kept: i64 = sqlx::query_scalar("SELECT bytes FROM response_size WHERE tenant = ?")
            .bind(&turn.tenant)
            .fetch_one(&mut *tx)
            .await?;
        let over = kept.saturating_sub(int(keep.bytes));
        if over > 0 {
            // The oldest that make up the excess; the turn itself stays, however large it is.
            sqlx::query(
                "DELETE FROM response WHERE seq IN (SELECT seq FROM ( \
                   SELECT seq, sum(bytes) OVER (ORDER BY seq) - bytes AS before FROM response \
                   WHERE tenant = ?1 AND seq < ?2) WHERE before < ?3)",
            )
            .bind(&turn.tenant)
            .bind(seq)
            .bind(over)
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// One turn.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn response_get(&self, tenant: &str, id: &str) -> Result<Option<Turn>, Error> {
        let row = sqlx::query("SELECT seq, previous, at, document, span FROM response WHERE id = ? AND tenant = ?")
            .bind(id)
            .bind(tenant)
            .fetch_optional(self.readers())
            .await?;
        let Some(row) = row else { return Ok(None) };
        let items = sqlx::query("SELECT id, output, body FROM response_item WHERE response = ? ORDER BY position")
            .bind(row.try_get::<i64, _>(0)?)
            .fetch_all(self.readers())
            .await?;
        Ok(Some(Turn {
            id: id.to_owned(),
            tenant: tenant.to_owned(),
            previous: row.try_get(1)?,
            at: Timestamp(row.try_get(2)?),
            document: row.try_get(3)?,
            span: row.try_get::<Option<Vec<u8>>, _>(4)?.map(|bytes| span_id(&bytes)).transpose()?,
            items: items.iter().map(item).collect::<Result<_, _>>()?,
        }))
    }

    /// Removes turns that were answered before this, a few thousand at once; how many.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn response_expire(&self, before: Timestamp) -> Result<u64, Error> {
        let mut tx = self.begin_normal().await?;
        let gone = sqlx::query(
            "DELETE FROM response WHERE seq IN (SELECT seq FROM response WHERE at < ? ORDER BY at LIMIT ?)",
        )
        .bind(before.0)
        .bind(SWEPT)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(gone.rows_affected())
    }

    /// Removes a turn; false when there was none. Turns after it stay, but can no longer be continued.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn response_delete(&self, tenant: &str, id: &str) -> Result<bool, Error> {
        let mut tx = self.begin_normal().await?;
        let done = sqlx::query("DELETE FROM response WHERE id = ? AND tenant = ?")
            .bind(id)
            .bind(tenant)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(done.rows_affected() > 0)
    }

    /// Everything said up to and with this turn, if it takes at most `most_bytes`.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn response_conversation(&self, tenant: &str, id: &str, most_bytes: u64) -> Result<Conversation, Error> {
        let turns = sqlx::query(
            "WITH RECURSIVE turn (seq, previous, bytes, depth) AS ( \
               SELECT seq, previous, bytes, 0 FROM response WHERE id = ?1 AND tenant = ?2 \
               UNION ALL SELECT r.seq, r.previous, r.bytes, depth + 1 FROM turn \
               JOIN response r ON r.id = turn.previous AND r.tenant = ?2 WHERE depth < ?3) \
             SELECT seq, previous, bytes FROM turn ORDER BY depth",
        )
        .bind(id)
        .bind(tenant)
        .bind(MOST_TURNS)
        .fetch_all(self.readers())
        .await?;
        let Some(first) = turns.last() else { return Ok(Conversation::Gone(id.to_owned())) };
        if let Some(before) = first.try_get::<Option<String>, _>(1)? {
            return Ok(Conversation::Gone(before));
        }
        let mut bytes = 0;
        for turn in &turns {
            bytes += u64::try_from(turn.try_get::<i64, _>(2)?).unwrap_or(0);
        }
        if bytes > most_bytes {
            return Ok(Conversation::TooLarge(bytes));
        }
        let mut items = Vec::new();
        for turn in turns.iter().rev() {
            let said = sqlx::query("SELECT id, output, body FROM response_item WHERE response = ? ORDER BY position")
                .bind(turn.try_get::<i64, _>(0)?)
                .fetch_all(self.readers())
                .await?;
            for row in &said {
                items.push(item(row)?);
            }
        }
        Ok(Conversation::Whole(items))
    }

    /// The newest item with this id among a tenant's turns.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn response_item(&self, tenant: &str, id: &str) -> Result<Option<TurnItem>, Error> {
        let row = sqlx::query(
            "SELECT i.id, i.output, i.body FROM response_item i JOIN response r ON r.seq = i.response \
             WHERE i.id = ? AND r.tenant = ? ORDER BY r.seq DESC LIMIT 1",
        )
        .bind(id)
        .bind(tenant)
        .fetch_optional(self.readers())
        .await?;
        row.as_ref().map(item).transpose()
    }
}

fn item(row: &SqliteRow) -> Result<TurnItem, Error> {
    Ok(TurnItem { id: row.try_get(0)?, output: row.try_get(1)?, body: row.try_get(2)? })
}
