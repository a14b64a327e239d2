//! Which writes go out now.

use super::{
    decide,
    fail::{Fail, Outcome},
    outbox::{self, Stored},
};
use crate::{Caps, Error};
use model::{ConnectionId, Delivery, Mode, Timestamp, WriteKind, WriteState};
use rusqlite::{Connection, types::Value as Sql};
use std::{collections::BTreeMap, rc::Rc};

/// Takes due writes of all connections that may write.
pub(super) fn claim(
    db: &Connection,
    epoch: i64,
    now: Timestamp,
    most: usize,
    modes: &BTreeMap<ConnectionId, Mode>,
    caps: &Caps,
) -> Outcome<Vec<Delivery>> {
    if decide::paused(db)?.is_some() {
        return Ok(Vec::new());
    }
    let mut waiting = Vec::new();
    for (connection, mode) in modes {
        let states: &[&str] = match mode {
            Mode::Observe => continue,
            Mode::Propose => &["verify", "pending", "retry"],
            Mode::Auto => &["verify", "pending", "retry", "proposed"],
        };
        let left = Left::new(db, epoch, connection, caps)?;
        let rows = candidates(db, epoch, now, most, connection, states, &left)?;
        waiting.push((left, rows.into_iter()));
    }
    // In turns, so that a connection with a long queue does not starve the others.
    let mut out = Vec::new();
    while out.len() < most && !waiting.is_empty() {
        let mut dry = true;
        for (left, rows) in &mut waiting {
            let Some(row) = rows.next().filter(|_| out.len() < most) else { continue };
            dry = false;
            let stored = outbox::load(db, row)?.ok_or_else(|| Fail::stored("a write vanished"))?;
            out.extend(take(db, epoch, now, stored, left)?);
        }
        if dry {
            break;
        }
    }
    Ok(out)
}

/// How many more writes of each capped kind this run may send.
struct Left(BTreeMap<WriteKind, u32>);

impl Left {
    fn new(db: &Connection, epoch: i64, connection: &ConnectionId, caps: &Caps) -> Outcome<Self> {
        let mut left = BTreeMap::new();
        for kind in WriteKind::ALL {
            if let Some(cap) = caps.0.get(&(connection.clone(), kind)) {
                let sent = outbox::sent_this_run(db, epoch, connection, kind)?;
                left.insert(kind, cap.saturating_sub(sent));
            }
        }
        Ok(Self(left))
    }

    /// Kinds of which nothing more may be sent.
    fn used_up(&self) -> Rc<Vec<Sql>> {
        let kinds = self.0.iter().filter(|(_, left)| **left == 0);
        Rc::new(kinds.map(|(kind, _)| Sql::Text(kind.name().to_owned())).collect())
    }

    /// Counts one; false when none is left.
    fn take(&mut self, kind: WriteKind) -> bool {
        match self.0.get_mut(&kind) {
            Some(0) => false,
            Some(left) => {
                *left -= 1;
                true
            }
            None => true,
        }
    }
}

/// Due rows in order, at most one per target: the first that may still go out, unless one of the target is on
/// its way. What must be looked for waits for nothing: it was sent before whatever stands around it.
fn candidates(
    db: &Connection,
    epoch: i64,
    now: Timestamp,
    most: usize,
    connection: &ConnectionId,
    states: &[&str],
    left: &Left,
) -> Outcome<Vec<i64>> {
    let mut statement = db.prepare_cached(
        "SELECT o.id FROM outbox AS o
         WHERE o.connection = ?1 AND o.state = ?2
           AND (o.due IS NULL OR o.due <= ?3)
           AND (o.looking IS NULL OR o.looking <> ?4)
           AND NOT (o.kind IN rarray(?5) AND (o.state = 'proposed' OR o.state = 'retry' AND o.epoch <> ?4))
           AND (o.state = 'verify' OR NOT EXISTS (
             SELECT 1 FROM outbox AS b
             WHERE b.connection = o.connection AND b.target_kind = o.target_kind AND b.target_id = o.target_id
               AND b.id <> o.id
               AND (b.state IN ('sending', 'verify')
                    OR (b.id < o.id
                        AND (b.state IN ('pending', 'retry')
                             OR (?6 AND b.state = 'proposed' AND b.kind NOT IN rarray(?5)))))))
         ORDER BY o.id LIMIT ?7",
    )?;
    let used_up = left.used_up();
    let proposed = states.contains(&"proposed");
    let mut found: Vec<i64> = Vec::new();
    for state in states {
        let name = connection.as_str();
        let parameters = (name, state, now.as_millis(), epoch, used_up.clone(), proposed, super::most(most));
        for row in statement.query_map(parameters, |row| row.get(0))? {
            found.push(row?);
        }
    }
    found.sort_unstable();
    found.truncate(most);
    Ok(found)
}

/// Takes one row: `Verify` rows to be looked for, others marked `Sending`. `None` when a cap forbids.
fn take(
    db: &Connection,
    epoch: i64,
    now: Timestamp,
    mut stored: Stored,
    left: &mut Left,
) -> Outcome<Option<Delivery>> {
    let kind = stored.write.intent.kind();
    match stored.state {
        WriteState::Verify { .. } => {
            db.prepare_cached("UPDATE outbox SET looking = ?2 WHERE id = ?1")?
                .execute((stored.row, epoch))?;
            let sent = stored.sent.unwrap_or(now);
            let (row, write, attempt) = (stored.row, stored.write, stored.attempt);
            return Ok(Some(Delivery { row, write, look_first: true, sent, attempt }));
        }
        WriteState::Proposed => {
            if !left.take(kind) {
                return Ok(None);
            }
            // In `auto` the mode is the approval.
            if !stored.state.may_become(&WriteState::Pending) {
                return Err(Fail::stored("a proposed write cannot be approved"));
            }
            stored.state = WriteState::Pending;
        }
        WriteState::Retry { .. } if !counted(db, epoch, stored.row)? && !left.take(kind) => return Ok(None),
        // A person approved it: that lifts the cap for this one, but it counts.
        _ => {
            left.take(kind);
        }
    }
    send(db, epoch, now, &stored)?;
    let (row, write, attempt) = (stored.row, stored.write, stored.attempt + 1);
    Ok(Some(Delivery { row, write, look_first: false, sent: now, attempt }))
}

/// Was this row sent in this run before?
fn counted(db: &Connection, epoch: i64, row: i64) -> Outcome<bool> {
    let mut statement = db.prepare_cached("SELECT epoch IS ?2 FROM outbox WHERE id = ?1")?;
    Ok(statement.query_row((row, epoch), |row| row.get(0))?)
}

fn send(db: &Connection, epoch: i64, now: Timestamp, stored: &Stored) -> Outcome<()> {
    let attempt = stored.attempt + 1;
    outbox::advance(db, stored, &WriteState::Sending { attempt, epoch }, now)?;
    let mut statement =
        db.prepare_cached("UPDATE outbox SET attempt = ?2, epoch = ?3, sent = ?4 WHERE id = ?1")?;
    statement.execute((stored.row, attempt, epoch, now.as_millis()))?;
    Ok(())
}

/// Marks a `Verify` row that was found absent as `Sending` again.
pub(super) fn resend(db: &Connection, epoch: i64, row: i64, now: Timestamp) -> Outcome<()> {
    let Some(stored) = outbox::load(db, row)? else {
        return Err(Fail::stored(format!("there is no write {row}")));
    };
    if !matches!(stored.state, WriteState::Verify { .. }) {
        return Err(Error::IllegalMove { row, from: stored.state.name(), to: "sending" }.into());
    }
    send(db, epoch, now, &stored)
}
