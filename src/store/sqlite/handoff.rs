//! Handoffs as rows, and what messages do to them.

use super::{
    escalation, events,
    fail::{Fail, Outcome},
    talk::{self, refuse},
    task, work,
};
use crate::{CaseFilter, Effect, Refusal};
use model::{
    Event, EventKind, Id, MessageId, Timestamp,
    work::{
        HandoffCase, HandoffTo, Party, Subject,
        message::{HandoffBody, HandoffStatus, Message},
    },
};
use rusqlite::{Connection, OptionalExtension, Row};

const COLUMNS: &str = "id, subject, sender, target, milestone, context, status, requested, due, changed, by, reason, \
     message, person_decides";

fn parse(row: &Row<'_>) -> Outcome<HandoffCase> {
    let text = |at: usize| row.get::<_, String>(at);
    Ok(HandoffCase {
        id: super::id(row, 0)?,
        subject: super::word(row, 1)?,
        from: text(2)?.into(),
        to: target(&text(3)?),
        milestone: text(4)?.into(),
        context: serde_json::from_str(&text(5)?)?,
        status: super::word(row, 6)?,
        requested: Timestamp::from_millis(row.get(7)?),
        due: super::time(row, 8)?,
        changed: Timestamp::from_millis(row.get(9)?),
        by: text(10)?.into(),
        reason: row.get(11)?,
        message: MessageId::new(text(12)?),
        person_decides: row.get(13)?,
    })
}

fn target(text: &str) -> HandoffTo {
    match text.parse() {
        Ok(to) => to,
        Err(never) => match never {},
    }
}

pub(super) fn load(db: &Connection, id: Id) -> Outcome<Option<HandoffCase>> {
    let mut statement = db.prepare_cached(&format!("SELECT {COLUMNS} FROM handoffs WHERE id = ?1"))?;
    let mut rows = statement.query([id.to_string()])?;
    rows.next()?.map(parse).transpose()
}

/// Handoffs by filter, newest first; of an agent only those it gave or is to receive.
pub(super) fn list(
    db: &Connection,
    by: &Party,
    filter: &CaseFilter,
    most: usize,
) -> Outcome<Vec<HandoffCase>> {
    let mut statement = db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM handoffs
         WHERE (?1 IS NULL OR id = ?1) AND (?2 IS NULL OR record = ?2)
           AND (NOT ?3 OR status IN ('REQUESTED', 'TIMED_OUT', 'CONFIRMED'))
           AND (?4 IS NULL OR sender = ?4 OR receiver = ?4 OR target = 'all_agents')
           AND (?5 IS NULL OR (requested, id) < (SELECT requested, id FROM handoffs WHERE id = ?5))
         ORDER BY requested DESC, id DESC LIMIT ?6"
    ))?;
    let agent = by.agent().map(model::AgentId::as_str);
    let [id, record, after] = [filter.id, filter.record, filter.after].map(|id| id.map(|id| id.to_string()));
    statement.query_and_then((id, record, filter.open, agent, after, super::most(most)), parse)?.collect()
}

/// Open handoffs that want attention: not routed, past their time, or confirmed.
pub(super) fn due(db: &Connection, now: Timestamp, most: usize) -> Outcome<Vec<HandoffCase>> {
    let mut statement = db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM handoffs
         WHERE (status = 'REQUESTED' AND (due IS NULL OR due <= ?1)) OR status = 'CONFIRMED'
         ORDER BY requested, id LIMIT ?2"
    ))?;
    statement.query_and_then((now.as_millis(), super::most(most)), parse)?.collect()
}

