//! Errors by what the caller does next: try again, read again, give up, or call a person.

use sqlx::migrate::MigrateError;

/// Why the store did not do it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Locked, full, read-only or failing disk. Nothing was written; the same call may succeed later.
    #[error("the store is unavailable: {what}")]
    Unavailable {
        /// What the engine said.
        what: String,
    },
    /// Someone else was first, or the state does not allow it. Read again.
    #[error("conflict: {what}")]
    Conflict {
        /// What was found and what was wanted.
        what: String,
    },
    /// No such row.
    #[error("not found: {what}")]
    NotFound {
        /// What was looked for.
        what: String,
    },
    /// The file or a value in it is not what weir wrote. It is left as it is.
    #[error("the database is damaged: {what}")]
    Corrupt {
        /// Where and what.
        what: String,
    },
    /// A newer weir has migrated this file; this binary would misread it.
    #[error("the database has schema {found}, this binary knows {known}: run the newer weir, or use another data_dir")]
    Newer {
        /// Newest migration in the file.
        found: i64,
        /// Newest migration in this binary.
        known: i64,
    },
    /// A defect in weir.
    #[error("unexpected: {0}")]
    Unexpected(#[source] sqlx::Error),
}

impl Error {
    pub(crate) fn conflict(what: impl Into<String>) -> Self {
        Self::Conflict { what: what.into() }
    }
    pub(crate) fn not_found(what: impl Into<String>) -> Self {
        Self::NotFound { what: what.into() }
    }
    pub(crate) fn corrupt(what: impl Into<String>) -> Self {
        Self::Corrupt { what: what.into() }
    }
    pub(crate) fn unavailable(what: impl Into<String>) -> Self {
        Self::Unavailable { what: what.into() }
    }
    /// True when the same call may succeed later.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }
}

/// Primary result codes of SQLite, <https://www.sqlite.org/rescode.html>.
mod code {
    pub(super) const BUSY: i64 = 5;
    pub(super) const LOCKED: i64 = 6;
    pub(super) const NOMEM: i64 = 7;
    pub(super) const READONLY: i64 = 8;
    pub(super) const INTERRUPT: i64 = 9;
    pub(super) const IOERR: i64 = 10;
    pub(super) const CORRUPT: i64 = 11;
    pub(super) const FULL: i64 = 13;
    pub(super) const CANTOPEN: i64 = 14;
    pub(super) const CONSTRAINT: i64 = 19;
    pub(super) const NOTADB: i64 = 26;
    /// Extended: a CHECK failed, which is a defect and no conflict.
    pub(super) const CONSTRAINT_CHECK: i64 = 275;
    /// Extended: a NOT NULL failed.
    pub(super) const CONSTRAINT_NOTNULL: i64 = 1_299;
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(database) => {
                let extended: i64 = database.code().and_then(|code| code.parse().ok()).unwrap_or_default();
                match (extended & 0xff, extended) {
                    (
                        code::BUSY
                        | code::LOCKED
                        | code::NOMEM
                        | code::READONLY
                        | code::INTERRUPT
                        | code::IOERR
                        | code::FULL
                        | code::CANTOPEN,
                        _,
                    ) => Self::unavailable(database.message()),
                    (code::CORRUPT | code::NOTADB, _) => Self::corrupt(database.message()),
                    (code::CONSTRAINT, code::CONSTRAINT_CHECK | code::CONSTRAINT_NOTNULL) => {
                        Self::Unexpected(sqlx::Error::Database(database))
                    }
                    (code::CONSTRAINT, _) => Self::conflict(database.message()),
                    _ => Self::Unexpected(sqlx::Error::Database(database)),
                }
            }
            sqlx::Error::PoolTimedOut => Self::unavailable("no connection became free within the busy timeout"),
            sqlx::Error::PoolClosed => Self::unavailable("the store is closed"),
            sqlx::Error::WorkerCrashed => Self::unavailable("a connection's thread ended"),
            sqlx::Error::Io(error) => Self::unavailable(error.to_string()),
            sqlx::Error::RowNotFound => Self::not_found("no such row"),
            sqlx::Error::ColumnDecode { index, source } => Self::corrupt(format!("column {index}: {source}")),
            other => Self::Unexpected(other),
        }
    }
}

impl Error {
    /// Why migrations did not run; `known` is the newest one of this binary.
    #[must_use]
    pub fn from_migrate(error: MigrateError, known: i64) -> Self {
        match error {
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error.into(),
            MigrateError::VersionMissing(found) if found > known => Self::Newer { found, known },
            MigrateError::VersionMismatch(version) => {
                Self::corrupt(format!("migration {version} in the file is not the one this binary holds"))
            }
            other => Self::corrupt(other.to_string()),
        }
    }
}
