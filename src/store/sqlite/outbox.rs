//! The outbox role: rows as values, and the trait.

use super::{
    SqliteStore, claim,
    connection::Durable,
    decide,
    fail::{Fail, Outcome},
    leases, settle,
};
use crate::{Actor, Caps, Decision, Error, Held, Outbox, WriteFilter, WriteRow};
use async_trait::async_trait;
use model::{ConnectionId, Delivery, Mode, SettledAs, Timestamp, Write, WriteKind, WriteState};
use rusqlite::{Connection, OptionalExtension, Row};
use std::collections::BTreeMap;

/// Reads a state from the columns state, due, attempt, epoch, detail, of which the first is `at`.
pub(super) fn state(row: &Row<'_>, at: usize) -> Outcome<WriteState> {
    let due = || super::time(row, at + 1).map(Option::unwrap_or_default);
    let detail = || row.get::<_, Option<String>>(at + 4).map(Option::unwrap_or_default);
    let name = row.get_ref(at)?.as_str().map_err(|e| Fail::Stored(Box::new(e)))?;
    Ok(match name {
        "proposed" => WriteState::Proposed,
        "pending" => WriteState::Pending,
        "sending" => WriteState::Sending {
            attempt: row.get(at + 2)?,
            epoch: row.get::<_, Option<i64>>(at + 3)?.unwrap_or_default(),
        },
        "done" => WriteState::Done,
        "retry" => WriteState::Retry { at: due()? },
        "verify" => WriteState::Verify { at: due()? },
        "moved" => WriteState::Moved,
        "refused" => WriteState::Refused,
        "unknown" => WriteState::Unknown,
        "superseded" => WriteState::Superseded { by: detail()?.parse().map_err(Fail::stored)? },
        "skipped" => WriteState::Skipped { who: detail()? },
        other => return Err(Fail::stored(format!("unknown state of a write {other:?}"))),
    })
}

/// A row with what a change of state needs to know.
pub(super) struct Stored {
    pub(super) row: i64,
    pub(super) write: Write,
    pub(super) state: WriteState,
    pub(super) attempt: u32,
    pub(super) sent: Option<Timestamp>,
}

pub(super) fn load(db: &Connection, row: i64) -> Outcome<Option<Stored>> {
    let mut statement =
        db.prepare_cached("SELECT body, sent, state, due, attempt, epoch, detail FROM outbox WHERE id = ?1")?;
    let mut rows = statement.query([row])?;
    let Some(found) = rows.next()? else { return Ok(None) };
    Ok(Some(Stored {
        row,
        write: serde_json::from_str(found.get_ref(0)?.as_str().map_err(|e| Fail::Stored(Box::new(e)))?)?,
        state: state(found, 2)?,
        attempt: found.get(4)?,
        sent: super::time(found, 1)?,
    }))
}

/// Writes a new state into a row, after asking the state table.
pub(super) fn advance(db: &Connection, from: &Stored, to: &WriteState, now: Timestamp) -> Outcome<()> {
    if !from.state.may_become(to) {
        let (from_name, to) = (from.state.name(), to.name());
        return Err(Error::IllegalMove { row: from.row, from: from_name, to }.into());
    }
    force(db, from.row, to, now)
}

/// Writes a new state into a row.
pub(super) fn force(db: &Connection, row: i64, to: &WriteState, now: Timestamp) -> Outcome<()> {
    let due = match to {
        WriteState::Retry { at } | WriteState::Verify { at } => Some(at.as_millis()),
        _ => None,
    };
    let detail = match to {
        WriteState::Superseded { by } => Some(by.to_string()),
        WriteState::Skipped { who } => Some(who.clone()),
        _ => None,
    };
    let mut statement = db.prepare_cached(
        "UPDATE outbox SET state = ?2, due = ?3, detail = ?4, changed = ?5, looking = NULL WHERE id = ?1",
    )?;
    statement.execute((row, to.name(), due, detail, now.as_millis()))?;
    Ok(())
}

#[async_trait]
impl Outbox for SqliteStore {
    async fn claim(
        &self,
        held: &Held,
        now: Timestamp,
        most: usize,
        modes: &BTreeMap<ConnectionId, Mode>,
        caps: &Caps,
    ) -> Result<Vec<Delivery>, Error> {
        let (held, modes, caps) = (held.copy(), modes.clone(), caps.clone());
        let job = move |db: &Connection| {
            leases::check(db, &held)?;
            claim::claim(db, held.epoch(), now, most, &modes, &caps)
        };
        self.database.write("claim writes", Durable::Full, job).await
    }

    async fn resend(&self, held: &Held, row: i64, now: Timestamp) -> Result<(), Error> {
        let held = held.copy();
        let job = move |db: &Connection| {
            leases::check(db, &held)?;
            claim::resend(db, held.epoch(), row, now)
        };
        self.database.write("send a write again", Durable::Full, job).await
    }

    async fn settle(&self, held: &Held, row: i64, outcome: SettledAs, now: Timestamp) -> Result<(), Error> {
        let held = held.copy();
        let job = move |db: &Connection| {
            leases::check(db, &held)?;
            settle::settle(db, row, &outcome, now)
        };
        self.database.write("settle a write", Durable::Full, job).await
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, Error> {
        self.database.read("look for the next due write", next_due).await
    }

    async fn writes(&self, filter: &WriteFilter, most: usize) -> Result<Vec<WriteRow>, Error> {
        let filter = filter.clone();
        self.database.read("list writes", move |db| decide::writes(db, &filter, most)).await
    }

    async fn decide(
        &self,
        actor: &Actor,
        rows: &[i64],
        what: Decision,
        now: Timestamp,
    ) -> Result<Vec<i64>, Error> {
        let (actor, rows) = (actor.clone(), rows.to_vec());
        let job = move |db: &Connection| decide::decide(db, &actor, &rows, what, now);
        self.database.write("decide on writes", Durable::Full, job).await
    }

    async fn pause_writes(&self, actor: &Actor, paused: bool, now: Timestamp) -> Result<(), Error> {
        let actor = actor.clone();
        let job = move |db: &Connection| decide::pause(db, &actor, paused, now);
        self.database.write("pause writes", Durable::Full, job).await
    }

    async fn writes_paused(&self) -> Result<Option<(Timestamp, String)>, Error> {
        self.database.read("look at the kill switch", decide::paused).await
    }
}

fn next_due(db: &Connection) -> Outcome<Option<Timestamp>> {
    if decide::paused(db)?.is_some() {
        return Ok(None);
    }
    let mut statement = db.prepare_cached(
        "SELECT min(CASE WHEN state = 'pending' THEN changed ELSE due END) FROM outbox
         WHERE state IN ('pending', 'retry', 'verify') AND looking IS NULL",
    )?;
    let due: Option<i64> = statement.query_row([], |row| row.get(0)).optional()?.flatten();
    Ok(due.map(Timestamp::from_millis))
}

/// How many writes of a kind this run has claimed so far.
pub(super) fn sent_this_run(
    db: &Connection,
    epoch: i64,
    connection: &ConnectionId,
    kind: WriteKind,
) -> Outcome<u32> {
    let mut statement =
        db.prepare_cached("SELECT count(*) FROM outbox WHERE epoch = ?1 AND connection = ?2 AND kind = ?3")?;
    Ok(statement.query_row((epoch, connection.as_str(), kind.name()), |row| row.get(0))?)
}
