//! The SQLite backend: one file, one writer, a few readers.

mod access;
mod agenda;
mod answers;
mod assign;
mod board;
mod census;
mod claim;
mod columns;
mod connection;
mod coordination;
mod decide;
mod escalation;
mod events;
mod fail;
mod feeds;
#[cfg(any(test, feature = "floor"))]
pub mod floor;
mod handoff;
mod history;
mod intake;
mod kinds;
mod known;
mod leases;
mod links;
mod load;
mod lock;
mod metrics;
mod migrate;
mod orders;
mod outbox;
mod overview;
mod parked;
mod progress;
mod push;
mod queue;
mod recall;
mod record;
mod relate;
mod release;
mod result;
mod search;
mod settings;
mod settle;
mod status;
mod subject;
mod talk;
mod task;
#[cfg(test)]
mod tests;
mod together;
mod views;
mod withdrawn;
mod work;

pub use connection::Exec;
pub use lock::FolderLock;

use crate::Error;
use board::Roster;
use connection::{Database, PATIENCE};
use fail::{Fail, Outcome};
use model::{Id, Timestamp};
use rusqlite::{Connection, Row};
use std::{
    path::Path,
    sync::{Arc, Mutex},
};

/// The store on SQLite.
pub struct SqliteStore {
    database: Database,
    /// What agents carried when the board was last read.
    roster: Arc<Mutex<Roster>>,
    /// What agents carried when that was last kept with decisions.
    carried: Arc<Mutex<recall::Carried>>,
}

impl SqliteStore {
    /// Opens or creates a database file (mode 0600, a new folder 0700) and brings its schema up to date. The path
    /// `:memory:` opens an empty one in memory, always [`Exec::Inline`]. No integrity check is made.
    ///
    /// [`Error::TooNew`], [`Error::Corrupt`] and [`Error::Locked`] name the file.
    pub fn open(path: &Path, exec: Exec) -> Result<Self, Error> {
        Ok(Self::on(Database::open(path, exec, PATIENCE)?))
    }

    fn on(database: Database) -> Self {
        Self { database, roster: Arc::default(), carried: Arc::default() }
    }

    /// An empty database in memory.
    pub fn memory() -> Result<Self, Error> {
        Self::open(Path::new(":memory:"), Exec::Inline)
    }
}

/// An id out of a column.
fn id(row: &Row<'_>, at: usize) -> Outcome<Id> {
    let text = row.get_ref(at)?.as_str().map_err(|e| Fail::Stored(Box::new(e)))?;
    text.parse().map_err(|_| Fail::stored(format!("{text:?} is not an id")))
}

/// An instant out of a column that may be null.
fn time(row: &Row<'_>, at: usize) -> Outcome<Option<Timestamp>> {
    Ok(row.get::<_, Option<i64>>(at)?.map(Timestamp::from_millis))
}

/// A stored name as one of our words.
fn word<T: std::str::FromStr<Err = String>>(row: &Row<'_>, at: usize) -> Outcome<T> {
    let text = row.get_ref(at)?.as_str().map_err(|e| Fail::Stored(Box::new(e)))?;
    text.parse().map_err(Fail::stored)
}

/// A limit as SQL takes it.
fn most(most: usize) -> i64 {
    i64::try_from(most).unwrap_or(i64::MAX)
}

/// A count out of SQL.
fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

/// Adds to a counter and returns its new value.
fn bump(connection: &Connection, name: &str, add: i64) -> Outcome<i64> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO counters (name, value) VALUES (?1, ?2)
         ON CONFLICT (name) DO UPDATE SET value = value + excluded.value RETURNING value",
    )?;
    Ok(statement.query_row((name, add), |row| row.get(0))?)
}
