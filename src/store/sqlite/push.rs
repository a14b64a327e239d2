//! Messages that we deliver ourselves (webhooks, commands): at least once, the receiver knows them by their id.

use super::{events, fail::Outcome, talk, task};
use crate::{Push, Pushed, Undelivered};
use model::{MessageId, Timestamp, work::Task};
use rusqlite::{Connection, OptionalExtension, Row, types::Value as Sql};
use std::{rc::Rc, time::Duration};

/// A delivery that was not settled by then is taken as lost; no program may run longer.
const LOST_AFTER: Duration = Duration::from_hours(25);

pub(super) fn claim(db: &Connection, now: Timestamp, most: usize) -> Outcome<Vec<Push>> {
    // What is being sent comes again when its time is over; of one receiver one at a time, in order.
    let mut look = db.prepare_cached(
        "SELECT seq, body, push_attempt, push_before FROM messages AS m
         WHERE push IN ('waiting', 'sending') AND push_due <= ?1
           AND NOT EXISTS (SELECT 1 FROM messages AS e WHERE e.push IN ('waiting', 'sending')
                             AND e.receiver = m.receiver AND e.seq < m.seq)
         ORDER BY seq LIMIT ?2",
    )?;
    let parse = |row: &Row<'_>| -> Outcome<Push> {
        let (attempt, before): (u32, u32) = (row.get(2)?, row.get(3)?);
        Ok(Push {
            seq: row.get(0)?,
            message: talk::parse_message(row, 1)?,
            attempt: attempt + 1,
            tries: (attempt + 1).saturating_sub(before),
        })
    };
    let claimed: Vec<Push> =
        look.query_and_then((now.as_millis(), super::most(most)), parse)?.collect::<Outcome<_>>()?;
    let mut mark = db.prepare_cached(
        "UPDATE messages SET push = 'sending', push_attempt = push_attempt + 1, push_due = ?2 WHERE seq = ?1",
    )?;
    for push in &claimed {
        mark.execute((push.seq, (now + LOST_AFTER).as_millis()))?;
    }
    Ok(claimed)
}

/// What an earlier run was sending is sent again at once.
pub(super) fn recover(db: &Connection, now: Timestamp) -> Outcome<()> {
    let sql = "UPDATE messages SET push = 'waiting', push_due = ?1 WHERE push = 'sending'";
    db.execute(sql, [now.as_millis()])?;
    Ok(())
}

/// What failed at least once.
pub(super) fn undelivered(db: &Connection, most: usize) -> Outcome<Vec<Undelivered>> {
    const COLUMNS: &str = "seq, body, received_at, push_attempt, push, push_due, push_note, receiver";
    let mut look = db.prepare_cached(&format!(
        "SELECT m.*, (SELECT count(*) FROM messages AS w WHERE w.push = 'waiting' AND w.receiver = m.receiver
                        AND w.seq > m.seq AND m.push <> 'failed')
         FROM (SELECT {COLUMNS} FROM messages WHERE push IN ('waiting', 'sending') AND push_note IS NOT NULL
               UNION ALL SELECT {COLUMNS} FROM messages WHERE push = 'failed') AS m
         ORDER BY m.seq DESC LIMIT ?1"
    ))?;
    let parse = |row: &Row<'_>| -> Outcome<Undelivered> {
        let given_up = row.get::<_, String>(4)? == "failed";
        Ok(Undelivered {
            seq: row.get(0)?,
            message: talk::parse_message(row, 1)?,
            since: Timestamp::from_millis(row.get(2)?),
            attempts: row.get(3)?,
            next: super::time(row, 5)?.filter(|_| !given_up),
            why: row.get::<_, Option<String>>(6)?.unwrap_or_default().into(),
            behind: super::count(row.get(8)?),
        })
    };
    look.query_and_then([super::most(most)], parse)?.collect()
}

/// Makes what failed due, as if for the first time.
pub(super) fn again(db: &Connection, messages: &[i64], now: Timestamp) -> Outcome<u64> {
    let mut change = db.prepare_cached(
        "UPDATE messages SET push = 'waiting', push_due = ?2, push_before = push_attempt
         WHERE seq = ?1 AND (push = 'failed' OR (push = 'waiting' AND push_note IS NOT NULL))",
    )?;
    let mut count = 0;
    for seq in messages {
        count += change.execute((seq, now.as_millis()))?;
    }
    Ok(u64::try_from(count).unwrap_or(u64::MAX))
}

