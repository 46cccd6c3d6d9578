//! A process that is killed while it migrates: at the border of every migration, and in the middle of each.
#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

use std::{fs, path::Path};

use sqlx::{
    Connection,
    migrate::{Migration, Migrator},
    sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode},
};
use weir_store::FILE_NAME;

use crate::fixture::{insert, open, record, span_id};

static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations/sqlite");

/// A connection that keeps next to nothing in memory, so that what is not committed is in the log already.
async fn connect(dir: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new()
        .filename(dir.join(FILE_NAME))
        .create_if_missing(true)
        .page_size(8_192)
        .journal_mode(SqliteJournalMode::Wal)
        .pragma("cache_size", "1")
        .pragma("cache_spill", "1");
    SqliteConnection::connect_with(&options).await.unwrap()
}

/// The files as a kill would leave them: never closed, the log not folded in.
fn killed(dir: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for file in fs::read_dir(dir).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
    }
    copy
}

/// Opens it as the next start would, uses it, and reads its schema.
async fn reopened(dir: &Path) -> Vec<(String, Option<String>)> {
    let store = open(dir).await;
    assert_eq!(insert(&store, &[record(1)]).await, [true]);
    store.close().await;
    let query = "SELECT type || ' ' || name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY 1";
    sqlx::query_as(query).fetch_all(&mut connect(dir).await).await.unwrap()
}

/// A database that these migrations were done in.
async fn migrated(dir: &Path, migrations: Vec<Migration>) -> SqliteConnection {
    let mut connection = connect(dir).await;
    let mut so_far = Migrator::with_migrations(migrations);
    so_far.dangerous_set_table_name(&*MIGRATIONS.table_name);
    so_far.run(&mut connection).await.unwrap();
    connection
}

/// A database as it was before this migration.
async fn before(dir: &Path, version: i64) -> SqliteConnection {
    migrated(dir, MIGRATIONS.migrations.iter().filter(|one| one.version < version).cloned().collect()).await
}

#[tokio::test]
async fn a_migration_that_a_kill_breaks_off_is_done_again_from_its_start() {
    let fresh = tempfile::tempdir().unwrap();
    let whole = reopened(fresh.path()).await;
    for done in 0..=MIGRATIONS.migrations.len() {
        let dir = tempfile::tempdir().unwrap();
        let mut connection = migrated(dir.path(), MIGRATIONS.migrations[..done].to_vec()).await;
        assert_eq!(reopened(killed(dir.path()).path()).await, whole, "killed after {done} migrations");

        let Some(next) = MIGRATIONS.migrations.get(done) else { break };
        sqlx::query("BEGIN IMMEDIATE").execute(&mut connection).await.unwrap();
        sqlx::raw_sql(next.sql.clone()).execute(&mut connection).await.unwrap();
        assert_eq!(reopened(killed(dir.path()).path()).await, whole, "killed within migration {}", next.version);
    }
}

