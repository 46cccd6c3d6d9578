//! The one door to held-out items. Whoever opens it is on the books first: the view behind it joins the entry, so
//! without one there are no rows. The optimizer, the probes and the scorers of live traffic read another view.

use weir_core::Timestamp;

use crate::{Error, Store, value::count};

/// The split that decides, and that nothing which is decided upon may see.
pub const HELDOUT: &str = "heldout";

/// Gates that may read the held-out items of one version. Each decision taken on them tells something of them, so that
/// after many they are held out no longer (Dwork et al., "The reusable holdout", Science 2015).
pub const GATE_READS: u64 = 100;

/// Why held-out items are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A gate decides on them.
    Gate,
    /// A person looks at them.
    Shown,
    /// They leave in a file.
    Export,
    /// They are compared with other splits before a publication; nobody sees them.
    Check,
}

impl Purpose {
    const fn name(self) -> &'static str {
        match self {
            Self::Gate => "gate",
            Self::Shown => "shown",
            Self::Export => "export",
            Self::Check => "check",
        }
    }
}

/// How often a version's held-out items were read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reads {
    /// The version; empty for a draft.
    pub version: String,
    /// `gate`, `shown`, `export` or `check`.
    pub purpose: String,
    /// Times.
    pub count: u64,
    /// The last time.
    pub last_at: Timestamp,
}

impl Store {
    /// Enters a reading of a version's held-out items into the books; what is returned opens them in
    /// [`Store::item_list`] and [`Store::item_get`].
    ///
    /// # Errors
    /// `Conflict` when there is no such version, or when [`GATE_READS`] gates have read it; `Unavailable`.
    pub async fn heldout_open(&self, version: i64, reader: &str, purpose: Purpose) -> Result<i64, Error> {
        let mut tx = self.begin_control().await?;
        if purpose == Purpose::Gate {
            let read: i64 =
                sqlx::query_scalar("SELECT count(*) FROM heldout_access WHERE version = ? AND purpose = 'gate'")
                    .bind(version)
                    .fetch_one(&mut *tx)
                    .await?;
            if count(read) >= GATE_READS {
                return Err(Error::conflict(format!(
                    "gates have read the held-out items of this version {read} times, which is all they are good for; \
                     publish a version with fresh ones, or name other splits"
                )));
            }
        }
        let access = sqlx::query_scalar(
            "INSERT INTO heldout_access (version, reader, purpose, at) VALUES (?,?,?,?) RETURNING seq",
        )
        .bind(version)
        .bind(reader)
        .bind(purpose.name())
        .bind(self.clock().now().0)
        .fetch_one(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(access)
    }

    /// How often held-out items of a dataset were read, by version and purpose, newest version first.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn heldout_reads(&self, name: &str) -> Result<Vec<Reads>, Error> {
        let rows: Vec<(String, String, i64, i64)> = sqlx::query_as(
            "SELECT version.id, access.purpose, count(*), max(access.at) FROM heldout_access AS access \
             JOIN dataset_version AS version ON version.seq = access.version \
             JOIN dataset ON dataset.id = version.dataset WHERE dataset.name = ? \
             GROUP BY version.seq, access.purpose ORDER BY version.seq DESC, access.purpose",
        )
        .bind(name)
        .fetch_all(self.readers())
        .await?;
        Ok(rows
            .into_iter()
            .map(|(version, purpose, reads, last)| Reads {
                version,
                purpose,
                count: count(reads),
                last_at: Timestamp(last),
            })
            .collect())
    }
}
