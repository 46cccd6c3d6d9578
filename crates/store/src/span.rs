//! Writing and reading single spans. A batch is one transaction that the caller may extend (the recorder adds scoring
//! jobs to it), written with few, wide statements: the cost of a row is mostly the hop to SQLite's thread.

use std::{
    collections::HashSet,
    sync::{Arc, LazyLock},
};

use bytes::Bytes;
use sqlx::{
    AssertSqlSafe, Row as _, Sqlite, Transaction,
    sqlite::{SqliteConnection, SqliteRow},
};
use weir_core::{
    SpanId,
    decision::Arm,
    span::{Outcome, Payload, Record, Span},
};

use crate::{
    Error, Store,
    dataset::purged_of,
    histogram,
    minute::Minutes,
    value::{id_bytes, int, span_id, to_json},
};

/// A record whose span is already written as JSON, as the recorder's spool has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// The record.
    pub record: Arc<Record>,
    /// Its span as JSON, stored as it is.
    pub span_json: Bytes,
}

/// What a provider is said to have answered to a request whose words are held out.
const SHUT: &str = "its words are not shown, because a held-out item was made from them";

/// A record, and its span as JSON where that is known.
type Row<'a> = (&'a Record, Option<&'a Bytes>);

/// A write transaction for spans. Dropped without `commit`, it leaves nothing behind.
#[derive(Debug)]
pub struct Tx {
    inner: Transaction<'static, Sqlite>,
    store: Store,
    newest: Option<i64>,
    minutes: Minutes,
    /// Whose words were purged while somebody was asked about them: these are not stored again.
    purged: HashSet<Arc<str>>,
}

impl Store {
    /// Takes the write lock. Waits up to the busy timeout.
    ///
    /// # Errors
    /// `Unavailable` when another writer kept it.
    pub async fn begin_spans(&self) -> Result<Tx, Error> {
        Ok(Tx {
            inner: self.begin_normal().await?,
            store: self.clone(),
            newest: None,
            minutes: Minutes::default(),
            purged: HashSet::new(),
        })
    }

    /// The whole span. It counts as sealed while a held-out item made from its words keeps these shut.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn span_get(&self, id: SpanId) -> Result<Option<Span>, Error> {
        let row: Option<(Vec<u8>, bool)> = sqlx::query_as(
            "SELECT body, EXISTS (SELECT 1 FROM span_shut AS shut WHERE shut.id = span.id) \
             FROM span JOIN span_body USING (seq) WHERE span.id = ?",
        )
        .bind(id_bytes(id.bits()))
        .fetch_optional(self.readers())
        .await?;
        let Some((body, shut)) = row else { return Ok(None) };
        let mut span = span_from(id, &body)?;
        if shut {
            span.errand.sealed = true;
            // A provider that refuses a request may quote it.
            if let Outcome::Failed { message, .. } = &mut span.outcome {
                *message = SHUT.into();
            }
        }
        Ok(Some(span))
    }

    /// Its texts; `None` when there is no such span, when they were purged, or when they are those of a held-out item.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn payload_get(&self, id: SpanId) -> Result<Option<Payload>, Error> {
        let row = sqlx::query("SELECT request, response, truncated FROM span_text WHERE id = ?")
            .bind(id_bytes(id.bits()))
            .fetch_optional(self.readers())
            .await?;
        row.map(|row| payload_from(&row, 0)).transpose()
    }

    /// Those of these spans whose texts are there and not held out, in any order.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn record_list(&self, ids: &[SpanId]) -> Result<Vec<Record>, Error> {
        let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        let rows = sqlx::query(
            "SELECT texts.request, texts.response, texts.truncated, body, texts.id \
             FROM span_text AS texts JOIN span_body USING (seq) \
             WHERE texts.id IN (SELECT unhex(value) FROM json_each(?))",
        )
        .bind(to_json(&ids)?)
        .fetch_all(self.readers())
        .await?;
        rows.iter()
            .map(|row| {
                let id = span_id(row.try_get(4)?)?;
                Ok(Record { span: span_from(id, row.try_get(3)?)?, payload: payload_from(row, 0)? })
            })
            .collect()
    }
}

impl Tx {
    /// Adds one span with its texts; false when a span with this id is already there, which changes nothing.
    ///
    /// # Errors
    /// `Unavailable`; the transaction should then be dropped.
    pub async fn span_insert(&mut self, record: &Record) -> Result<bool, Error> {
        let new = self.span_insert_many(std::slice::from_ref(record)).await?;
        Ok(new.first().copied().unwrap_or(false))
    }

    /// Adds many, several times faster than one by one; for each whether it was new, in order.
    ///
    /// # Errors
    /// As `span_insert`.
    pub async fn span_insert_many(&mut self, records: &[Record]) -> Result<Vec<bool>, Error> {
        let rows: Vec<Row<'_>> = records.iter().map(|record| (record, None)).collect();
        self.insert(&rows).await
    }

