//! How much there is: what the system page says of the database.

use sqlx::Row;
use weir_core::Timestamp;

use crate::{Error, Store, value::count};

/// The database in figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Size {
    /// Bytes of the database file.
    pub bytes: u64,
    /// Bytes in it that deleted rows left free.
    pub free_bytes: u64,
    /// Requests stored, ever.
    pub spans: u64,
    /// Scores stored, ever.
    pub scores: u64,
    /// When the oldest stored request began.
    pub oldest_span: Option<Timestamp>,
    /// The oldest job that waits for a worker although its time has come.
    pub oldest_job: Option<Timestamp>,
}

impl Store {
    /// Reads them; the work does not grow with the rows.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn size(&self) -> Result<Size, Error> {
        let row = sqlx::query(
            "SELECT (SELECT page_count FROM pragma_page_count()) * (SELECT page_size FROM pragma_page_size()), \
                    (SELECT freelist_count FROM pragma_freelist_count()) * (SELECT page_size FROM pragma_page_size()), \
                    coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'span'), 0), \
                    coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'score'), 0), \
                    (SELECT started_at FROM span ORDER BY seq LIMIT 1)",
        )
        .fetch_one(self.readers())
        .await?;
        Ok(Size {
            bytes: count(row.try_get(0)?),
            free_bytes: count(row.try_get(1)?),
            spans: count(row.try_get(2)?),
            scores: count(row.try_get(3)?),
            oldest_span: row.try_get::<Option<i64>, _>(4)?.map(Timestamp),
            oldest_job: self.job_oldest_due().await?,
        })
    }

    /// Since when the oldest job that is due has waited; `None` when none waits.
    async fn job_oldest_due(&self) -> Result<Option<Timestamp>, Error> {
        if !self.has_queue().await? {
            return Ok(None);
        }
        let now = self.clock().now().0.div_euclid(1_000_000);
        let oldest: Option<i64> =
            sqlx::query_scalar("SELECT min(run_at) FROM Jobs WHERE status IN ('Pending', 'Queued') AND run_at <= ?")
                .bind(now)
                .fetch_one(self.readers())
                .await?;
        Ok(oldest.map(|seconds| Timestamp(seconds.saturating_mul(1_000_000))))
    }
}
