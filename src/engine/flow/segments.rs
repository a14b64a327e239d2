//! Work that belongs to no record: a segment's weekly tasks, and tasks that a trigger makes.

use super::{
    book::{ActionSpec, Per, StageBook, TriggerSpec},
    progress,
};
use model::{
    Stage, Timestamp,
    work::{ASKED_FOR, Responsibility, Subject, Task},
};

/// The tasks of one week for every segment. Asking twice for a week gives the same tasks, by id.
pub fn segment_tasks(book: &StageBook, week_start: Timestamp, now: Timestamp) -> Vec<Task> {
    let cause = format!("week of {week_start}");
    let mut tasks = Vec::new();
    for segment in &book.segments {
        let subject = Subject::Segment(segment.id.clone());
        for spec in &book.stages {
            let weekly =
                spec.actions.iter().chain(&spec.supports).filter(|action| action.per == Per::Segment);
            let entry = format!("{} {cause}", spec.stage);
            tasks.extend(weekly.map(|action| {
                let cause = (entry.as_str(), cause.clone());
                let primary = Some(&spec.primary);
                let task = progress::task(&subject, &segment.name, spec.stage, primary, action, cause, now);
                // Each week stands by itself: last week's, still open, holds nothing against it.
                let part = format!("{} {entry}", action.id);
                Task { responsibility: Responsibility::Support(part.into()), ..task }
            }));
        }
    }
    tasks
}

/// The tasks that a raised trigger makes. `occasion` names this raising: the same one makes no further tasks.
pub fn trigger_tasks(
    trigger: &TriggerSpec,
    subject: &Subject,
    stage: Stage,
    occasion: &str,
    now: Timestamp,
) -> Vec<Task> {
    let cause = format!("trigger {} {occasion}", trigger.id);
    let make = |action| progress::task(subject, "", stage, None, action, (&cause, cause.clone()), now);
    trigger.actions.iter().map(make).collect()
}

/// A task that a person asks for, whatever the stage. `order` names the asking: the same one makes no further task.
pub fn asked_task(
    action: &ActionSpec,
    (subject, about, stage): (&Subject, &str, Stage),
    (by, order): (&str, &str),
    now: Timestamp,
) -> Task {
    let cause = format!("{ASKED_FOR}{by}");
    progress::task(subject, about, stage, None, action, (&format!("{cause} {order}"), cause.clone()), now)
}
