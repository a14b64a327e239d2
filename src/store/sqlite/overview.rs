//! The figures of the control centre.

use super::fail::{Fail, Outcome};
use crate::{AgentFigures, Overview};
use model::{AgentId, EventKind, Stage, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row};
use std::collections::BTreeMap;

const DAY: i64 = 24 * 3600 * 1000;

/// All figures, from one state of the database.
pub(super) fn overview(db: &Connection, now: Timestamp) -> Outcome<Overview> {
    let now = now.as_millis();
    Ok(Overview {
        deals: deals(db)?,
        leads: one(db, LEADS, [])?,
        won_and_closed: won_and_closed(db, now)?,
        tasks: by_name(db, "SELECT state, count(*) FROM tasks GROUP BY state")?,
        overdue: one(db, "SELECT count(*) FROM tasks WHERE ended_at IS NULL AND due < ?1", [now])?,
        oldest_queued: db
            .query_row("SELECT min(arrived) FROM tasks WHERE state = 'queued'", [], |row| row.get(0))
            .optional()?
            .flatten()
            .map(Timestamp::from_millis),
        agents: agents(db, now)?,
        writes: by_name(db, "SELECT state, count(*) FROM outbox GROUP BY state")?,
        writes_day: writes_day(db, now)?,
        moves: moves(db, now)?,
        velocity_days: velocity(db, now)?,
        parked: one(db, "SELECT count(*) FROM parked", [])?,
        undelivered: one(db, UNDELIVERED, [now - DAY])?,
    })
}

const UNDELIVERED: &str = "SELECT
    (SELECT count(*) FROM messages WHERE push IN ('waiting', 'sending') AND push_note IS NOT NULL)
    + (SELECT count(*) FROM messages WHERE push = 'failed' AND push_due > ?1)";

/// Contacts with a lead status that no living deal is linked with, from either side.
const LEADS: &str = "SELECT count(*) FROM contacts AS c
    WHERE c.lead_status IS NOT NULL AND c.gone IS NULL AND NOT EXISTS (
      SELECT 1 FROM links AS l
      JOIN (SELECT stream, ext_id, to_stream AS other, to_id AS other_id FROM associations
            UNION ALL SELECT to_stream, to_id, stream, ext_id FROM associations) AS a
        ON a.stream = l.stream AND a.ext_id = l.ext_id
      JOIN streams AS s ON s.id = a.other AND s.kind = 'deal'
      JOIN links AS d ON d.stream = a.other AND d.ext_id = a.other_id AND d.gone IS NULL
      WHERE l.record = c.id AND l.gone IS NULL)";

fn one<P: rusqlite::Params>(db: &Connection, sql: &str, parameters: P) -> Outcome<u64> {
    Ok(super::count(db.prepare_cached(sql)?.query_row(parameters, |row| row.get(0))?))
}

fn by_name(db: &Connection, sql: &str) -> Outcome<BTreeMap<Box<str>, u64>> {
    let mut statement = db.prepare_cached(sql)?;
    let rows =
        statement.query_map([], |row| Ok((row.get::<_, String>(0)?.into(), super::count(row.get(1)?))))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn deals(db: &Connection) -> Outcome<BTreeMap<Option<Stage>, u64>> {
    let mut statement = db.prepare_cached(
        "SELECT stage, count(*) FROM deals WHERE gone IS NULL AND (outcome IS NULL OR outcome = 'open')
         GROUP BY stage",
    )?;
    let parse = |row: &Row<'_>| -> Outcome<(Option<Stage>, u64)> {
        let stage: Option<String> = row.get(0)?;
        let stage = stage.map(|name| name.parse()).transpose().map_err(Fail::stored)?;
        Ok((stage, super::count(row.get(1)?)))
    };
    statement.query_and_then([], parse)?.collect()
}

