//! Time kept free in a calendar for a task: moved along when the task is due at another time, taken back when the
//! task ends before the event was made.

use crate::{rules::Rules, shared::Shared};
use anyhow::Context;
use engine::flow::{event_key, event_move, event_write};
use model::{
    ExternalRef, Id, Timestamp, Write, WriteState,
    work::{SubjectView, Task},
};
use std::time::Duration;
use store::{Actor, Decision, Progressed, Store, WriteFilter, WriteRow};

/// Who takes back what was not sent yet.
const ENGINE: &str = "engine";
/// When an event is on its way, a task waits this long before it is moved.
const UNDER_WAY: Duration = Duration::from_secs(60);

/// The write that keeps time free for a task that is given to an agent, where its action wants that. One that was
/// given before takes its event along.
pub async fn keep_free(
    store: &dyn Store,
    rules: &Rules,
    task: &Task,
    due: Timestamp,
    now: Timestamp,
) -> anyhow::Result<Option<Write>> {
    let Some((calendar, minutes)) = rules.slot(&task.action) else { return Ok(None) };
    if event(store, task.id, calendar).await?.is_none() {
        let text = rules.instructions(&task.action);
        return Ok(Some(event_write((task.id, &task.title), (due, minutes), text, calendar, 0)));
    }
    let of = Given { id: task.id, action: &task.action, due: task.due };
    Ok(match move_along(store, of, ((calendar, minutes), due), rules, now).await? {
        Moved::By(write) => Some(*write),
        Moved::No | Moved::Later => None,
    })
}

/// Adds to what was decided on these views what follows for events in the calendar.
pub async fn adjust(
    shared: &Shared,
    rules: &Rules,
    views: &[(SubjectView, i64)],
    out: &mut Progressed,
    now: Timestamp,
) -> anyhow::Result<()> {
    if rules.calendar.is_none() || (out.retime.is_empty() && out.cancel.is_empty() && out.done.is_empty()) {
        return Ok(());
    }
    let store = &*shared.store;
    for (view, _) in views {
        for task in &view.tasks {
            let Some(slot) = rules.slot(&task.action) else { continue };
            let ends = out.cancel.iter().any(|(id, _)| *id == task.id)
                || out.done.iter().any(|(id, _)| *id == task.id);
            let due = out.retime.iter().find(|(id, _)| *id == task.id).map(|(_, due)| *due);
            if ends {
                take_back(store, task.id, slot.0, now).await?;
            } else if let Some(due) = due {
                let given = Given { id: task.id, action: &task.action, due: task.due };
                let moved = move_along(store, given, (slot, due), rules, now).await?;
                apply(moved, (view.record, task.id), out, now);
            }
        }
    }
    Ok(())
}

/// What a task's new time means for its event.
enum Moved {
    /// There is none to move.
    No,
    /// By this write.
    By(Box<Write>),
    /// Nobody knows yet whether there is one.
    Later,
}

fn apply(moved: Moved, (record, task): (Id, Id), out: &mut Progressed, now: Timestamp) {
    match moved {
        Moved::No => {}
        Moved::By(write) => out.writes.push(*write),
        Moved::Later => {
            // The task keeps its time for now, so that this is decided again.
            out.retime.retain(|(id, _)| *id != task);
            for (_, at) in out.looks.iter_mut().filter(|(id, _)| *id == record) {
                let soon = now + UNDER_WAY;
                *at = Some(at.map_or(soon, |at| at.min(soon)));
            }
        }
    }
}

/// A task that may have an event.
struct Given<'a> {
    id: Id,
    action: &'a str,
    /// By which its event was put.
    due: Option<Timestamp>,
}

async fn move_along(
    store: &dyn Store,
    task: Given<'_>,
    ((calendar, minutes), due): ((&ExternalRef, u32), Timestamp),
    rules: &Rules,
    now: Timestamp,
) -> anyhow::Result<Moved> {
    let Some((row, generation)) = event(store, task.id, calendar).await? else { return Ok(Moved::No) };
    let anew = || {
        let title = match &row.write.intent {
            model::Intent::CreateEvent { subject, .. } => subject.as_str(),
            _ => task.action,
        };
        let text = rules.instructions(task.action);
        let write = event_write((task.id, title), (due, minutes), text, calendar, generation + 1);
        Moved::By(Box::new(write))
    };
    Ok(match (&row.state, &row.receipt, task.due) {
        (WriteState::Done, Some(receipt), Some(from)) => {
            Moved::By(Box::new(event_move(task.id, (from, due), minutes, &receipt.reference, now)))
        }
        (WriteState::Proposed | WriteState::Pending | WriteState::Retry { .. }, ..) => {
            if skip(store, &row, now).await? { anew() } else { Moved::Later }
        }
        // Taken back by us right before a crash; what a person skipped stays skipped.
        (WriteState::Skipped { who }, ..) if who == ENGINE => anew(),
        (WriteState::Sending { .. } | WriteState::Verify { .. }, ..) => Moved::Later,
        (
            WriteState::Done
            | WriteState::Moved
            | WriteState::Refused
            | WriteState::Unknown
            | WriteState::Superseded { .. }
            | WriteState::Skipped { .. },
            ..,
        ) => Moved::No,
    })
}

/// An event that was not made yet is not needed any more.
async fn take_back(
    store: &dyn Store,
    task: Id,
    calendar: &ExternalRef,
    now: Timestamp,
) -> anyhow::Result<()> {
    if let Some((row, _)) = event(store, task, calendar).await? {
        skip(store, &row, now).await?;
    }
    Ok(())
}

async fn skip(store: &dyn Store, row: &WriteRow, now: Timestamp) -> anyhow::Result<bool> {
    let changed = store.decide(&Actor(ENGINE.to_owned()), &[row.row], Decision::Skip, now).await;
    Ok(!changed.context("taking back an event")?.is_empty())
}

/// The last write that makes a task's event, with its generation.
async fn event(
    store: &dyn Store,
    task: Id,
    calendar: &ExternalRef,
) -> anyhow::Result<Option<(WriteRow, u32)>> {
    let mut last = None;
    for generation in 0_u32.. {
        let key = Some(event_key(task, calendar, generation));
        let filter = WriteFilter { key, ..WriteFilter::default() };
        match store.writes(&filter, 1).await.context("looking for an event")?.pop() {
            Some(row) => last = Some((row, generation)),
            None => break,
        }
    }
    Ok(last)
}

#[cfg(test)]
mod tests;
