//! How writes get into the outbox: together with the decision that caused them.

use super::{
    events,
    fail::Outcome,
    links::{self, Streams},
    outbox,
};
use crate::Error;
use model::{Event, EventKind, Field, Id, Intent, Timestamp, Write, WriteState, hash};
use rusqlite::{Connection, OptionalExtension};

/// Puts decided writes in, as `Proposed` (what may go out is decided at claim time). A write decided before is
/// left as it is; with another payload it is [`Error::KeyCollision`]. Unsent older decisions on the same field
/// of the same target are superseded.
pub(super) fn put(db: &Connection, writes: &[Write], now: Timestamp) -> Outcome<()> {
    for write in writes {
        put_one(db, write, now)?;
    }
    Ok(())
}

fn put_one(db: &Connection, write: &Write, now: Timestamp) -> Outcome<()> {
    let (key, hash) = (write.key.to_string(), payload_hash(write)?);
    let mut look = db.prepare_cached("SELECT hash FROM outbox WHERE key = ?1")?;
    let known: Option<String> = look.query_row([&key], |row| row.get(0)).optional()?;
    match known {
        Some(known) if known == hash => return Ok(()),
        Some(_) => return Err(Error::KeyCollision { key }.into()),
        None => {}
    }
    let field = write.intent.field().map(|(field, _)| field_name(field)).transpose()?;
    if let Some(field) = &field {
        supersede(db, write, field, now)?;
    }
    let mut insert = db.prepare_cached(
        "INSERT INTO outbox (key, hash, connection, kind, target_kind, target_id, field, task, body, state,
                             decided, changed)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 'proposed', ?10, ?10)",
    )?;
    let target = &write.target;
    insert.raw_bind_parameter(1, &key)?;
    insert.raw_bind_parameter(2, hash)?;
    insert.raw_bind_parameter(3, target.connection.as_str())?;
    insert.raw_bind_parameter(4, write.intent.kind().name())?;
    insert.raw_bind_parameter(5, target.kind.name())?;
    insert.raw_bind_parameter(6, target.id.as_ref())?;
    insert.raw_bind_parameter(7, field)?;
    insert.raw_bind_parameter(8, task_of(&write.intent).map(|id| id.to_string()))?;
    insert.raw_bind_parameter(9, serde_json::to_string(write)?)?;
    insert.raw_bind_parameter(10, now.as_millis())?;
    insert.raw_execute()?;
    Ok(())
}

/// What two decisions must have in common to be the same: target, intent and the values they rest on. The
/// sentence for people may differ.
fn payload_hash(write: &Write) -> Outcome<String> {
    let target = write.target.to_string();
    let intent = serde_json::to_string(&write.intent)?;
    let expects = serde_json::to_string(&write.expects)?;
    let digest = hash::digest(&[&target, &intent, &expects]);
    Ok(format!("{:032x}", u128::from_be_bytes(digest)))
}

fn field_name(field: Field) -> Outcome<String> {
    Ok(serde_json::to_string(&field)?.trim_matches('"').to_owned())
}

/// Our task that a write is about.
pub(super) const fn task_of(intent: &Intent) -> Option<Id> {
    match intent {
        Intent::CreateTask { task, .. } | Intent::CompleteTask { task } => Some(*task),
        Intent::CreateNote { .. }
        | Intent::ChangeStage { .. }
        | Intent::ChangeOwner { .. }
        | Intent::CreateEvent { .. }
        | Intent::MoveEvent { .. }
        | Intent::Notify { .. } => None,
    }
}

fn supersede(db: &Connection, newer: &Write, field: &str, now: Timestamp) -> Outcome<()> {
    let target = &newer.target;
    let mut look = db.prepare_cached(
        "SELECT id FROM outbox WHERE connection = ?1 AND target_kind = ?2 AND target_id = ?3 AND field = ?4
         AND state IN ('proposed', 'pending', 'retry') ORDER BY id",
    )?;
    let rows: Vec<i64> = look
        .query_map((target.connection.as_str(), target.kind.name(), target.id.as_ref(), field), |row| {
            row.get(0)
        })?
        .collect::<Result<_, _>>()?;
    end(db, &rows, &WriteState::Superseded { by: newer.key }, "engine", now)
}

/// Ends rows that were not sent, each with its event.
pub(super) fn end(
    db: &Connection,
    rows: &[i64],
    state: &WriteState,
    source: &str,
    now: Timestamp,
) -> Outcome<()> {
    for row in rows {
        if let Some(stored) = outbox::load(db, *row)? {
            outbox::advance(db, &stored, state, now)?;
            settled_event(db, &stored.write, state, source, now)?;
        }
    }
    Ok(())
}

/// Skips writes of a task whose reason went away before they were sent.
pub(super) fn skip_unsent(db: &Connection, task: Id, why: &str, now: Timestamp) -> Outcome<()> {
    let mut look = db.prepare_cached(
        "SELECT id FROM outbox WHERE task = ?1 AND kind = 'create_task'
         AND state IN ('proposed', 'pending', 'retry') ORDER BY id",
    )?;
    let rows: Vec<i64> = look.query_map([task.to_string()], |row| row.get(0))?.collect::<Result<_, _>>()?;
    end(db, &rows, &WriteState::Skipped { who: why.to_owned() }, "engine", now)
}

/// The event that a write reached a state for good, on its task or on its target's record.
pub(super) fn settled_event(
    db: &Connection,
    write: &Write,
    state: &WriteState,
    source: &str,
    now: Timestamp,
) -> Outcome<()> {
    let subject = match task_of(&write.intent) {
        Some(task) => Some(task),
        None => links::record_of(db, &Streams::load(db)?, &write.target)?,
    };
    let kind =
        EventKind::WriteSettled { key: write.key, kind: write.intent.kind(), state: state.name().into() };
    events::append(db, &Event { at: now, subject, kind, source: source.into() })
}