/// Stores a new handoff (false where there is an open one like it), with its event.
pub(super) fn insert(db: &Connection, case: &HandoffCase, now: Timestamp) -> Outcome<bool> {
    let mut insert = db.prepare_cached(
        "INSERT OR IGNORE INTO handoffs (id, subject, record, sender, target, receiver, milestone, context, status,
           requested, due, changed, by, reason, message, person_decides)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
    )?;
    insert.raw_bind_parameter(1, case.id.to_string())?;
    insert.raw_bind_parameter(2, case.subject.to_string())?;
    insert.raw_bind_parameter(3, task::record_of(&case.subject).map(|id| id.to_string()))?;
    insert.raw_bind_parameter(4, case.from.as_ref())?;
    insert.raw_bind_parameter(5, case.to.to_string())?;
    insert.raw_bind_parameter(6, case.to.agent().map(model::AgentId::as_str))?;
    insert.raw_bind_parameter(7, case.milestone.as_ref())?;
    insert.raw_bind_parameter(8, serde_json::to_string(&case.context)?)?;
    insert.raw_bind_parameter(9, case.status.name())?;
    insert.raw_bind_parameter(10, case.requested.as_millis())?;
    insert.raw_bind_parameter(11, case.due.map(Timestamp::as_millis))?;
    insert.raw_bind_parameter(12, case.changed.as_millis())?;
    insert.raw_bind_parameter(13, case.by.as_ref())?;
    insert.raw_bind_parameter(14, case.reason.as_deref())?;
    insert.raw_bind_parameter(15, case.message.as_str())?;
    insert.raw_bind_parameter(16, case.person_decides)?;
    if insert.raw_execute()? == 0 {
        return Ok(false);
    }
    tell(db, case, now)?;
    Ok(true)
}

/// Begins a handoff that the configuration asks for; one that exists stays as it is.
pub(super) fn begin(db: &Connection, case: &HandoffCase, now: Timestamp) -> Outcome<()> {
    if load(db, case.id)?.is_some() {
        return Ok(());
    }
    let person_decides = talk::ping_pong(db, task::record_of(&case.subject), now)?;
    insert(db, &HandoffCase { person_decides, ..case.clone() }, now).map(drop)
}

/// Writes what changed about a handoff; with a new status there is an event.
pub(super) fn update(db: &Connection, was: HandoffStatus, case: &HandoffCase, now: Timestamp) -> Outcome<()> {
    let mut change = db.prepare_cached(
        "UPDATE handoffs SET status = ?2, due = ?3, changed = ?4, by = ?5, reason = ?6, person_decides = ?7,
           context = ?8 WHERE id = ?1",
    )?;
    change.execute((
        case.id.to_string(),
        case.status.name(),
        case.due.map(Timestamp::as_millis),
        case.changed.as_millis(),
        case.by.as_ref(),
        case.reason.as_deref(),
        case.person_decides,
        serde_json::to_string(&case.context)?,
    ))?;
    if was == case.status {
        return Ok(());
    }
    if !case.status.is_open() {
        escalation::settle_of_handoff(db, case, now)?;
    }
    tell(db, case, now)
}

fn tell(db: &Connection, case: &HandoffCase, now: Timestamp) -> Outcome<()> {
    let route = format!("{} -> {}", case.from, case.to).into();
    let kind = EventKind::Handoff { handoff: case.id, route, status: case.status };
    let subject = task::record_of(&case.subject);
    events::append(db, &Event { at: now, subject, kind, source: case.by.clone() })
}

/// Does what a HANDOFF message says.
pub(super) fn take(
    db: &Connection,
    by: &Party,
    message: &Message,
    body: &HandoffBody,
    now: Timestamp,
) -> Outcome<Effect> {
    match body.status {
        HandoffStatus::Requested => request(db, by, message, body, now),
        HandoffStatus::Confirmed | HandoffStatus::Declined => answer(db, by, body, now),
        HandoffStatus::TimedOut | HandoffStatus::Completed => {
            Err(refuse(Refusal::Wrong, format!("{} is only for the daemon to say", body.status)))
        }
    }
}

