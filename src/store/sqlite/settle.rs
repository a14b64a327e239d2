//! What became of a write.

use super::{
    fail::{Fail, Outcome},
    links::Streams,
    outbox::{self, Stored},
    queue, task,
};
use model::{Intent, Receipt, SettledAs, Timestamp, WriteState};
use rusqlite::Connection;

/// Records the fate of a delivery. What an echo settled meanwhile stays `Done`.
pub(super) fn settle(db: &Connection, row: i64, outcome: &SettledAs, now: Timestamp) -> Outcome<()> {
    let Some(stored) = outbox::load(db, row)? else {
        return Err(Fail::stored(format!("there is no write {row}")));
    };
    if stored.state == WriteState::Done {
        return Ok(());
    }
    let (state, note, receipt) = match outcome {
        SettledAs::Done(receipt) => (WriteState::Done, None, Some(receipt)),
        SettledAs::Retry { at, why } => (WriteState::Retry { at: *at }, Some(why), None),
        SettledAs::Verify { at, why } => (WriteState::Verify { at: *at }, Some(why), None),
        SettledAs::Moved { why } => (WriteState::Moved, Some(why), None),
        SettledAs::Refused { why } => (WriteState::Refused, Some(why), None),
        SettledAs::Unknown { why } => (WriteState::Unknown, Some(why), None),
    };
    outbox::advance(db, &stored, &state, now)?;
    note_on(db, row, note.map(String::as_str), receipt)?;
    if let Some(receipt) = receipt {
        happened(db, &stored, receipt)?;
    }
    match state {
        WriteState::Retry { .. } | WriteState::Verify { .. } => Ok(()),
        _ => queue::settled_event(db, &stored.write, &state, stored.write.target.connection.as_str(), now),
    }
}

/// An observation showed that the write happened: from any state that is not final it is `Done`.
pub(super) fn echo(db: &Connection, row: i64, receipt: &Receipt, now: Timestamp) -> Outcome<()> {
    let Some(stored) = outbox::load(db, row)? else {
        return Err(Fail::stored(format!("there is no write {row}")));
    };
    match stored.state {
        WriteState::Done
        | WriteState::Refused
        | WriteState::Superseded { .. }
        | WriteState::Skipped { .. } => return Ok(()),
        WriteState::Proposed
        | WriteState::Pending
        | WriteState::Sending { .. }
        | WriteState::Retry { .. }
        | WriteState::Verify { .. }
        | WriteState::Moved
        | WriteState::Unknown => {}
    }
    outbox::force(db, row, &WriteState::Done, now)?;
    note_on(db, row, None, Some(receipt))?;
    happened(db, &stored, receipt)?;
    let source = stored.write.target.connection.as_str();
    queue::settled_event(db, &stored.write, &WriteState::Done, source, now)
}

fn note_on(db: &Connection, row: i64, note: Option<&str>, receipt: Option<&Receipt>) -> Outcome<()> {
    let receipt = receipt.map(serde_json::to_string).transpose()?;
    let mut statement = db.prepare_cached(
        "UPDATE outbox SET note = coalesce(?2, note), receipt = coalesce(?3, receipt) WHERE id = ?1",
    )?;
    statement.execute((row, note, receipt))?;
    Ok(())
}

/// A task created at the source stands for ours from now on.
fn happened(db: &Connection, stored: &Stored, receipt: &Receipt) -> Outcome<()> {
    if let Intent::CreateTask { task, .. } = &stored.write.intent {
        let mut streams = Streams::load(db)?;
        task::link(db, &mut streams, *task, &receipt.reference)?;
    }
    Ok(())
}
