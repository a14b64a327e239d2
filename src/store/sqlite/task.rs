//! Our tasks as rows, their end, and the CRM tasks that stand for them.

use super::{
    fail::{Fail, Outcome},
    kinds,
    links::Streams,
    load, queue, result, withdrawn, work,
};
use model::{
    AgentId, ExternalRef, Id, Timestamp,
    work::{ASKED_FOR, Responsibility, Subject, Task, TaskBrief, TaskState, message::TaskOutcome},
};
use rusqlite::{Connection, OptionalExtension, Row};

/// Columns of a whole task, in the order of [`parse`].
pub(super) const COLUMNS: &str = "id, action, title, subject, stage, responsibility, meant_for, need, priority, \
     arrived, allowed_hours, due, holder, state, why, cause, offer_until";

pub(super) fn parse(row: &Row<'_>) -> Outcome<Task> {
    let agent = |at: usize| row.get::<_, Option<String>>(at).map(|name| name.map(AgentId::new));
    Ok(Task {
        id: super::id(row, 0)?,
        action: row.get::<_, String>(1)?.into(),
        title: row.get(2)?,
        subject: super::word(row, 3)?,
        stage: super::word(row, 4)?,
        responsibility: responsibility(&row.get::<_, String>(5)?)?,
        meant_for: agent(6)?,
        need: serde_json::from_str(&row.get::<_, String>(7)?)?,
        priority: row.get(8)?,
        arrived: Timestamp::from_millis(row.get(9)?),
        allowed_hours: row.get(10)?,
        due: super::time(row, 11)?,
        holder: agent(12)?,
        state: state(row, 13, 16)?,
        cause: row.get(15)?,
    })
}

/// A state from the columns state and why, of which the first is `at`, and that of the offer's end.
fn state(row: &Row<'_>, at: usize, until: usize) -> Outcome<TaskState> {
    let why = || row.get::<_, Option<String>>(at + 1).map(|why| why.unwrap_or_default().into());
    Ok(match row.get::<_, String>(at)?.as_str() {
        "queued" => TaskState::Queued,
        "offered" => TaskState::Offered { until: super::time(row, until)?.unwrap_or_default() },
        "assigned" => TaskState::Assigned,
        "in_progress" => TaskState::InProgress,
        "blocked" => TaskState::Blocked,
        "done" => TaskState::Done,
        "failed" => TaskState::Failed { why: why()? },
        "cancelled" => TaskState::Cancelled { why: why()? },
        other => return Err(Fail::stored(format!("unknown state of a task {other:?}"))),
    })
}

fn responsibility(text: &str) -> Outcome<Responsibility> {
    Ok(match text.split_once(':') {
        None if text == "primary" => Responsibility::Primary,
        Some(("overlay", name)) => Responsibility::Overlay(name.into()),
        Some(("support", action)) => Responsibility::Support(action.into()),
        Some(_) | None => return Err(Fail::stored(format!("{text:?} is no responsibility"))),
    })
}

/// The record that a task is about; a segment is none.
pub(super) const fn record_of(subject: &Subject) -> Option<Id> {
    match subject {
        Subject::Deal(id) | Subject::Lead(id) => Some(*id),
        Subject::Segment(_) => None,
    }
}

