//! Records that could not be taken.

use super::{fail::Outcome, links::Streams};
use crate::ParkedRow;
use model::{ConnectionId, ExternalRef, Parked, Stream, Timestamp};
use rusqlite::{Connection, Row, types::Value as Sql};
use std::rc::Rc;

/// Puts records aside. One that is aside already keeps its row and time and gets the new reason.
pub(super) fn park(db: &Connection, streams: &mut Streams, parked: &[Parked], now: Timestamp) -> Outcome<()> {
    for one in parked {
        let stream = streams.number(db, &one.connection, one.stream)?;
        let mut insert = db.prepare_cached(
            "INSERT INTO parked (stream, ext_id, reason, since, raw) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (stream, ext_id) WHERE ext_id IS NOT NULL
             DO UPDATE SET reason = excluded.reason, raw = excluded.raw, retrying = 0",
        )?;
        insert.execute((stream, one.id.as_deref(), &one.reason, now.as_millis(), one.raw.as_ref()))?;
    }
    Ok(())
}

/// Is anything aside at all?
pub(super) fn any(db: &Connection) -> Outcome<bool> {
    let mut statement = db.prepare_cached("SELECT EXISTS (SELECT 1 FROM parked)")?;
    Ok(statement.query_row([], |row| row.get(0))?)
}

/// The record could be taken after all (or is gone).
pub(super) fn taken(db: &Connection, streams: &Streams, reference: &ExternalRef) -> Outcome<()> {
    if let Some(stream) = streams.find(&reference.connection, reference.kind) {
        let mut delete = db.prepare_cached("DELETE FROM parked WHERE stream = ?1 AND ext_id = ?2")?;
        delete.execute((stream, reference.id.as_ref()))?;
    }
    Ok(())
}

/// What is aside, newest first.
pub(super) fn list(db: &Connection, most: usize) -> Outcome<Vec<ParkedRow>> {
    let mut statement = db.prepare_cached(
        "SELECT p.id, s.connection, s.kind, p.ext_id, p.reason, p.since, p.raw, p.retrying
         FROM parked AS p JOIN streams AS s ON s.id = p.stream ORDER BY p.id DESC LIMIT ?1",
    )?;
    let parse = |row: &Row<'_>| -> Outcome<ParkedRow> {
        Ok(ParkedRow {
            row: row.get(0)?,
            connection: ConnectionId::new(row.get::<_, String>(1)?),
            stream: super::word(row, 2)?,
            id: row.get::<_, Option<String>>(3)?.map(Into::into),
            reason: row.get(4)?,
            since: Timestamp::from_millis(row.get(5)?),
            raw: row.get::<_, Vec<u8>>(6)?.into(),
            retrying: row.get(7)?,
        })
    };
    statement.query_and_then([super::most(most)], parse)?.collect()
}

/// Asks for rows to be read again; those whose id is not known cannot be.
pub(super) fn retry(db: &Connection, rows: &[i64]) -> Outcome<u64> {
    let rows: Vec<Sql> = rows.iter().map(|row| Sql::Integer(*row)).collect();
    let mut statement =
        db.prepare_cached("UPDATE parked SET retrying = 1 WHERE id IN rarray(?1) AND ext_id IS NOT NULL")?;
    Ok(statement.execute([Rc::new(rows)])? as u64)
}

/// Vendor ids waiting to be read again, oldest first.
pub(super) fn to_reread(
    db: &Connection,
    connection: &ConnectionId,
    stream: Stream,
    most: usize,
) -> Outcome<Vec<Box<str>>> {
    let Some(stream) = Streams::load(db)?.find(connection, stream) else { return Ok(Vec::new()) };
    let mut statement = db.prepare_cached(
        "SELECT ext_id FROM parked WHERE stream = ?1 AND retrying = 1 AND ext_id IS NOT NULL ORDER BY id LIMIT ?2",
    )?;
    let ids = statement.query_map((stream, super::most(most)), |row| row.get::<_, String>(0))?;
    Ok(ids.map(|id| id.map(Into::into)).collect::<Result<_, _>>()?)
}