#[tokio::test]
async fn texts_that_runs_on_held_out_items_have_left_are_taken_away() {
    const ERRAND: i64 = 60;
    let dir = tempfile::tempdir().unwrap();
    let mut connection = before(dir.path(), ERRAND).await;
    // A client's request; what a run asked of a held-out item and of an open one; a judge's request while it went on,
    // and one from before.
    for (n, origin, at) in [(1, "client", 15), (2, "eval", 15), (3, "eval", 15), (4, "eval", 16), (5, "eval", 5)] {
        sqlx::query(
            "INSERT INTO span (seq, id, trace_id, tenant, workload, origin, stream, started_at, latency_us, status, \
             head_failed, attempts, input_tokens, output_tokens, cached_tokens) \
             VALUES (?1, ?2, ?2, 'weir', 'maths', ?3, 0, ?4, 1, 'ok', 0, 1, 1, 1, 0)",
        )
        .bind(n)
        .bind(span_id(n as u64).bits().to_be_bytes().to_vec())
        .bind(origin)
        .bind(at)
        .execute(&mut connection)
        .await
        .unwrap();
        let json = serde_json::to_vec(&record(n as u64).span).unwrap();
        sqlx::query("INSERT INTO span_body VALUES (?, ?, 'asked', 'said', 0)")
            .bind(n)
            .bind(json)
            .execute(&mut connection)
            .await
            .unwrap();
    }
    let ids = [2, 3].map(|n| span_id(n).to_string());
    let rest = format!(
        "INSERT INTO dataset (id, name, description, canary, created_at) VALUES (1, 'sums', '', '', 0); \
         INSERT INTO dataset_version VALUES (1, 1, 'v1', 'published', NULL, 2, 'ana', '', 0); \
         INSERT INTO dataset_item VALUES ('aa', 'a', '{{}}', NULL), ('bb', 'b', '{{}}', NULL); \
         INSERT INTO dataset_version_item VALUES (1, 0, 'aa', 'a', 'heldout'), (1, 1, 'bb', 'b', 'policy'); \
         INSERT INTO experiment_run VALUES (1, 'r1', 's', 's1', 'maths', 'sums', 'v1', 'done', 'pass', '', 'ana', NULL, \
             2, 0, 9, 10, 20, '', 0, '{{}}'); \
         INSERT INTO run_item VALUES (1, 0, 'aa'), (1, 1, 'bb'); \
         INSERT INTO run_output (run, ord, arm, trial, output, span_id, at) \
             VALUES (1, 0, 'x', 0, '{{}}', unhex('{}'), 15), (1, 1, 'x', 0, '{{}}', unhex('{}'), 15);",
        ids[0], ids[1]
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(rest)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();

    let store = open(dir.path()).await;
    let mut seen = Vec::new();
    for n in 1..=5 {
        let span = store.span_get(span_id(n)).await.unwrap().unwrap();
        assert_eq!(store.payload_get(span_id(n)).await.unwrap().is_none(), span.errand.sealed, "request {n}");
        seen.push((span.errand.sealed, span.errand.about));
    }
    let none = (false, None);
    assert_eq!(seen, [none.clone(), (true, Some("aa".into())), none.clone(), (true, None), none]);
}

#[tokio::test]
async fn an_applied_diff_is_given_the_one_canary_that_can_be_its_own() {
    const CANARY: i64 = 95;
    let dir = tempfile::tempdir().unwrap();
    let mut connection = before(dir.path(), CANARY).await;
    for (id, parent, state) in
        [("pd_1", "r-0001", "applied"), ("pd_2", "r-0002", "applied"), ("pd_3", "r-0003", "proposed")]
    {
        sqlx::query("INSERT INTO policy_diff VALUES (?, 'maths', ?, 'sim/small', ?, 1, '{}', NULL, NULL, NULL)")
            .bind(id)
            .bind(parent)
            .bind(state)
            .execute(&mut connection)
            .await
            .unwrap();
    }
    // Of the second revision two were tried, and nobody can tell which of them was the diff's.
    for (id, base) in [("c-1", "r-0001"), ("c-2", "r-0002"), ("c-3", "r-0002"), ("c-4", "r-0003")] {
        let body = serde_json::json!({"base": base, "candidate": "sim/small"}).to_string();
        sqlx::query(
            "INSERT INTO canary (id, workload, scorer, state, step, version, created_at, body) \
             VALUES (?, 'maths', 'exact', 'rolled_back', 0, 1, 2, ?)",
        )
        .bind(id)
        .bind(body)
        .execute(&mut connection)
        .await
        .unwrap();
    }
    connection.close().await.unwrap();

    let store = open(dir.path()).await;
    for (id, canary) in [("pd_1", Some("c-1")), ("pd_2", None), ("pd_3", None)] {
        let row = store.policy_diff_get(id).await.unwrap().unwrap();
        assert_eq!(row.canary.as_ref().map(|canary| canary.as_str()), canary, "{id}");
    }
}

#[tokio::test]
async fn old_runs_that_nothing_was_demanded_of_are_no_longer_called_passed() {
    const UNGATED: i64 = 77;
    let dir = tempfile::tempdir().unwrap();
    let mut connection = before(dir.path(), UNGATED).await;
    let arms = r#""arms": [{"name": "a"}, {"name": "b"}], "against": {"arm": "a"}"#;
    let alone = r#""arms": [{"name": "a"}], "against": {"arm": "a"}"#;
    let gate = "[[gate]]\\nmetric = 'quality'\\nfloor = 0.8";
    let runs = [
        ("no gate", format!(r#"{{"suite": "[suite]", {arms}}}"#), Some("pass"), Some("ungated")),
        ("gate", format!(r#"{{"suite": "{gate}", {arms}}}"#), Some("pass"), Some("pass")),
        ("order's own", format!(r#"{{"suite": "[suite]", "fail_under": 0.8, {arms}}}"#), Some("pass"), Some("pass")),
        ("baseline alone", format!(r#"{{"suite": "{gate}", {alone}}}"#), Some("pass"), Some("ungated")),
        ("failed", format!(r#"{{"suite": "[suite]", {arms}}}"#), Some("fail"), Some("fail")),
        ("under way", format!(r#"{{"suite": "[suite]", {arms}}}"#), None, None),
    ];
    for (id, body, verdict, _) in &runs {
        sqlx::query(
            "INSERT INTO experiment_run (id, suite, suite_version, workload, dataset, dataset_version, status, verdict, \
             message, actor, total, cost_nano, created_at, worker, lease_until, body) \
             VALUES (?, 's', 's1', 'maths', 'sums', 'v1', 'done', ?, '', 'ana', 2, 0, 9, '', 0, ?)",
        )
        .bind(id)
        .bind(verdict)
        .bind(body)
        .execute(&mut connection)
        .await
        .unwrap();
    }
    connection.close().await.unwrap();

    let store = open(dir.path()).await;
    for (id, _, _, verdict) in runs {
        assert_eq!(store.run_get(id).await.unwrap().unwrap().verdict.as_deref(), verdict, "{id}");
    }
}
