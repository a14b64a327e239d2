//! The floor that a first sight is measured against: the same raw, canonical, link and match-key rows with the
//! same schema, indices, synchronous mode and batch size, and nothing else.

use super::{
    PATIENCE,
    connection::{Database, Durable, Exec},
};
use crate::Error;
use rusqlite::Connection;
use std::path::Path;

/// One contact, ready to be inserted.
#[derive(Clone, Debug)]
pub struct FloorRow {
    /// The vendor's id.
    pub ext_id: String,
    /// Id of the canonical record.
    pub record: String,
    /// Milliseconds since the epoch.
    pub modified: i64,
    /// The vendor's JSON.
    pub raw: Vec<u8>,
    /// Values of the columns from `name` to `segment`, in that order: text for all but the creation time.
    pub texts: [Option<String>; 13],
    /// Creation time in milliseconds.
    pub created_at: i64,
    /// Match key.
    pub email: String,
}

/// Inserts rows into a database file, one transaction per batch. Returns how many.
pub fn insert<'a>(path: &Path, batches: impl Iterator<Item = &'a [FloorRow]>) -> Result<u64, Error> {
    let database = Database::open(path, Exec::Inline, PATIENCE)?;
    let mut rows = 0;
    for batch in batches {
        database.blocking("insert the floor", |writer| {
            writer.transaction(Durable::Normal, |db| insert_batch(db, batch))
        })?;
        rows += batch.len() as u64;
    }
    Ok(rows)
}

fn insert_batch(db: &Connection, batch: &[FloorRow]) -> super::Outcome<()> {
    let mut raw = db.prepare_cached("INSERT INTO raw_records (body) VALUES (?1)")?;
    let mut contact = db.prepare_cached(
        "INSERT INTO contacts (id, name, email, first_name, last_name, phone, job_title, lifecycle, lead_status,
           city, country, owner, stage, segment, created_at, empty)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, 0)",
    )?;
    let mut link = db.prepare_cached(
        "INSERT INTO links (stream, ext_id, record, version_at, modified, first_seen, raw, sets)
         VALUES (1, ?1, ?2, ?3, ?3, ?3, ?4, 0)",
    )?;
    let mut key = db.prepare_cached("INSERT INTO match_keys (kind, value, record) VALUES (1, ?1, ?2)")?;
    for row in batch {
        let body = raw.insert([&row.raw])?;
        contact.raw_bind_parameter(1, &row.record)?;
        for (place, text) in (2..).zip(&row.texts) {
            contact.raw_bind_parameter(place, text)?;
        }
        contact.raw_bind_parameter(15, row.created_at)?;
        contact.raw_execute()?;
        link.execute((&row.ext_id, &row.record, row.modified, body))?;
        key.execute((&row.email, &row.record))?;
    }
    Ok(())
}