    /// `span_insert_many` for spans that the caller has already written as JSON.
    ///
    /// # Errors
    /// As `span_insert`.
    pub async fn span_insert_written(&mut self, records: &[Written]) -> Result<Vec<bool>, Error> {
        let rows: Vec<Row<'_>> = records.iter().map(|written| (&*written.record, Some(&written.span_json))).collect();
        self.insert(&rows).await
    }

    async fn insert(&mut self, mut rest: &[Row<'_>]) -> Result<Vec<bool>, Error> {
        let mut new = Vec::with_capacity(rest.len());
        let about = rest.iter().filter_map(|(record, _)| record.span.errand.about.clone()).collect();
        self.purged = purged_of(&mut self.inner, about).await?;
        while let Some(wide) = WIDE.iter().find(|wide| wide.rows <= rest.len()) {
            let (chunk, after) = rest.split_at(wide.rows);
            self.insert_chunk(wide, chunk, &mut new).await?;
            rest = after;
        }
        Ok(new)
    }

    /// The connection inside the transaction, for rows of other owners that must commit with the spans.
    pub fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.inner
    }

    /// Makes it all visible at once and wakes those who wait on `span_changes`.
    ///
    /// # Errors
    /// `Unavailable`; nothing was written.
    pub async fn commit(mut self) -> Result<(), Error> {
        self.minutes.write(&mut self.inner).await?;
        self.inner.commit().await?;
        if let Some(newest) = self.newest {
            self.store.changes().spans(newest);
        }
        Ok(())
    }

