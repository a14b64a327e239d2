//! The answers that reconciliation asks for, a few queries per batch of keys.

use super::{
    fail::{Fail, Outcome},
    links::{self, Streams},
    outbox, record,
};
use model::{ExternalRef, Id, InFlight, Key, Kind, Known, Linked, MatchKey, Timestamp, Version, WriteKey};
use rusqlite::{Connection, types::Value as Sql};
use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

/// Keys by what is asked.
#[derive(Default)]
struct Asked {
    refs: BTreeMap<i64, Vec<Box<str>>>,
    matches: Vec<MatchKey>,
    ids: BTreeSet<Id>,
    markers: Vec<WriteKey>,
    targets: Vec<ExternalRef>,
}

/// Answers all keys.
pub(super) fn known(db: &Connection, keys: &[Key]) -> Outcome<Known> {
    let streams = Streams::load(db)?;
    let mut asked = Asked::default();
    for key in keys {
        match key {
            Key::Ref(reference) => {
                asked.targets.push(reference.clone());
                if let Some(stream) = streams.find(&reference.connection, reference.kind) {
                    asked.refs.entry(stream).or_default().push(reference.id.clone());
                }
            }
            Key::Match(key) => asked.matches.push(key.clone()),
            Key::Canonical(id) => {
                asked.ids.insert(*id);
            }
            Key::Marker(marker) => asked.markers.push(*marker),
        }
    }
    let mut known = Known::default();
    let mut wanted: BTreeMap<Kind, BTreeSet<Id>> = BTreeMap::new();
    for (stream, ids) in &asked.refs {
        refs(db, &streams, *stream, ids, &mut known, &mut wanted)?;
    }
    matches(db, &asked.matches, &mut known, &mut wanted)?;
    for (kind, ids) in &wanted {
        known.records.extend(record::read(db, *kind, &ids.iter().copied().collect::<Vec<_>>())?);
    }
    let rest: Vec<Id> = asked.ids.into_iter().filter(|id| !known.records.contains_key(id)).collect();
    known.records.extend(record::read_any(db, &rest)?);
    known.in_flight = in_flight(db, &asked.targets, &asked.markers)?;
    Ok(known)
}

fn refs(
    db: &Connection,
    streams: &Streams,
    stream: i64,
    ids: &[Box<str>],
    known: &mut Known,
    wanted: &mut BTreeMap<Kind, BTreeSet<Id>>,
) -> Outcome<()> {
    let mut statement = db.prepare_cached(
        "SELECT l.ext_id, l.record, l.version_at, l.version_tag, l.sets, l.gone
         FROM rarray(?2) AS k CROSS JOIN links AS l ON l.stream = ?1 AND l.ext_id = k.value",
    )?;
    let mut rows = statement.query((stream, texts(ids.iter().map(AsRef::as_ref))))?;
    while let Some(row) = rows.next()? {
        let ext_id: String = row.get(0)?;
        let record = super::id(row, 1)?;
        let version = match (row.get::<_, Option<i64>>(2)?, row.get::<_, Option<String>>(3)?) {
            (Some(at), _) => Version::At(Timestamp::from_millis(at)),
            (None, tag) => Version::Tag(tag.unwrap_or_default().into()),
        };
        let sets: i64 = row.get(4)?;
        let links = if sets == 0 { Vec::new() } else { links::sets_of(db, streams, stream, &ext_id, sets)? };
        let gone = row.get::<_, Option<String>>(5)?.map(|how| serde_json::from_str(&how)).transpose()?;
        if let Some(reference) = streams.reference(stream, ext_id) {
            wanted.entry(reference.kind).or_default().insert(record);
            known.links.insert(reference, Linked { record, version, links, gone });
        }
    }
    Ok(())
}

/// The number of a kind of match key in its table.
pub(super) const fn match_code(key: &MatchKey) -> i64 {
    match key {
        MatchKey::Email(_) => 1,
        MatchKey::Domain(_) => 2,
        MatchKey::OwnerEmail(_) => 3,
        MatchKey::Message(_) => 4,
        MatchKey::Event(_) => 5,
    }
}

