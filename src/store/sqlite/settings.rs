//! Small durable values.

use super::{SqliteStore, connection::Durable, fail::Outcome, leases, queue};
use crate::{Error, Held, Settings};
use async_trait::async_trait;
use model::{Timestamp, Write};
use rusqlite::{Connection, OptionalExtension};

pub(super) fn get(db: &Connection, name: &str) -> Outcome<Option<String>> {
    let mut statement = db.prepare_cached("SELECT value FROM settings WHERE name = ?1")?;
    Ok(statement.query_row([name], |row| row.get(0)).optional()?)
}

pub(super) fn set(db: &Connection, name: &str, value: Option<&str>) -> Outcome<()> {
    match value {
        Some(value) => db
            .prepare_cached(
                "INSERT INTO settings (name, value) VALUES (?1, ?2)
                 ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            )?
            .execute((name, value))?,
        None => db.prepare_cached("DELETE FROM settings WHERE name = ?1")?.execute([name])?,
    };
    Ok(())
}

/// Settings whose name begins with the prefix, by name.
pub(super) fn list(db: &Connection, prefix: &str) -> Outcome<Vec<(String, String)>> {
    let mut statement = db.prepare_cached(
        "SELECT name, value FROM settings WHERE substr(name, 1, length(?1)) = ?1 ORDER BY name",
    )?;
    let rows = statement.query_map([prefix], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

#[async_trait]
impl Settings for SqliteStore {
    async fn setting(&self, name: &str) -> Result<Option<String>, Error> {
        let name = name.to_owned();
        self.database.read("read a setting", move |db| get(db, &name)).await
    }

    async fn set_setting(&self, name: &str, value: Option<&str>) -> Result<(), Error> {
        let (name, value) = (name.to_owned(), value.map(str::to_owned));
        let job = move |db: &Connection| set(db, &name, value.as_deref());
        self.database.write("keep a setting", Durable::Full, job).await
    }

    async fn settings(&self, prefix: &str) -> Result<Vec<(String, String)>, Error> {
        let prefix = prefix.to_owned();
        self.database.read("read settings", move |db| list(db, &prefix)).await
    }

    async fn keep(
        &self,
        held: &Held,
        values: Vec<(String, Option<String>)>,
        writes: Vec<Write>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let held = held.copy();
        let job = move |db: &Connection| {
            leases::check(db, &held)?;
            values.iter().try_for_each(|(name, value)| set(db, name, value.as_deref()))?;
            queue::put(db, &writes, now)
        };
        // Nothing of it reaches the world before a claim, which makes all commits before it durable.
        self.database.write("keep a place with its writes", Durable::Normal, job).await
    }

    async fn count(&self, name: &str, add: i64) -> Result<i64, Error> {
        let name = format!("user.{name}");
        self.database.write("count", Durable::Normal, move |db| super::bump(db, &name, add)).await
    }
}
