//! The talk role: messages as rows, who may see what, and the trait.

use super::{
    SqliteStore,
    connection::Durable,
    escalation, events,
    fail::{Fail, Outcome},
    handoff, push, result, status, task,
};
use crate::{Actor, CaseFilter, Effect, Error, Kept, MessageFilter, Raise, Refusal, Said, Talk, Undelivered};
use async_trait::async_trait;
use model::{
    AgentId, Event, EventKind, Id, MessageId, Stage, Timestamp,
    work::{
        Body, Document, EscalationCase, HandoffCase, Learning, Message, Party, Subject, Task, TaskDetail,
        TaskState,
    },
};
use rusqlite::{Connection, OptionalExtension, Row};
use std::time::Duration;

/// A sender's clock may be ahead of ours by this much.
const AHEAD: Duration = Duration::from_secs(300);
/// So many handoffs and escalations of a deal ...
const PING_PONG: i64 = 4;
/// ... within this time, and a person decides. (The setting `coordination.ping_pong` changes the number.)
const PING_PONG_TIME: Duration = Duration::from_secs(14 * 86_400);
pub(super) const PING_PONG_SETTING: &str = "coordination.ping_pong";

pub(super) fn refuse(refusal: Refusal, why: String) -> Fail {
    Fail::Rule(Error::Refused { refusal, why })
}

/// The deal or lead that a text names: `deal:ID`, `contact:ID` or the bare id of either.
pub(super) fn subject_of(db: &Connection, name: &str) -> Outcome<Subject> {
    let unknown = || refuse(Refusal::Unknown, format!("there is no deal or lead {name:?}"));
    let subject: Subject = if let Ok(subject) = name.parse() {
        subject
    } else {
        let id: Id = name.parse().map_err(|_| unknown())?;
        if exists(db, "deals", id)? { Subject::Deal(id) } else { Subject::Lead(id) }
    };
    let known = match &subject {
        Subject::Deal(id) => exists(db, "deals", *id)?,
        Subject::Lead(id) => exists(db, "contacts", *id)?,
        Subject::Segment(_) => true,
    };
    if known { Ok(subject) } else { Err(unknown()) }
}

fn exists(db: &Connection, table: &str, id: Id) -> Outcome<bool> {
    let mut look = db.prepare_cached(&format!("SELECT EXISTS (SELECT 1 FROM {table} WHERE id = ?1)"))?;
    Ok(look.query_row([id.to_string()], |row| row.get(0))?)
}

/// Does a party work on a subject? An agent does by an open task, handoff or escalation.
pub(super) fn works_on(db: &Connection, by: &Party, subject: &Subject) -> Outcome<bool> {
    let Some(agent) = by.agent() else { return Ok(true) };
    let mut look = db.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM tasks WHERE holder = ?1 AND subject = ?2 AND ended_at IS NULL)
             OR EXISTS (SELECT 1 FROM handoffs WHERE (receiver = ?1 OR sender = ?1) AND subject = ?2
                          AND status IN ('REQUESTED', 'TIMED_OUT', 'CONFIRMED'))
             OR EXISTS (SELECT 1 FROM escalations WHERE (receiver = ?1 OR sender = ?1) AND subject = ?2
                          AND status <> 'RESOLVED')",
    )?;
    Ok(look.query_row((agent.as_str(), subject.to_string()), |row| row.get(0))?)
}

/// A task that a party may speak of.
pub(super) fn own_task(db: &Connection, by: &Party, id: &str) -> Outcome<Task> {
    let unknown = || refuse(Refusal::NotYours, format!("there is no task {id} of yours"));
    let task = task::load(db, id.parse().map_err(|_| unknown())?)?.ok_or_else(unknown)?;
    match by.agent() {
        Some(agent) if task.holder.as_ref() != Some(agent) => Err(unknown()),
        Some(_) | None => Ok(task),
    }
}

/// Was the record handed over or escalated so often of late that a person must decide?
pub(super) fn ping_pong(db: &Connection, record: Option<Id>, now: Timestamp) -> Outcome<bool> {
    let Some(record) = record else { return Ok(false) };
    let limit = super::settings::get(db, PING_PONG_SETTING)?;
    let limit = limit.and_then(|text| text.parse().ok()).unwrap_or(PING_PONG);
    let mut count = db.prepare_cached(
        "SELECT (SELECT count(*) FROM handoffs WHERE record = ?1 AND requested > ?2)
              + (SELECT count(*) FROM escalations WHERE record = ?1 AND opened > ?2)",
    )?;
    let since = (now - PING_PONG_TIME).as_millis();
    let moves: i64 = count.query_row((record.to_string(), since), |row| row.get(0))?;
    Ok(moves >= limit)
}

