//! Results with what was known of their deals, documents, and what was learnt.

use super::{
    fail::{Fail, Outcome},
    links::{self, Streams},
    record, subject, task,
};
use crate::{OutcomeRow, coordination::money};
use model::{
    AgentId, Field, Id, Kind, Stage, Timestamp, Value,
    work::{
        Document, Learning, Task,
        message::{StatusBody, TaskOutcome},
    },
};
use rusqlite::{Connection, Row};
use std::time::Duration;

/// Keeps a result with the deal's amount, age in its stage, segment and size as they are now.
pub(super) fn keep(
    db: &Connection,
    task: &Task,
    agent: &AgentId,
    success: bool,
    at: Timestamp,
) -> Outcome<()> {
    let record = task::record_of(&task.subject);
    let around = record.map(|id| Around::of(db, id)).transpose()?.unwrap_or_default();
    let mut look = db.prepare_cached("SELECT enterprise FROM tasks WHERE id = ?1")?;
    let enterprise: Option<bool> = look.query_row([task.id.to_string()], |row| row.get(0))?;
    let mut insert = db.prepare_cached(
        "INSERT OR REPLACE INTO outcomes (task, agent, action, stage, record, at, success, on_time, amount, currency,
           age, segment, enterprise)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    )?;
    insert.raw_bind_parameter(1, task.id.to_string())?;
    insert.raw_bind_parameter(2, agent.as_str())?;
    insert.raw_bind_parameter(3, task.action.as_ref())?;
    insert.raw_bind_parameter(4, task.stage.name())?;
    insert.raw_bind_parameter(5, record.map(|id| id.to_string()))?;
    insert.raw_bind_parameter(6, at.as_millis())?;
    insert.raw_bind_parameter(7, success)?;
    insert.raw_bind_parameter(8, task.due.is_none_or(|due| at <= due))?;
    insert.raw_bind_parameter(9, around.amount.map(|money| money.minor))?;
    let currency = around.amount.and_then(|money| money.currency);
    insert.raw_bind_parameter(10, currency.as_ref().map(model::Currency::as_str))?;
    let age = around.stage_since.map(|since| at.as_millis().saturating_sub(since.as_millis()));
    insert.raw_bind_parameter(11, age)?;
    insert.raw_bind_parameter(12, around.segment.as_deref())?;
    insert.raw_bind_parameter(13, enterprise)?;
    insert.raw_execute()?;
    Ok(())
}

/// What of a deal or lead says how hard it is.
#[derive(Default)]
struct Around {
    amount: Option<model::Money>,
    stage_since: Option<Timestamp>,
    segment: Option<String>,
}

impl Around {
    fn of(db: &Connection, id: Id) -> Outcome<Self> {
        let mut found = record::read(db, Kind::Deal, &[id])?;
        found.extend(if found.is_empty() { record::read(db, Kind::Contact, &[id])? } else { [].into() });
        let Some(record) = found.remove(&id) else { return Ok(Self::default()) };
        let amount = match record.fields.get(Field::Amount) {
            Some(Value::Money(money)) => Some(*money),
            Some(_) | None => None,
        };
        let own = record.fields.text(Field::Segment).map(str::to_owned);
        let segment = match own {
            Some(own) => Some(own),
            None => company_segment(db, id)?,
        };
        Ok(Self { amount, stage_since: record.stage_since, segment })
    }
}

fn company_segment(db: &Connection, id: Id) -> Outcome<Option<String>> {
    let living = links::living(db, &[id])?.remove(&id).unwrap_or_default();
    let around = subject::around(db, &Streams::load(db)?, &living)?;
    let Some(company) = around.get(&Kind::Company).and_then(|ids| ids.first()) else { return Ok(None) };
    let company = record::read(db, Kind::Company, &[*company])?.remove(company);
    Ok(company.and_then(|company| company.fields.text(Field::Segment).map(str::to_owned)))
}

/// Segment of a task's deal or lead, where known.
fn segment_of(db: &Connection, task: &Task) -> Outcome<Option<String>> {
    match &task.subject {
        model::work::Subject::Segment(name) => Ok(Some(name.to_string())),
        model::work::Subject::Deal(id) | model::work::Subject::Lead(id) => Ok(Around::of(db, *id)?.segment),
    }
}

