//! What became of tasks and offers, for whoever replays it; and who was and will be away.

use super::{fail::Outcome, links::Streams, task, time};
use crate::Past;
use model::{
    AgentId, EventKind, Timestamp,
    work::{Absence, Asked, PastTask},
};
use rusqlite::{Connection, Row};
use std::collections::BTreeMap;

/// Everything since then, and what is open, from one state of the database.
pub(super) fn past(db: &Connection, since: Timestamp) -> Outcome<Past> {
    Ok(Past { tasks: tasks(db, since)?, asked: asked(db, since)? })
}

fn tasks(db: &Connection, since: Timestamp) -> Outcome<Vec<PastTask>> {
    let mut statement = db.prepare_cached(&format!(
        "SELECT {}, enterprise, assigned_at, ended_at FROM tasks
         WHERE arrived >= ?1 OR ended_at IS NULL OR ended_at > ?1 ORDER BY arrived, id",
        task::COLUMNS
    ))?;
    let parse = |row: &Row<'_>| -> Outcome<PastTask> {
        let task = task::parse(row)?;
        Ok(PastTask { task, enterprise: row.get(17)?, assigned: time(row, 18)?, ended: time(row, 19)? })
    };
    statement.query_and_then([since.as_millis()], parse)?.collect()
}

/// What an agent has now or had to the end it took; the log says what came back.
fn asked(db: &Connection, since: Timestamp) -> Outcome<Vec<Asked>> {
    let mut all: BTreeMap<AgentId, Asked> = BTreeMap::new();
    let mut taken = db.prepare_cached(
        "SELECT holder, count(*) FROM tasks
         WHERE holder IS NOT NULL AND assigned_at >= ?1 AND state <> 'offered' GROUP BY holder",
    )?;
    let mut rows = taken.query([since.as_millis()])?;
    while let Some(row) = rows.next()? {
        entry(&mut all, AgentId::new(row.get::<_, String>(0)?)).took = super::count(row.get(1)?);
    }
    let mut returned =
        db.prepare_cached("SELECT data FROM events WHERE kind = 'task_returned' AND at >= ?1")?;
    let mut rows = returned.query([since.as_millis()])?;
    while let Some(row) = rows.next()? {
        if let EventKind::TaskReturned { agent, why } = serde_json::from_str(&row.get::<_, String>(0)?)? {
            let asked = entry(&mut all, agent);
            asked.declined += u64::from(why.starts_with("declined"));
            asked.silent += u64::from(why.starts_with("no answer"));
        }
    }
    Ok(all.into_values().collect())
}

/// Times out of office that calendars show and that end after `since`, the earliest first.
pub(super) fn absences(db: &Connection, since: Timestamp, most: usize) -> Outcome<Vec<Absence>> {
    let streams = Streams::load(db)?;
    let mut statement = db.prepare_cached(
        "SELECT m.at, m.end_at, m.sender, l.stream, l.ext_id
         FROM meetings AS m JOIN links AS l ON l.record = m.id AND l.gone IS NULL
         WHERE m.availability = 'out_of_office' AND m.end_at > ?1 AND m.gone IS NULL AND coalesce(m.status, '') <> 'cancelled'
         ORDER BY m.end_at, m.id, l.stream, l.ext_id LIMIT ?2",
    )?;
    let mut rows = statement.query((since.as_millis(), super::most(most)))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let source = streams.reference(row.get(3)?, row.get(4)?);
        let whose = row.get::<_, Option<String>>(2)?.map(Into::into);
        if let (Some(from), Some(to), Some(source)) = (time(row, 0)?, time(row, 1)?, source) {
            found.push(Absence { source, whose, from, to });
        }
    }
    Ok(found)
}

fn entry(all: &mut BTreeMap<AgentId, Asked>, agent: AgentId) -> &mut Asked {
    all.entry(agent.clone()).or_insert(Asked { agent, took: 0, declined: 0, silent: 0 })
}
