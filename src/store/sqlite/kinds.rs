//! The queue by kinds of tasks, so that what nobody can take is not read.

use super::{board::FREE, fail::Outcome};
use model::{
    Id, Timestamp,
    work::{Backlog, Need, QueuePlace, TaskKind},
};
use rusqlite::Connection;
use std::{
    cmp::Reverse,
    collections::{BTreeSet, BinaryHeap, VecDeque},
};

/// Places of one kind that are read at once.
const AHEAD: usize = 32;

/// A task's kind as its column has it: capability and unit.
pub(super) fn column(need: &Need) -> String {
    text(&need.capability, need.unit.as_deref())
}

fn text(capability: &str, unit: Option<&str>) -> String {
    unit.map_or_else(|| capability.to_owned(), |unit| format!("{capability} {unit}"))
}

fn parse(text: &str) -> TaskKind {
    match text.split_once(' ') {
        Some((capability, unit)) => TaskKind { capability: capability.into(), unit: Some(unit.into()) },
        None => TaskKind { capability: text.into(), unit: None },
    }
}

/// The kinds of which tasks wait, by one step in the index each.
pub(super) fn waiting(db: &Connection) -> Outcome<Vec<TaskKind>> {
    // Left to itself SQLite would look through the whole queue.
    let mut next = db.prepare_cached(
        "SELECT min(kind) FROM tasks INDEXED BY tasks_kinds WHERE state = 'queued' AND kind > ?1",
    )?;
    let (mut kinds, mut last) = (Vec::new(), String::new());
    while let Some(kind) = next.query_row([&last], |row| row.get::<_, Option<String>>(0))? {
        kinds.push(parse(&kind));
        last = kind;
    }
    Ok(kinds)
}

/// What waits for an agent, by kind; what waits for its part of a deal to be free does so by design.
pub(super) fn backlog(db: &Connection, since: Timestamp) -> Outcome<Vec<Backlog>> {
    let sql = "SELECT count(*), min(arrived), coalesce(sum(arrived <= ?2), 0) FROM tasks AS t INDEXED BY tasks_waiting
         WHERE state = 'queued' AND kind = ?1";
    let (mut count, mut count_free) =
        (db.prepare_cached(sql)?, db.prepare_cached(&format!("{sql} AND {FREE}"))?);
    let held = held(db)?;
    let mut all = Vec::new();
    for kind in waiting(db)? {
        let text = text(&kind.capability, kind.unit.as_deref());
        // In the index alone, unless some of the kind have to be looked at.
        let count = if held.contains(&text) { &mut count_free } else { &mut count };
        let counted = count.query_row((text, since.as_millis()), |row| {
            Ok((row.get(0)?, row.get::<_, Option<i64>>(1)?, row.get(2)?))
        })?;
        let (waiting, oldest, long) = (super::count(counted.0), counted.1, super::count(counted.2));
        all.extend(oldest.map(Timestamp::from_millis).map(|oldest| Backlog { kind, waiting, oldest, long }));
    }
    Ok(all)
}

/// Kinds of which a task waits for its part of a deal, which somebody has.
fn held(db: &Connection) -> Outcome<BTreeSet<String>> {
    let mut kinds = db.prepare_cached(
        "SELECT DISTINCT t.kind FROM responsibilities AS r CROSS JOIN tasks AS t INDEXED BY tasks_record
         ON t.record = substr(r.subject, instr(r.subject, ':') + 1)
         WHERE r.responsibility <> 'primary' AND t.state = 'queued' AND t.responsibility = r.responsibility
           AND t.subject = r.subject",
    )?;
    kinds.query_map([], |row| row.get(0))?.map(|kind| Ok(kind?)).collect()
}

/// The best tasks of these kinds behind a place, and the place behind those if there may be more.
pub(super) fn best(
    db: &Connection,
    kinds: &[TaskKind],
    after: Option<QueuePlace>,
    most: usize,
) -> Outcome<(Vec<Id>, Option<QueuePlace>)> {
    let mut heads = BinaryHeap::new();
    for kind in kinds {
        let mut lane = Lane { kind: text(&kind.capability, kind.unit.as_deref()), ahead: VecDeque::new() };
        heads.extend(lane.next(db, after)?.map(|place| Reverse((place, lane))));
    }
    let mut found = Vec::new();
    while found.len() < most {
        let Some(Reverse((place, mut lane))) = heads.pop() else { return Ok((found, None)) };
        found.push(place.task);
        heads.extend(lane.next(db, Some(place))?.map(|next| Reverse((next, lane))));
        if found.len() == most {
            return Ok((found, Some(place)));
        }
    }
    Ok((found, after))
}

/// The queue of one kind, read a few places at a time.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Lane {
    kind: String,
    ahead: VecDeque<QueuePlace>,
}

impl Lane {
    /// The next place behind this one, which is where it has come to.
    fn next(&mut self, db: &Connection, after: Option<QueuePlace>) -> Outcome<Option<QueuePlace>> {
        if let Some(place) = self.ahead.pop_front() {
            return Ok(Some(place));
        }
        let mut look = db.prepare_cached(
            "SELECT rank, id FROM tasks INDEXED BY tasks_kinds WHERE state = 'queued' AND kind = ?1 AND (rank, id) > (?2, ?3)
             ORDER BY rank, id LIMIT ?4",
        )?;
        let (rank, task) =
            after.map_or((i64::MIN, String::new()), |place| (place.rank, place.task.to_string()));
        let mut rows = look.query((&self.kind, rank, task, super::most(AHEAD)))?;
        while let Some(row) = rows.next()? {
            self.ahead.push_back(QueuePlace { rank: row.get(0)?, task: super::id(row, 1)? });
        }
        Ok(self.ahead.pop_front())
    }
}
