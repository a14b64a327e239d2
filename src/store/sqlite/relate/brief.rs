//! The mails and meetings of a deal or lead, as its view shows them.

use crate::sqlite::{fail::Outcome, id, record, word};
use model::{
    Canonical, Field, Id, Kind, Value,
    work::{ActivityBrief, Direction},
};
use rusqlite::Connection;
use std::collections::HashMap;

/// Most activities shown of a subject that have happened.
const MOST: i64 = 50;
/// Most meetings shown that are to come, the next ones: a long series must not hide what was written.
const COMING: i64 = 10;

/// An activity as it is linked to the subject.
struct Linked {
    record: Id,
    kind: Kind,
    direction: Direction,
    how: String,
    ambiguous: bool,
}

/// The newest mails and meetings linked to a record and the next meetings to come, newest first.
pub(in crate::sqlite) fn briefs(db: &Connection, subject: Id) -> Outcome<Vec<ActivityBrief>> {
    let linked = linked(db, subject)?;
    if linked.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Id> = linked.iter().map(|one| one.record).collect();
    let mut with = with(db, &ids)?;
    let mut records: HashMap<Id, Canonical> = HashMap::new();
    for kind in [Kind::Email, Kind::Meeting] {
        let of_kind: Vec<Id> = linked.iter().filter(|one| one.kind == kind).map(|one| one.record).collect();
        records.extend(record::read(db, kind, &of_kind)?);
    }
    let brief = |one: Linked| {
        let Canonical { id, kind, mut fields, sources, gone, stage_since: _ } =
            records.remove(&one.record)?;
        fields.set(Field::LinkedBy, Value::Text(one.how.into()));
        let Linked { direction, ambiguous, .. } = one;
        let with = with.remove(&id).unwrap_or_default();
        let references = sources.into_iter().map(|source| source.reference).collect();
        Some(ActivityBrief { record: id, kind, fields, direction, with, ambiguous, gone, references })
    };
    Ok(linked.into_iter().filter_map(brief).collect())
}

fn linked(db: &Connection, subject: Id) -> Outcome<Vec<Linked>> {
    // A meeting that is to come waits for its own end among what is to be linked.
    let mut statement = db.prepare_cached(
        "WITH linked AS (
           SELECT l.activity, l.how, l.ambiguous, l.at,
                  EXISTS (SELECT 1 FROM unrelated AS u CROSS JOIN meetings AS m ON m.id = u.record
                          WHERE u.record = l.activity AND u.due = coalesce(m.end_at, m.at)) AS coming
           FROM activity_links AS l WHERE l.record = ?1),
         shown AS (
           SELECT * FROM (SELECT * FROM linked WHERE NOT coming ORDER BY at DESC, activity DESC LIMIT ?2)
           UNION ALL
           SELECT * FROM (SELECT * FROM linked WHERE coming ORDER BY at, activity LIMIT ?3))
         SELECT s.activity, a.kind, a.direction, s.how, s.ambiguous
         FROM shown AS s CROSS JOIN activities AS a ON a.record = s.activity
         ORDER BY s.at DESC, s.activity DESC",
    )?;
    let mut rows = statement.query((subject.to_string(), MOST, COMING))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(Linked {
            record: id(row, 0)?,
            kind: word(row, 1)?,
            direction: word(row, 2)?,
            how: row.get(3)?,
            ambiguous: row.get(4)?,
        });
    }
    Ok(found)
}

/// The contacts that took part in each activity, in id order.
fn with(db: &Connection, activities: &[Id]) -> Outcome<HashMap<Id, Vec<Id>>> {
    let mut statement = db.prepare_cached(
        "SELECT l.activity, l.record FROM rarray(?1) AS k
         CROSS JOIN activity_links AS l ON l.activity = k.value AND l.kind = 'contact'
         ORDER BY l.activity, l.record",
    )?;
    let mut rows = statement.query([record::keys(activities)])?;
    let mut found: HashMap<Id, Vec<Id>> = HashMap::new();
    while let Some(row) = rows.next()? {
        found.entry(id(row, 0)?).or_default().push(id(row, 1)?);
    }
    Ok(found)
}
