//! Decisions as intended writes at a source. Pure: the same decision gives the same write, key included.

use super::{progress::Transition, text, text::task_text};
use model::{
    ConnectionId, ExternalRef, Field, Id, Intent, Timestamp, Value, Write, WriteKey, WriteKind,
    work::{Assignment, Reach, SubjectView, Task, TaskBrief},
};
use std::time::Duration;

/// From this priority on a task is marked high at the vendor.
const HIGH: u8 = 70;

/// Where an agent's tasks on a record are written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// The record beside which they stand.
    pub target: ExternalRef,
    /// The vendor's owner id, where known.
    pub owner: Option<Box<str>>,
}

/// Where tasks on a record go: to the record's first living source. `owner_by_address` finds the vendor's id of
/// the CRM user with an address. The record's own owner counts only where the record has one source, as its id
/// means nothing to another vendor. `None` where the record lives nowhere (a segment's work), and for agents that
/// are told by messages.
pub fn place(
    view: &SubjectView,
    reach: &Reach,
    owner_by_address: impl Fn(&ConnectionId, &str) -> Option<Box<str>>,
) -> Option<Place> {
    let target = view.references.first()?.clone();
    let own = || match view.references.len() {
        1 => view.fields.text(Field::Owner).map(Into::into),
        _ => None,
    };
    let owner = match reach {
        Reach::DealOwner => own(),
        Reach::CrmOwner(address) => owner_by_address(&target.connection, address),
        // They are told by messages; a task in the CRM would ask a person for the same work.
        Reach::Inbox | Reach::Webhook { .. } | Reach::Command { .. } | Reach::Email(_) => return None,
    };
    Some(Place { target, owner })
}

/// The write that tells an agent of a task. None where nobody got it. `instructions` are the action's text;
/// `generation` is 0 except where a person asked for it again.
pub fn writes_for(
    assignment: &Assignment,
    task: &Task,
    view: &SubjectView,
    instructions: &str,
    place: &Place,
    generation: u32,
) -> Vec<Write> {
    let Some((winner, due)) = assignment.winner.as_ref().zip(assignment.due) else { return Vec::new() };
    let (subject, body) = task_text(task, &winner.agent, view, instructions);
    let intent = Intent::CreateTask {
        task: task.id,
        subject,
        body,
        due,
        owner: place.owner.clone(),
        high: task.priority >= HIGH,
    };
    let because = format!("{} goes to {} (score {})", task.action, winner.agent, winner.score());
    vec![write(&place.target, intent, &task.id.to_string(), "task", generation, Vec::new(), because)]
}

/// Names the event that keeps time free for a task; `generation` rises when one is put in the place of another
/// that was never sent.
pub fn event_key(task: Id, calendar: &ExternalRef, generation: u32) -> WriteKey {
    let cause = task.to_string();
    WriteKey::new(&calendar.connection, WriteKind::CreateEvent, calendar, &cause, EVENT, generation)
}

/// Keeps time free for a task: the last minutes before it is due.
pub fn event_write(
    (task, title): (Id, &str),
    (due, minutes): (Timestamp, u32),
    instructions: &str,
    calendar: &ExternalRef,
    generation: u32,
) -> Write {
    let (start, end) = slot(due, minutes);
    let intent = Intent::CreateEvent { subject: title.to_owned(), body: instructions.to_owned(), start, end };
    let because = format!("time for \"{title}\", due {due}");
    write(calendar, intent, &task.to_string(), EVENT, generation, Vec::new(), because)
}

/// Moves that event along with the task, unless a person moved it. `now` tells one move from the next.
pub fn event_move(
    task: Id,
    (from, to): (Timestamp, Timestamp),
    minutes: u32,
    event: &ExternalRef,
    now: Timestamp,
) -> Write {
    let (start, end) = slot(to, minutes);
    let expects = vec![(Field::At, Value::Time(slot(from, minutes).0))];
    let cause = format!("{task} {now}");
    write(event, Intent::MoveEvent { start, end }, &cause, EVENT, 0, expects, format!("it is due {to} now"))
}

const EVENT: &str = "event";

/// Begin and end.
fn slot(due: Timestamp, minutes: u32) -> (Timestamp, Timestamp) {
    (due - Duration::from_mins(minutes.into()), due)
}

/// Completes the CRM task that stands for a task of ours which is no longer needed. None where there is none.
pub fn close_write(task: &TaskBrief, why: &str) -> Option<Write> {
    let target = task.reference.as_ref().filter(|_| task.done_at_source.is_none())?;
    let because = format!("{} is no longer needed: {why}", task.action);
    let intent = Intent::CompleteTask { task: task.id };
    Some(write(target, intent, &task.id.to_string(), "done", 0, Vec::new(), because))
}

/// Moves a deal on at its source, guarded by the stage that it had there, and notes why. `from` and `to` are
/// the vendor's `pipeline/stage`.
pub fn stage_writes(
    transition: &Transition,
    view: &SubjectView,
    target: &ExternalRef,
    from: &str,
    to: &str,
    now: Timestamp,
) -> Vec<Write> {
    let cause = super::progress::stage_entry(view, transition.from);
    let expects = vec![(Field::SourceStage, Value::Text(from.into()))];
    let because = format!("{} to {}: {}", transition.from, transition.to, transition.when);
    let note = format!(
        "Moved from {} to {} because {} ({}).",
        transition.from,
        transition.to,
        transition.when,
        text::grounds(&transition.evidence)
    );
    // Two stages of the vendor may be one of ours: a write from another one is another write.
    let slot = |what: &str| format!("{what}:{from}:{to}");
    let stage = Intent::ChangeStage { to: to.into() };
    let note = Intent::CreateNote { body: note, at: now };
    vec![
        write(target, stage, &cause, &slot("stage"), 0, expects, because.clone()),
        write(target, note, &cause, &slot("why"), 0, Vec::new(), because),
    ]
}

fn write(
    target: &ExternalRef,
    intent: Intent,
    cause: &str,
    slot: &str,
    generation: u32,
    expects: Vec<(Field, Value)>,
    because: String,
) -> Write {
    let kind: WriteKind = intent.kind();
    let key = WriteKey::new(&target.connection, kind, target, cause, slot, generation);
    Write { key, target: target.clone(), intent, expects, because }
}
