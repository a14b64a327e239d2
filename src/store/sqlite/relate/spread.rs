//! From a change around past activities to the queue, bounded per transaction.

use super::{next_mark, place, queue, reversed};
use crate::sqlite::{
    fail::{Fail, Outcome},
    links::{self, Streams},
    subject,
};
use model::{Id, Kind, Timestamp};
use rusqlite::Connection;

/// Changes that one transaction passes on.
const CHANGES: i64 = 100;
/// Activities that one change reaches per transaction.
const REACH: usize = 500;

/// A change, and how far it was passed on.
struct Revisit {
    what: String,
    name: String,
    place: String,
    record: String,
}

pub(super) fn any(db: &Connection) -> Outcome<bool> {
    Ok(db.prepare_cached("SELECT EXISTS (SELECT 1 FROM revisits)")?.query_row([], |row| row.get(0))?)
}

/// Passes on some changes; true when more are waiting.
pub(super) fn pass_on(db: &Connection, now: Timestamp) -> Outcome<bool> {
    let mut look =
        db.prepare_cached("SELECT what, name, place, record FROM revisits ORDER BY what, name LIMIT ?1")?;
    let read = |row: &rusqlite::Row<'_>| {
        Ok(Revisit { what: row.get(0)?, name: row.get(1)?, place: row.get(2)?, record: row.get(3)? })
    };
    let waiting: Vec<Revisit> = look.query_map([CHANGES], read)?.collect::<Result<_, _>>()?;
    let mark = next_mark(db)?;
    for one in &waiting {
        match one.what.as_str() {
            "address" => {
                let exactly = [(one.name.clone(), format!("{}\0", one.name))];
                people(db, one, &exactly, mark, now)?;
            }
            "domain" => people(db, one, &of_domain(&one.name), mark, now)?,
            _ => whole(db, one, mark, now)?,
        }
    }
    any(db)
}

/// Where the addresses of a domain lie: those of its hosts, then its own ('/' follows '.', 'A' follows '@').
fn of_domain(reversed: &str) -> [(String, String); 2] {
    [(format!("{reversed}."), format!("{reversed}/")), (format!("{reversed}@"), format!("{reversed}A"))]
}

/// Queues activities of people at some places, on from where the last transaction stopped.
fn people(
    db: &Connection,
    one: &Revisit,
    ranges: &[(String, String)],
    mark: i64,
    now: Timestamp,
) -> Outcome<()> {
    let mut look = db.prepare_cached(
        "SELECT place, record FROM participants
         WHERE place >= ?1 AND place < ?2 AND (place, record) > (?3, ?4) ORDER BY place, record LIMIT ?5",
    )?;
    let mut queue = queue(db)?;
    let mut last = None;
    let mut left = REACH;
    for (from, to) in ranges {
        let most = crate::sqlite::most(left);
        let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?));
        let found = look.query_map((from, to, &one.place, &one.record, most), read)?;
        for found in found {
            let (place, record) = found?;
            queue.execute((&record, now.as_millis(), mark))?;
            left -= 1;
            last = Some((place, record));
        }
        if left == 0 {
            break;
        }
    }
    match last.filter(|_| left == 0) {
        Some((place, record)) => db
            .prepare_cached("UPDATE revisits SET place = ?3, record = ?4 WHERE what = ?1 AND name = ?2")?
            .execute((&one.what, &one.name, place, record))?,
        None => done(db, one)?,
    };
    Ok(())
}

fn done(db: &Connection, one: &Revisit) -> Outcome<usize> {
    Ok(db
        .prepare_cached("DELETE FROM revisits WHERE what = ?1 AND name = ?2")?
        .execute((&one.what, &one.name))?)
}

/// Queues the activities that a deal, contact or company has, and notes the addresses, domains, contacts and
/// companies by which it could have more.
fn whole(db: &Connection, one: &Revisit, mark: i64, now: Timestamp) -> Outcome<()> {
    done(db, one)?;
    let mut linked = db.prepare_cached(
        "INSERT INTO unrelated (record, due, mark)
         SELECT activity, ?2, ?3 FROM activity_links WHERE record = ?1
         ON CONFLICT (record) DO UPDATE SET due = min(due, excluded.due), mark = excluded.mark",
    )?;
    linked.execute((&one.name, now.as_millis(), mark))?;
    let kind: Kind = one.what.parse().map_err(Fail::stored)?;
    let id: Id = one.name.parse().map_err(|_| Fail::stored(format!("{:?} is not an id", one.name)))?;
    if kind == Kind::Deal {
        let living = links::living(db, &[id])?.remove(&id).unwrap_or_default();
        let around = subject::around(db, &Streams::load(db)?, &living)?;
        for kind in [Kind::Contact, Kind::Company] {
            around.get(&kind).into_iter().flatten().try_for_each(|one| by_keys(db, kind, *one))?;
        }
        return Ok(());
    }
    by_keys(db, kind, id)
}

/// Notes the addresses of a contact or the domains of a company.
fn by_keys(db: &Connection, kind: Kind, id: Id) -> Outcome<()> {
    let (what, code) = if kind == Kind::Contact { ("address", 1) } else { ("domain", 2) };
    let mut keys = db.prepare_cached("SELECT value FROM match_keys WHERE record = ?1 AND kind = ?2")?;
    let keys: Vec<String> =
        keys.query_map((id.to_string(), code), |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut note = db.prepare_cached(
        "INSERT INTO revisits (what, name) VALUES (?1, ?2)
         ON CONFLICT (what, name) DO UPDATE SET place = '', record = ''",
    )?;
    for key in keys {
        let name = if kind == Kind::Contact { place(&key) } else { Some(reversed(&key)) };
        if let Some(name) = name {
            note.execute((what, name))?;
        }
    }
    Ok(())
}
