//! Assignment decisions, as one transaction.

use super::{
    board, bump,
    events::EventWriter,
    fail::{Fail, Outcome},
    load, queue, task,
};
use crate::Error;
use model::{
    AgentId, Event, EventKind, Id, Timestamp, Write,
    work::{Assignment, TaskState},
};
use rusqlite::Connection;

pub(super) fn commit(
    db: &Connection,
    revision: i64,
    assignments: &[Assignment],
    writes: &[Write],
    now: Timestamp,
) -> Outcome<()> {
    let current = board::revision(db)?;
    let stale = || Fail::Rule(Error::Stale { was: revision, now: current });
    if current != revision {
        return Err(stale());
    }
    if assignments.iter().any(|assignment| assignment.winner.is_some()) {
        bump(db, "board", 1)?;
    }
    let mut events = EventWriter::new(db)?;
    let mut at = load::next_place(db, now)?;
    for assignment in assignments {
        match &assignment.winner {
            Some(winner) => {
                place(db, assignment, &winner.agent, at, &stale, now)?;
                at += 1;
            }
            None => forget_unplaced(db, assignment.task)?,
        }
        keep(db, assignment)?;
        if let Some(winner) = &assignment.winner {
            let agent = winner.agent.clone();
            let kind = match assignment.offer_until {
                Some(until) => EventKind::TaskOffered { agent, until },
                None => EventKind::TaskAssigned { agent },
            };
            let subject = Some(assignment.task);
            events.append(&Event { at: now, subject, kind, source: "engine".into() })?;
        }
    }
    queue::put(db, writes, now)?;
    load::forget_old_starts(db, now)?;
    Ok(())
}

fn place(
    db: &Connection,
    assignment: &Assignment,
    agent: &AgentId,
    at: i64,
    stale: &dyn Fn() -> Fail,
    now: Timestamp,
) -> Outcome<()> {
    let task = task::load(db, assignment.task)?.filter(|task| task.state == TaskState::Queued);
    let task = task.ok_or_else(stale)?;
    load::started(db, agent, &task, at, now)?;
    let mut change = db.prepare_cached(
        "UPDATE tasks SET state = ?5, holder = ?2, due = coalesce(?3, due), assigned_at = ?4, offer_until = ?6,
           told = NULL WHERE id = ?1",
    )?;
    let (due, until) =
        (assignment.due.map(Timestamp::as_millis), assignment.offer_until.map(Timestamp::as_millis));
    let word = if until.is_some() { "offered" } else { "assigned" };
    change.execute((task.id.to_string(), agent.as_str(), due, now.as_millis(), word, until))?;
    Ok(())
}

/// Of decisions that placed nobody only the last is kept: there may be one every turn.
fn forget_unplaced(db: &Connection, task: Id) -> Outcome<()> {
    db.prepare_cached("DELETE FROM assignments WHERE task = ?1 AND placed = 0")?
        .execute([task.to_string()])?;
    Ok(())
}

fn keep(db: &Connection, assignment: &Assignment) -> Outcome<()> {
    let mut insert = db.prepare_cached("INSERT INTO assignments (task, placed, body) VALUES (?1, ?2, ?3)")?;
    let body = serde_json::to_string(assignment)?;
    insert.execute((assignment.task.to_string(), assignment.winner.is_some(), body))?;
    Ok(())
}
