//! The daemon's side of coordination: decisions as one transaction, and the trait.

use super::{
    SqliteStore, agenda, board, bump,
    connection::Durable,
    escalation,
    events::{self, EventWriter},
    fail::{Fail, Outcome},
    handoff, leases, progress, push, queue, release, result, talk, task, withdrawn,
};
use crate::{Agenda, Coordinated, Coordination, Effect, Error, Held, OutcomeRow, Push, Pushed, TakeBack};
use async_trait::async_trait;
use model::{
    AgentId, Event, EventKind, Id, Timestamp,
    work::{Message, Passed, Task, TaskState, TrackRecord},
};
use rusqlite::{Connection, types::Value as Sql};

fn commit(db: &Connection, decided: &Coordinated, now: Timestamp) -> Outcome<()> {
    let forgotten = release::forget(db, now)?;
    let moves = decided.take_back.len() + decided.create.len() + decided.cancel.len() + forgotten;
    if moves > 0 {
        bump(db, "board", 1)?;
    }
    decided.take_back.iter().try_for_each(|one| take_back(db, one, now))?;
    for (task, rank, params) in &decided.create {
        create(db, task, *rank, params.as_deref(), now)?;
    }
    for (was, case) in &decided.escalations {
        match was {
            None => drop(escalation::insert(db, case, now)?),
            Some(was) if escalation::status(db, case.id)? == Some(*was) => {
                escalation::update(db, case, now)?;
            }
            Some(_) => return Err(stale(db)?),
        }
    }
    // After the escalations: what was escalated about a handoff is settled with it.
    for (was, case) in &decided.handoffs {
        match was {
            None => handoff::begin(db, case, now)?,
            Some(was) if handoff::status(db, case.id)? == Some(*was) => handoff::update(db, *was, case, now)?,
            Some(_) => return Err(stale(db)?),
        }
    }
    decided.messages.iter().try_for_each(|(message, ours)| keep_message(db, message, *ours, now))?;
    for (id, why) in &decided.cancel {
        task::end(db, *id, &TaskState::Cancelled { why: why.clone() }, now, now)?;
        let kind = EventKind::TaskEnded { how: "cancelled".into() };
        events::append(db, &Event { at: now, subject: Some(*id), kind, source: "engine".into() })?;
    }
    marks(db, decided, now)?;
    withdrawn::forget(db, &decided.withdrawn)?;
    queue::put(db, &decided.writes, now)?;
    let mut events = EventWriter::new(db)?;
    decided.events.iter().try_for_each(|event| events.append(event))
}

fn stale(db: &Connection) -> Outcome<Fail> {
    let now = board::revision(db)?;
    Ok(Fail::Rule(Error::Stale { was: now, now }))
}

pub(super) fn take_back(db: &Connection, one: &TakeBack, now: Timestamp) -> Outcome<()> {
    let held = |task: &Task| task.state.is_held() && task.holder.as_ref() == Some(&one.agent);
    let Some(task) = task::load(db, one.task)?.filter(held) else { return Err(stale(db)?) };
    let may = match one.passed {
        // An offer that was accepted meanwhile is no longer open to a time limit.
        Some((Passed::Declined | Passed::Silent, _)) => talk::is_reserved(&task),
        // What was begun meanwhile stays with whoever began it.
        Some((Passed::Away, _)) => matches!(task.state, TaskState::Offered { .. } | TaskState::Assigned),
        None => true,
    };
    if !may {
        return Err(stale(db)?);
    }
    release::release(db, &task, &one.agent, ("engine", &one.why), one.meant_for.as_ref(), now)?;
    match one.passed {
        Some((how, until)) => release::pass(db, task.id, &one.agent, (how, &one.why), until, now),
        None => match &one.meant_for {
            Some(to) => release::hand_over(db, task.id, (&one.agent, to), &one.why, now),
            None => Ok(()),
        },
    }
}

fn keep_message(db: &Connection, message: &Message, ours: bool, now: Timestamp) -> Outcome<()> {
    let known: bool = db
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM messages WHERE id = ?1)")?
        .query_row([message.id.as_str()], |row| row.get(0))?;
    if known {
        return if ours { push::begin(db, &message.id, now) } else { Ok(()) };
    }
    talk::insert(db, message, &Effect::Noted, ours.then_some("waiting"), now)
}

pub(super) fn create(
    db: &Connection,
    task: &Task,
    rank: i64,
    params: Option<&str>,
    now: Timestamp,
) -> Outcome<()> {
    if task::load(db, task.id)?.is_some() {
        return Ok(());
    }
    task::insert(db, task, rank, progress::enterprise(db, task)?)?;
    if let Some(params) = params {
        db.prepare_cached("UPDATE tasks SET params = ?2 WHERE id = ?1")?
            .execute((task.id.to_string(), params))?;
    }
    let kind = EventKind::TaskCreated { action: task.action.clone() };
    events::append(db, &Event { at: now, subject: Some(task.id), kind, source: "engine".into() })
}

