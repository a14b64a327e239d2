//! Tasks that went from an agent which knew of them without its doing: it has to be told.

use super::fail::Outcome;
use model::{
    AgentId, Timestamp,
    work::{Task, Withdrawn},
};
use rusqlite::{Connection, Row};

/// Notes that a task goes from whoever holds it, as it is now; before it does. Who was not told of the task, or does it
/// by its own word (`by`), needs no message.
pub(super) fn note(db: &Connection, task: &Task, by: Option<&str>, why: &str, now: Timestamp) -> Outcome<()> {
    let Some(holder) = task.holder.as_ref().filter(|_| task.state.is_held()) else { return Ok(()) };
    if by == Some(holder.as_str()) {
        return Ok(());
    }
    let mut keep = db.prepare_cached(
        "INSERT INTO withdrawn (task, agent, at, why) SELECT id, ?2, ?3, ?4 FROM tasks
         WHERE id = ?1 AND (told IS NOT NULL OR state <> 'offered')",
    )?;
    keep.execute((task.id.to_string(), holder.as_str(), now.as_millis(), why))?;
    Ok(())
}

/// Those of which nobody was told yet, oldest first.
pub(super) fn read(db: &Connection, most: usize) -> Outcome<Vec<Withdrawn>> {
    let mut look =
        db.prepare_cached("SELECT id, task, agent, at, why FROM withdrawn ORDER BY id LIMIT ?1")?;
    let parse = |row: &Row<'_>| {
        Ok(Withdrawn {
            number: row.get(0)?,
            task: super::id(row, 1)?,
            agent: AgentId::new(row.get::<_, String>(2)?),
            at: Timestamp::from_millis(row.get(3)?),
            why: row.get::<_, String>(4)?.into(),
        })
    };
    look.query_and_then([super::most(most)], parse)?.collect()
}

/// The agents were told.
pub(super) fn forget(db: &Connection, numbers: &[i64]) -> Outcome<()> {
    let mut drop = db.prepare_cached("DELETE FROM withdrawn WHERE id = ?1")?;
    numbers.iter().try_for_each(|number| drop.execute([number]).map(|_| ()).map_err(Into::into))
}
