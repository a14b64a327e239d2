//! What an assignment turn looks at.

use super::{fail::Outcome, load::BUCKET, release, task};
use model::{
    AgentId, Id, Timestamp,
    work::{AgentLoad, Board, Loads, Responsibility, Subject, TrackRecord},
};
use rusqlite::{Connection, OptionalExtension, Row, Rows, types::Value as Sql};
use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    rc::Rc,
    sync::{Arc, Mutex, PoisonError},
};

/// The part of the deal that a task is, if it is one beside the main work, is nobody's now.
pub(super) const FREE: &str = "(responsibility = 'primary' OR record IS NULL OR NOT EXISTS (
   SELECT 1 FROM responsibilities AS r WHERE r.subject = t.subject AND r.responsibility = t.responsibility))";

/// The number that rises with every change to tasks and loads after which a decision may no longer hold.
pub(super) fn revision(db: &Connection) -> Outcome<i64> {
    let mut statement = db.prepare_cached("SELECT value FROM counters WHERE name = 'board'")?;
    Ok(statement.query_row([], |row| row.get(0)).optional()?.unwrap_or_default())
}

/// The number that rises with every change to loads, also those that only make room.
pub(super) fn stand(db: &Connection) -> Outcome<i64> {
    let sql = "SELECT sum(value) FROM counters WHERE name IN ('board', 'eased')";
    let mut statement = db.prepare_cached(sql)?;
    Ok(statement.query_row([], |row| row.get::<_, Option<i64>>(0))?.unwrap_or_default())
}

/// Notes that somebody has less to do: whatever is being decided on the board still holds.
pub(super) fn eased(db: &Connection) -> Outcome<()> {
    super::bump(db, "eased", 1).map(drop)
}

/// The best of the queue. Tasks beside the main work are offered one per part of a deal: the next waits until that part is free, so that no turn can give it
/// to two agents.
pub(super) fn board(
    db: &Connection,
    most: usize,
    week_start: Timestamp,
    roster: &Mutex<Roster>,
) -> Outcome<Board> {
    let mut board = standing(db, week_start, roster)?;
    let mut statement = db.prepare_cached(&format!(
        "SELECT {}, enterprise FROM tasks AS t WHERE state = 'queued' AND {FREE} ORDER BY rank, id LIMIT ?1",
        task::COLUMNS
    ))?;
    let rows = statement.query([super::most(most)])?;
    fill(&mut board, rows)?;
    complete(db, &mut board)?;
    Ok(board)
}

/// The board with these tasks, in their order, as far as they still wait.
pub(super) fn of(
    db: &Connection,
    ids: &[Id],
    week_start: Timestamp,
    roster: &Mutex<Roster>,
) -> Outcome<Board> {
    let mut board = standing(db, week_start, roster)?;
    let keys: Vec<Sql> = ids.iter().map(|id| Sql::Text(id.to_string())).collect();
    let mut statement = db.prepare_cached(&format!(
        "SELECT {}, enterprise FROM rarray(?1) AS k CROSS JOIN tasks AS t ON t.id = k.value
         WHERE state = 'queued' AND {FREE} ORDER BY rank, id",
        task::COLUMNS
    ))?;
    let rows = statement.query([Rc::new(keys)])?;
    fill(&mut board, rows)?;
    complete(db, &mut board)?;
    Ok(board)
}

/// Puts tasks on the board.
fn fill(board: &mut Board, mut rows: Rows<'_>) -> Outcome<()> {
    let mut offered = HashSet::new();
    while let Some(row) = rows.next()? {
        let task = task::parse(row)?;
        let alone =
            task.responsibility != Responsibility::Primary && !matches!(task.subject, Subject::Segment(_));
        if alone && !offered.insert((task.subject.clone(), task.responsibility.clone())) {
            continue;
        }
        if let Some(enterprise) = row.get::<_, Option<bool>>(17)? {
            board.enterprise.insert(task.subject.to_string().into(), enterprise);
        }
        board.tasks.push(task);
    }
    Ok(())
}

/// Revision and loads, with no task.
pub(super) fn standing(db: &Connection, week_start: Timestamp, roster: &Mutex<Roster>) -> Outcome<Board> {
    let mut roster = roster.lock().unwrap_or_else(PoisonError::into_inner);
    roster.update(db, stand(db)?, week_start.as_millis().div_euclid(BUCKET))?;
    Ok(Board { revision: revision(db)?, loads: roster.loads.clone(), ..Board::default() })
}