fn marks(db: &Connection, decided: &Coordinated, now: Timestamp) -> Outcome<()> {
    let each = |sql: &str, ids: &[Id]| -> Outcome<()> {
        let mut set = db.prepare_cached(sql)?;
        for id in ids {
            set.execute((id.to_string(), now.as_millis()))?;
        }
        Ok(())
    };
    let mut tell = db.prepare_cached(
        "UPDATE tasks SET told = ?3 WHERE id = ?1 AND holder = ?2 AND state IN ('offered', 'assigned')",
    )?;
    for (task, agent) in &decided.told {
        if tell.execute((task.to_string(), agent.as_str(), now.as_millis()))? == 0 {
            return Err(stale(db)?);
        }
    }
    each("UPDATE tasks SET alarmed = ?2 WHERE id = ?1", &decided.alarmed)?;
    let mut spread = db.prepare_cached("UPDATE documents SET spread = ?2 WHERE id = ?1")?;
    for number in &decided.spread {
        spread.execute((number, now.as_millis()))?;
    }
    let mut done = db.prepare_cached("UPDATE raised SET done = ?2 WHERE id = ?1")?;
    for number in &decided.raised {
        done.execute((number, now.as_millis()))?;
    }
    Ok(())
}

fn set_records(db: &Connection, records: &[(AgentId, Box<str>, TrackRecord)], now: Timestamp) -> Outcome<()> {
    bump(db, "board", 1)?;
    let mut keep = db.prepare_cached(
        "INSERT INTO agent_records (agent, action, won, total, at) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (agent, action) DO UPDATE SET won = excluded.won, total = excluded.total, at = excluded.at",
    )?;
    for (agent, action, record) in records {
        let count = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        let row = (agent.as_str(), action.as_ref(), count(record.won), count(record.all), now.as_millis());
        keep.execute(row)?;
        super::load::changed(db, agent)?;
    }
    Ok(())
}

#[async_trait]
impl Coordination for SqliteStore {
    async fn agenda(&self, now: Timestamp, most: usize) -> Result<Agenda, Error> {
        self.database.read("read the agenda", move |db| agenda::read(db, now, most)).await
    }

    async fn commit_coordination(
        &self,
        held: &Held,
        decided: Coordinated,
        now: Timestamp,
    ) -> Result<(), Error> {
        let held = held.copy();
        let job = move |db: &Connection| {
            leases::check(db, &held)?;
            commit(db, &decided, now)
        };
        self.database.write("commit coordination", Durable::Normal, job).await
    }

    async fn unsent(&self, agents: &[AgentId], most: usize) -> Result<Vec<Task>, Error> {
        let agents: Vec<Sql> = agents.iter().map(|agent| Sql::Text(agent.as_str().to_owned())).collect();
        self.database.read("look for unsent tasks", move |db| push::unsent(db, agents, most)).await
    }

    async fn deliver_open(&self, held: &Held, agents: &[AgentId], now: Timestamp) -> Result<(), Error> {
        let held = held.copy();
        let agents: Vec<Sql> = agents.iter().map(|agent| Sql::Text(agent.as_str().to_owned())).collect();
        let job = move |db: &Connection| {
            leases::check(db, &held)?;
            push::deliver_open(db, agents, now)
        };
        self.database.write("deliver open requests", Durable::Normal, job).await
    }

    async fn claim_pushes(&self, held: &Held, now: Timestamp, most: usize) -> Result<Vec<Push>, Error> {
        let held = held.copy();
        let job = move |db: &Connection| {
            leases::check(db, &held)?;
            push::claim(db, now, most)
        };
        self.database.write("claim messages", Durable::Full, job).await
    }

    async fn settle_push(&self, held: &Held, seq: i64, outcome: Pushed, now: Timestamp) -> Result<(), Error> {
        let held = held.copy();
        let job = move |db: &Connection| {
            leases::check(db, &held)?;
            push::settle(db, seq, &outcome, now)
        };
        self.database.write("settle a message", Durable::Full, job).await
    }

    async fn outcomes(&self, since: Timestamp) -> Result<Vec<OutcomeRow>, Error> {
        self.database.read("read outcomes", move |db| result::outcomes(db, since)).await
    }

    async fn set_records(
        &self,
        held: &Held,
        records: Vec<(AgentId, Box<str>, TrackRecord)>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let held = held.copy();
        let job = move |db: &Connection| {
            leases::check(db, &held)?;
            set_records(db, &records, now)
        };
        self.database.write("keep track records", Durable::Normal, job).await
    }
}
