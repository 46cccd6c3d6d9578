//! A process that is killed while it migrates: at the border of every migration, and in the middle of each.
#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

use std::{fs, path::Path};

use sqlx::{
    Connection,
    migrate::Migrator,
    sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode},
};
use weir_store::FILE_NAME;

use crate::fixture::{insert, open, record};

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

#[tokio::test]
async fn a_migration_that_a_kill_breaks_off_is_done_again_from_its_start() {
    let fresh = tempfile::tempdir().unwrap();
    let whole = reopened(fresh.path()).await;
    for done in 0..=MIGRATIONS.migrations.len() {
        let dir = tempfile::tempdir().unwrap();
        let mut connection = connect(dir.path()).await;
        let mut so_far = Migrator::with_migrations(MIGRATIONS.migrations[..done].to_vec());
        so_far.dangerous_set_table_name(&*MIGRATIONS.table_name);
        so_far.run(&mut connection).await.unwrap();
        assert_eq!(reopened(killed(dir.path()).path()).await, whole, "killed after {done} migrations");

        let Some(next) = MIGRATIONS.migrations.get(done) else { break };
        sqlx::query("BEGIN IMMEDIATE").execute(&mut connection).await.unwrap();
        sqlx::raw_sql(next.sql.clone()).execute(&mut connection).await.unwrap();
        assert_eq!(reopened(killed(dir.path()).path()).await, whole, "killed within migration {}", next.version);
    }
}
