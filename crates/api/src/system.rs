//! The box itself: version, store, queue, keys, budgets, the configuration in force, and the audit log.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use weir_core::{NanoUsd, route::Grant};
use weir_store::schema_revision;

use crate::{
    budget,
    extract::Params,
    problem::{Failure, Reply},
    state::App,
    time::rfc3339,
    view::List,
};

const AUDIT: u32 = 50;
const AUDIT_MAX: u32 = 500;

/// The process and what it keeps.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SystemView {
    version: &'static str,
    /// Number of the last migration.
    schema: i64,
    uptime_s: u64,
    data_dir: String,
    bind: String,
    store: StoreView,
    queue: QueueView,
    /// Empty: whoever connects from this machine is admin.
    keys: Vec<KeyView>,
    budgets: Vec<budget::BudgetView>,
}

/// The database.
#[derive(Debug, Serialize, ToSchema)]
struct StoreView {
    bytes: u64,
    /// Of those, free for new rows.
    free_bytes: u64,
    /// Ever stored.
    spans: u64,
    scores: u64,
    /// How far back requests go.
    oldest_span_at: Option<String>,
}

/// The job queue.
#[derive(Debug, Serialize, ToSchema)]
struct QueueView {
    ready: u64,
    running: u64,
    failed: u64,
    dead: u64,
    /// Since when the oldest job that is due waits for a worker.
    oldest_due_at: Option<String>,
    lag_s: f64,
}

/// Who may call; never the secret.
#[derive(Debug, Serialize, ToSchema)]
struct KeyView {
    name: String,
    /// `caller` or `admin`.
    grant: &'static str,
    /// `null` is all.
    workloads: Option<Vec<String>>,
    /// Most that its requests may cost in 24 hours; `null` is no limit.
    max_usd_per_day: Option<f64>,
}

/// One effective value.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConfigRow {
    key: String,
    /// As TOML; a secret is its reference, never itself.
    value: String,
    /// `default`, file with line and column, or the environment variable.
    origin: String,
}

/// Which part of the audit log.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct AuditQuery {
    /// Older than this number, from `next`.
    cursor: Option<i64>,
    /// 1 to 500; 50 unless given.
    limit: Option<u32>,
}

/// Transitions of all canaries, and whether their chain of hashes is whole.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditLog {
    /// Events in the chain.
    events: u64,
    /// Number of the first event that does not fit the chain; `null` when all do.
    broken_at: Option<i64>,
    /// The newest hash (BLAKE3, hexadecimal): kept elsewhere, it vouches for everything before it.
    head: String,
    /// Newest first.
    items: Vec<AuditView>,
    /// Opaque; `null` at the end.
    next: Option<String>,
}

/// One transition.
#[derive(Debug, Serialize, ToSchema)]
struct AuditView {
    seq: i64,
    at: String,
    canary: String,
    workload: String,
    kind: String,
    actor: String,
    reason: String,
    hash: String,
}

/// `GET /api/v1/system`.
pub(crate) async fn get_system(State(app): State<App>) -> Reply<Json<SystemView>> {
    let settings = app.settings.load_full();
    let (size, jobs, now) = (app.store.size().await?, app.store.job_counts().await?, app.clock.now());
    Ok(Json(SystemView {
        version: env!("CARGO_PKG_VERSION"),
        schema: schema_revision(),
        uptime_s: app.clock.elapsed().as_secs(),
        data_dir: settings.server.data_dir.display().to_string(),
        bind: settings.server.bind.to_string(),
        store: StoreView {
            bytes: size.bytes,
            free_bytes: size.free_bytes,
            spans: size.spans,
            scores: size.scores,
            oldest_span_at: size.oldest_span.map(rfc3339),
        },
        queue: QueueView {
            ready: jobs.ready,
            running: jobs.running,
            failed: jobs.failed,
            dead: jobs.dead,
            oldest_due_at: size.oldest_job.map(rfc3339),
            lag_s: size.oldest_job.map_or(0.0, |at| now.since(at).as_secs_f64()),
        },
        keys: settings
            .keys
            .callers()
            .map(|caller| KeyView {
                name: caller.name.to_string(),
                grant: if caller.grant == Grant::Admin { "admin" } else { "caller" },
                workloads: caller.workloads.as_ref().map(|ids| ids.iter().map(ToString::to_string).collect()),
                max_usd_per_day: caller.max_per_day.map(NanoUsd::as_usd),
            })
            .collect(),
        budgets: budget::own(&app).await?,
    }))
}

/// `GET /api/v1/config`.
pub(crate) async fn get_config(State(app): State<App>) -> Json<List<ConfigRow>> {
    let settings = app.settings.load();
    let row = |row: &weir_config::Row| ConfigRow {
        key: row.key.clone(),
        value: row.value.clone(),
        origin: row.origin.to_string(),
    };
    Json(List::whole(settings.show().iter().map(row).collect()))
}

/// `GET /api/v1/audit`.
pub(crate) async fn get_audit(State(app): State<App>, Params(query): Params<AuditQuery>) -> Reply<Json<AuditLog>> {
    let limit = query.limit.unwrap_or(AUDIT);
    if !(1..=AUDIT_MAX).contains(&limit) {
        return Err(Failure::bad(format!("`limit` is {limit}, wanted 1 to {AUDIT_MAX}")));
    }
    let chain = app.store.chain_check().await?;
    let rows = app.store.audit_list(query.cursor, limit).await?;
    let next = rows.last().filter(|_| rows.len() == limit as usize).map(|row| row.seq.to_string());
    let items = rows
        .into_iter()
        .map(|row| AuditView {
            seq: row.seq,
            at: rfc3339(row.at),
            canary: row.canary.to_string(),
            workload: row.workload.to_string(),
            kind: row.kind,
            actor: row.actor,
            reason: row.reason,
            hash: row.hash,
        })
        .collect();
    Ok(Json(AuditLog { events: chain.events, broken_at: chain.broken_at, head: chain.head, items, next }))
}