fn say(db: &Connection, by: &Party, message: &Message, now: Timestamp) -> Outcome<Said> {
    if let Some(said) = said_before(db, message)? {
        return Ok(said);
    }
    if matches!(by, Party::Viewer(_)) {
        return Err(refuse(Refusal::NotYours, "this token only looks".into()));
    }
    if message.from.as_ref() != by.name() {
        return Err(refuse(Refusal::NotYours, format!("this is {by}, not {}", message.from)));
    }
    in_order(db, message, now)?;
    let effect = match &message.body {
        Body::Task(_) if *by == Party::Daemon => Effect::Noted,
        Body::Task(_) => {
            let why = "only the orchestrator gives tasks: raise a trigger, or send a HANDOFF or ESCALATION";
            return Err(refuse(Refusal::Wrong, why.into()));
        }
        Body::Status(body) => status::take(db, by, message, body, now)?,
        Body::Handoff(body) => handoff::take(db, by, message, body, now)?,
        Body::Escalation(body) => escalation::take(db, by, message, body, now)?,
    };
    insert(db, message, &effect, None, now)?;
    Ok(Said { message: message.id.clone(), repeated: false, effect })
}

/// The answer given when this message came first.
fn said_before(db: &Connection, message: &Message) -> Outcome<Option<Said>> {
    let mut look = db.prepare_cached("SELECT hash, effect FROM messages WHERE id = ?1")?;
    let known: Option<(String, String)> =
        look.query_row([message.id.as_str()], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    match known {
        None => Ok(None),
        Some((hash, effect)) if hash == message.content_hash() => Ok(Some(Said {
            message: message.id.clone(),
            repeated: true,
            effect: serde_json::from_str(&effect)?,
        })),
        Some(_) => {
            let why = format!("the id {} was used for another message", message.id);
            Err(refuse(Refusal::Reused, why))
        }
    }
}

/// A message follows what it answers, and does not come from the future.
fn in_order(db: &Connection, message: &Message, now: Timestamp) -> Outcome<()> {
    if message.sent_at > now + AHEAD {
        let why = format!("`sent_at` {} lies ahead of {now}: is your clock right?", message.sent_at);
        return Err(refuse(Refusal::Order, why));
    }
    let Some(reply) = &message.in_reply_to else { return Ok(()) };
    let mut look = db.prepare_cached("SELECT conversation FROM messages WHERE id = ?1")?;
    let conversation: Option<String> = look.query_row([reply.as_str()], |row| row.get(0)).optional()?;
    match conversation {
        Some(conversation) if *conversation == *message.conversation => Ok(()),
        Some(other) => {
            let why = format!("`in_reply_to` {reply} belongs to {other}, not to {}", message.conversation);
            Err(refuse(Refusal::Order, why))
        }
        None => Err(refuse(Refusal::Order, format!("`in_reply_to` {reply} has not been received"))),
    }
}

/// Stores a message; `push` is how its delivery stands where it is ours.
pub(super) fn insert(
    db: &Connection,
    message: &Message,
    effect: &Effect,
    push: Option<&str>,
    now: Timestamp,
) -> Outcome<()> {
    let mut insert = db.prepare_cached(
        "INSERT INTO messages (id, hash, conversation, sender, receiver, kind, sent_at, received_at, body, effect,
           push, push_due)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    )?;
    insert.raw_bind_parameter(1, message.id.as_str())?;
    insert.raw_bind_parameter(2, message.content_hash())?;
    insert.raw_bind_parameter(3, message.conversation.as_ref())?;
    insert.raw_bind_parameter(4, message.from.as_ref())?;
    insert.raw_bind_parameter(5, message.to.as_ref())?;
    insert.raw_bind_parameter(6, message.body.kind())?;
    insert.raw_bind_parameter(7, message.sent_at.as_millis())?;
    insert.raw_bind_parameter(8, now.as_millis())?;
    insert.raw_bind_parameter(9, serde_json::to_string(message)?)?;
    insert.raw_bind_parameter(10, serde_json::to_string(effect)?)?;
    insert.raw_bind_parameter(11, push)?;
    insert.raw_bind_parameter(12, push.map(|_| now.as_millis()))?;
    insert.raw_execute()?;
    Ok(())
}

pub(super) fn parse_message(row: &Row<'_>, at: usize) -> Outcome<Message> {
    Ok(serde_json::from_str(row.get_ref(at)?.as_str().map_err(|e| Fail::Stored(Box::new(e)))?)?)
}

