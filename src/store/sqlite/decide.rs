//! People's decisions on writes, the kill switch, and what is shown of the outbox.

use super::{
    events,
    fail::{Fail, Outcome},
    outbox, queue, settings,
};
use crate::{Actor, Decision, WriteFilter, WriteRow};
use model::{Timestamp, WriteState};
use rusqlite::{Connection, Row, types::Value as Sql};
use serde::{Deserialize, Serialize};
use std::rc::Rc;

/// Applies a decision to each row whose state allows it.
pub(super) fn decide(
    db: &Connection,
    actor: &Actor,
    rows: &[i64],
    what: Decision,
    now: Timestamp,
) -> Outcome<Vec<i64>> {
    let mut changed = Vec::new();
    for row in rows {
        let Some(stored) = outbox::load(db, *row)? else { continue };
        let to = match (what, &stored.state) {
            (Decision::Approve, WriteState::Proposed)
            | (
                Decision::Retry,
                WriteState::Refused | WriteState::Moved | WriteState::Unknown | WriteState::Retry { .. },
            ) => WriteState::Pending,
            (
                Decision::Skip,
                WriteState::Proposed
                | WriteState::Pending
                | WriteState::Retry { .. }
                | WriteState::Moved
                | WriteState::Refused
                | WriteState::Unknown,
            ) => WriteState::Skipped { who: actor.0.clone() },
            (Decision::Approve | Decision::Retry | Decision::Skip, _) => continue,
        };
        if what == Decision::Retry && overtaken(db, *row)? {
            continue;
        }
        outbox::advance(db, &stored, &to, now)?;
        if what == Decision::Skip {
            queue::settled_event(db, &stored.write, &to, &actor.0, now)?;
        }
        changed.push(*row);
    }
    Ok(changed)
}

/// Has a later decision on the same field of the same target happened, or may it still? Then sending the older
/// one again would undo it.
fn overtaken(db: &Connection, row: i64) -> Outcome<bool> {
    let mut statement = db.prepare_cached(
        "SELECT EXISTS (
           SELECT 1 FROM outbox AS o JOIN outbox AS later
             ON later.connection = o.connection AND later.target_kind = o.target_kind
            AND later.target_id = o.target_id AND later.field = o.field AND later.id > o.id
           WHERE o.id = ?1 AND later.state NOT IN ('superseded', 'skipped', 'refused', 'moved'))",
    )?;
    Ok(statement.query_row([row], |row| row.get(0))?)
}

const SWITCH: &str = "store.writes_paused";

#[derive(Serialize, Deserialize)]
struct Paused {
    since: Timestamp,
    by: String,
}

/// Turns the kill switch; pausing what is paused keeps the first time and name.
pub(super) fn pause(db: &Connection, actor: &Actor, on: bool, now: Timestamp) -> Outcome<()> {
    if paused(db)?.is_some() == on {
        return Ok(());
    }
    let value =
        if on { Some(serde_json::to_string(&Paused { since: now, by: actor.0.clone() })?) } else { None };
    settings::set(db, SWITCH, value.as_deref())?;
    let what = if on { "writes paused" } else { "writes go on" };
    events::notice(db, &actor.0, what.to_owned(), now)
}

/// Since when and by whom writes are paused.
pub(super) fn paused(db: &Connection) -> Outcome<Option<(Timestamp, String)>> {
    let Some(value) = settings::get(db, SWITCH)? else { return Ok(None) };
    let paused: Paused = serde_json::from_str(&value)?;
    Ok(Some((paused.since, paused.by)))
}

/// Writes by filter, newest first.
pub(super) fn writes(db: &Connection, filter: &WriteFilter, most: usize) -> Outcome<Vec<WriteRow>> {
    let states: Vec<Sql> = filter.states.iter().map(|state| Sql::Text(state.to_string())).collect();
    let mut statement = db.prepare_cached(
        "SELECT id, body, decided, changed, note, receipt, state, due, attempt, epoch, detail FROM outbox
         WHERE (?1 OR state IN rarray(?2)) AND (?3 IS NULL OR connection = ?3) AND (?4 IS NULL OR id = ?4)
           AND (?5 IS NULL OR key = ?5)
         ORDER BY id DESC LIMIT ?6",
    )?;
    let parameters = (
        filter.states.is_empty(),
        Rc::new(states),
        filter.connection.as_ref().map(model::ConnectionId::as_str),
        filter.row,
        filter.key.map(|key| key.to_string()),
        super::most(most),
    );
    statement.query_and_then(parameters, parse)?.collect()
}

fn parse(row: &Row<'_>) -> Outcome<WriteRow> {
    let receipt: Option<String> = row.get(5)?;
    Ok(WriteRow {
        row: row.get(0)?,
        write: serde_json::from_str(row.get_ref(1)?.as_str().map_err(|e| Fail::Stored(Box::new(e)))?)?,
        state: outbox::state(row, 6)?,
        attempts: row.get(8)?,
        decided: Timestamp::from_millis(row.get(2)?),
        changed: Timestamp::from_millis(row.get(3)?),
        note: row.get(4)?,
        receipt: receipt.map(|json| serde_json::from_str(&json)).transpose()?,
    })
}