/// Keeps the document and the learnings that came with a status.
pub(super) fn keep_words(
    db: &Connection,
    task: &Task,
    body: &StatusBody,
    by: &str,
    now: Timestamp,
) -> Outcome<()> {
    if let Some(result) = &body.result {
        let mut insert =
            db.prepare_cached("INSERT INTO documents (task, by, at, body) VALUES (?1, ?2, ?3, ?4)")?;
        insert.execute((task.id.to_string(), by, now.as_millis(), serde_json::to_string(result)?))?;
    }
    if body.learnings.is_empty() {
        return Ok(());
    }
    let segment = segment_of(db, task)?;
    let mut insert = db.prepare_cached(
        "INSERT INTO learnings (at, by, task, stage, segment, action, outcome, text)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    let outcome = body.outcome.unwrap_or(TaskOutcome::NoResult).name();
    for text in &body.learnings {
        insert.execute((
            now.as_millis(),
            by,
            task.id.to_string(),
            task.stage.name(),
            &segment,
            task.action.as_ref(),
            outcome,
            text,
        ))?;
    }
    Ok(())
}

pub(super) fn documents(db: &Connection, task: Id) -> Outcome<Vec<Document>> {
    let mut statement =
        db.prepare_cached("SELECT id, task, by, at, body FROM documents WHERE task = ?1 ORDER BY id")?;
    statement.query_and_then([task.to_string()], document)?.collect()
}

/// Documents that were not looked at yet, oldest first.
pub(super) fn new_documents(db: &Connection, most: usize) -> Outcome<Vec<Document>> {
    let mut statement = db.prepare_cached(
        "SELECT id, task, by, at, body FROM documents WHERE spread IS NULL ORDER BY id LIMIT ?1",
    )?;
    statement.query_and_then([super::most(most)], document)?.collect()
}

fn document(row: &Row<'_>) -> Outcome<Document> {
    Ok(Document {
        id: row.get(0)?,
        task: super::id(row, 1)?,
        by: row.get::<_, String>(2)?.into(),
        at: Timestamp::from_millis(row.get(3)?),
        content: serde_json::from_str(&row.get::<_, String>(4)?)?,
    })
}

pub(super) fn learnings(
    db: &Connection,
    stage: Option<Stage>,
    action: Option<&str>,
    most: usize,
) -> Outcome<Vec<Learning>> {
    let mut statement = db.prepare_cached(
        "SELECT at, by, task, stage, segment, action, outcome, text FROM learnings
         WHERE (?1 IS NULL OR stage = ?1) AND (?2 IS NULL OR action = ?2) ORDER BY id DESC LIMIT ?3",
    )?;
    let parse = |row: &Row<'_>| -> Outcome<Learning> {
        Ok(Learning {
            at: Timestamp::from_millis(row.get(0)?),
            by: row.get::<_, String>(1)?.into(),
            task: super::id(row, 2)?,
            stage: super::word(row, 3)?,
            segment: row.get::<_, Option<String>>(4)?.map(Into::into),
            action: row.get::<_, String>(5)?.into(),
            outcome: super::word(row, 6)?,
            text: row.get(7)?,
        })
    };
    statement.query_and_then((stage.map(Stage::name), action, super::most(most)), parse)?.collect()
}

pub(super) fn outcomes(db: &Connection, since: Timestamp) -> Outcome<Vec<OutcomeRow>> {
    let mut statement = db.prepare_cached(
        "SELECT o.task, o.agent, o.action, o.stage, o.at, o.success, o.on_time, o.amount, o.currency, o.age,
                o.segment, o.enterprise, d.outcome
         FROM outcomes AS o LEFT JOIN deals AS d ON d.id = o.record WHERE o.at >= ?1 ORDER BY o.at, o.task",
    )?;
    let parse = |row: &Row<'_>| -> Outcome<OutcomeRow> {
        let currency = row.get::<_, Option<String>>(8)?.map(|text| text.parse()).transpose();
        let age: Option<i64> = row.get(9)?;
        let deal: Option<String> = row.get(12)?;
        Ok(OutcomeRow {
            task: super::id(row, 0)?,
            agent: AgentId::new(row.get::<_, String>(1)?),
            action: row.get::<_, String>(2)?.into(),
            stage: super::word(row, 3)?,
            at: Timestamp::from_millis(row.get(4)?),
            success: row.get(5)?,
            on_time: row.get(6)?,
            amount: money(row.get(7)?, currency.map_err(|error| Fail::Stored(Box::new(error)))?),
            age: age.and_then(|millis| u64::try_from(millis).ok()).map(Duration::from_millis),
            segment: row.get::<_, Option<String>>(10)?.map(Into::into),
            enterprise: row.get(11)?,
            deal_won: match deal.as_deref() {
                Some("won") => Some(true),
                Some("lost") => Some(false),
                Some(_) | None => None,
            },
        })
    };
    statement.query_and_then([since.as_millis()], parse)?.collect()
}
