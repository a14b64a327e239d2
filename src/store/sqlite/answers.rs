//! Answers to calls that named an idempotency key.

use super::fail::Outcome;
use crate::Answered;
use model::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row};
use std::time::Duration;

/// So long a repeated call is known.
const KEPT: Duration = Duration::from_hours(7 * 24);

pub(super) fn read(db: &Connection, id: &str) -> Outcome<Option<Answered>> {
    let mut look = db.prepare_cached("SELECT id, hash, answer FROM answers WHERE id = ?1")?;
    let parse = |row: &Row<'_>| {
        let text = |at: usize| row.get::<_, String>(at);
        Ok(Answered { id: text(0)?.into(), hash: text(1)?.into(), answer: text(2)? })
    };
    Ok(look.query_row([id], parse).optional()?)
}

/// Keeps one unless there is one (false), and forgets those that are too old.
pub(super) fn keep(db: &Connection, one: &Answered, now: Timestamp) -> Outcome<bool> {
    db.prepare_cached("DELETE FROM answers WHERE at < ?1")?.execute([(now - KEPT).as_millis()])?;
    let mut insert =
        db.prepare_cached("INSERT OR IGNORE INTO answers (id, hash, answer, at) VALUES (?1, ?2, ?3, ?4)")?;
    Ok(insert.execute((&*one.id, &*one.hash, &one.answer, now.as_millis()))? > 0)
}

/// Keeps what was answered; without an answer the id is free again.
pub(super) fn settle(db: &Connection, id: &str, answer: Option<&str>) -> Outcome<()> {
    match answer {
        Some(answer) => {
            db.prepare_cached("UPDATE answers SET answer = ?2 WHERE id = ?1")?.execute((id, answer))?
        }
        None => db.prepare_cached("DELETE FROM answers WHERE id = ?1 AND answer = ''")?.execute([id])?,
    };
    Ok(())
}
