//! Escalations as rows, and what messages do to them.

use super::{
    events,
    fail::{Fail, Outcome},
    talk::{self, refuse},
    task, work,
};
use crate::{CaseFilter, Effect, Refusal};
use model::{
    AgentId, Event, EventKind, Id, MessageId, Timestamp,
    work::{
        EscalationCase, EscalationLevel, HandoffCase, Party, RESOLVE, TaskState,
        message::{EscalationBody, EscalationStatus, Message},
    },
};
use rusqlite::{Connection, OptionalExtension, Row};

const COLUMNS: &str = "id, subject, task, sender, receiver, reason, request, context, level, status, opened, due, \
     told, changed, by, resolution, message";

fn parse(row: &Row<'_>) -> Outcome<EscalationCase> {
    let text = |at: usize| row.get::<_, String>(at);
    let maybe = |at: usize| row.get::<_, Option<String>>(at);
    Ok(EscalationCase {
        id: super::id(row, 0)?,
        subject: maybe(1)?.map(|text| text.parse().map_err(|why: String| Fail::stored(why))).transpose()?,
        task: maybe(2)?.and_then(|id| id.parse().ok()),
        from: text(3)?.into(),
        to: maybe(4)?.map(AgentId::new),
        reason: text(5)?.into(),
        request: text(6)?,
        context: serde_json::from_str(&text(7)?)?,
        level: super::word(row, 8)?,
        status: super::word(row, 9)?,
        opened: Timestamp::from_millis(row.get(10)?),
        due: super::time(row, 11)?,
        told: row.get(12)?,
        changed: Timestamp::from_millis(row.get(13)?),
        by: text(14)?.into(),
        resolution: maybe(15)?,
        message: maybe(16)?.map(MessageId::new),
    })
}

/// Escalations by filter, newest first; of an agent only those it raised or that went to it.
pub(super) fn list(
    db: &Connection,
    by: &Party,
    filter: &CaseFilter,
    most: usize,
) -> Outcome<Vec<EscalationCase>> {
    let mut statement = db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM escalations
         WHERE (?1 IS NULL OR id = ?1) AND (?2 IS NULL OR record = ?2) AND (NOT ?3 OR status <> 'RESOLVED')
           AND (?4 IS NULL OR sender = ?4 OR receiver = ?4)
           AND (?5 IS NULL OR (opened, id) < (SELECT opened, id FROM escalations WHERE id = ?5))
         ORDER BY opened DESC, id DESC LIMIT ?6"
    ))?;
    let agent = by.agent().map(AgentId::as_str);
    let [id, record, after] = [filter.id, filter.record, filter.after].map(|id| id.map(|id| id.to_string()));
    statement.query_and_then((id, record, filter.open, agent, after, super::most(most)), parse)?.collect()
}

/// Open escalations that are not routed, of which people are to be told again, or whose task was taken up or is
/// over.
pub(super) fn due(db: &Connection, now: Timestamp, most: usize) -> Outcome<Vec<EscalationCase>> {
    let mut statement = db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM escalations AS e WHERE status <> 'RESOLVED'
           AND (due IS NULL OR due <= ?1 OR EXISTS (
             SELECT 1 FROM tasks AS t WHERE t.id = e.task AND (t.state IN ('done', 'cancelled')
               OR (e.status = 'OPEN' AND e.receiver IS NOT NULL
                   AND t.state IN ('assigned', 'in_progress', 'blocked'))))
             OR EXISTS (SELECT 1 FROM tasks AS t WHERE t.record = e.record AND +t.state = 'done'
               AND t.responsibility = 'support:{RESOLVE} ' || e.id))
         ORDER BY opened, id LIMIT ?2"
    ))?;
    statement.query_and_then((now.as_millis(), super::most(most)), parse)?.collect()
}