    async fn insert_chunk(&mut self, wide: &Wide, chunk: &[Row<'_>], new: &mut Vec<bool>) -> Result<(), Error> {
        // The write lock is held, so nobody else takes these numbers. Naming them here spares reading them back.
        let first = match self.newest {
            Some(newest) => newest,
            None => self.last_seq().await?,
        } + 1;
        let mut spans = sqlx::query(AssertSqlSafe(wide.span.as_str()));
        for (seq, (record, _)) in (first..).zip(chunk) {
            spans = bind_span(spans.bind(seq), &record.span);
        }
        let stored = spans.execute(&mut *self.inner).await?.rows_affected();
        if stored < chunk.len() as u64 {
            return self.insert_rest(first, chunk, new).await;
        }
        let mut bodies = sqlx::query(AssertSqlSafe(wide.body.as_str()));
        for (seq, row) in (first..).zip(chunk) {
            bodies = bind_body(bodies.bind(seq), row, self.keeps(row))?;
            self.minutes.add(&row.0.span);
            self.newest = Some(seq);
        }
        bodies.execute(&mut *self.inner).await?;
        new.extend(chunk.iter().map(|_| true));
        Ok(())
    }

    /// After a chunk of which some ids were known: the numbers that are there are the new ones.
    async fn insert_rest(&mut self, first: i64, chunk: &[Row<'_>], new: &mut Vec<bool>) -> Result<(), Error> {
        let stored: HashSet<i64> = sqlx::query_scalar("SELECT seq FROM span WHERE seq >= ?")
            .bind(first)
            .fetch_all(&mut *self.inner)
            .await?
            .into_iter()
            .collect();
        for (seq, row) in (first..).zip(chunk) {
            new.push(stored.contains(&seq));
            if stored.contains(&seq) {
                let body = sqlx::query(AssertSqlSafe(ONE.body.as_str())).bind(seq);
                bind_body(body, row, self.keeps(row))?.execute(&mut *self.inner).await?;
                self.minutes.add(&row.0.span);
                self.newest = Some(seq);
            }
        }
        Ok(())
    }

    /// False for texts that must be in no file: they repeat a held-out item, or what was purged meanwhile.
    fn keeps(&self, (record, _): &Row<'_>) -> bool {
        let errand = &record.span.errand;
        !errand.sealed && errand.about.as_ref().is_none_or(|about| !self.purged.contains(about))
    }

    /// The highest number ever given, also when its row is gone.
    async fn last_seq(&mut self) -> Result<i64, Error> {
        let seq: Option<i64> = sqlx::query_scalar("SELECT seq FROM sqlite_sequence WHERE name = 'span'")
            .fetch_optional(&mut *self.inner)
            .await?;
        Ok(seq.unwrap_or(0))
    }
}

/// The statements for one number of rows. Few numbers, so that they stay prepared.
struct Wide {
    rows: usize,
    span: String,
    body: String,
}

static WIDE: LazyLock<[Wide; 3]> = LazyLock::new(|| [128, 16, 1].map(Wide::new));
static ONE: LazyLock<Wide> = LazyLock::new(|| Wide::new(1));

const COLUMNS: [&str; 29] = [
    "seq",
    "id",
    "trace_id",
    "tenant",
    "workload",
    "origin",
    "session",
    "stream",
    "started_at",
    "latency_us",
    "latency_bin",
    "ttft_us",
    "status",
    "code",
    "deployment",
    "strategy",
    "revision",
    "propensity",
    "canary",
    "arm",
    "unit",
    "segment",
    "head_failed",
    "attempts",
    "input_tokens",
    "output_tokens",
    "cached_tokens",
    "cost_nano",
    "about",
];

impl Wide {
    fn new(rows: usize) -> Self {
        let values = |columns: usize| {
            let row = format!("({})", vec!["?"; columns].join(","));
            vec![row; rows].join(",")
        };
        Self {
            rows,
            // OR FAIL: with the default, OR ABORT, SQLite copies every page a statement touches, to be able to undo it
            // alone. A failed statement ends the whole transaction here.
            span: format!(
                "INSERT OR FAIL INTO span ({}) VALUES {} ON CONFLICT (id) DO NOTHING",
                COLUMNS.join(","),
                values(COLUMNS.len()),
            ),
            body: format!(
                "INSERT OR FAIL INTO span_body (seq, body, request, response, truncated) VALUES {}",
                values(5)
            ),
        }
    }
}

type Query<'q> = sqlx::query::Query<'q, Sqlite, sqlx::sqlite::SqliteArguments>;

/// Binds in the order of `COLUMNS`, after `seq`.
fn bind_span<'q>(query: Query<'q>, span: &'q Span) -> Query<'q> {
    let decision = span.decision.as_deref();
    let exposure = decision.and_then(|decision| decision.exposure.as_ref());
    let (bin, code) = match &span.outcome {
        Outcome::Ok => (Some(histogram::bin(span.latency_us)), None),
        Outcome::Cancelled => (None, None),
        Outcome::Failed { code, .. } => (None, Some(&**code)),
    };
    let shared = |name: &Arc<str>| Arc::clone(name);
    query
        .bind(id_bytes(span.id.bits()))
        .bind(id_bytes(span.trace_id.bits()))
        .bind(shared(&span.tenant))
        .bind(shared(span.workload.shared()))
        .bind(span.origin.name())
        .bind(span.session.clone())
        .bind(span.stream)
        .bind(span.started_at.0)
        .bind(int(span.latency_us))
        .bind(bin)
        .bind(span.ttft_us.map(int))
        .bind(span.outcome.name())
        .bind(code)
        .bind(span.attempts.last().map(|last| shared(last.deployment.shared())))
        .bind(decision.map(|decision| shared(&decision.strategy)))
        .bind(decision.map(|decision| shared(decision.revision.shared())))
        .bind(decision.map(|decision| decision.propensity))
        .bind(exposure.map(|exposure| shared(exposure.canary.shared())))
        .bind(exposure.map(|exposure| arm_name(exposure.arm)))
        .bind(exposure.map(|exposure| exposure.unit.cast_signed()))
        .bind(decision.map(|decision| shared(&decision.segment)))
        .bind(head_failed(span))
        .bind(i64::try_from(span.attempts.len()).unwrap_or(i64::MAX))
        .bind(int(span.usage.input))
        .bind(int(span.usage.output))
        .bind(int(span.usage.cached_input))
        .bind(span.cost.map(|cost| cost.0))
        .bind(span.errand.about.clone())
}

fn bind_body<'q>(query: Query<'q>, (record, json): &Row<'_>, keep: bool) -> Result<Query<'q>, Error> {
    let body = match json {
        Some(json) => json.to_vec(),
        None => to_json(&record.span)?.into_bytes(),
    };
    Ok(query
        .bind(body)
        .bind(keep.then(|| record.payload.request.to_vec()))
        .bind(keep.then(|| record.payload.response.to_vec()))
        .bind(record.payload.truncated))
}

pub(crate) fn span_from(id: SpanId, body: &[u8]) -> Result<Span, Error> {
    serde_json::from_slice(body).map_err(|error| Error::corrupt(format!("span {id}: {error}")))
}

fn payload_from(row: &SqliteRow, first: usize) -> Result<Payload, Error> {
    Ok(Payload {
        request: row.try_get::<Vec<u8>, _>(first)?.into(),
        response: row.try_get::<Vec<u8>, _>(first + 1)?.into(),
        truncated: row.try_get(first + 2)?,
    })
}

/// True when the deployment that the decision put first did not give the answer: a fallback that saved the caller does
/// not save the arm it was assigned to (intention to treat).
fn head_failed(span: &Span) -> bool {
    matches!(span.outcome, Outcome::Failed { .. }) || span.attempts.first().is_some_and(|first| first.error.is_some())
}

/// Its serde name.
pub(crate) const fn arm_name(arm: Arm) -> &'static str {
    match arm {
        Arm::Candidate => "candidate",
        Arm::Control => "control",
    }
}
