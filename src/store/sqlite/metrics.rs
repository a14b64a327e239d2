//! What metrics are computed from: a dozen statements, whatever the number of records.

use super::{
    events,
    fail::{Fail, Outcome},
    record, relate, time, word,
};
use crate::coordination::money;
use model::{
    AgentId, DealOutcome, Field, Id, Kind, Stage, Timestamp,
    work::{
        ActivityBrief, DealFact, Direction, MailFact, MeetingFact, MetricInputs, MetricSpan, TaskFact, Tried,
    },
};
use rusqlite::{Connection, Row};
use std::collections::HashMap;

/// All inputs, from one state of the database.
pub(super) fn inputs(db: &Connection, span: MetricSpan) -> Outcome<MetricInputs> {
    Ok(MetricInputs {
        tasks: tasks(db, span.talks)?,
        holders: holders(db)?,
        deals: deals(db, span)?,
        history: events::of_many(db, &moved(db, span)?)?,
        mails: mails(db, span.talks)?,
        meetings: meetings(db, span.talks)?,
        handoffs: handoffs(db)?,
    })
}

fn tasks(db: &Connection, since: Timestamp) -> Outcome<Vec<TaskFact>> {
    let mut statement = db.prepare_cached(
        "SELECT t.action, t.unit, t.holder, t.record, t.arrived, t.assigned_at, t.ended_at, t.due,
                t.state = 'done', t.outcome, o.success, t.status_at, t.metrics
         FROM tasks AS t LEFT JOIN outcomes AS o ON o.task = t.id AND o.agent = t.holder
         WHERE t.ended_at > ?1 OR t.status_at > ?1 OR t.arrived > ?1",
    )?;
    let parse = |row: &Row<'_>| -> Outcome<TaskFact> {
        let text = |at| Ok::<_, Fail>(row.get::<_, Option<String>>(at)?.map(Box::<str>::from));
        let reported = match (time(row, 11)?, row.get::<_, Option<String>>(12)?) {
            (Some(at), Some(json)) => Some((at, serde_json::from_str(&json)?)),
            _ => None,
        };
        Ok(TaskFact {
            action: row.get::<_, String>(0)?.into(),
            unit: text(1)?,
            holder: row.get::<_, Option<String>>(2)?.map(AgentId::new),
            record: maybe(row, 3)?,
            arrived: Timestamp::from_millis(row.get(4)?),
            assigned: time(row, 5)?,
            ended: time(row, 6)?,
            due: time(row, 7)?,
            done: row.get(8)?,
            outcome: text(9)?.map(|word| word.parse()).transpose().map_err(Fail::stored)?,
            success: row.get(10)?,
            reported,
        })
    };
    statement.query_and_then([since.as_millis()], parse)?.collect()
}

fn maybe(row: &Row<'_>, at: usize) -> Outcome<Option<Id>> {
    if row.get_ref(at)? == rusqlite::types::ValueRef::Null { Ok(None) } else { super::id(row, at).map(Some) }
}

/// The last holder of the main work, in each stage.
fn holders(db: &Connection) -> Outcome<Vec<(Id, Stage, AgentId)>> {
    let mut statement = db.prepare_cached(
        "SELECT record, stage, holder FROM tasks
         WHERE responsibility = 'primary' AND record IS NOT NULL AND holder IS NOT NULL
         ORDER BY coalesce(assigned_at, arrived), id",
    )?;
    let mut rows = statement.query([])?;
    let mut last = HashMap::new();
    while let Some(row) = rows.next()? {
        last.insert((super::id(row, 0)?, word(row, 1)?), AgentId::new(row.get::<_, String>(2)?));
    }
    Ok(last.into_iter().map(|((record, stage), agent)| (record, stage, agent)).collect())
}