/// Stores a new escalation (false where it exists), with its event.
pub(super) fn insert(db: &Connection, case: &EscalationCase, now: Timestamp) -> Outcome<bool> {
    let mut insert = db.prepare_cached(
        "INSERT OR IGNORE INTO escalations (id, subject, record, task, sender, receiver, reason, request, context,
           level, status, opened, due, told, changed, by, resolution, message)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
    )?;
    let subject = case.subject.as_ref();
    insert.raw_bind_parameter(1, case.id.to_string())?;
    insert.raw_bind_parameter(2, subject.map(ToString::to_string))?;
    insert.raw_bind_parameter(3, subject.and_then(task::record_of).map(|id| id.to_string()))?;
    insert.raw_bind_parameter(4, case.task.map(|id| id.to_string()))?;
    insert.raw_bind_parameter(5, case.from.as_ref())?;
    insert.raw_bind_parameter(6, case.to.as_ref().map(AgentId::as_str))?;
    insert.raw_bind_parameter(7, case.reason.as_ref())?;
    insert.raw_bind_parameter(8, &case.request)?;
    insert.raw_bind_parameter(9, serde_json::to_string(&case.context)?)?;
    insert.raw_bind_parameter(10, case.level.name())?;
    insert.raw_bind_parameter(11, case.status.name())?;
    insert.raw_bind_parameter(12, case.opened.as_millis())?;
    insert.raw_bind_parameter(13, case.due.map(Timestamp::as_millis))?;
    insert.raw_bind_parameter(14, case.told)?;
    insert.raw_bind_parameter(15, case.changed.as_millis())?;
    insert.raw_bind_parameter(16, case.by.as_ref())?;
    insert.raw_bind_parameter(17, case.resolution.as_deref())?;
    insert.raw_bind_parameter(18, case.message.as_ref().map(MessageId::as_str))?;
    if insert.raw_execute()? == 0 {
        return Ok(false);
    }
    tell(db, case, now)?;
    Ok(true)
}

/// Writes what changed about an escalation; with a new status or level there is an event.
pub(super) fn update(db: &Connection, case: &EscalationCase, now: Timestamp) -> Outcome<()> {
    let was = load(db, case.id)?;
    let mut change = db.prepare_cached(
        "UPDATE escalations SET status = ?2, due = ?3, told = ?4, changed = ?5, by = ?6, resolution = ?7, level = ?8,
           receiver = ?9, task = ?10 WHERE id = ?1",
    )?;
    change.execute((
        case.id.to_string(),
        case.status.name(),
        case.due.map(Timestamp::as_millis),
        case.told,
        case.changed.as_millis(),
        case.by.as_ref(),
        case.resolution.as_deref(),
        case.level.name(),
        case.to.as_ref().map(AgentId::as_str),
        case.task.map(|id| id.to_string()),
    ))?;
    if was.is_some_and(|was| (was.status, was.level) == (case.status, case.level)) {
        return Ok(());
    }
    if case.status == EscalationStatus::Resolved {
        forget_telling(db, case, now)?;
    }
    tell(db, case, now)
}

/// What was escalated about a handoff is settled when that is over.
pub(super) fn settle_of_handoff(db: &Connection, handoff: &HandoffCase, now: Timestamp) -> Outcome<()> {
    let mut look = db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM escalations
         WHERE subject = ?1 AND status <> 'RESOLVED' AND json_extract(context, '$.handoff') = ?2"
    ))?;
    let key = (handoff.subject.to_string(), handoff.id.to_string());
    let open: Vec<EscalationCase> = look.query_and_then(key, parse)?.collect::<Outcome<_>>()?;
    for case in open {
        let resolution = Some(format!("the handoff is {}", handoff.status));
        let (status, by) = (EscalationStatus::Resolved, handoff.by.clone());
        update(db, &EscalationCase { status, by, resolution, changed: now, ..case }, now)?;
    }
    Ok(())
}

/// Nobody needs to be told any more of what is settled; its task in the CRM ends by way of the record's next look.
fn forget_telling(db: &Connection, case: &EscalationCase, now: Timestamp) -> Outcome<()> {
    let Some(task) = task::load(db, case.telling())?.filter(|task| task.state.is_open()) else {
        return Ok(());
    };
    let why = format!("{} settled the escalation", case.by).into();
    super::board::eased(db)?;
    task::end(db, task.id, &TaskState::Cancelled { why }, now, now)?;
    let kind = EventKind::TaskEnded { how: "cancelled".into() };
    events::append(db, &Event { at: now, subject: Some(task.id), kind, source: case.by.clone() })?;
    task::record_of(&task.subject).map_or(Ok(()), |record| work::mark(db, record))
}