fn matches(
    db: &Connection,
    keys: &[MatchKey],
    known: &mut Known,
    wanted: &mut BTreeMap<Kind, BTreeSet<Id>>,
) -> Outcome<()> {
    let makers: [fn(Box<str>) -> MatchKey; 5] =
        [MatchKey::Email, MatchKey::Domain, MatchKey::OwnerEmail, MatchKey::Message, MatchKey::Event];
    for make in makers {
        let code = match_code(&make("".into()));
        let of_kind = keys.iter().filter(|key| match_code(key) == code).map(MatchKey::text);
        let values = texts(of_kind);
        if values.is_empty() {
            continue;
        }
        let mut statement = db.prepare_cached(
            "SELECT m.value, m.record FROM rarray(?2) AS k CROSS JOIN match_keys AS m
             ON m.kind = ?1 AND m.value = k.value ORDER BY m.value, m.record",
        )?;
        let mut rows = statement.query((code, values))?;
        while let Some(row) = rows.next()? {
            let (key, record) = (make(row.get::<_, String>(0)?.into()), super::id(row, 1)?);
            wanted.entry(key.kind()).or_default().insert(record);
            let ids = known.matches.entry(key).or_default();
            // A key that was asked for twice joins twice.
            if ids.last() != Some(&record) {
                ids.push(record);
            }
        }
    }
    Ok(())
}

/// Writes of ours that may explain what was seen: all that are not final, the last done one per target and
/// field, and those whose marker was seen.
fn in_flight(db: &Connection, targets: &[ExternalRef], markers: &[WriteKey]) -> Outcome<Vec<InFlight>> {
    let any: bool =
        db.prepare_cached("SELECT EXISTS (SELECT 1 FROM outbox)")?.query_row([], |row| row.get(0))?;
    let mut found = BTreeMap::new();
    if !any {
        return Ok(Vec::new());
    }
    let mut by_target: BTreeMap<(&str, Kind), Vec<&str>> = BTreeMap::new();
    for target in targets {
        by_target.entry((target.connection.as_str(), target.kind)).or_default().push(&target.id);
    }
    for ((connection, kind), ids) in by_target {
        let mut statement = db.prepare_cached(
            "SELECT o.id, o.body, o.state, o.due, o.attempt, o.epoch, o.detail
             FROM rarray(?3) AS k CROSS JOIN outbox AS o
             ON o.connection = ?1 AND o.target_kind = ?2 AND o.target_id = k.value
             WHERE o.state IN ('proposed', 'pending', 'sending', 'retry', 'verify', 'moved', 'unknown')
                OR (o.state = 'done' AND o.field IS NOT NULL AND NOT EXISTS (
                      SELECT 1 FROM outbox AS later
                      WHERE later.connection = o.connection AND later.target_kind = o.target_kind
                        AND later.target_id = o.target_id AND later.id > o.id
                        AND later.field = o.field AND later.state = 'done'))",
        )?;
        let mut rows = statement.query((connection, kind.name(), texts(ids.into_iter())))?;
        while let Some(row) = rows.next()? {
            let one = parse(row)?;
            found.insert(one.row, one);
        }
    }
    let keys: Vec<String> = markers.iter().map(ToString::to_string).collect();
    let mut statement = db.prepare_cached(
        "SELECT o.id, o.body, o.state, o.due, o.attempt, o.epoch, o.detail
         FROM rarray(?1) AS k CROSS JOIN outbox AS o ON o.key = k.value",
    )?;
    let mut rows = statement.query([texts(keys.iter().map(String::as_str))])?;
    while let Some(row) = rows.next()? {
        let one = parse(row)?;
        found.insert(one.row, one);
    }
    Ok(found.into_values().collect())
}

fn parse(row: &rusqlite::Row<'_>) -> Outcome<InFlight> {
    let write = serde_json::from_str(row.get_ref(1)?.as_str().map_err(|e| Fail::Stored(Box::new(e)))?)?;
    Ok(InFlight { row: row.get(0)?, write, state: outbox::state(row, 2)? })
}

fn texts<'a>(texts: impl Iterator<Item = &'a str>) -> Rc<Vec<Sql>> {
    Rc::new(texts.map(|text| Sql::Text(text.to_owned())).collect())
}
