//! Is everything there that we think is there, and nothing else?

use super::{fail::Outcome, links::Streams};
use crate::Census;
use model::{ConnectionId, ExternalRef, Stream, Timestamp};
use rusqlite::Connection;

/// Forgets old marks.
pub(super) fn begin(
    db: &Connection,
    connection: &ConnectionId,
    stream: Stream,
    now: Timestamp,
) -> Outcome<()> {
    let stream = Streams::load(db)?.number(db, connection, stream)?;
    db.execute("DELETE FROM census_marks WHERE stream = ?1", [stream])?;
    db.execute("UPDATE streams SET census_began = ?2 WHERE id = ?1", (stream, now.as_millis()))?;
    Ok(())
}

const ALIVE: &str = "FROM links AS l WHERE l.stream = ?1 AND l.gone IS NULL AND l.first_seen < ?2";
const UNMARKED: &str =
    "AND NOT EXISTS (SELECT 1 FROM census_marks AS m WHERE m.stream = l.stream AND m.ext_id = l.ext_id)";
/// Marks without a living record of ours.
const UNKNOWN: &str = "FROM census_marks AS m WHERE m.stream = ?1 AND NOT EXISTS
    (SELECT 1 FROM links AS l WHERE l.stream = m.stream AND l.ext_id = m.ext_id AND l.gone IS NULL)";

/// How the census of a stream stands; `None` when none ever began.
pub(super) fn read(
    db: &Connection,
    connection: &ConnectionId,
    stream: Stream,
    most: usize,
) -> Outcome<Option<Census>> {
    let streams = Streams::load(db)?;
    let Some(number) = streams.find(connection, stream) else { return Ok(None) };
    let mut statement = db.prepare_cached("SELECT census_began FROM streams WHERE id = ?1")?;
    let began: Option<i64> = statement.query_row([number], |row| row.get(0))?;
    let Some(began) = began else { return Ok(None) };
    let counted = |sql: &str| -> Outcome<u64> {
        let mut statement = db.prepare_cached(sql)?;
        Ok(super::count(statement.query_row((number, began), |row| row.get(0))?))
    };
    let alive = counted(&format!("SELECT count(*) {ALIVE}"))?;
    let absent = counted(&format!("SELECT count(*) {ALIVE} {UNMARKED}"))?;
    let list = |sql: &str, second: i64| -> Outcome<Vec<ExternalRef>> {
        let mut statement = db.prepare_cached(sql)?;
        let ids = statement.query_map((number, second, super::most(most)), |row| row.get::<_, String>(0))?;
        let named = ids.map(|id| Ok(ExternalRef::new(connection, stream, id?)));
        named.collect()
    };
    let missing = list(&format!("SELECT l.ext_id {ALIVE} {UNMARKED} ORDER BY l.ext_id LIMIT ?3"), began)?;
    let unknown =
        list(&format!("SELECT m.ext_id {UNKNOWN} AND ?2 IS NOT NULL ORDER BY m.ext_id LIMIT ?3"), began)?;
    Ok(Some(Census { began: Timestamp::from_millis(began), alive, absent, missing, unknown }))
}

/// Keeps the gap of a census that reached its end, as a health figure.
pub(super) fn note_gap(db: &Connection, stream: i64) -> Outcome<()> {
    let gap: i64 = db.query_row(&format!("SELECT count(*) {UNKNOWN}"), [stream], |row| row.get(0))?;
    db.execute("UPDATE streams SET gap = ?2 WHERE id = ?1", (stream, gap))?;
    Ok(())
}
