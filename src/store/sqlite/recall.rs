//! What decisions rested on: kept with them, and read again.

use super::{fail::Outcome, task};
use crate::Placing;
use model::{
    AgentId, Id, Timestamp,
    work::{Assignment, Basis, Board, Loads, Scene},
};
use rusqlite::{Connection, OptionalExtension};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

/// What agents carried when that was last kept: only what differs is kept again.
#[derive(Default)]
pub(super) struct Carried {
    turn: i64,
    loads: Loads,
}

/// Keeps what these decisions rest on; the number of their turn. `None` when nobody said by which routing they were
/// made.
pub(super) fn keep(
    db: &Connection,
    placing: &Placing,
    carried: &Mutex<Carried>,
    now: Timestamp,
) -> Outcome<Option<i64>> {
    let first = placing.assignments.first();
    let (Some(text), Some(made)) = (placing.routing.as_deref(), first) else { return Ok(None) };
    let routing = routing(db, &made.config, text)?;
    let mut last = db.prepare_cached("SELECT coalesce(max(id), 0) FROM turns")?;
    let last: i64 = last.query_row([], |row| row.get(0))?;
    db.prepare_cached("INSERT INTO turns (id, at, routing) VALUES (?1, ?2, ?3)")?.execute((
        last + 1,
        now.as_millis(),
        routing,
    ))?;
    let mut carried = carried.lock().unwrap_or_else(PoisonError::into_inner);
    if carried.turn != last {
        // The last turn was not ours, or was not committed.
        carried.loads.clear();
    }
    let mut insert = db.prepare_cached("INSERT INTO carried (agent, turn, body) VALUES (?1, ?2, ?3)")?;
    for (agent, load) in &placing.on.loads {
        let kept = carried.loads.get(agent);
        if kept.is_some_and(|kept| Arc::ptr_eq(kept, load)) {
            continue;
        }
        if kept != Some(load) {
            insert.execute((agent.as_str(), last + 1, serde_json::to_string(&**load)?))?;
        }
        carried.loads.insert(agent.clone(), Arc::clone(load));
    }
    carried.turn = last + 1;
    Ok(Some(last + 1))
}

fn routing(db: &Connection, hash: &str, text: &str) -> Outcome<i64> {
    let mut known = db.prepare_cached("SELECT id FROM routings WHERE hash = ?1")?;
    if let Some(id) = known.query_row([hash], |row| row.get(0)).optional()? {
        return Ok(id);
    }
    let mut whole =
        db.prepare_cached("SELECT id, body FROM routings WHERE base IS NULL ORDER BY id DESC LIMIT 1")?;
    let base = whole.query_row([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))).optional()?;
    let base =
        base.map(|(id, body)| (id, shared(&body, text))).filter(|(_, shared)| *shared > text.len() / 2);
    let (base, shared) = base.unzip();
    let rest = text.get(shared.unwrap_or(0)..).unwrap_or_default();
    let mut insert =
        db.prepare_cached("INSERT INTO routings (hash, body, base, shared) VALUES (?1, ?2, ?3, ?4)")?;
    insert.execute((hash, rest, base, shared.map(super::most)))?;
    Ok(db.last_insert_rowid())
}

/// How many bytes two texts begin with alike, up to a whole character.
fn shared(one: &str, other: &str) -> usize {
    let alike = one.chars().zip(other.chars()).take_while(|(one, other)| one == other);
    alike.map(|(char, _)| char.len_utf8()).sum()
}

/// A decision with what it rested on, newest first; `None` for one of which nothing was kept.
pub(super) fn scenes(db: &Connection, task: Id) -> Outcome<Vec<Option<Scene>>> {
    let mut decisions =
        db.prepare_cached("SELECT id, turn FROM assignments WHERE task = ?1 ORDER BY id DESC")?;
    let rows = decisions.query_map([task.to_string()], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let rows: Vec<(i64, Option<i64>)> = rows.collect::<Result<_, _>>()?;
    rows.into_iter().map(|(id, turn)| turn.map(|turn| scene(db, turn, id)).transpose()).collect()
}

fn scene(db: &Connection, turn: i64, decision: i64) -> Outcome<Scene> {
    let mut head = db.prepare_cached(
        "SELECT t.at, r.body, b.body, r.shared FROM turns AS t JOIN routings AS r ON r.id = t.routing
         LEFT JOIN routings AS b ON b.id = r.base WHERE t.id = ?1",
    )?;
    let (at, routing) = head.query_row([turn], |row| {
        let (rest, base): (String, Option<String>) = (row.get(1)?, row.get(2)?);
        let shared = row.get::<_, Option<u32>>(3)?.unwrap_or_default() as usize;
        let begin = base.as_deref().and_then(|base| base.get(..shared)).unwrap_or_default();
        Ok((row.get(0)?, format!("{begin}{rest}")))
    })?;
    let mut scene = Scene {
        at: Timestamp::from_millis(at),
        routing: routing.into(),
        board: Board { loads: loads(db, turn)?, ..Board::default() },
        made: Vec::new(),
    };
    let mut rows = db.prepare_cached(
        "SELECT task, body, basis FROM assignments WHERE turn = ?1 AND id <= ?2 AND (placed = 1 OR id = ?2) ORDER BY id",
    )?;
    let mut rows = rows.query((turn, decision))?;
    while let Some(row) = rows.next()? {
        let made: Assignment = serde_json::from_str(&row.get::<_, String>(1)?)?;
        let basis: Basis = row
            .get::<_, Option<String>>(2)?
            .map_or(Ok(Basis::default()), |text| serde_json::from_str(&text))?;
        scene.board.revision = made.turn;
        if let Some(task) = task::load(db, made.task)? {
            scene.board.put(task, basis);
            scene.made.push(made);
        }
    }
    Ok(scene)
}

/// What each agent carried at a turn.
fn loads(db: &Connection, turn: i64) -> Outcome<Loads> {
    let mut rows = db.prepare_cached(
        "SELECT a.agent, (SELECT c.body FROM carried AS c WHERE c.agent = a.agent AND c.turn <= ?1
                          ORDER BY c.turn DESC LIMIT 1)
         FROM agents AS a",
    )?;
    let mut rows = rows.query([turn])?;
    let mut loads = BTreeMap::new();
    while let Some(row) = rows.next()? {
        if let Some(body) = row.get::<_, Option<String>>(1)? {
            loads.insert(AgentId::new(row.get::<_, String>(0)?), Arc::new(serde_json::from_str(&body)?));
        }
    }
    Ok(loads)
}