fn deals(db: &Connection, span: MetricSpan) -> Outcome<Vec<DealFact>> {
    let mut statement = db.prepare_cached(
        "SELECT id, stage, outcome, amount_minor, amount_currency, created_at, close_date
         FROM deals WHERE gone IS NULL",
    )?;
    let parse = |row: &Row<'_>| -> Outcome<DealFact> {
        let stage: Option<String> = row.get(1)?;
        let outcome: Option<String> = row.get(2)?;
        let currency = row.get::<_, Option<String>>(4)?.map(|text| text.parse()).transpose();
        Ok(DealFact {
            id: super::id(row, 0)?,
            stage: stage.map(|name| name.parse()).transpose().map_err(Fail::stored)?,
            outcome: outcome.map(|name| name.parse()).transpose().map_err(Fail::stored)?.unwrap_or_default(),
            amount: money(row.get(3)?, currency.map_err(|error| Fail::Stored(Box::new(error)))?),
            created: time(row, 5)?,
            close_date: time(row, 6)?,
            companies: Vec::new(),
        })
    };
    let mut deals: Vec<DealFact> = statement.query_and_then([], parse)?.collect::<Outcome<_>>()?;
    // Whoever was closed before that has no part in any figure, whenever we learnt of it.
    let won = deals.iter().filter(|deal| deal.outcome == DealOutcome::Won);
    let won: Vec<Id> = won.filter(|deal| deal.close_date > Some(span.closed)).map(|deal| deal.id).collect();
    let moved = outcomes(db, span.closed)?;
    let won: Vec<Id> = won.into_iter().chain(moved).collect();
    let mut around = relate::stated(db, &won, &[Kind::Company])?;
    for deal in &mut deals {
        let companies = around.remove(&deal.id).unwrap_or_default();
        deal.companies = companies.into_iter().map(|(_, company)| company).collect();
    }
    Ok(deals)
}

/// Deals of which we saw since then that they were closed or opened.
fn outcomes(db: &Connection, since: Timestamp) -> Outcome<Vec<Id>> {
    let mut statement =
        db.prepare_cached("SELECT DISTINCT subject FROM events WHERE kind = 'outcome_changed' AND at > ?1")?;
    statement.query_and_then([since.as_millis()], |row| super::id(row, 0))?.collect()
}

/// Records whose history matters.
fn moved(db: &Connection, span: MetricSpan) -> Outcome<Vec<Id>> {
    let mut statement = db.prepare_cached(
        "SELECT subject FROM events WHERE kind = 'stage_entered' AND at > ?1
         UNION SELECT subject FROM events WHERE kind = 'outcome_changed' AND at > ?2
         UNION SELECT id FROM deals WHERE gone IS NULL AND (outcome IS NULL OR outcome = 'open')",
    )?;
    let since = (span.recent.as_millis(), span.closed.as_millis());
    statement.query_and_then(since, |row| super::id(row, 0))?.collect()
}

fn mails(db: &Connection, since: Timestamp) -> Outcome<Vec<MailFact>> {
    let mut statement = db.prepare_cached(
        "SELECT a.record, a.at, a.direction, l.record, l.kind FROM activities AS a
         JOIN emails AS e ON e.id = a.record AND coalesce(e.automatic, '') = ''
         CROSS JOIN activity_links AS l ON l.activity = a.record AND NOT l.ambiguous
         WHERE a.kind = 'email' AND a.direction <> 'internal' AND a.at > ?1 ORDER BY a.record, l.record",
    )?;
    let mut rows = statement.query([since.as_millis()])?;
    let mut found: Vec<(Id, MailFact)> = Vec::new();
    while let Some(row) = rows.next()? {
        let record = super::id(row, 0)?;
        if found.last().is_none_or(|(last, _)| *last != record) {
            let at = Timestamp::from_millis(row.get(1)?);
            let ours = word::<Direction>(row, 2)? == Direction::Outbound;
            found.push((record, MailFact { at, ours, contacts: Vec::new(), deals: Vec::new() }));
        }
        let Some((_, mail)) = found.last_mut() else { continue };
        match word(row, 4)? {
            Kind::Contact => mail.contacts.push(super::id(row, 3)?),
            Kind::Deal => mail.deals.push(super::id(row, 3)?),
            _ => {}
        }
    }
    Ok(found.into_iter().map(|(_, mail)| mail).collect())
}

/// What a meeting belongs to.
struct Around {
    direction: Direction,
    contacts: Vec<Id>,
    deals: Vec<Id>,
}

