//! The right to change things.

use super::{
    SqliteStore,
    connection::Durable,
    fail::{Fail, Outcome},
    outbox, push,
};
use crate::{Error, Held, Leases};
use async_trait::async_trait;
use model::{Timestamp, WriteState};
use rusqlite::{Connection, OptionalExtension};

/// Is this still the living holder? Asked inside the transaction that relies on it.
pub(super) fn check(db: &Connection, held: &Held) -> Outcome<()> {
    let mut statement = db.prepare_cached("SELECT epoch FROM leases WHERE name = ?1")?;
    let now: Option<i64> = statement.query_row([held.name()], |row| row.get(0)).optional()?;
    match now {
        Some(now) if now == held.epoch() => Ok(()),
        now => Err(Fail::Rule(Error::Fenced {
            name: held.name().into(),
            held: held.epoch(),
            now: now.unwrap_or_default(),
        })),
    }
}

fn acquire(db: &Connection, name: &str, now: Timestamp) -> Outcome<Held> {
    let mut statement = db.prepare_cached(
        "INSERT INTO leases (name, epoch, acquired) VALUES (?1, 1, ?2)
         ON CONFLICT (name) DO UPDATE SET epoch = epoch + 1, acquired = excluded.acquired RETURNING epoch",
    )?;
    let epoch = statement.query_row((name, now.as_millis()), |row| row.get(0))?;
    Ok(Held::new(name, epoch))
}

/// A write that was being sent when its run ended may have happened: it must be looked for. A look that its
/// run did not finish begins anew.
fn recover(db: &Connection, held: &Held, now: Timestamp) -> Outcome<u64> {
    check(db, held)?;
    let mut look =
        db.prepare_cached("SELECT id FROM outbox WHERE state = 'sending' AND epoch < ?1 ORDER BY id")?;
    let rows: Vec<i64> = look.query_map([held.epoch()], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for row in &rows {
        if let Some(stored) = outbox::load(db, *row)? {
            outbox::advance(db, &stored, &WriteState::Verify { at: now }, now)?;
        }
    }
    db.execute("UPDATE outbox SET looking = NULL WHERE state = 'verify' AND looking IS NOT NULL", [])?;
    push::recover(db, now)?;
    Ok(rows.len() as u64)
}

#[async_trait]
impl Leases for SqliteStore {
    async fn acquire(&self, name: &str, now: Timestamp) -> Result<Held, Error> {
        let name = name.to_owned();
        self.database.write("take the lease", Durable::Full, move |db| acquire(db, &name, now)).await
    }

    async fn recover(&self, held: &Held, now: Timestamp) -> Result<u64, Error> {
        let held = held.copy();
        self.database.write("recover writes", Durable::Full, move |db| recover(db, &held, now)).await
    }

    async fn foreign_commits(&self) -> Result<i64, Error> {
        // Asked on the writing connection: there only commits of other processes count.
        let job = |writer: &mut super::connection::Writer| {
            Ok(writer.connection.query_row("PRAGMA data_version", [], |row| row.get(0))?)
        };
        self.database.writer("look for other processes' commits", job).await
    }
}