/// Stores a new task with its rank; one that exists stays as it is (false).
pub(super) fn insert(db: &Connection, task: &Task, rank: i64, enterprise: Option<bool>) -> Outcome<bool> {
    let mut insert = db.prepare_cached(
        "INSERT OR IGNORE INTO tasks (id, action, title, subject, record, stage, responsibility, meant_for,
           need, unit, priority, rank, arrived, allowed_hours, due, holder, state, cause, enterprise, kind)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, NULL, 'queued', ?16, ?17, ?18)",
    )?;
    insert.raw_bind_parameter(1, task.id.to_string())?;
    insert.raw_bind_parameter(2, task.action.as_ref())?;
    insert.raw_bind_parameter(3, &task.title)?;
    insert.raw_bind_parameter(4, task.subject.to_string())?;
    insert.raw_bind_parameter(5, record_of(&task.subject).map(|id| id.to_string()))?;
    insert.raw_bind_parameter(6, task.stage.name())?;
    insert.raw_bind_parameter(7, task.responsibility.to_string())?;
    insert.raw_bind_parameter(8, task.meant_for.as_ref().map(AgentId::as_str))?;
    insert.raw_bind_parameter(9, serde_json::to_string(&task.need)?)?;
    insert.raw_bind_parameter(10, task.need.unit.as_deref())?;
    insert.raw_bind_parameter(11, task.priority)?;
    insert.raw_bind_parameter(12, rank)?;
    insert.raw_bind_parameter(13, task.arrived.as_millis())?;
    insert.raw_bind_parameter(14, task.allowed_hours)?;
    insert.raw_bind_parameter(15, task.due.map(Timestamp::as_millis))?;
    insert.raw_bind_parameter(16, &task.cause)?;
    insert.raw_bind_parameter(17, enterprise)?;
    insert.raw_bind_parameter(18, kinds::column(&task.need))?;
    Ok(insert.raw_execute()? > 0)
}

pub(super) fn load(db: &Connection, id: Id) -> Outcome<Option<Task>> {
    let mut statement = db.prepare_cached(&format!("SELECT {COLUMNS} FROM tasks WHERE id = ?1"))?;
    let mut rows = statement.query([id.to_string()])?;
    rows.next()?.map(parse).transpose()
}

/// Ends an open task: frees its holder and skips what was to be written for it. One that ended stays. Without a
/// word on its outcome a task that is done in time was a success.
pub(super) fn end(db: &Connection, id: Id, to: &TaskState, at: Timestamp, now: Timestamp) -> Outcome<()> {
    let Some(task) = load(db, id)?.filter(|task| task.state.is_open()) else { return Ok(()) };
    if !matches!(to, TaskState::Done) {
        withdrawn::note(db, &task, None, ended(to), now)?;
    }
    end_with(db, &task, to, None, at, now)
}

/// Why somebody's work on a task is over.
pub(super) fn ended(to: &TaskState) -> &str {
    match to {
        TaskState::Cancelled { why } | TaskState::Failed { why } => why,
        _ => "it is done",
    }
}

/// Ends an open task with what its agent says of the outcome.
pub(super) fn end_with(
    db: &Connection,
    task: &Task,
    to: &TaskState,
    outcome: Option<TaskOutcome>,
    at: Timestamp,
    now: Timestamp,
) -> Outcome<()> {
    let id = task.id;
    let why = match to {
        TaskState::Cancelled { why } | TaskState::Failed { why } => Some(why.as_ref()),
        _ => None,
    };
    let mut change = db.prepare_cached(
        "UPDATE tasks SET state = ?2, why = ?3, ended_at = ?4, outcome = ?5, offer_until = NULL,
           alarmed = NULL WHERE id = ?1",
    )?;
    let said = outcome.map(TaskOutcome::name);
    change.execute((id.to_string(), to.name(), why, at.as_millis(), said))?;
    if let Some(holder) = task.holder.as_ref().filter(|_| task.state.is_held()) {
        load::ended(db, holder, task)?;
        if let Some(success) = success(task, to, outcome, at) {
            load::result(db, holder, &task.action, success, now)?;
            result::keep(db, task, holder, success, at)?;
        }
    }
    let reason = why.map_or_else(|| "the task is done".to_owned(), |why| format!("task cancelled: {why}"));
    queue::skip_unsent(db, id, &reason, now)
}

/// Does its end say how well somebody does? Without a word on the outcome a task that is done in time is a success.
fn success(task: &Task, to: &TaskState, said: Option<TaskOutcome>, at: Timestamp) -> Option<bool> {
    match (to, said) {
        (TaskState::Done, Some(TaskOutcome::Success)) => Some(true),
        (TaskState::Done, None) => Some(task.due.is_none_or(|due| at <= due)),
        (TaskState::Done, Some(TaskOutcome::Failure)) | (TaskState::Failed { .. }, _) => Some(false),
        _ => None,
    }
}

