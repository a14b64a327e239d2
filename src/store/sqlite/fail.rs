//! From what SQLite says to what the caller must do.

use crate::Error;
use rusqlite::ErrorCode;

/// Why a job on a connection failed.
#[derive(Debug)]
pub(super) enum Fail {
    /// SQLite.
    Sql(rusqlite::Error),
    /// A rule of ours.
    Rule(Error),
    /// A stored value that cannot be read back.
    Stored(Box<dyn std::error::Error + Send + Sync>),
}

pub(super) type Outcome<T> = Result<T, Fail>;

impl From<rusqlite::Error> for Fail {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}
impl From<Error> for Fail {
    fn from(error: Error) -> Self {
        Self::Rule(error)
    }
}
impl From<serde_json::Error> for Fail {
    fn from(error: serde_json::Error) -> Self {
        Self::Stored(Box::new(error))
    }
}

impl Fail {
    /// A stored value that is not what the schema promises.
    pub(super) fn stored(what: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Stored(what.into())
    }

    /// The same once more, for another who waits for the same transaction.
    pub(super) fn again(&self) -> Self {
        match self {
            Self::Sql(error) => match error.sqlite_error() {
                Some(code) => Self::Sql(rusqlite::Error::SqliteFailure(*code, Some(error.to_string()))),
                None => Self::stored(error.to_string()),
            },
            Self::Rule(error) => Self::stored(error.to_string()),
            Self::Stored(error) => Self::stored(error.to_string()),
        }
    }

    /// The store's error for it.
    pub(super) fn at(self, path: &str, doing: &'static str) -> Error {
        match self {
            Self::Rule(error) => error,
            Self::Stored(source) => Error::Database { doing, source },
            Self::Sql(error) => from_sqlite(error, path, doing),
        }
    }
}

/// A file system that cannot grow the shared-memory file reports this instead of `SQLITE_FULL`.
const NO_ROOM_FOR_SHM: i32 = rusqlite::ffi::SQLITE_IOERR_SHMSIZE;

fn from_sqlite(error: rusqlite::Error, path: &str, doing: &'static str) -> Error {
    let path = path.to_owned();
    match error.sqlite_error() {
        Some(code) if code.code == ErrorCode::DiskFull || code.extended_code == NO_ROOM_FOR_SHM => {
            Error::Full { path }
        }
        Some(code) if matches!(code.code, ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            Error::Corrupt { path, detail: error.to_string() }
        }
        Some(code) if matches!(code.code, ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            Error::Locked { path }
        }
        Some(_) | None => Error::Database { doing, source: Box::new(error) },
    }
}
