//! What activities were found to belong to, as one transaction.

use super::{next_mark, queue};
use crate::sqlite::{events::EventWriter, fail::Outcome, work};
use model::{
    Id, Timestamp,
    work::{ActivityLink, Related},
};
use rusqlite::{CachedStatement, Connection};

pub(super) fn commit(db: &Connection, related: &[(Related, i64)], now: Timestamp) -> Outcome<()> {
    let mut writer = Writer::new(db)?;
    let mut events = EventWriter::new(db)?;
    let mut moved = Vec::new();
    for (one, _) in related {
        if writer.write(one)? {
            moved.push(one);
        }
        one.events.iter().try_for_each(|event| events.append(event))?;
    }
    let mark = next_mark(db)?;
    let mut clear = db.prepare_cached("DELETE FROM unrelated WHERE record = ?1 AND mark <= ?2")?;
    let mut queue = queue(db)?;
    for (one, handled) in related {
        clear.execute((one.record.to_string(), handled))?;
        if let Some(again) = one.again {
            queue.execute((one.record.to_string(), again.as_millis(), mark))?;
        }
    }
    // Only now, when all that these decisions rest on is stored.
    for one in moved {
        followers(db, one, mark, now)?;
    }
    work::mark_each(db, related.iter().flat_map(|(one, _)| one.dirty.iter().copied()))
}

/// The statements that store links, prepared once per batch.
struct Writer<'c> {
    activity: CachedStatement<'c>,
    known: CachedStatement<'c>,
    forget: CachedStatement<'c>,
    insert: CachedStatement<'c>,
}

impl<'c> Writer<'c> {
    fn new(db: &'c Connection) -> Outcome<Self> {
        Ok(Self {
            activity: db.prepare_cached(
                "INSERT INTO activities (record, kind, at, direction) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (record) DO UPDATE SET at = excluded.at, direction = excluded.direction",
            )?,
            known: db.prepare_cached(
                "SELECT record, kind, how, ambiguous, at FROM activity_links WHERE activity = ?1 ORDER BY record",
            )?,
            forget: db.prepare_cached("DELETE FROM activity_links WHERE activity = ?1")?,
            insert: db.prepare_cached(
                "INSERT INTO activity_links (activity, record, kind, how, ambiguous, at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?,
        })
    }

    /// Stores how an activity stands; true when its links differ from before.
    fn write(&mut self, one: &Related) -> Outcome<bool> {
        let (id, at) = (one.record.to_string(), one.at.as_millis());
        self.activity.execute((&id, one.kind.name(), at, one.standing.direction.name()))?;
        let mut before = Vec::new();
        let mut since = Some(at);
        let mut rows = self.known.query([&id])?;
        while let Some(row) = rows.next()? {
            before.push(link(row)?);
            since = Some(row.get(4)?);
        }
        drop(rows);
        let differs = before != one.standing.links;
        if differs || since != Some(at) {
            self.forget.execute([&id])?;
            for link in &one.standing.links {
                let row = (&id, link.record.to_string(), link.kind.name(), &link.how, link.ambiguous, at);
                self.insert.execute(row)?;
            }
        }
        Ok(differs)
    }
}

/// A stored link, of which `record, kind, how, ambiguous` were read.
pub(super) fn link(row: &rusqlite::Row<'_>) -> Outcome<ActivityLink> {
    Ok(ActivityLink {
        record: crate::sqlite::id(row, 0)?,
        kind: crate::sqlite::word(row, 1)?,
        how: row.get::<_, String>(2)?.into(),
        ambiguous: row.get(3)?,
    })
}

/// Queues the later mails of the conversation, which may have followed this one. Time goes one way, so this ends.
fn followers(db: &Connection, one: &Related, mark: i64, now: Timestamp) -> Outcome<()> {
    let mut statement = db.prepare_cached(
        "INSERT INTO unrelated (record, due, mark)
         SELECT DISTINCT a.record, ?4, ?5
         FROM (SELECT key FROM mail_refs WHERE record = ?1
               UNION SELECT value FROM match_keys WHERE record = ?1 AND kind = ?2) AS k
         CROSS JOIN mail_refs AS r ON r.key = k.key
         CROSS JOIN activities AS a ON a.record = r.record
         WHERE (a.at, a.record) > (?3, ?1)
         ON CONFLICT (record) DO UPDATE SET due = min(due, excluded.due), mark = excluded.mark",
    )?;
    let id: Id = one.record;
    let kind = crate::sqlite::known::match_code(&model::MatchKey::Message("".into()));
    statement.execute((id.to_string(), kind, one.at.as_millis(), now.as_millis(), mark))?;
    Ok(())
}
