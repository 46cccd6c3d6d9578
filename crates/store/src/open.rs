//! Opening: refuses what it cannot trust before it writes anything, then migrates. A damaged file, another program's
//! database and a newer schema are all left exactly as found.

use std::{
    fmt,
    fs::File,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use sqlx::{
    ConnectOptions, Connection, SqlitePool, Transaction,
    migrate::Migrator,
    sqlite::{Sqlite, SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use weir_core::Clock;

use crate::{Error, changes::Changes};

/// The database inside the data directory.
pub const FILE_NAME: &str = "weir.db";

/// `weir` in ASCII, in the file's header.
const APPLICATION_ID: i64 = 0x7765_6972;

/// A full check reads the whole file; up to this size that takes a fraction of a second. Larger files are checked
/// page by page as they are read, which SQLite does anyway.
const CHECKED_BYTES: u64 = 64 << 20;

/// A span's body and texts are 2 to 3 KB: a page of 4 KB would hold one and waste the rest.
const PAGE_BYTES: u32 = 8_192;

/// A busy machine may need this long to start a connection's thread.
const LEAST_ACQUIRE: Duration = Duration::from_secs(10);

static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations/sqlite");

/// The newest schema this binary knows: the number of its last migration.
#[must_use]
pub fn schema_revision() -> i64 {
    MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0)
}

/// How to open.
#[derive(Debug, Clone)]
pub struct Options {
    /// How long a write waits for another writer before it is `Unavailable`.
    pub busy_timeout: Duration,
    /// Upper bound of the database file in bytes; a write beyond it is `Unavailable`. `None` is bounded by the disk.
    pub max_bytes: Option<u64>,
    /// Told of each step of a canary's change by name; one that returns false ends the call there, as a killed process
    /// would. `None` outside tests of crashes.
    pub steps: Option<Steps>,
}

/// Watches the steps of a change. A test may end the process in it.
#[derive(Clone)]
pub struct Steps(pub Arc<dyn Fn(&'static str) -> bool + Send + Sync>);

impl fmt::Debug for Steps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Steps")
    }
}

impl Default for Options {
    fn default() -> Self {
        Self { busy_timeout: Duration::from_secs(5), max_bytes: None, steps: None }
    }
}

/// A handle to the open database. Cheap to clone; all clones share its connections.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    dir: PathBuf,
    spans: SqlitePool,
    control: SqlitePool,
    jobs: SqlitePool,
    readers: SqlitePool,
    clock: Arc<dyn Clock>,
    changes: Changes,
    steps: Option<Steps>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

impl Store {
    /// Opens or creates `dir/weir.db` and brings it to this binary's schema.
    ///
    /// # Errors
    /// `Corrupt` for a damaged or foreign file, `Newer` for a newer schema, `Unavailable` for a locked, full or
    /// unwritable one. The file is not changed in any of these cases.
    pub async fn open(dir: &Path, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        Self::open_with(dir, clock, &Options::default()).await
    }

    /// `open` with other limits.
    ///
    /// # Errors
    /// As `open`.
    pub async fn open_with(dir: &Path, clock: Arc<dyn Clock>, options: &Options) -> Result<Self, Error> {
        create_dir(dir)?;
        let path = dir.join(FILE_NAME);
        let mut base = SqliteConnectOptions::new()
            .filename(&path)
            .busy_timeout(options.busy_timeout)
            .foreign_keys(true)
            .statement_cache_capacity(256)
            .pragma("temp_store", "memory");
        base = base.disable_statement_logging();
        if let Some(bytes) = options.max_bytes {
            base = base.pragma("max_page_count", (bytes / u64::from(PAGE_BYTES)).max(1).to_string());
        }
        inspect(&path, &base).await?;

        let writer = base
            .clone()
            .create_if_missing(true)
            .page_size(PAGE_BYTES)
            .journal_mode(SqliteJournalMode::Wal)
            // 32 MiB of log between checkpoints: fewer syncs under a steady stream of spans.
            .pragma("wal_autocheckpoint", "4096")
            .pragma("journal_size_limit", "67108864")
            // What rows leave behind in a page when they move to another would outlive a purge. Costs no I/O.
            .pragma("secure_delete", "FAST");
        let pool = |size: u32| {
            SqlitePoolOptions::new()
                .max_connections(size)
                // Whoever holds the one writer may itself be waiting for another process; opening takes time as well.
                .acquire_timeout(options.busy_timeout.saturating_mul(2).max(LEAST_ACQUIRE))
                .idle_timeout(None)
                .max_lifetime(None)
                .test_before_acquire(false)
        };
        let control = pool(1).connect_with(writer.clone().synchronous(SqliteSynchronous::Full)).await?;
        let known = MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or_default();
        MIGRATIONS.run(&control).await.map_err(|error| Error::from_migrate(error, known))?;

        let normal = writer.synchronous(SqliteSynchronous::Normal);
        let spans = pool(1).connect_with(normal.clone().pragma("cache_size", "-16384")).await?;
        let jobs = pool(2).connect_lazy_with(normal);
        let readers = pool(4).connect_lazy_with(base.read_only(true));

        let (span, score): (i64, i64) = sqlx::query_as(
            "SELECT coalesce((SELECT max(seq) FROM span), 0), coalesce((SELECT max(seq) FROM score), 0)",
        )
        .fetch_one(&control)
        .await?;
        tracing::debug!(path = %path.display(), schema = known, "store open");
        Ok(Self(Arc::new(Inner {
            dir: dir.to_owned(),
            spans,
            control,
            jobs,
            readers,
            clock,
            changes: Changes::new(span, score),
            steps: options.steps.clone(),
        })))
    }

    /// Passes a step of a canary's change.
    ///
    /// # Errors
    /// `Unavailable` when a test of crashes ends it here.
    pub fn step(&self, name: &'static str) -> Result<(), Error> {
        match &self.0.steps {
            Some(Steps(goes_on)) if !goes_on(name) => Err(Error::unavailable(format!("ended at step {name}"))),
            _ => Ok(()),
        }
    }

    /// Connections for the job queue: two writers with `synchronous = NORMAL`. A power cut may forget that a job was
    /// done; jobs are idempotent and run again.
    #[must_use]
    pub fn pool(&self) -> &SqlitePool {
        &self.0.jobs
    }

    /// Waits for running statements, folds the log into the file and closes every connection. Later calls are
    /// `Unavailable`.
    pub async fn close(&self) {
        self.0.readers.close().await;
        self.0.jobs.close().await;
        self.0.spans.close().await;
        self.0.control.close().await;
    }

    /// A file without a name beside the database, for what does not fit into memory. It goes when it is closed, and with
    /// the process.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn scratch_file(&self) -> Result<File, Error> {
        tempfile::tempfile_in(&self.0.dir).map_err(|error| Error::unavailable(error.to_string()))
    }

    /// Writes the log into the file and cuts it, so that nothing overwritten there is left in it. Readers that are busy
    /// now keep their part of it until the next time.
    pub(crate) async fn fold_log(&self) -> Result<(), Error> {
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&self.0.control).await?;
        Ok(())
    }

    pub(crate) fn readers(&self) -> &SqlitePool {
        &self.0.readers
    }
    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.0.clock
    }
    pub(crate) fn changes(&self) -> &Changes {
        &self.0.changes
    }
    /// Takes the write lock at once, so that what is read inside stays true until commit.
    pub(crate) async fn begin_control(&self) -> Result<Transaction<'static, Sqlite>, Error> {
        Ok(self.0.control.begin_with("BEGIN IMMEDIATE").await?)
    }
    pub(crate) async fn begin_normal(&self) -> Result<Transaction<'static, Sqlite>, Error> {
        Ok(self.0.spans.begin_with("BEGIN IMMEDIATE").await?)
    }
}