fn messages(
    db: &Connection,
    by: &Party,
    filter: &MessageFilter,
    after: i64,
    most: usize,
) -> Outcome<Vec<Kept>> {
    // Only the conditions that are asked for, so that each way of asking finds its index.
    let mut conditions = vec!["seq > ?1"];
    conditions.extend(by.agent().map(|_| "(receiver IN (?2, 'all_agents') OR sender = ?2)"));
    conditions.extend(filter.id.as_ref().map(|_| "id = ?3"));
    conditions.extend(filter.conversation.as_ref().map(|_| "conversation = ?4"));
    conditions.extend(filter.to.as_ref().map(|_| "receiver = ?5"));
    let mut statement = db.prepare_cached(&format!(
        "SELECT seq, received_at, body, effect, push FROM messages
         WHERE {} AND (TRUE OR ?2 OR ?3 OR ?4 OR ?5) ORDER BY seq LIMIT ?6",
        conditions.join(" AND ")
    ))?;
    let parse = |row: &Row<'_>| -> Outcome<Kept> {
        Ok(Kept {
            seq: row.get(0)?,
            received: Timestamp::from_millis(row.get(1)?),
            message: parse_message(row, 2)?,
            effect: serde_json::from_str(&row.get::<_, String>(3)?)?,
            push: row.get::<_, Option<String>>(4)?.map(Into::into),
        })
    };
    let parameters = (
        after,
        by.agent().map(AgentId::as_str),
        filter.id.as_ref().map(MessageId::as_str),
        filter.conversation.as_deref(),
        filter.to.as_deref(),
        super::most(most),
    );
    statement.query_and_then(parameters, parse)?.collect()
}

fn next_task(db: &Connection, agent: &AgentId) -> Outcome<Option<TaskDetail>> {
    let mut statement = db.prepare_cached(
        "SELECT id FROM tasks WHERE holder = ?1 AND state IN ('offered', 'assigned')
         ORDER BY state = 'offered' DESC, coalesce(offer_until, due), rank, id LIMIT 1",
    )?;
    let id: Option<String> = statement.query_row([agent.as_str()], |row| row.get(0)).optional()?;
    let id = id.and_then(|id| id.parse().ok());
    Ok(id.map(|id| detail(db, id)).transpose()?.flatten())
}

fn detail(db: &Connection, id: Id) -> Outcome<Option<TaskDetail>> {
    let Some(task) = task::load(db, id)? else { return Ok(None) };
    let mut look =
        db.prepare_cached("SELECT params, progress, metrics, outcome, status_at FROM tasks WHERE id = ?1")?;
    let mut rows = look.query([id.to_string()])?;
    let row = rows.next()?.ok_or_else(|| Fail::stored("a task vanished"))?;
    let text = |at: usize| row.get::<_, Option<String>>(at);
    let mut who_passed = db.prepare_cached(
        "SELECT agent, how || ': ' || why FROM task_passes WHERE task = ?1 ORDER BY at, agent",
    )?;
    let passed = who_passed
        .query_map([id.to_string()], |row| {
            Ok((AgentId::new(row.get::<_, String>(0)?), row.get::<_, String>(1)?.into()))
        })?
        .collect::<Result<_, _>>()?;
    Ok(Some(TaskDetail {
        task,
        params: text(0)?.map(|json| serde_json::from_str(&json)).transpose()?.unwrap_or_default(),
        progress: row.get(1)?,
        metrics: text(2)?.map(|json| serde_json::from_str(&json)).transpose()?.unwrap_or_default(),
        outcome: text(3)?.map(|word| word.parse().map_err(|why: String| Fail::stored(why))).transpose()?,
        passed,
        status_at: super::time(row, 4)?,
    }))
}

/// A task that a party may look at: an agent those that it has or had.
fn visible(db: &Connection, by: &Party, id: Id) -> Outcome<Option<TaskDetail>> {
    let Some(found) = detail(db, id)? else { return Ok(None) };
    match by.agent() {
        Some(agent) if found.task.holder.as_ref() != Some(agent) => {
            Err(refuse(Refusal::NotYours, format!("there is no task {id} of yours")))
        }
        Some(_) | None => Ok(Some(found)),
    }
}