/// An open task is due at another time.
pub(super) fn retime(db: &Connection, id: Id, due: Timestamp) -> Outcome<()> {
    let sql = "UPDATE tasks SET due = ?2 WHERE id = ?1 AND ended_at IS NULL";
    db.prepare_cached(sql)?.execute((id.to_string(), due.as_millis()))?;
    Ok(())
}

/// From now on this CRM task stands for ours. Ours may have ended meanwhile: then somebody must look.
pub(super) fn link(db: &Connection, streams: &mut Streams, task: Id, reference: &ExternalRef) -> Outcome<()> {
    let stream = streams.number(db, &reference.connection, reference.kind)?;
    let mut statement = db.prepare_cached(
        "UPDATE OR IGNORE tasks SET ref_stream = ?2, ref_id = ?3 WHERE id = ?1 AND ref_id IS NULL
         RETURNING record, ended_at IS NULL",
    )?;
    let linked: Option<(Option<String>, bool)> = statement
        .query_row((task.to_string(), stream, reference.id.as_ref()), |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((record, open)) = linked else { return Ok(()) };
    if let Some(record) = record.filter(|_| !open).and_then(|id| id.parse().ok()) {
        work::mark(db, record)?;
    }
    see_done(db, streams, reference)
}

/// Looks whether a CRM task that stands for one of ours is marked done now; a change marks its subject.
pub(super) fn see_done(db: &Connection, streams: &Streams, reference: &ExternalRef) -> Outcome<()> {
    let Some(stream) = streams.find(&reference.connection, reference.kind) else { return Ok(()) };
    let mut ours = db.prepare_cached(
        "SELECT id, record, done_at_source IS NOT NULL FROM tasks WHERE ref_stream = ?1 AND ref_id = ?2",
    )?;
    let place = (stream, reference.id.as_ref());
    let found: Option<(String, Option<String>, bool)> =
        ours.query_row(place, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()?;
    let Some((task, record, was_done)) = found else { return Ok(()) };
    let mut theirs = db.prepare_cached(
        "SELECT l.modified FROM links AS l JOIN crm_tasks AS c ON c.id = l.record
         WHERE l.stream = ?1 AND l.ext_id = ?2 AND c.done = 1",
    )?;
    let done: Option<i64> = theirs.query_row(place, |row| row.get(0)).optional()?;
    if done.is_some() == was_done {
        return Ok(());
    }
    db.prepare_cached("UPDATE tasks SET done_at_source = ?2 WHERE id = ?1")?.execute((task, done))?;
    match record.and_then(|id| id.parse().ok()) {
        Some(record) => work::mark(db, record),
        None => Ok(()),
    }
}

/// What is done without having brought what it was for counts for no condition.
fn brief_state(state: TaskState, outcome: Option<&str>) -> TaskState {
    match outcome {
        Some("failure" | "no_result") if state == TaskState::Done => {
            TaskState::Failed { why: "it brought nothing".into() }
        }
        Some(_) | None => state,
    }
}

/// A record's tasks in short, in order of arrival.
pub(super) fn briefs(db: &Connection, streams: &Streams, record: Id) -> Outcome<Vec<TaskBrief>> {
    let mut statement = db.prepare_cached(
        "SELECT id, action, holder, state, why, ref_stream, ref_id, done_at_source, offer_until, outcome, due,
           cause
         FROM tasks
         WHERE record = ?1 ORDER BY arrived, id",
    )?;
    let parse = |row: &Row<'_>| -> Outcome<TaskBrief> {
        let reference = row.get::<_, Option<i64>>(5)?.zip(row.get::<_, Option<String>>(6)?);
        Ok(TaskBrief {
            id: super::id(row, 0)?,
            action: row.get::<_, String>(1)?.into(),
            state: brief_state(state(row, 3, 8)?, row.get::<_, Option<String>>(9)?.as_deref()),
            due: super::time(row, 10)?,
            holder: row.get::<_, Option<String>>(2)?.map(AgentId::new),
            reference: reference.and_then(|(stream, id)| streams.reference(stream, id)),
            done_at_source: super::time(row, 7)?,
            asked_for: row.get_ref(11)?.as_str().is_ok_and(|cause| cause.starts_with(ASKED_FOR)),
        })
    };
    statement.query_and_then([record.to_string()], parse)?.collect()
}
