//! What agents carry, counted by the transactions that place and end tasks.

use super::{
    board,
    fail::{Fail, Outcome},
};
use crate::Error;
use model::{
    AgentId, Timestamp,
    work::{Responsibility, Subject, Task},
};
use rusqlite::{Connection, OptionalExtension};

/// Length of a bucket of started work: a quarter of an hour, on which every zone's midnight falls.
pub(super) const BUCKET: i64 = 15 * 60 * 1000;
/// Results count half after this many milliseconds (90 days).
const HALF_LIFE: i64 = 90 * 24 * 3600 * 1000;
/// One case in a track record.
const CASE: i64 = 1000;
/// Buckets older than two weeks serve nobody.
const KEPT_BUCKETS: i64 = 14 * 24 * 4;

/// A unit in which work is counted.
enum Unit<'a> {
    /// Each task is one.
    Tasks(&'a str),
    /// Tasks on the same subject are one together.
    Subjects(&'a str),
}

/// `task` counts every task, `deal` the deals whose main work an agent has, `enterprise_deal` distinct subjects
/// of tasks in that unit, and any other unit the tasks that use it.
fn units(task: &Task) -> Vec<Unit<'_>> {
    let mut units = vec![Unit::Tasks("task")];
    if matches!((&task.subject, &task.responsibility), (Subject::Deal(_), Responsibility::Primary)) {
        units.push(Unit::Subjects("deal"));
    }
    match task.need.unit.as_deref() {
        None | Some("task" | "deal") => {}
        Some(unit @ "enterprise_deal") => units.push(Unit::Subjects(unit)),
        Some(unit) => units.push(Unit::Tasks(unit)),
    }
    units
}

/// Where the next placement stands in time, in milliseconds: later than all before it.
pub(super) fn next_place(db: &Connection, now: Timestamp) -> Outcome<i64> {
    let mut last = db.prepare_cached("SELECT max(last_assigned) FROM agents")?;
    let last: Option<i64> = last.query_row([], |row| row.get(0))?;
    Ok(last.map_or(now.as_millis(), |last| now.as_millis().max(last + 1)))
}

/// Counts a task that was given to an agent now, at this place among all placements, and makes it the holder of its
/// responsibility.
pub(super) fn started(
    db: &Connection,
    agent: &AgentId,
    task: &Task,
    place: i64,
    now: Timestamp,
) -> Outcome<()> {
    take_responsibility(db, agent, task)?;
    for unit in units(task) {
        let name = match unit {
            Unit::Tasks(name) => name,
            Unit::Subjects(name) if on_subject(db, agent, name, task, 1)? == 1 => name,
            Unit::Subjects(_) => continue,
        };
        open(db, agent, name, 1)?;
        let mut start = db.prepare_cached(
            "INSERT INTO agent_starts (agent, unit, bucket, count) VALUES (?1, ?2, ?3, 1)
             ON CONFLICT (agent, unit, bucket) DO UPDATE SET count = count + 1",
        )?;
        start.execute((agent.as_str(), name, now.as_millis().div_euclid(BUCKET)))?;
    }
    changed(db, agent)?;
    db.prepare_cached("UPDATE agents SET last_assigned = ?2 WHERE agent = ?1")?
        .execute((agent.as_str(), place))?;
    Ok(())
}

/// Notes that what is known of an agent changed in the board's present revision.
pub(super) fn changed(db: &Connection, agent: &AgentId) -> Outcome<()> {
    let mut note = db.prepare_cached(
        "INSERT INTO agents (agent, revision) VALUES (?1, ?2)
         ON CONFLICT (agent) DO UPDATE SET revision = excluded.revision",
    )?;
    note.execute((agent.as_str(), board::stand(db)?))?;
    Ok(())
}

/// Takes a task that ended off its holder.
pub(super) fn ended(db: &Connection, agent: &AgentId, task: &Task) -> Outcome<()> {
    changed(db, agent)?;
    for unit in units(task) {
        match unit {
            Unit::Tasks(name) => open(db, agent, name, -1)?,
            Unit::Subjects(name) if on_subject(db, agent, name, task, -1)? == 0 => open(db, agent, name, -1)?,
            Unit::Subjects(_) => {}
        }
    }
    if is_shared(task) {
        return Ok(());
    }
    let place = (task.subject.to_string(), task.responsibility.to_string());
    db.prepare_cached(
        "UPDATE responsibilities SET open = open - 1 WHERE subject = ?1 AND responsibility = ?2",
    )?
    .execute((&place.0, &place.1))?;
    db.prepare_cached(
        "DELETE FROM responsibilities WHERE subject = ?1 AND responsibility = ?2 AND open <= 0",
    )?
    .execute((&place.0, &place.1))?;
    Ok(())
}

/// Takes back that a task was started at `at`, as the agent never worked on it. Call after [`ended`].
pub(super) fn unstarted(db: &Connection, agent: &AgentId, task: &Task, at: Timestamp) -> Outcome<()> {
    for unit in units(task) {
        let name = match unit {
            // Another task on that subject is still open: it was started all the same.
            Unit::Subjects(name) if on_subject(db, agent, name, task, 0)? > 0 => continue,
            Unit::Subjects(name) | Unit::Tasks(name) => name,
        };
        let mut take = db.prepare_cached(
            "UPDATE agent_starts SET count = max(count - 1, 0) WHERE agent = ?1 AND unit = ?2 AND bucket = ?3",
        )?;
        take.execute((agent.as_str(), name, at.as_millis().div_euclid(BUCKET)))?;
    }
    Ok(())
}