fn tell(db: &Connection, case: &EscalationCase, now: Timestamp) -> Outcome<()> {
    let kind = EventKind::Escalation {
        escalation: case.id,
        reason: case.reason.clone(),
        level: case.level,
        status: case.status,
    };
    let subject = case.subject.as_ref().and_then(task::record_of).or(case.task);
    events::append(db, &Event { at: now, subject, kind, source: case.by.clone() })
}

pub(super) fn load(db: &Connection, id: Id) -> Outcome<Option<EscalationCase>> {
    let mut statement = db.prepare_cached(&format!("SELECT {COLUMNS} FROM escalations WHERE id = ?1"))?;
    let mut rows = statement.query([id.to_string()])?;
    rows.next()?.map(parse).transpose()
}

/// Does what an ESCALATION message says.
pub(super) fn take(
    db: &Connection,
    by: &Party,
    message: &Message,
    body: &EscalationBody,
    now: Timestamp,
) -> Outcome<Effect> {
    let case = match body.status {
        EscalationStatus::Open => open(db, by, message, body, now)?,
        EscalationStatus::Acknowledged | EscalationStatus::Resolved => answer(db, by, body, now)?,
    };
    Ok(Effect::Escalation { escalation: case.id, status: case.status })
}

fn open(
    db: &Connection,
    by: &Party,
    message: &Message,
    body: &EscalationBody,
    now: Timestamp,
) -> Outcome<EscalationCase> {
    let task = body.task_id.as_deref().map(|id| talk::own_task(db, by, id)).transpose()?;
    let subject = match (&body.deal_id, &task) {
        (Some(deal), _) => Some(talk::subject_of(db, deal)?),
        (None, Some(task)) => Some(task.subject.clone()),
        (None, None) => None,
    };
    match &subject {
        Some(subject) if !talk::works_on(db, by, subject)? => {
            return Err(refuse(Refusal::NotYours, format!("you don't work on {subject}")));
        }
        None if by.agent().is_some() => {
            let why = "an agent's ESCALATION needs `deal_id` or `task_id`".to_owned();
            return Err(refuse(Refusal::Wrong, why));
        }
        Some(_) | None => {}
    }
    let case = EscalationCase {
        id: Id::derived(&["escalation", message.id.as_str()]),
        subject,
        task: task.map(|task| task.id),
        from: by.name().into(),
        to: None,
        reason: body.reason.as_str().into(),
        request: body.request.clone(),
        context: body.context.clone(),
        level: EscalationLevel::Owner,
        status: EscalationStatus::Open,
        opened: now,
        due: None,
        told: 0,
        changed: now,
        by: by.name().into(),
        resolution: None,
        message: Some(message.id.clone()),
    };
    insert(db, &case, now)?;
    Ok(case)
}

fn answer(db: &Connection, by: &Party, body: &EscalationBody, now: Timestamp) -> Outcome<EscalationCase> {
    let name = body.escalation_id.as_deref().unwrap_or_default();
    let unknown = || refuse(Refusal::NotYours, format!("there is no escalation {name} for you to answer"));
    let case = name.parse().ok().map(|id| load(db, id)).transpose()?.flatten().ok_or_else(unknown)?;
    if let Some(agent) = by.agent() {
        let raised_it = case.from.as_ref() == agent.as_str() && body.status == EscalationStatus::Resolved;
        if case.to.as_ref() != Some(agent) && !raised_it {
            return Err(unknown());
        }
    }
    if !case.status.may_become(body.status) {
        let why = if case.status == body.status {
            format!("the escalation is {} already", case.status)
        } else {
            format!("the escalation is {}: it can't be {} any more", case.status, body.status)
        };
        return Err(refuse(Refusal::State, why));
    }
    let next = EscalationCase {
        status: body.status,
        changed: now,
        by: by.name().into(),
        resolution: body.resolution.clone(),
        ..case
    };
    update(db, &next, now)?;
    Ok(next)
}

/// Status of an escalation, for a decision that rests on it.
pub(super) fn status(db: &Connection, id: Id) -> Outcome<Option<EscalationStatus>> {
    let mut look = db.prepare_cached("SELECT status FROM escalations WHERE id = ?1")?;
    let text: Option<String> = look.query_row([id.to_string()], |row| row.get(0)).optional()?;
    text.map(|text| text.parse().map_err(|why: String| Fail::stored(why))).transpose()
}
