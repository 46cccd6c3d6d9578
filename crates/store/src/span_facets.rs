//! What a list of spans holds beside its rows: how many there were over time, and how many of each kind.

use sqlx::{QueryBuilder, Row, Sqlite};

use crate::{Error, SpanFilter, Store, span_list::narrow, value::count};

/// Newest spans that are counted at most; two microseconds each.
const COUNTED: i64 = 200_000;
/// Most values of one facet.
const VALUES: i64 = 20;

/// Spans of one status in one bucket of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpanSlot {
    /// Bucket, from 0.
    pub slot: usize,
    /// `ok`, `cancelled` or `failed`.
    pub status: String,
    /// How many.
    pub n: u64,
}

/// One value of a column, and how many spans have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facet {
    /// `workload`, `deployment`, `status` or `origin`.
    pub name: &'static str,
    /// The value.
    pub value: String,
    /// How many.
    pub n: u64,
}

const FACETS: [&str; 4] = ["workload", "deployment", "status", "origin"];

impl Store {
    /// Spans between `filter.since` and `filter.until` by bucket of `step_s` seconds and status; of the newest 200,000.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn span_histogram(&self, filter: &SpanFilter, step_s: u32) -> Result<Vec<SpanSlot>, Error> {
        let from = filter.since.map_or(0, |since| since.0);
        let mut query = QueryBuilder::<Sqlite>::new("SELECT (started_at - ");
        query.push_bind(from).push(") / ").push_bind(i64::from(step_s.max(1)) * 1_000_000);
        query.push(" AS slot, status, count(*) FROM ");
        newest(&mut query, filter);
        query.push(" GROUP BY 1, 2 ORDER BY 1, 2");
        let rows = query.build().fetch_all(self.readers()).await?;
        rows.iter()
            .map(|row| {
                Ok(SpanSlot {
                    slot: usize::try_from(row.try_get::<i64, _>(0)?).unwrap_or(0),
                    status: row.try_get(1)?,
                    n: count(row.try_get(2)?),
                })
            })
            .collect()
    }

    /// How many of those spans have which workload, deployment, status and origin; the 20 commonest of each.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn span_facets(&self, filter: &SpanFilter) -> Result<Vec<Facet>, Error> {
        let mut facets = Vec::new();
        for name in FACETS {
            let mut query = QueryBuilder::<Sqlite>::new(format!("SELECT {name}, count(*) FROM "));
            newest(&mut query, filter);
            query.push(format!(" WHERE {name} IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ")).push_bind(VALUES);
            for row in query.build().fetch_all(self.readers()).await? {
                facets.push(Facet { name, value: row.try_get(0)?, n: count(row.try_get(1)?) });
            }
        }
        Ok(facets)
    }
}

fn newest(query: &mut QueryBuilder<Sqlite>, filter: &SpanFilter) {
    query.push("(SELECT started_at, workload, deployment, status, origin FROM span WHERE seq > 0");
    narrow(query, filter);
    query.push(" ORDER BY seq DESC LIMIT ").push_bind(COUNTED).push(")");
}