/// Work on a segment is nobody's alone.
const fn is_shared(task: &Task) -> bool {
    matches!(task.subject, Subject::Segment(_))
}

/// At most one agent holds a part of a deal or lead at a time.
fn take_responsibility(db: &Connection, agent: &AgentId, task: &Task) -> Outcome<()> {
    if is_shared(task) {
        return Ok(());
    }
    let (subject, responsibility) = (task.subject.to_string(), task.responsibility.to_string());
    let mut take = db.prepare_cached(
        "INSERT INTO responsibilities (subject, responsibility, holder, open) VALUES (?1, ?2, ?3, 1)
         ON CONFLICT (subject, responsibility) DO UPDATE SET open = open + 1 WHERE holder = excluded.holder",
    )?;
    if take.execute((&subject, &responsibility, agent.as_str()))? == 1 {
        return Ok(());
    }
    let mut look =
        db.prepare_cached("SELECT holder FROM responsibilities WHERE subject = ?1 AND responsibility = ?2")?;
    let holder = look.query_row((&subject, &responsibility), |row| row.get(0))?;
    Err(Fail::Rule(Error::Taken { subject, responsibility, holder }))
}

fn open(db: &Connection, agent: &AgentId, unit: &str, add: i64) -> Outcome<()> {
    let mut statement = db.prepare_cached(
        "INSERT INTO agent_loads (agent, unit, open) VALUES (?1, ?2, max(?3, 0))
         ON CONFLICT (agent, unit) DO UPDATE SET open = max(open + ?3, 0)",
    )?;
    statement.execute((agent.as_str(), unit, add))?;
    Ok(())
}

/// Adds to the open tasks of an agent on a subject; returns how many there are now.
fn on_subject(db: &Connection, agent: &AgentId, unit: &str, task: &Task, add: i64) -> Outcome<i64> {
    let place = (agent.as_str(), unit, task.subject.to_string(), add);
    let mut statement = db.prepare_cached(
        "INSERT INTO agent_subjects (agent, unit, subject, open) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (agent, unit, subject) DO UPDATE SET open = open + excluded.open RETURNING open",
    )?;
    let now: i64 = statement.query_row(place, |row| row.get(0))?;
    if now <= 0 {
        let mut clear =
            db.prepare_cached("DELETE FROM agent_subjects WHERE agent = ?1 AND unit = ?2 AND subject = ?3")?;
        clear.execute((agent.as_str(), unit, task.subject.to_string()))?;
    }
    Ok(now)
}

/// Counts a result: a task done by its due date is a success. Older results fade with a half-life of 90 days.
pub(super) fn result(
    db: &Connection,
    agent: &AgentId,
    action: &str,
    success: bool,
    now: Timestamp,
) -> Outcome<()> {
    let mut look =
        db.prepare_cached("SELECT won, total, at FROM agent_records WHERE agent = ?1 AND action = ?2")?;
    let before: Option<(i64, i64, i64)> = look
        .query_row((agent.as_str(), action), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let (won, total, at) = before.unwrap_or((0, 0, now.as_millis()));
    let age = now.as_millis().saturating_sub(at);
    let won = faded(won, age) + if success { CASE } else { 0 };
    let total = faded(total, age) + CASE;
    let mut keep = db.prepare_cached(
        "INSERT INTO agent_records (agent, action, won, total, at) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (agent, action) DO UPDATE SET won = excluded.won, total = excluded.total, at = excluded.at",
    )?;
    keep.execute((agent.as_str(), action, won, total, now.as_millis()))?;
    Ok(())
}

/// What is left of a count after `age` milliseconds: halved per half-life, linear in between.
const fn faded(count: i64, age: i64) -> i64 {
    if age <= 0 {
        return count;
    }
    let halvings = age / HALF_LIFE;
    if halvings > 40 {
        return 0;
    }
    let whole = count >> halvings;
    // Minutes keep the product far from overflow.
    whole - whole * ((age % HALF_LIFE) / 60_000) / (HALF_LIFE / 60_000) / 2
}

/// Forgets started work that no week reaches back to.
pub(super) fn forget_old_starts(db: &Connection, now: Timestamp) -> Outcome<()> {
    let oldest = now.as_millis().div_euclid(BUCKET) - KEPT_BUCKETS;
    db.prepare_cached("DELETE FROM agent_starts WHERE bucket < ?1")?.execute([oldest])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_fade_by_half_in_a_half_life() {
        assert_eq!(faded(8000, 0), 8000);
        assert_eq!(faded(8000, HALF_LIFE), 4000);
        assert_eq!(faded(8000, HALF_LIFE / 2), 6000);
        assert_eq!(faded(8000, 3 * HALF_LIFE), 1000);
        assert_eq!(faded(8000, -5), 8000);
        assert_eq!(faded(8000, i64::MAX), 0);
    }
}