/// Of the deals created in the trailing year: won, and closed at all.
fn won_and_closed(db: &Connection, now: i64) -> Outcome<(u64, u64)> {
    let mut statement = db.prepare_cached(
        "SELECT count(*) FILTER (WHERE outcome = 'won'), count(*) FROM deals
         WHERE gone IS NULL AND outcome IN ('won', 'lost') AND created_at > ?1 AND created_at <= ?2",
    )?;
    let figures: (i64, i64) =
        statement.query_row((now - 365 * DAY, now), |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok((super::count(figures.0), super::count(figures.1)))
}

fn agents(db: &Connection, now: i64) -> Outcome<BTreeMap<AgentId, AgentFigures>> {
    let mut statement = db.prepare_cached(
        "SELECT a.agent, a.paused,
           (SELECT count(*) FROM tasks AS t WHERE t.holder = a.agent AND t.ended_at IS NULL),
           (SELECT count(*) FROM tasks AS t
            WHERE t.holder = a.agent AND t.state = 'done' AND t.ended_at > ?1),
           (SELECT count(*) FROM tasks AS t
            WHERE t.holder = a.agent AND t.state = 'done' AND t.ended_at > ?1
              AND (t.due IS NULL OR t.ended_at <= t.due)),
           coalesce(o.judged, 0), coalesce(o.succeeded, 0)
         FROM agents AS a LEFT JOIN (
           SELECT agent, count(*) AS judged, sum(success) AS succeeded FROM outcomes WHERE at > ?1 GROUP BY agent
         ) AS o ON o.agent = a.agent ORDER BY a.agent",
    )?;
    let rows = statement.query_map([now - 90 * DAY], |row| {
        let figures = AgentFigures {
            paused: row.get(1)?,
            open: super::count(row.get(2)?),
            done: super::count(row.get(3)?),
            on_time: super::count(row.get(4)?),
            judged: super::count(row.get(5)?),
            succeeded: super::count(row.get(6)?),
        };
        Ok((AgentId::new(row.get::<_, String>(0)?), figures))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Writes that were due within the last day (whatever still waits to go out is due as well), and how many of
/// them are settled. What waits for a person, or was replaced or skipped, was not due.
fn writes_day(db: &Connection, now: i64) -> Outcome<(u64, u64)> {
    let settled = one(
        db,
        "SELECT count(*) FROM outbox WHERE state IN ('done', 'moved', 'refused') AND changed > ?1",
        [now - DAY],
    )?;
    let waiting = one(
        db,
        "SELECT count(*) FROM outbox
         WHERE state IN ('pending', 'sending')
            OR (state IN ('retry', 'verify') AND due <= ?1) OR (state = 'unknown' AND changed > ?2)",
        [now, now - DAY],
    )?;
    Ok((settled + waiting, settled))
}

/// Moves to a later stage in the last 28 days.
fn moves(db: &Connection, now: i64) -> Outcome<u64> {
    let mut statement =
        db.prepare_cached("SELECT data FROM events WHERE kind = 'stage_entered' AND at > ?1")?;
    let mut forward = 0;
    for data in statement.query_map([now - 28 * DAY], |row| row.get::<_, String>(0))? {
        if let EventKind::StageEntered { from: Some(from), to } = serde_json::from_str(&data?)?
            && to > from
        {
            forward += 1;
        }
    }
    Ok(forward)
}

/// Median days from a deal's creation (its first stage) to its winning, of those won in the last 90 days by
/// their close date.
fn velocity(db: &Connection, now: i64) -> Outcome<Option<f64>> {
    let mut statement = db.prepare_cached(
        "SELECT close_date - created_at FROM deals
         WHERE gone IS NULL AND outcome = 'won' AND close_date > ?1 AND close_date <= ?2
           AND created_at <= close_date ORDER BY 1",
    )?;
    let spans: Vec<i64> =
        statement.query_map((now - 90 * DAY, now), |row| row.get(0))?.collect::<Result<_, _>>()?;
    let middle = spans.len() / 2;
    let span = match (spans.get(middle), spans.get(middle.wrapping_sub(1))) {
        (Some(upper), Some(lower)) if spans.len().is_multiple_of(2) => i64::midpoint(*upper, *lower),
        (Some(middle), _) => *middle,
        (None, _) => return Ok(None),
    };
    Ok(Some(std::time::Duration::from_millis(super::count(span)).as_secs_f64() / 86_400.0))
}