/// What has to be known about the tasks on a board: who holds their deals, who passed, how often they were placed.
pub(super) fn complete(db: &Connection, board: &mut Board) -> Outcome<()> {
    board.primaries = primaries(db, board)?;
    board.passed = release::passed(db, board.tasks.iter().map(|task| task.id))?;
    board.placed_before = placed_before(db, board)?;
    Ok(())
}

fn placed_before(db: &Connection, board: &Board) -> Outcome<BTreeMap<Id, u32>> {
    let keys: Vec<Sql> = board.tasks.iter().map(|task| Sql::Text(task.id.to_string())).collect();
    let mut statement = db.prepare_cached(
        "SELECT k.value, count(*) FROM rarray(?1) AS k CROSS JOIN assignments AS a
         ON a.task = k.value AND a.placed = 1 GROUP BY k.value",
    )?;
    statement.query_and_then([Rc::new(keys)], |row| Ok((super::id(row, 0)?, row.get(1)?)))?.collect()
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

/// What agents carried at a revision of the board, so that reading the next one costs only what changed.
#[derive(Default)]
pub(super) struct Roster {
    revision: i64,
    /// First bucket of the week that is counted; `None` before the first reading.
    week: Option<i64>,
    loads: Loads,
}

impl Roster {
    /// Takes over what changed since it was last read.
    fn update(&mut self, db: &Connection, revision: i64, week: i64) -> Outcome<()> {
        if self.week != Some(week) || revision < self.revision {
            self.loads = loads(db, None, week)?;
        } else if revision > self.revision {
            let mut changed = db.prepare_cached("SELECT agent FROM agents WHERE revision > ?1")?;
            let names = changed.query_map([self.revision], |row| row.get(0).map(Sql::Text))?;
            let names: Vec<Sql> = names.collect::<Result<_, _>>()?;
            self.loads.extend(loads(db, Some(names), week)?);
        }
        (self.revision, self.week) = (revision, Some(week));
        Ok(())
    }
}

/// What agents carry that ever held work or are paused: all, or those named.
fn loads(db: &Connection, names: Option<Vec<Sql>>, week: i64) -> Outcome<Loads> {
    let which = if names.is_some() { "agent IN rarray(?1)" } else { "?1 IS NULL" };
    let names = names.map(Rc::new);
    let mut loads: BTreeMap<AgentId, AgentLoad> = BTreeMap::new();
    let mut agents = db
        .prepare_cached(&format!("SELECT agent, paused, resumed, last_assigned FROM agents WHERE {which}"))?;
    let mut rows = agents.query([&names])?;
    while let Some(row) = rows.next()? {
        let load = AgentLoad {
            paused: row.get(1)?,
            resumed: super::time(row, 2)?,
            last_assigned: super::time(row, 3)?,
            ..AgentLoad::default()
        };
        loads.insert(name(row)?, load);
    }
    let mut open =
        db.prepare_cached(&format!("SELECT agent, unit, open FROM agent_loads WHERE {which} AND open > 0"))?;
    let mut rows = open.query([&names])?;
    while let Some(row) = rows.next()? {
        let (unit, count): (String, u32) = (row.get(1)?, row.get(2)?);
        loads.entry(name(row)?).or_default().open.insert(unit.into(), count);
    }
    let mut started = db.prepare_cached(&format!(
        "SELECT agent, unit, sum(count) FROM agent_starts WHERE {which} AND bucket >= ?2 GROUP BY agent, unit"
    ))?;
    let mut rows = started.query((&names, week))?;
    while let Some(row) = rows.next()? {
        let (unit, count): (String, u32) = (row.get(1)?, row.get(2)?);
        loads.entry(name(row)?).or_default().week.insert(unit.into(), count);
    }
    let mut records =
        db.prepare_cached(&format!("SELECT agent, action, won, total FROM agent_records WHERE {which}"))?;
    let mut rows = records.query([&names])?;
    while let Some(row) = rows.next()? {
        let action: String = row.get(1)?;
        let record = TrackRecord { won: super::count(row.get(2)?), all: super::count(row.get(3)?) };
        loads.entry(name(row)?).or_default().record.insert(action.into(), record);
    }
    Ok(loads.into_iter().map(|(agent, load)| (agent, Arc::new(load))).collect())
}

fn name(row: &Row<'_>) -> Outcome<AgentId> {
    Ok(AgentId::new(row.get::<_, String>(0)?))
}
