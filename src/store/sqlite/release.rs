//! Tasks that go back to the queue, and who passed on them.

use super::{
    events::EventWriter,
    fail::{Fail, Outcome},
    load, queue, withdrawn,
};
use model::{
    AgentId, Event, EventKind, Id, Timestamp,
    work::{Passed, Task, TaskState},
};
use rusqlite::{Connection, types::Value as Sql};
use std::{collections::BTreeMap, rc::Rc, time::Duration};

/// So long what was given away does not come back.
const GIVEN_AWAY: Duration = Duration::from_hours(4);

/// Frees a held task and puts it back into the queue. What was to be written for it and was not sent is skipped.
pub(super) fn release(
    db: &Connection,
    task: &Task,
    agent: &AgentId,
    (source, why): (&str, &str),
    meant_for: Option<&AgentId>,
    now: Timestamp,
) -> Outcome<()> {
    withdrawn::note(db, task, Some(source), why, now)?;
    load::ended(db, agent, task)?;
    if matches!(task.state, TaskState::Offered { .. } | TaskState::Assigned) {
        let mut look = db.prepare_cached("SELECT assigned_at FROM tasks WHERE id = ?1")?;
        let at: Option<i64> = look.query_row([task.id.to_string()], |row| row.get(0))?;
        if let Some(at) = at {
            load::unstarted(db, agent, task, Timestamp::from_millis(at))?;
        }
    }
    let mut change = db.prepare_cached(
        "UPDATE tasks SET state = 'queued', holder = NULL, due = NULL, assigned_at = NULL, offer_until = NULL,
           told = NULL, alarmed = NULL, progress = NULL, status_at = NULL, ref_stream = NULL, ref_id = NULL,
           done_at_source = NULL, meant_for = coalesce(?2, meant_for) WHERE id = ?1",
    )?;
    change.execute((task.id.to_string(), meant_for.map(AgentId::as_str)))?;
    queue::skip_unsent(db, task.id, &format!("{agent} no longer has the task: {why}"), now)?;
    let kind = EventKind::TaskReturned { agent: agent.clone(), why: why.into() };
    EventWriter::new(db)?.append(&Event { at: now, subject: Some(task.id), kind, source: source.into() })
}

/// Notes that an agent passed on a task.
pub(super) fn pass(
    db: &Connection,
    task: Id,
    agent: &AgentId,
    (how, why): (Passed, &str),
    until: Option<Timestamp>,
    now: Timestamp,
) -> Outcome<()> {
    let mut keep = db.prepare_cached(
        "INSERT INTO task_passes (task, agent, how, at, until, why) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (task, agent) DO UPDATE SET how = excluded.how, at = excluded.at, until = excluded.until,
           why = excluded.why",
    )?;
    let until = until.map(Timestamp::as_millis);
    keep.execute((task.to_string(), agent.as_str(), name(how), now.as_millis(), until, why))?;
    Ok(())
}

/// Who gives a task to another gets it back only when the other has not taken it for a while; the other is asked,
/// whatever it said before.
pub(super) fn hand_over(
    db: &Connection,
    task: Id,
    (from, to): (&AgentId, &AgentId),
    why: &str,
    now: Timestamp,
) -> Outcome<()> {
    pass(db, task, from, (Passed::Declined, why), Some(now + GIVEN_AWAY), now)?;
    let mut forget = db.prepare_cached("DELETE FROM task_passes WHERE task = ?1 AND agent = ?2")?;
    forget.execute((task.to_string(), to.as_str()))?;
    Ok(())
}

/// Forgets passes whose time is over; returns how many.
pub(super) fn forget(db: &Connection, now: Timestamp) -> Outcome<usize> {
    Ok(db.prepare_cached("DELETE FROM task_passes WHERE until <= ?1")?.execute([now.as_millis()])?)
}

/// Who passed on each of these tasks.
pub(super) fn passed(
    db: &Connection,
    tasks: impl Iterator<Item = Id>,
) -> Outcome<BTreeMap<Id, Vec<(AgentId, Passed)>>> {
    let keys: Vec<Sql> = tasks.map(|id| Sql::Text(id.to_string())).collect();
    let mut statement = db.prepare_cached(
        "SELECT p.task, p.agent, p.how FROM rarray(?1) AS k CROSS JOIN task_passes AS p ON p.task = k.value
         ORDER BY p.task, p.agent",
    )?;
    let mut rows = statement.query([Rc::new(keys)])?;
    let mut passed: BTreeMap<Id, Vec<_>> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let how = how(&row.get::<_, String>(2)?)?;
        passed.entry(super::id(row, 0)?).or_default().push((AgentId::new(row.get::<_, String>(1)?), how));
    }
    Ok(passed)
}

const fn name(how: Passed) -> &'static str {
    match how {
        Passed::Declined => "declined",
        Passed::Silent => "silent",
        Passed::Away => "away",
    }
}

fn how(name: &str) -> Outcome<Passed> {
    match name {
        "declined" => Ok(Passed::Declined),
        "silent" => Ok(Passed::Silent),
        "away" => Ok(Passed::Away),
        other => Err(Fail::stored(format!("unknown way to pass on a task {other:?}"))),
    }
}
