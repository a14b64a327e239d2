//! A STATUS: what an agent says of its task takes effect in one transaction.

use super::{
    board, bump, events,
    fail::{Fail, Outcome},
    release, result,
    talk::refuse,
    task, withdrawn, work,
};
use crate::{Effect, Refusal};
use model::{
    AgentId, Event, EventKind, Id, Timestamp,
    work::{
        Party, Passed, Task, TaskState,
        message::{Message, Status, StatusBody},
    },
};
use rusqlite::Connection;

/// Does what a status says; the answer tells what state the task is in then.
pub(super) fn take(
    db: &Connection,
    by: &Party,
    message: &Message,
    body: &StatusBody,
    now: Timestamp,
) -> Outcome<Effect> {
    let unknown = || refuse(Refusal::NotYours, format!("there is no task {} of yours", body.task_id));
    let id: Id = body.task_id.parse().map_err(|_| unknown())?;
    let task = task::load(db, id)?.ok_or_else(unknown)?;
    if by.agent().is_some_and(|agent| task.holder.as_ref() != Some(agent)) {
        return Err(unknown());
    }
    if let Some(later) = last_status(db, id)?.filter(|last| message.sent_at < *last) {
        return Ok(Effect::Ignored { why: format!("a status sent at {later} already counted") });
    }
    let is = |state: &TaskState| Effect::Task { task: id, state: state.name().into() };
    if body.status == Status::Accepted && matches!(task.state, TaskState::Assigned | TaskState::InProgress) {
        return Ok(is(&task.state));
    }
    if !may(by, &task, body.status) {
        let why = match task.state {
            TaskState::Offered { .. } => "the task is offered: accept it first".to_owned(),
            _ if !task.state.is_open() => format!("the task is {} already", task.state.name()),
            _ => format!("the task is {}: it can't be {}", task.state.name(), body.status),
        };
        return Err(refuse(Refusal::State, why));
    }
    let Some(holder) = task.holder.clone() else {
        // Only a person gets here, to drop what nobody has.
        return drop_queued(db, by, &task, body, now).map(|()| is(&cancelled(body)));
    };
    // A clock that is ahead must not make what others say later look overtaken.
    keep_report(db, id, body, message.sent_at.min(now))?;
    let goes_on = matches!(body.status, Status::Accepted | Status::InProgress | Status::Blocked);
    if !goes_on {
        board::eased(db)?;
    }
    let next = apply(db, by, &task, &holder, body, now)?;
    result::keep_words(db, &task, body, by.name(), now)?;
    let agent = holder;
    let kind = EventKind::TaskReported { agent, status: body.status, progress: body.progress };
    events::append(db, &Event { at: now, subject: Some(id), kind, source: by.name().into() })?;
    if !next.is_open() {
        let kind = EventKind::TaskEnded { how: next.name().into() };
        events::append(db, &Event { at: now, subject: Some(id), kind, source: by.name().into() })?;
    }
    // Whoever has it and how far it is matters to nobody else.
    if let Some(record) = task::record_of(&task.subject).filter(|_| !goes_on) {
        work::mark(db, record)?;
    }
    Ok(is(&next))
}

/// What the holder may say, and for a person also to drop a task that nobody has, or to take an offer back.
fn may(by: &Party, task: &Task, status: Status) -> bool {
    let person = matches!(by, Party::Person(_) | Party::Daemon);
    task.state.allows(status) || (person && status == Status::Cancelled && task.state.is_open())
}

fn cancelled(body: &StatusBody) -> TaskState {
    let why = body.reason.as_deref().unwrap_or("no longer needed");
    TaskState::Cancelled { why: why.into() }
}

fn drop_queued(db: &Connection, by: &Party, task: &Task, body: &StatusBody, now: Timestamp) -> Outcome<()> {
    bump(db, "board", 1)?;
    task::end(db, task.id, &cancelled(body), now, now)?;
    let kind = EventKind::TaskEnded { how: "cancelled".into() };
    events::append(db, &Event { at: now, subject: Some(task.id), kind, source: by.name().into() })
}

fn apply(
    db: &Connection,
    by: &Party,
    task: &Task,
    holder: &AgentId,
    body: &StatusBody,
    now: Timestamp,
) -> Outcome<TaskState> {
    let why = body.reason.as_deref().unwrap_or_default();
    let next = match body.status {
        Status::Accepted => TaskState::Assigned,
        Status::InProgress => TaskState::InProgress,
        Status::Blocked => TaskState::Blocked,
        Status::Done => TaskState::Done,
        Status::Failed => TaskState::Failed { why: why.into() },
        Status::Cancelled => cancelled(body),
        Status::Declined => {
            release::release(db, task, holder, (by.name(), &format!("declined: {why}")), None, now)?;
            release::pass(db, task.id, holder, (Passed::Declined, why), None, now)?;
            return Ok(TaskState::Queued);
        }
    };
    if next.is_open() {
        let mut change =
            db.prepare_cached("UPDATE tasks SET state = ?2, offer_until = NULL WHERE id = ?1")?;
        change.execute((task.id.to_string(), next.name()))?;
    } else {
        let outcome = match body.status {
            Status::Failed => Some(model::work::message::TaskOutcome::Failure),
            _ => body.outcome,
        };
        withdrawn::note(db, task, Some(by.name()), task::ended(&next), now)?;
        task::end_with(db, task, &next, outcome, now, now)?;
    }
    Ok(next)
}

fn last_status(db: &Connection, task: Id) -> Outcome<Option<Timestamp>> {
    let mut look = db.prepare_cached("SELECT status_at FROM tasks WHERE id = ?1")?;
    let at: Option<i64> = look.query_row([task.to_string()], |row| row.get(0)).map_err(Fail::Sql)?;
    Ok(at.map(Timestamp::from_millis))
}

fn keep_report(db: &Connection, task: Id, body: &StatusBody, sent_at: Timestamp) -> Outcome<()> {
    let metrics = if body.metrics.is_empty() { None } else { Some(serde_json::to_string(&body.metrics)?) };
    let progress = if body.status == Status::Done { Some(100) } else { body.progress };
    let mut change = db.prepare_cached(
        "UPDATE tasks SET status_at = ?2, progress = coalesce(?3, progress), metrics = coalesce(?4, metrics)
         WHERE id = ?1",
    )?;
    change.execute((task.to_string(), sent_at.as_millis(), progress, metrics))?;
    Ok(())
}
