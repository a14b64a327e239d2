//! What was decided on the progress of subjects, as one transaction.

use super::{
    bump, escalation,
    events::{self, EventWriter},
    fail::{Fail, Outcome},
    handoff,
    links::{self, Streams},
    queue, record, settings, subject, task,
};
use crate::Progressed;
use model::{
    Event, EventKind, Field, Id, Kind, Timestamp,
    work::{Subject, Task, TaskState},
};
use rusqlite::Connection;

/// A company with at least this many employees is an enterprise, unless the setting says otherwise.
const ENTERPRISE: i64 = 1000;
/// The setting's name.
pub(super) const ENTERPRISE_SETTING: &str = "enterprise.employees";

pub(super) fn commit(db: &Connection, progressed: &Progressed, now: Timestamp) -> Outcome<()> {
    let Progressed { create, cancel, done, retime, .. } = progressed;
    if !(create.is_empty() && cancel.is_empty() && done.is_empty() && retime.is_empty()) {
        bump(db, "board", 1)?;
    }
    for (task, rank) in &progressed.create {
        let new = task::insert(db, task, *rank, enterprise(db, task)?)?;
        // A segment has no view from which the decider could tell what is new.
        if new && matches!(task.subject, Subject::Segment(_)) {
            let kind = EventKind::TaskCreated { action: task.action.clone() };
            events::append(db, &Event { at: now, subject: Some(task.id), kind, source: "engine".into() })?;
        }
    }
    for (id, why) in &progressed.cancel {
        task::end(db, *id, &TaskState::Cancelled { why: why.clone() }, now, now)?;
    }
    for (id, at) in &progressed.done {
        task::end(db, *id, &TaskState::Done, *at, now)?;
    }
    progressed.handoffs.iter().try_for_each(|case| handoff::begin(db, case, now))?;
    progressed.escalations.iter().try_for_each(|case| escalation::insert(db, case, now).map(drop))?;
    for (id, due) in &progressed.retime {
        task::retime(db, *id, *due)?;
    }
    for (id, at) in &progressed.looks {
        look_again(db, *id, *at)?;
    }
    queue::put(db, &progressed.writes, now)?;
    let mut events = EventWriter::new(db)?;
    progressed.events.iter().try_for_each(|event| events.append(event))?;
    for (id, mark) in &progressed.handled {
        let mut clear = db.prepare_cached("DELETE FROM dirty WHERE record = ?1 AND mark <= ?2")?;
        clear.execute((id.to_string(), mark))?;
    }
    Ok(())
}

fn look_again(db: &Connection, record: Id, at: Option<Timestamp>) -> Outcome<()> {
    let record = record.to_string();
    match at {
        Some(at) => db
            .prepare_cached(
                "INSERT INTO looks (record, at) VALUES (?1, ?2)
                 ON CONFLICT (record) DO UPDATE SET at = excluded.at",
            )?
            .execute((record, at.as_millis()))?,
        None => db.prepare_cached("DELETE FROM looks WHERE record = ?1")?.execute([record])?,
    };
    Ok(())
}

/// Does the task's deal or lead belong to a company of enterprise size? `None` when its size is not known.
pub(super) fn enterprise(db: &Connection, task: &Task) -> Outcome<Option<bool>> {
    let id: Id = match &task.subject {
        Subject::Deal(id) | Subject::Lead(id) => *id,
        Subject::Segment(_) => return Ok(None),
    };
    let living = links::living(db, &[id])?.remove(&id).unwrap_or_default();
    let around = subject::around(db, &Streams::load(db)?, &living)?;
    let Some(company) = around.get(&Kind::Company).and_then(|ids| ids.first()) else { return Ok(None) };
    let employees = record::read(db, Kind::Company, &[*company])?
        .remove(company)
        .and_then(|company| company.fields.int(Field::Employees));
    let least = match settings::get(db, ENTERPRISE_SETTING)? {
        Some(text) => text.parse().map_err(|_| Fail::stored(format!("{ENTERPRISE_SETTING} is no number")))?,
        None => ENTERPRISE,
    };
    Ok(employees.map(|employees| employees >= least))
}
