//! The process itself: jobs, storage, configuration, audit, this document.

use axum::routing::{get, post};

use crate::{demo, job, openapi, row::Row, system, view::List};

pub(super) static ROWS: &[Row] = &[
    Row::get("/api/v1/jobs", "Scoring jobs, newest first", || get(job::list_jobs))
        .query::<job::JobQuery>()
        .replies::<job::JobList>(),
    Row::post("/api/v1/jobs/retry", "Puts jobs that were given up back into the queue", || post(job::retry_jobs))
        .takes::<job::JobRetry>()
        .replies::<job::Retried>(),
    Row::get("/api/v1/system", "Version, store, queue, keys and budgets", || get(system::get_system))
        .replies::<system::SystemView>(),
    Row::get("/api/v1/config", "Every effective value and who set it", || get(system::get_config))
        .replies::<List<system::ConfigRow>>(),
    Row::get("/api/v1/audit", "What canaries did and who ordered it, chained by hashes", || get(system::get_audit))
        .query::<system::AuditQuery>()
        .replies::<system::AuditLog>(),
    Row::post("/api/v1/demo/play", "Plays the demo against the built-in providers", || post(demo::play_demo))
        .replies::<demo::Played>(),
    Row::get("/api/v1/openapi.json", "This document", || get(openapi::get_openapi)).replies::<openapi::Document>(),
];
