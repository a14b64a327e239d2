//! What wants attention: offers, handoffs, escalations, triggers, tasks in trouble.

use super::{board, escalation, fail::Outcome, handoff, result, task, withdrawn};
use crate::{Agenda, Raise};
use model::{Id, Timestamp, work::Task};
use rusqlite::{Connection, Row};

pub(super) fn read(db: &Connection, now: Timestamp, most: usize) -> Outcome<Agenda> {
    let tasks = |index: &str, condition: &str, order: &str| tasks(db, (index, condition, order), now, most);
    Ok(Agenda {
        revision: board::revision(db)?,
        expired: tasks("tasks_offers", "state = 'offered' AND offer_until <= ?1", "offer_until, id")?,
        untold: tasks("tasks_untold", "state = 'offered' AND told IS NULL AND offer_until > ?1", "id")?,
        late: tasks("tasks_late", "ended_at IS NULL AND due <= ?1 AND alarmed IS NULL", "due, id")?,
        failed: tasks(
            "tasks_failed",
            "state = 'failed' AND alarmed IS NULL AND ended_at <= ?1",
            "ended_at, id",
        )?,
        handoffs: handoff::due(db, now, most)?,
        escalations: escalation::due(db, now, most)?,
        withdrawn: withdrawn::read(db, most)?,
        documents: result::new_documents(db, most)?,
        approved: approved(db, most)?,
        raised: raised(db, most)?,
        passes_over: db
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM task_passes WHERE until <= ?1)")?
            .query_row([now.as_millis()], |row| row.get(0))?,
        next: next(db, now)?,
    })
}

/// Each list has an index of its own, which SQLite would not choose: it is read in every turn.
fn tasks(
    db: &Connection,
    (index, condition, order): (&str, &str, &str),
    now: Timestamp,
    most: usize,
) -> Outcome<Vec<Task>> {
    let columns = task::COLUMNS;
    let sql =
        format!("SELECT {columns} FROM tasks INDEXED BY {index} WHERE {condition} ORDER BY {order} LIMIT ?2");
    let mut statement = db.prepare_cached(&sql)?;
    statement.query_and_then((now.as_millis(), super::most(most)), task::parse)?.collect()
}

fn approved(db: &Connection, most: usize) -> Outcome<Vec<Id>> {
    let mut statement = db.prepare_cached(
        "SELECT e.id FROM tasks AS t INDEXED BY tasks_blocked
         CROSS JOIN escalations AS e INDEXED BY escalations_task ON e.task = t.id
         WHERE t.state = 'blocked' AND e.status = 'RESOLVED' AND e.reason = 'APPROVAL_NEEDED' AND e.sender = t.holder
           AND ltrim(e.resolution) LIKE 'approved%' AND e.context ->> '$.held_message.id' IS NOT NULL
           AND NOT EXISTS (SELECT 1 FROM messages AS m WHERE m.id = e.context ->> '$.held_message.id')
         ORDER BY t.id, e.id LIMIT ?1",
    )?;
    statement.query_and_then([super::most(most)], |row| super::id(row, 0))?.collect()
}

fn raised(db: &Connection, most: usize) -> Outcome<Vec<(i64, Raise)>> {
    let mut statement = db.prepare_cached(
        "SELECT id, trigger, occasion, subject, params FROM raised WHERE done IS NULL ORDER BY id LIMIT ?1",
    )?;
    let parse = |row: &Row<'_>| -> Outcome<(i64, Raise)> {
        let raise = Raise {
            trigger: row.get::<_, String>(1)?.into(),
            occasion: row.get::<_, String>(2)?.into(),
            subject: super::word(row, 3)?,
            params: serde_json::from_str(&row.get::<_, String>(4)?)?,
        };
        Ok((row.get(0)?, raise))
    };
    statement.query_and_then([super::most(most)], parse)?.collect()
}

/// When the next of all this becomes due after `now`.
fn next(db: &Connection, now: Timestamp) -> Outcome<Option<Timestamp>> {
    let mut statement = db.prepare_cached(
        "SELECT min(at) FROM (
           SELECT min(offer_until) AS at FROM tasks INDEXED BY tasks_offers WHERE state = 'offered' AND offer_until > ?1
           UNION ALL SELECT min(due) FROM tasks INDEXED BY tasks_late
             WHERE ended_at IS NULL AND due IS NOT NULL AND alarmed IS NULL AND due > ?1
           UNION ALL SELECT min(due) FROM handoffs WHERE status = 'REQUESTED' AND due > ?1
           UNION ALL SELECT min(due) FROM escalations WHERE status <> 'RESOLVED' AND due > ?1
           UNION ALL SELECT min(until) FROM task_passes WHERE until > ?1)",
    )?;
    let at: Option<i64> = statement.query_row([now.as_millis()], |row| row.get(0))?;
    Ok(at.map(Timestamp::from_millis))
}
