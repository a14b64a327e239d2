//! What an assignment turn looks at.

use super::{fail::Outcome, load::BUCKET, task};
use model::{
    AgentId, Timestamp,
    work::{AgentLoad, Board, Responsibility, Subject, TrackRecord},
};
use rusqlite::{Connection, OptionalExtension, Row, types::Value as Sql};
use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    rc::Rc,
};

/// The number that rises with every change to tasks and loads.
pub(super) fn revision(db: &Connection) -> Outcome<i64> {
    let mut statement = db.prepare_cached("SELECT value FROM counters WHERE name = 'board'")?;
    Ok(statement.query_row([], |row| row.get(0)).optional()?.unwrap_or_default())
}

/// Tasks beside the main work are offered one per part of a deal: the next waits until that part is free, so
/// that no turn can give it to two agents.
pub(super) fn board(db: &Connection, most: usize, week_start: Timestamp) -> Outcome<Board> {
    let mut board = Board { revision: revision(db)?, loads: loads(db, week_start)?, ..Board::default() };
    let mut statement = db.prepare_cached(&format!(
        "SELECT {}, enterprise FROM tasks AS t
         WHERE state = 'queued' AND (responsibility = 'primary' OR record IS NULL OR NOT EXISTS (
           SELECT 1 FROM responsibilities AS r
           WHERE r.subject = t.subject AND r.responsibility = t.responsibility))
         ORDER BY rank, id LIMIT ?1",
        task::COLUMNS
    ))?;
    let mut rows = statement.query([super::most(most)])?;
    let mut offered = HashSet::new();
    while let Some(row) = rows.next()? {
        let task = task::parse(row)?;
        let alone =
            task.responsibility != Responsibility::Primary && !matches!(task.subject, Subject::Segment(_));
        if alone && !offered.insert((task.subject.clone(), task.responsibility.clone())) {
            continue;
        }
        if let Some(enterprise) = row.get::<_, Option<bool>>(16)? {
            board.enterprise.insert(task.subject.to_string().into(), enterprise);
        }
        board.tasks.push(task);
    }
    board.primaries = primaries(db, &board)?;
    Ok(board)
}

fn primaries(db: &Connection, board: &Board) -> Outcome<BTreeMap<Box<str>, AgentId>> {
    let subjects: BTreeSet<String> = board.tasks.iter().map(|task| task.subject.to_string()).collect();
    let keys: Vec<Sql> = subjects.into_iter().map(Sql::Text).collect();
    let mut statement = db.prepare_cached(
        "SELECT r.subject, r.holder FROM rarray(?1) AS k CROSS JOIN responsibilities AS r
         ON r.subject = k.value AND r.responsibility = 'primary'",
    )?;
    let rows = statement.query_map([Rc::new(keys)], |row| {
        Ok((row.get::<_, String>(0)?.into(), AgentId::new(row.get::<_, String>(1)?)))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// What every agent carries that ever held work or is paused.
fn loads(db: &Connection, week_start: Timestamp) -> Outcome<BTreeMap<AgentId, AgentLoad>> {
    let mut loads: BTreeMap<AgentId, AgentLoad> = BTreeMap::new();
    let mut agents =
        db.prepare_cached("SELECT agent, paused, resumed, last_assigned FROM agents ORDER BY agent")?;
    let mut rows = agents.query([])?;
    while let Some(row) = rows.next()? {
        let load = AgentLoad {
            paused: row.get(1)?,
            resumed: super::time(row, 2)?,
            last_assigned: super::time(row, 3)?,
            ..AgentLoad::default()
        };
        loads.insert(name(row)?, load);
    }
    let mut open = db.prepare_cached("SELECT agent, unit, open FROM agent_loads WHERE open > 0")?;
    let mut rows = open.query([])?;
    while let Some(row) = rows.next()? {
        let (unit, count): (String, u32) = (row.get(1)?, row.get(2)?);
        loads.entry(name(row)?).or_default().open.insert(unit.into(), count);
    }
    let mut week = db.prepare_cached(
        "SELECT agent, unit, sum(count) FROM agent_starts WHERE bucket >= ?1 GROUP BY agent, unit",
    )?;
    let mut rows = week.query([week_start.as_millis().div_euclid(BUCKET)])?;
    while let Some(row) = rows.next()? {
        let (unit, count): (String, u32) = (row.get(1)?, row.get(2)?);
        loads.entry(name(row)?).or_default().week.insert(unit.into(), count);
    }
    let mut records = db.prepare_cached("SELECT agent, action, won, total FROM agent_records")?;
    let mut rows = records.query([])?;
    while let Some(row) = rows.next()? {
        let action: String = row.get(1)?;
        let record = TrackRecord { won: super::count(row.get(2)?), all: super::count(row.get(3)?) };
        loads.entry(name(row)?).or_default().record.insert(action.into(), record);
    }
    Ok(loads)
}

fn name(row: &Row<'_>) -> Outcome<AgentId> {
    Ok(AgentId::new(row.get::<_, String>(0)?))
}
