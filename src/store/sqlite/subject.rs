//! A deal or lead with what stands around it.

use super::{
    events,
    fail::Outcome,
    links::{self, Living, Streams},
    record, relate, task,
};
use model::{
    Canonical, Fields, Id, Kind,
    work::{Subject, SubjectView},
};
use rusqlite::Connection;
use std::collections::{BTreeMap, HashMap};

/// Most contacts shown of a deal.
const CONTACTS: usize = 20;
/// Most events shown of a subject.
const HISTORY: usize = 50;

/// The views of those ids that are deals or contacts, in the order asked for.
pub(super) fn views(db: &Connection, ids: &[Id]) -> Outcome<Vec<SubjectView>> {
    let streams = Streams::load(db)?;
    let mut deals = record::read(db, Kind::Deal, ids)?;
    let rest: Vec<Id> = ids.iter().copied().filter(|id| !deals.contains_key(id)).collect();
    let mut contacts = record::read(db, Kind::Contact, &rest)?;
    let mut views = Vec::with_capacity(ids.len());
    for id in ids {
        if let Some(deal) = deals.remove(id) {
            views.push(view(db, &streams, Subject::Deal(*id), deal)?);
        } else if let Some(contact) = contacts.remove(id) {
            views.push(view(db, &streams, Subject::Lead(*id), contact)?);
        }
    }
    Ok(views)
}

fn view(db: &Connection, streams: &Streams, subject: Subject, record: Canonical) -> Outcome<SubjectView> {
    let living = links::living(db, &[record.id])?.remove(&record.id).unwrap_or_default();
    let around = around(db, streams, &living)?;
    let of = |kind: Kind| around.get(&kind).map_or(&[][..], Vec::as_slice);
    let is_deal = matches!(subject, Subject::Deal(_));
    let contacts: &[Id] = if is_deal { of(Kind::Contact) } else { &[] };
    let contacts = contacts.get(..CONTACTS).unwrap_or(contacts);
    Ok(SubjectView {
        activities: relate::briefs(db, record.id)?,
        subject,
        record: record.id,
        references: references(&record, living),
        stage_since: record.stage_since,
        gone: record.gone,
        company: fields_of(db, Kind::Company, of(Kind::Company).get(..1).unwrap_or_default())?.pop(),
        contacts: fields_of(db, Kind::Contact, contacts)?,
        has_deal: !is_deal && !of(Kind::Deal).is_empty(),
        tasks: task::briefs(db, streams, record.id)?,
        history: events::moves(db, record.id, HISTORY)?,
        fields: record.fields,
    })
}

/// In the order of joining, which with two or more sources only the provenance knows.
fn references(record: &Canonical, living: Vec<Living>) -> Vec<model::ExternalRef> {
    let mut ordered: Vec<_> = record.sources.iter().map(|source| source.reference.clone()).collect();
    for one in living {
        if !ordered.contains(&one.reference) {
            ordered.push(one.reference);
        }
    }
    ordered
}

fn fields_of(db: &Connection, kind: Kind, ids: &[Id]) -> Outcome<Vec<(Id, Fields)>> {
    let mut found: HashMap<Id, Canonical> = record::read(db, kind, ids)?;
    Ok(ids.iter().filter_map(|id| found.remove(id)).map(|record| (record.id, record.fields)).collect())
}

/// Canonical records linked to a record's sources, by kind, primary ones first. What the source states of its
/// own links counts; of kinds that it was never asked for, what the other ends state.
pub(super) fn around(
    db: &Connection,
    streams: &Streams,
    sources: &[Living],
) -> Outcome<BTreeMap<Kind, Vec<Id>>> {
    let mut statement = db.prepare_cached(
        "SELECT e.stream, l.record, e.is_primary, e.own,
                (SELECT sets FROM links AS s WHERE s.stream = ?1 AND s.ext_id = ?2)
         FROM (SELECT to_stream AS stream, to_id AS ext_id, is_primary, 1 AS own
               FROM associations WHERE stream = ?1 AND ext_id = ?2
               UNION ALL
               SELECT stream, ext_id, 0, 0 FROM associations WHERE to_stream = ?1 AND to_id = ?2) AS e
         CROSS JOIN links AS l ON l.stream = e.stream AND l.ext_id = e.ext_id
         WHERE l.gone IS NULL ORDER BY e.is_primary DESC, e.stream, e.ext_id",
    )?;
    let mut found: BTreeMap<Kind, Vec<Id>> = BTreeMap::new();
    for source in sources {
        let Some(stream) = streams.find(&source.reference.connection, source.reference.kind) else {
            continue;
        };
        let mut rows = statement.query((stream, source.reference.id.as_ref()))?;
        while let Some(row) = rows.next()? {
            let number: i64 = row.get(0)?;
            let Some((_, _, kind)) = streams.iter().find(|(id, ..)| *id == number) else { continue };
            let stated = row.get::<_, Option<i64>>(4)?.unwrap_or_default() & links::bit(*kind) != 0;
            let own: bool = row.get(3)?;
            let ids = found.entry(*kind).or_default();
            let id = super::id(row, 1)?;
            if own == stated && !ids.contains(&id) {
                ids.push(id);
            }
        }
    }
    Ok(found)
}