/// What failed is tried no more.
pub(super) fn put_away(db: &Connection, actor: &str, messages: &[i64], now: Timestamp) -> Outcome<u64> {
    let mut change = db.prepare_cached(
        "UPDATE messages SET push = 'skipped'
         WHERE seq = ?1 AND (push = 'failed' OR (push = 'waiting' AND push_note IS NOT NULL)) RETURNING id, receiver",
    )?;
    let mut count = 0;
    for seq in messages {
        let done = change.query_row([seq], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)));
        if let Some((id, receiver)) = done.optional()? {
            events::notice(db, actor, format!("message {id} to {receiver} put away undelivered"), now)?;
            count += 1;
        }
    }
    Ok(count)
}

/// Held tasks that were not begun and of which no message was ever ours to deliver to their holders, who are among these.
pub(super) fn unsent(db: &Connection, agents: Vec<Sql>, most: usize) -> Outcome<Vec<Task>> {
    let columns = task::COLUMNS;
    let mut look = db.prepare_cached(&format!(
        "SELECT {columns} FROM rarray(?1) AS a CROSS JOIN tasks INDEXED BY tasks_holder ON holder = a.value
         WHERE state IN ('assigned', 'offered') AND (state = 'assigned' OR told IS NOT NULL)
           AND NOT EXISTS (SELECT 1 FROM messages AS m INDEXED BY messages_conversation WHERE m.conversation = 'task:' || tasks.id
                             AND m.receiver = tasks.holder AND m.kind = 'TASK' AND m.received_at >= assigned_at
                             AND m.push IS NOT NULL AND m.push <> 'outdated')
         ORDER BY rank, id LIMIT ?2"
    ))?;
    look.query_and_then((Rc::new(agents), super::most(most)), task::parse)?.collect()
}

/// Requests that are still open are ours to deliver from now on.
pub(super) fn deliver_open(db: &Connection, agents: Vec<Sql>, now: Timestamp) -> Outcome<()> {
    let mut change = db.prepare_cached(
        "UPDATE messages SET push = 'waiting', push_due = ?2, push_before = push_attempt
         WHERE (push IS NULL OR push = 'outdated') AND receiver IN rarray(?1) AND id IN (
           SELECT 'handoff-' || id || '-REQUESTED-' || receiver FROM handoffs
             WHERE status IN ('REQUESTED', 'TIMED_OUT', 'CONFIRMED') AND status <> 'CONFIRMED'
               AND receiver IS NOT NULL
           UNION ALL SELECT 'escalation-' || id || '-' || receiver FROM escalations
             WHERE status <> 'RESOLVED' AND status = 'OPEN' AND receiver IS NOT NULL)",
    )?;
    change.execute((Rc::new(agents), now.as_millis()))?;
    Ok(())
}

/// A message that is kept already is delivered by us from now on, or once more.
pub(super) fn begin(db: &Connection, id: &MessageId, now: Timestamp) -> Outcome<()> {
    let mut change = db.prepare_cached(
        "UPDATE messages SET push = 'waiting', push_due = ?2, push_before = push_attempt
         WHERE id = ?1 AND (push IS NULL OR push = 'outdated')",
    )?;
    change.execute((id.as_str(), now.as_millis()))?;
    Ok(())
}

pub(super) fn settle(db: &Connection, seq: i64, outcome: &Pushed, now: Timestamp) -> Outcome<()> {
    let (state, due, note) = match outcome {
        Pushed::Done => ("done", now, None),
        Pushed::Outdated => ("outdated", now, None),
        Pushed::Retry { at, why } => ("waiting", *at, Some(why)),
        Pushed::Failed { why } => ("failed", now, Some(why)),
    };
    let mut change = db.prepare_cached(
        "UPDATE messages SET push = ?2, push_due = ?3, push_note = ?4 WHERE seq = ?1 AND push = 'sending'",
    )?;
    change.execute((seq, state, due.as_millis(), note))?;
    Ok(())
}
