//! The chain of canary events: each row's hash covers its body and the hash before it (Haber and Stornetta, "How to
//! time-stamp a digital document", 1991), so that history cannot be changed without the newest hash changing too.

use sqlx::Row;

use crate::{Error, Store};

/// What a walk along the chain found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// Events, oldest to newest.
    pub events: u64,
    /// Number of the first event that does not fit; `None` when all do.
    pub broken_at: Option<i64>,
    /// The newest hash, hexadecimal; empty without events. Kept elsewhere, it vouches for all before it.
    pub head: String,
}

/// The hash of an event after `previous`.
pub(crate) fn link(previous: &str, body: &str) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(previous.as_bytes());
    hasher.update(b"\n");
    hasher.update(body.as_bytes());
    hasher.finalize().to_hex().to_string()
}

impl Store {
    /// Walks the chain of all canary events.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn chain_check(&self) -> Result<Chain, Error> {
        let rows = sqlx::query("SELECT seq, body, previous, hash FROM canary_event ORDER BY seq")
            .fetch_all(self.readers())
            .await?;
        let (mut broken_at, mut head) = (None, String::new());
        for row in &rows {
            let (previous, hash): (String, String) = (row.try_get("previous")?, row.try_get("hash")?);
            let fits = previous == head && hash == link(&previous, row.try_get("body")?);
            if !fits && broken_at.is_none() {
                broken_at = Some(row.try_get("seq")?);
            }
            head = hash;
        }
        Ok(Chain { events: rows.len() as u64, broken_at, head })
    }
}