fn meetings(db: &Connection, since: Timestamp) -> Outcome<Vec<MeetingFact>> {
    let mut around = around(db, since)?;
    let ids: Vec<Id> = around.keys().copied().collect();
    let people: Vec<Id> = around.values().flat_map(|one| one.contacts.iter().copied()).collect();
    let addresses = addresses(db, &people)?;
    let mut found = Vec::with_capacity(ids.len());
    for (id, meeting) in record::read(db, Kind::Meeting, &ids)? {
        let Some(Around { direction, contacts, deals }) = around.remove(&id) else { continue };
        let known = contacts.iter().filter_map(|one| Some((*one, addresses.get(one)?.clone())));
        let addresses = known.collect();
        let (fields, gone) = (meeting.fields, meeting.gone);
        let references = meeting.sources.into_iter().map(|source| source.reference).collect();
        let brief = ActivityBrief {
            record: id,
            kind: Kind::Meeting,
            fields,
            direction,
            with: contacts,
            ambiguous: false,
            gone,
            references,
        };
        found.push(MeetingFact { brief, addresses, deals });
    }
    Ok(found)
}

fn around(db: &Connection, since: Timestamp) -> Outcome<HashMap<Id, Around>> {
    let mut statement = db.prepare_cached(
        "SELECT a.record, a.direction, l.record, l.kind FROM activities AS a
         CROSS JOIN activity_links AS l ON l.activity = a.record AND NOT l.ambiguous
         WHERE a.kind = 'meeting' AND a.direction <> 'internal' AND a.at > ?1 ORDER BY a.record, l.record",
    )?;
    let mut rows = statement.query([since.as_millis()])?;
    let mut found: HashMap<Id, Around> = HashMap::new();
    while let Some(row) = rows.next()? {
        let direction: Direction = word(row, 1)?;
        let empty = Around { direction, contacts: Vec::new(), deals: Vec::new() };
        let one = found.entry(super::id(row, 0)?).or_insert(empty);
        match word(row, 3)? {
            Kind::Contact => one.contacts.push(super::id(row, 2)?),
            Kind::Deal => one.deals.push(super::id(row, 2)?),
            _ => {}
        }
    }
    Ok(found)
}

fn addresses(db: &Connection, contacts: &[Id]) -> Outcome<HashMap<Id, Box<str>>> {
    let contacts = record::read(db, Kind::Contact, contacts)?;
    let address =
        |(id, contact): (Id, model::Canonical)| Some((id, contact.fields.text(Field::Email)?.into()));
    Ok(contacts.into_iter().filter_map(address).collect())
}

fn handoffs(db: &Connection) -> Outcome<Vec<(Id, Box<str>, Timestamp)>> {
    let mut statement =
        db.prepare_cached("SELECT record, milestone, requested FROM handoffs WHERE record IS NOT NULL")?;
    let parse = |row: &Row<'_>| -> Outcome<(Id, Box<str>, Timestamp)> {
        Ok((super::id(row, 0)?, row.get::<_, String>(1)?.into(), Timestamp::from_millis(row.get(2)?)))
    };
    statement.query_and_then([], parse)?.collect()
}

pub(super) fn tried(db: &Connection) -> Outcome<Vec<Tried>> {
    let mut statement = db.prepare_cached(
        "SELECT stage, segment, action, count(*), sum(success), min(at) FROM outcomes
         GROUP BY stage, segment, action",
    )?;
    let parse = |row: &Row<'_>| -> Outcome<Tried> {
        Ok(Tried {
            stage: word(row, 0)?,
            segment: row.get::<_, Option<String>>(1)?.map(Into::into),
            action: row.get::<_, String>(2)?.into(),
            tried: super::count(row.get(3)?),
            succeeded: super::count(row.get(4)?),
            since: Timestamp::from_millis(row.get(5)?),
        })
    };
    let mut all: Vec<Tried> = statement.query_and_then([], parse)?.collect::<Outcome<_>>()?;
    all.sort_by(|a, b| (a.stage, &a.segment, &a.action).cmp(&(b.stage, &b.segment, &b.action)));
    Ok(all)
}
