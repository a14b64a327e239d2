//! The audit log: appending and reading.

use super::fail::{Fail, Outcome};
use model::{Event, EventKind, Id, Timestamp};
use rusqlite::{CachedStatement, Connection, Row};

/// Appends events in order; the statement is prepared once per transaction.
pub(super) struct EventWriter<'c>(CachedStatement<'c>);

impl<'c> EventWriter<'c> {
    pub(super) fn new(db: &'c Connection) -> Outcome<Self> {
        Ok(Self(db.prepare_cached(
            "INSERT INTO events (at, subject, source, kind, data) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?))
    }

    pub(super) fn append(&mut self, event: &Event) -> Outcome<()> {
        let data = match event.kind {
            EventKind::FirstSeen | EventKind::Returned => None,
            _ => Some(serde_json::to_string(&event.kind)?),
        };
        let statement = &mut self.0;
        statement.raw_bind_parameter(1, event.at.as_millis())?;
        statement.raw_bind_parameter(2, event.subject.map(|id| id.to_string()))?;
        statement.raw_bind_parameter(3, event.source.as_ref())?;
        statement.raw_bind_parameter(4, name(&event.kind))?;
        statement.raw_bind_parameter(5, data)?;
        statement.raw_execute()?;
        Ok(())
    }
}

/// Appends one event.
pub(super) fn append(db: &Connection, event: &Event) -> Outcome<()> {
    EventWriter::new(db)?.append(event)
}

/// Appends what the daemon or a person did, in one line.
pub(super) fn notice(db: &Connection, source: &str, what: String, now: Timestamp) -> Outcome<()> {
    append(db, &Event { at: now, subject: None, kind: EventKind::Noticed { what }, source: source.into() })
}

/// The kind's name, the same as in its JSON.
const fn name(kind: &EventKind) -> &'static str {
    match kind {
        EventKind::FirstSeen => "first_seen",
        EventKind::Changed { .. } => "changed",
        EventKind::Relinked { .. } => "relinked",
        EventKind::Joined { .. } => "joined",
        EventKind::Gone { .. } => "gone",
        EventKind::Returned => "returned",
        EventKind::StageEntered { .. } => "stage_entered",
        EventKind::OutcomeChanged { .. } => "outcome_changed",
        EventKind::TaskCreated { .. } => "task_created",
        EventKind::TaskAssigned { .. } => "task_assigned",
        EventKind::TaskOffered { .. } => "task_offered",
        EventKind::TaskReturned { .. } => "task_returned",
        EventKind::TaskReported { .. } => "task_reported",
        EventKind::Handoff { .. } => "handoff",
        EventKind::Escalation { .. } => "escalation",
        EventKind::Triggered { .. } => "triggered",
        EventKind::TaskEnded { .. } => "task_ended",
        EventKind::TransitionSuggested { .. } => "transition_suggested",
        EventKind::WriteSettled { .. } => "write_settled",
        EventKind::ActivityLinked { .. } => "activity_linked",
        EventKind::Bounced { .. } => "bounced",
        EventKind::Noticed { .. } => "noticed",
    }
}

fn parse(row: &Row<'_>) -> Outcome<(i64, Event)> {
    let subject =
        if row.get_ref(2)? == rusqlite::types::ValueRef::Null { None } else { Some(super::id(row, 2)?) };
    let kind = match row.get::<_, Option<String>>(5)? {
        Some(data) => serde_json::from_str(&data)?,
        None => match row.get_ref(4)?.as_str().map_err(|e| Fail::Stored(Box::new(e)))? {
            "first_seen" => EventKind::FirstSeen,
            "returned" => EventKind::Returned,
            other => return Err(Fail::stored(format!("an event of kind {other:?} lacks its data"))),
        },
    };
    let source: String = row.get(3)?;
    let event = Event { at: Timestamp::from_millis(row.get(1)?), subject, kind, source: source.into() };
    Ok((row.get(0)?, event))
}

/// Events after a number, in order.
pub(super) fn after(db: &Connection, after: i64, most: usize) -> Outcome<Vec<(i64, Event)>> {
    let mut statement = db.prepare_cached(
        "SELECT seq, at, subject, source, kind, data FROM events WHERE seq > ?1 ORDER BY seq LIMIT ?2",
    )?;
    statement.query_and_then((after, super::most(most)), parse)?.collect()
}

/// Number of the newest event.
pub(super) fn last(db: &Connection) -> Outcome<i64> {
    let mut statement = db.prepare_cached("SELECT coalesce(max(seq), 0) FROM events")?;
    Ok(statement.query_row([], |row| row.get(0))?)
}

/// Events of one subject, newest first.
pub(super) fn of(db: &Connection, subject: Id, most: usize) -> Outcome<Vec<(i64, Event)>> {
    let mut statement = db.prepare_cached(
        "SELECT seq, at, subject, source, kind, data FROM events WHERE subject = ?1 ORDER BY seq DESC LIMIT ?2",
    )?;
    statement.query_and_then((subject.to_string(), super::most(most)), parse)?.collect()
}

/// What moved on a subject lately and which transitions were decided, newest first.
pub(super) fn moves(db: &Connection, subject: Id, most: usize) -> Outcome<Vec<Event>> {
    let mut statement = db.prepare_cached(
        "SELECT seq, at, subject, source, kind, data FROM events
         WHERE subject = ?1 AND kind IN ('changed', 'stage_entered', 'transition_suggested') ORDER BY seq DESC LIMIT ?2",
    )?;
    let rows = statement.query_and_then((subject.to_string(), super::most(most)), parse)?;
    rows.map(|row| row.map(|(_, event)| event)).collect()
}

/// What moved on some subjects, in no particular order.
pub(super) fn of_many(db: &Connection, subjects: &[Id]) -> Outcome<Vec<Event>> {
    let mut statement = db.prepare_cached(
        "SELECT e.seq, e.at, e.subject, e.source, e.kind, e.data FROM rarray(?1) AS k
         CROSS JOIN events AS e ON e.subject = k.value
         WHERE e.kind IN ('changed', 'stage_entered', 'outcome_changed')",
    )?;
    let rows = statement.query_and_then([super::record::keys(subjects)], parse)?;
    rows.map(|row| row.map(|(_, event)| event)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{
        GoneHow, Kind, Stage, WriteKind, stage,
        work::{
            EscalationLevel,
            message::{EscalationStatus, HandoffStatus, Status},
        },
    };

    #[test]
    fn the_stored_kind_is_the_name_in_the_json() {
        let all = [
            EventKind::Changed { fields: Vec::new() },
            EventKind::Relinked { to: Kind::Deal, added: Vec::new(), removed: Vec::new() },
            EventKind::Joined { reference: String::new(), by: "email".into() },
            EventKind::Gone { how: GoneHow::Deleted },
            EventKind::StageEntered { from: None, to: Stage::Close },
            EventKind::OutcomeChanged { to: stage::Outcome::Won },
            EventKind::TaskCreated { action: "A".into() },
            EventKind::TaskAssigned { agent: "A".into() },
            EventKind::TaskOffered { agent: "A".into(), until: Timestamp::default() },
            EventKind::TaskReturned { agent: "A".into(), why: "declined".into() },
            EventKind::TaskReported { agent: "A".into(), status: Status::Blocked, progress: None },
            EventKind::Handoff {
                handoff: Id::derived(&["h"]),
                route: "A -> B".into(),
                status: HandoffStatus::Requested,
            },
            EventKind::Escalation {
                escalation: Id::derived(&["e"]),
                reason: "CAPACITY".into(),
                level: EscalationLevel::Owner,
                status: EscalationStatus::Open,
            },
            EventKind::Triggered { trigger: "product_launch".into() },
            EventKind::TaskEnded { how: "done".into() },
            EventKind::TransitionSuggested { from: Stage::Proposal, to: Stage::Close, signal: "s".into() },
            EventKind::WriteSettled {
                key: "00000000000000000000000000000000".parse().unwrap(),
                kind: WriteKind::CreateNote,
                state: "done".into(),
            },
            EventKind::ActivityLinked {
                activity: model::Id::v7(1, 2),
                what: Kind::Email,
                how: Some("contact".into()),
                ambiguous: false,
            },
            EventKind::Bounced { address: "ann@acme.example".into() },
            EventKind::Noticed { what: String::new() },
            EventKind::FirstSeen,
            EventKind::Returned,
        ];
        for kind in all {
            let json = serde_json::to_value(&kind).unwrap();
            assert_eq!(json["event"], name(&kind));
        }
    }
}