fn request(
    db: &Connection,
    by: &Party,
    message: &Message,
    body: &HandoffBody,
    now: Timestamp,
) -> Outcome<Effect> {
    let lead =
        body.lead.as_ref().ok_or_else(|| refuse(Refusal::Wrong, "a HANDOFF request needs `lead`".into()))?;
    let subject = talk::subject_of(db, &lead.id)?;
    if !talk::works_on(db, by, &subject)? {
        return Err(refuse(Refusal::NotYours, format!("you don't work on {}", lead.id)));
    }
    let to = target(&message.to);
    // Who asks for it need not be who has it.
    let from: Box<str> = match by.agent() {
        Some(agent) => agent.as_str().into(),
        None => holder(db, &subject)?.unwrap_or_else(|| by.name().into()),
    };
    if to.agent().map(model::AgentId::as_str) == Some(&*from) {
        return Err(refuse(Refusal::Wrong, format!("a handoff goes to another: {from} has it already")));
    }
    let case = HandoffCase {
        id: Id::derived(&["handoff", message.id.as_str()]),
        person_decides: talk::ping_pong(db, task::record_of(&subject), now)?,
        subject,
        from,
        to,
        milestone: lead.stage.as_str().into(),
        context: lead_context(lead),
        status: HandoffStatus::Requested,
        requested: now,
        due: None,
        changed: now,
        by: by.name().into(),
        reason: None,
        message: message.id.clone(),
    };
    if !insert(db, &case, now)? {
        let why = format!("{} is already being handed to {}", case.subject, case.to);
        return Err(refuse(Refusal::State, why));
    }
    Ok(effect(&case))
}

/// Who has the main work on a subject, else whoever has any.
fn holder(db: &Connection, subject: &Subject) -> Outcome<Option<Box<str>>> {
    let mut look = db.prepare_cached(
        "SELECT holder FROM (
           SELECT holder, 0 AS place FROM responsibilities WHERE subject = ?1 AND responsibility = 'primary'
           UNION ALL SELECT holder, rank FROM tasks WHERE record = ?2 AND ended_at IS NULL AND holder IS NOT NULL)
         ORDER BY place LIMIT 1",
    )?;
    let key = (subject.to_string(), task::record_of(subject).map(|id| id.to_string()));
    Ok(look.query_row(key, |row| row.get::<_, String>(0)).optional()?.map(Into::into))
}

fn lead_context(lead: &model::work::message::Lead) -> serde_json::Map<String, serde_json::Value> {
    let mut context = lead.context.clone();
    for (name, text) in [("company", &lead.company), ("contact", &lead.contact)] {
        if !text.is_empty() {
            context.entry(name).or_insert_with(|| text.as_str().into());
        }
    }
    context
}

fn effect(case: &HandoffCase) -> Effect {
    Effect::Handoff { handoff: case.id, status: case.status, person_decides: case.person_decides }
}

fn answer(db: &Connection, by: &Party, body: &HandoffBody, now: Timestamp) -> Outcome<Effect> {
    let name = body.handoff_id.as_deref().unwrap_or_default();
    let unknown = || refuse(Refusal::NotYours, format!("there is no handoff {name} for you to answer"));
    let case = name.parse().ok().map(|id| load(db, id)).transpose()?.flatten().ok_or_else(unknown)?;
    if let Some(agent) = by.agent() {
        if case.to.agent() != Some(agent) {
            return Err(unknown());
        }
        if case.person_decides {
            let why = "it went to and fro too often: a person decides".to_owned();
            return Err(refuse(Refusal::State, why));
        }
    }
    if !case.status.may_become(body.status) {
        let why = if case.status == body.status {
            format!("the handoff is {} already", case.status)
        } else {
            format!("the handoff is {}: it can't be {} any more", case.status, body.status)
        };
        return Err(refuse(Refusal::State, why));
    }
    let next = HandoffCase {
        status: body.status,
        changed: now,
        by: by.name().into(),
        reason: body.reason.clone(),
        ..case.clone()
    };
    update(db, case.status, &next, now)?;
    if let Some(record) = task::record_of(&next.subject) {
        work::mark(db, record)?;
    }
    Ok(effect(&next))
}

/// Status of a handoff, for a decision that rests on it.
pub(super) fn status(db: &Connection, id: Id) -> Outcome<Option<HandoffStatus>> {
    let mut look = db.prepare_cached("SELECT status FROM handoffs WHERE id = ?1")?;
    let text: Option<String> = look.query_row([id.to_string()], |row| row.get(0)).optional()?;
    text.map(|text| text.parse().map_err(|why: String| Fail::stored(why))).transpose()
}