fn raise(db: &Connection, by: &Party, raise: &Raise, now: Timestamp) -> Outcome<bool> {
    if matches!(by, Party::Viewer(_)) {
        return Err(refuse(Refusal::NotYours, "this token only looks".into()));
    }
    if !works_on(db, by, &raise.subject)? && !matches!(raise.subject, Subject::Segment(_)) {
        return Err(refuse(Refusal::NotYours, format!("you don't work on {}", raise.subject)));
    }
    let mut insert = db.prepare_cached(
        "INSERT OR IGNORE INTO raised (trigger, occasion, subject, params, by, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    let (subject, params) = (raise.subject.to_string(), serde_json::to_string(&raise.params)?);
    let row = (raise.trigger.as_ref(), raise.occasion.as_ref(), subject, params, by.name(), now.as_millis());
    if insert.execute(row)? == 0 {
        return Ok(false);
    }
    let kind = EventKind::Triggered { trigger: raise.trigger.clone() };
    let subject = task::record_of(&raise.subject);
    events::append(db, &Event { at: now, subject, kind, source: by.name().into() })?;
    Ok(true)
}

/// Is anything of a task still to come?
pub(super) const fn is_reserved(task: &Task) -> bool {
    matches!(task.state, TaskState::Offered { .. })
}

#[async_trait]
impl Talk for SqliteStore {
    async fn say(&self, by: &Party, message: Message, now: Timestamp) -> Result<Said, Error> {
        let by = by.clone();
        let job = move |db: &Connection| say(db, &by, &message, now);
        // An answer is a promise: what was accepted outlives a power cut.
        self.database.write_together("take a message", job).await
    }

    async fn messages(
        &self,
        by: &Party,
        filter: &MessageFilter,
        after: i64,
        most: usize,
    ) -> Result<Vec<Kept>, Error> {
        let (by, filter) = (by.clone(), filter.clone());
        self.database.read("list messages", move |db| messages(db, &by, &filter, after, most)).await
    }

    async fn undelivered(&self, most: usize) -> Result<Vec<Undelivered>, Error> {
        self.database.read("list undelivered messages", move |db| push::undelivered(db, most)).await
    }

    async fn deliver_again(&self, messages: &[i64], now: Timestamp) -> Result<u64, Error> {
        let messages = messages.to_vec();
        let job = move |db: &Connection| push::again(db, &messages, now);
        self.database.write("have messages delivered again", Durable::Full, job).await
    }

    async fn put_away(&self, actor: &Actor, messages: &[i64], now: Timestamp) -> Result<u64, Error> {
        let (actor, messages) = (actor.0.clone(), messages.to_vec());
        let job = move |db: &Connection| push::put_away(db, &actor, &messages, now);
        self.database.write("put messages away", Durable::Full, job).await
    }

    async fn next_task(&self, agent: &AgentId) -> Result<Option<TaskDetail>, Error> {
        let agent = agent.clone();
        self.database.read("look for the next task", move |db| next_task(db, &agent)).await
    }

    async fn task_detail(&self, by: &Party, task: Id) -> Result<Option<TaskDetail>, Error> {
        let by = by.clone();
        self.database.read("read a task", move |db| visible(db, &by, task)).await
    }

    async fn documents(&self, by: &Party, task: Id) -> Result<Vec<Document>, Error> {
        let by = by.clone();
        let job = move |db: &Connection| {
            visible(db, &by, task)?;
            result::documents(db, task)
        };
        self.database.read("read documents", job).await
    }

    async fn may_see(&self, by: &Party, subject: &Subject) -> Result<bool, Error> {
        let (by, subject) = (by.clone(), subject.clone());
        self.database.read("look who works on it", move |db| works_on(db, &by, &subject)).await
    }

    async fn handoffs(
        &self,
        by: &Party,
        filter: &CaseFilter,
        most: usize,
    ) -> Result<Vec<HandoffCase>, Error> {
        let (by, filter) = (by.clone(), filter.clone());
        self.database.read("list handoffs", move |db| handoff::list(db, &by, &filter, most)).await
    }

    async fn escalations(
        &self,
        by: &Party,
        filter: &CaseFilter,
        most: usize,
    ) -> Result<Vec<EscalationCase>, Error> {
        let (by, filter) = (by.clone(), filter.clone());
        self.database.read("list escalations", move |db| escalation::list(db, &by, &filter, most)).await
    }

    async fn raise(&self, by: &Party, raised: Raise, now: Timestamp) -> Result<bool, Error> {
        let by = by.clone();
        let job = move |db: &Connection| raise(db, &by, &raised, now);
        self.database.write_together("raise a trigger", job).await
    }

    async fn learnings(
        &self,
        stage: Option<Stage>,
        action: Option<&str>,
        most: usize,
    ) -> Result<Vec<Learning>, Error> {
        let action = action.map(str::to_owned);
        let job = move |db: &Connection| result::learnings(db, stage, action.as_deref(), most);
        self.database.read("read what was learnt", job).await
    }
}
