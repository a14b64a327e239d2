//! Assignment decisions, as one transaction.

use super::{
    board, bump,
    events::EventWriter,
    fail::{Fail, Outcome},
    load, queue,
    recall::{self, Carried},
    task,
};
use crate::{Error, Placing};
use model::{
    AgentId, Event, EventKind, Id, Timestamp,
    work::{Assignment, Basis, Board, Task, TaskState},
};
use rusqlite::Connection;
use std::{collections::HashMap, sync::Mutex};

/// Commits decisions on the board of this revision.
pub(super) fn commit(
    db: &Connection,
    revision: i64,
    placing: &Placing,
    carried: &Mutex<Carried>,
    now: Timestamp,
) -> Outcome<()> {
    let Placing { on, assignments, writes, .. } = placing;
    let current = board::revision(db)?;
    let stale = || Fail::Rule(Error::Stale { was: revision, now: current });
    if current != revision {
        return Err(stale());
    }
    if assignments.iter().any(|assignment| assignment.winner.is_some()) {
        bump(db, "board", 1)?;
    }
    let turn = recall::keep(db, placing, carried, now)?;
    let known: HashMap<Id, &Task> = on.tasks.iter().map(|task| (task.id, task)).collect();
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
        keep(db, assignment, turn, basis(on, known.get(&assignment.task).copied()))?;
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

/// What a decision rested on, if there is anything to say.
fn basis(on: &Board, task: Option<&Task>) -> Option<Basis> {
    task.map(|task| on.basis(task)).filter(|basis| *basis != Basis::default())
}

fn keep(db: &Connection, assignment: &Assignment, turn: Option<i64>, basis: Option<Basis>) -> Outcome<()> {
    let mut insert = db.prepare_cached(
        "INSERT INTO assignments (task, placed, body, turn, basis) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    let body = serde_json::to_string(assignment)?;
    let basis = basis.map(|basis| serde_json::to_string(&basis)).transpose()?;
    insert.execute((assignment.task.to_string(), assignment.winner.is_some(), body, turn, basis))?;
    Ok(())
}