/// The directory holds people's prompts: when weir makes it, only its owner may look.
fn create_dir(dir: &Path) -> Result<(), Error> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir).map_err(|error| Error::unavailable(format!("{}: {error}", dir.display())))
}

/// Reads an existing file without writing to it.
async fn inspect(path: &Path, base: &SqliteConnectOptions) -> Result<(), Error> {
    let bytes = match std::fs::metadata(path) {
        Ok(file) => file.len(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Error::unavailable(format!("{}: {error}", path.display()))),
    };
    if bytes == 0 {
        return Ok(());
    }
    let damaged = |what: String| {
        Error::corrupt(format!(
            "{}: {what}; it was left untouched: restore a copy, or move it away to start empty",
            path.display()
        ))
    };
    let checked = async {
        let mut connection = SqliteConnection::connect_with(base).await?;
        let result = check(&mut connection, bytes).await;
        connection.close().await?;
        result
    };
    match checked.await {
        Err(Error::Corrupt { what }) => Err(damaged(what)),
        other => other,
    }
}

async fn check(connection: &mut SqliteConnection, bytes: u64) -> Result<(), Error> {
    let application: i64 = sqlx::query_scalar("PRAGMA application_id").fetch_one(&mut *connection).await?;
    let tables: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_schema").fetch_one(&mut *connection).await?;
    if application != APPLICATION_ID && tables > 0 {
        let ours: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_schema WHERE name = '_weir_migrations'")
            .fetch_one(&mut *connection)
            .await?;
        if ours == 0 {
            return Err(Error::corrupt("a database of another program"));
        }
    }
    if bytes <= CHECKED_BYTES {
        let verdict: String = sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(&mut *connection).await?;
        if verdict != "ok" {
            return Err(Error::corrupt(verdict));
        }
    }
    Ok(())
}
