//! The queue by kinds of tasks, so that what nobody can take is not read.

use super::fail::Outcome;
use model::{
    Id,
    work::{Need, QueuePlace, TaskKind},
};
use rusqlite::Connection;

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
    let mut next = db.prepare_cached("SELECT min(kind) FROM tasks WHERE state = 'queued' AND kind > ?1")?;
    let (mut kinds, mut last) = (Vec::new(), String::new());
    while let Some(kind) = next.query_row([&last], |row| row.get::<_, Option<String>>(0))? {
        kinds.push(parse(&kind));
        last = kind;
    }
    Ok(kinds)
}

/// The best tasks of these kinds behind a place, and the place behind those if there may be more.
pub(super) fn best(
    db: &Connection,
    kinds: &[TaskKind],
    after: Option<QueuePlace>,
    most: usize,
) -> Outcome<(Vec<Id>, Option<QueuePlace>)> {
    let mut look = db.prepare_cached(
        "SELECT rank, id FROM tasks WHERE state = 'queued' AND kind = ?1 AND (rank, id) > (?2, ?3)
         ORDER BY rank, id LIMIT ?4",
    )?;
    let (rank, task) = after.map_or((i64::MIN, String::new()), |place| (place.rank, place.task.to_string()));
    let mut found = Vec::new();
    for kind in kinds {
        let kind = text(&kind.capability, kind.unit.as_deref());
        let mut rows = look.query((kind, rank, &task, super::most(most)))?;
        while let Some(row) = rows.next()? {
            found.push(QueuePlace { rank: row.get(0)?, task: super::id(row, 1)? });
        }
    }
    found.sort_unstable();
    let more = found.len() >= most;
    found.truncate(most);
    let next = found.last().copied().filter(|_| more);
    Ok((found.into_iter().map(|place| place.task).collect(), next))
}
