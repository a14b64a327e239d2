//! What records are associated with, for many at once.

use crate::sqlite::{fail::Outcome, id, links, record, word};
use model::{Id, Kind};
use rusqlite::Connection;
use std::collections::HashMap;

/// Living records associated with some records, and whose word that is.
struct Association {
    from: Id,
    to: (Kind, Id),
    /// Said by the record itself, not by the other end.
    own: bool,
    /// The record says which records of that kind it is associated with.
    states: bool,
}

fn associations(db: &Connection, ids: &[Id]) -> Outcome<Vec<Association>> {
    let mut statement = db.prepare_cached(
        "SELECT l.record, s.kind, o.record, 1, l.sets
         FROM rarray(?1) AS k CROSS JOIN links AS l ON l.record = k.value AND l.gone IS NULL
         CROSS JOIN associations AS a ON a.stream = l.stream AND a.ext_id = l.ext_id
         CROSS JOIN streams AS s ON s.id = a.to_stream
         CROSS JOIN links AS o ON o.stream = a.to_stream AND o.ext_id = a.to_id AND o.gone IS NULL
         UNION ALL
         SELECT l.record, s.kind, o.record, 0, l.sets
         FROM rarray(?1) AS k CROSS JOIN links AS l ON l.record = k.value AND l.gone IS NULL
         CROSS JOIN associations AS a ON a.to_stream = l.stream AND a.to_id = l.ext_id
         CROSS JOIN streams AS s ON s.id = a.stream
         CROSS JOIN links AS o ON o.stream = a.stream AND o.ext_id = a.ext_id AND o.gone IS NULL",
    )?;
    let mut rows = statement.query([record::keys(ids)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let kind: Kind = word(row, 1)?;
        let states = row.get::<_, i64>(4)? & links::bit(kind) != 0;
        found.push(Association { from: id(row, 0)?, to: (kind, id(row, 2)?), own: row.get(3)?, states });
    }
    Ok(found)
}

/// The records of some kinds around each record: by what it states itself, of kinds that it was never asked for
/// by what the other ends state.
pub(in crate::sqlite) fn stated(
    db: &Connection,
    ids: &[Id],
    kinds: &[Kind],
) -> Outcome<HashMap<Id, Vec<(Kind, Id)>>> {
    gather(db, ids, kinds, |one| one.own == one.states)
}

/// The same by whatever either end states.
pub(super) fn named(db: &Connection, ids: &[Id], kinds: &[Kind]) -> Outcome<HashMap<Id, Vec<(Kind, Id)>>> {
    gather(db, ids, kinds, |_| true)
}

fn gather(
    db: &Connection,
    ids: &[Id],
    kinds: &[Kind],
    counts: impl Fn(&Association) -> bool,
) -> Outcome<HashMap<Id, Vec<(Kind, Id)>>> {
    let mut found: HashMap<Id, Vec<(Kind, Id)>> = HashMap::new();
    if ids.is_empty() {
        return Ok(found);
    }
    for one in associations(db, ids)?.iter().filter(|one| kinds.contains(&one.to.0) && counts(one)) {
        found.entry(one.from).or_default().push(one.to);
    }
    for around in found.values_mut() {
        around.sort_unstable();
        around.dedup();
    }
    Ok(found)
}
