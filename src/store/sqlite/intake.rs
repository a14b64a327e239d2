//! One page, reconciled, as one transaction.

use super::{
    columns::table,
    events::EventWriter,
    fail::Outcome,
    feeds, known,
    links::{self, SourceWriter, Streams},
    parked, record, relate, settle, task, work,
};
use model::{ExternalRef, GoneHow, Id, Intake, Kind, RecordRow, Timestamp};
use rusqlite::{CachedStatement, Connection};
use std::collections::BTreeSet;

/// Stores everything that a page brought.
pub(super) fn commit(db: &Connection, page: &Intake, now: Timestamp) -> Outcome<()> {
    let mut streams = Streams::load(db)?;
    for (row, receipt) in &page.settled {
        settle::echo(db, *row, receipt, now)?;
    }
    records(db, &page.records)?;
    let returned = sources(db, &mut streams, page, now)?;
    let left = relink(db, &mut streams, &page.relinks)?;
    let gone = gone(db, &mut streams, page)?;
    settle_presence(db, page, &returned, &left, &gone)?;
    exists(db, &mut streams, &page.exists)?;
    events(db, page)?;
    parked::park(db, &mut streams, &page.parked, now)?;
    let merged = left.iter().flat_map(|(from, to)| [from, to]);
    work::mark_each(db, page.dirty.iter().chain(merged).copied())?;
    relate::note(db, &streams, page, &left, now)?;
    for position in &page.positions {
        feeds::move_to(db, &mut streams, position, now)?;
    }
    let touched = page.positions.iter().map(|position| (&position.connection, position.stream));
    feeds::page_committed(db, &mut streams, touched, now)
}

/// Inserts and updates canonical records, statements prepared once per kind in a row.
fn records(db: &Connection, rows: &[RecordRow]) -> Outcome<()> {
    let mut key =
        db.prepare_cached("INSERT OR IGNORE INTO match_keys (kind, value, record) VALUES (?1, ?2, ?3)")?;
    let mut insert: Option<(Kind, CachedStatement<'_>)> = None;
    for row in rows {
        let table = table(row.record.kind);
        let changed = if row.new { 0 } else { update(db, row)? };
        if changed == 0 {
            let statement = match &mut insert {
                Some((kind, statement)) if *kind == row.record.kind => statement,
                other => &mut other.insert((row.record.kind, db.prepare_cached(&table.insert)?)).1,
            };
            record::write(statement, table, &row.record)?;
        }
        let Some(keys) = &row.match_keys else { continue };
        let id = row.record.id.to_string();
        if changed > 0 {
            db.prepare_cached("DELETE FROM match_keys WHERE record = ?1")?.execute([&id])?;
        }
        for one in keys {
            key.execute((known::match_code(one), one.text(), &id))?;
        }
    }
    Ok(())
}

fn update(db: &Connection, row: &RecordRow) -> Outcome<usize> {
    let table = table(row.record.kind);
    record::write(&mut db.prepare_cached(&table.update)?, table, &row.record)
}

/// Stores source records; returns the canonical records of those that had been gone.
fn sources(db: &Connection, streams: &mut Streams, page: &Intake, now: Timestamp) -> Outcome<BTreeSet<Id>> {
    let mut returned = BTreeSet::new();
    let mut writer = SourceWriter::new(db)?;
    let reread = parked::any(db)?;
    for source in &page.sources {
        if writer.write(streams, source, now)? {
            returned.insert(source.record);
        }
        if reread {
            parked::taken(db, streams, &source.reference)?;
        }
    }
    let tasks = page.sources.iter().filter(|source| source.reference.kind == Kind::Task);
    for source in tasks {
        task::see_done(db, streams, &source.reference)?;
    }
    Ok(returned)
}

/// Moves links to other canonical records; returns which record was left for which.
fn relink(db: &Connection, streams: &mut Streams, relinks: &[(ExternalRef, Id)]) -> Outcome<Vec<(Id, Id)>> {
    let mut left = Vec::new();
    for (reference, to) in relinks {
        let stream = streams.number(db, &reference.connection, reference.kind)?;
        let from = links::record_of(db, streams, reference)?;
        let mut statement =
            db.prepare_cached("UPDATE links SET record = ?3 WHERE stream = ?1 AND ext_id = ?2")?;
        statement.execute((stream, reference.id.as_ref(), to.to_string()))?;
        left.extend(from.filter(|from| from != to).map(|from| (from, *to)));
    }
    Ok(left)
}

fn gone(db: &Connection, streams: &mut Streams, page: &Intake) -> Outcome<Vec<(Id, GoneHow)>> {
    let mut records = Vec::new();
    let reread = parked::any(db)?;
    for (reference, how, at) in &page.gone {
        let stream = streams.number(db, &reference.connection, reference.kind)?;
        if let Some(record) = links::mark_gone(db, stream, &reference.id, how, *at)? {
            records.extend(record.parse().ok().map(|id| (id, how.clone())));
        }
        if reread {
            parked::taken(db, streams, reference)?;
        }
    }
    Ok(records)
}

/// A canonical record is gone when no source of it lives, and back when one does; what the page itself says of
/// a record stands.
fn settle_presence(
    db: &Connection,
    page: &Intake,
    returned: &BTreeSet<Id>,
    left: &[(Id, Id)],
    gone: &[(Id, GoneHow)],
) -> Outcome<()> {
    let stated = |id: &Id| page.records.iter().any(|row| row.record.id == *id);
    for id in returned.iter().filter(|id| !stated(id)) {
        for kind in Kind::ALL {
            let sql = format!("UPDATE {} SET gone = NULL WHERE id = ?1", table(kind).name);
            if db.prepare_cached(&sql)?.execute([id.to_string()])? > 0 {
                break;
            }
        }
    }
    let merged = left.iter().map(|(from, to)| (*from, GoneHow::Merged { into: to.to_string().into() }));
    let affected: Vec<(Id, GoneHow)> = gone.iter().cloned().chain(merged).collect();
    if affected.is_empty() {
        return Ok(());
    }
    let living = links::living(db, &affected.iter().map(|(id, _)| *id).collect::<Vec<_>>())?;
    for (id, how) in affected.iter().filter(|(id, _)| !living.contains_key(id)) {
        let how = serde_json::to_string(how)?;
        for kind in Kind::ALL {
            let name = table(kind).name;
            let sql = format!("UPDATE {name} SET gone = coalesce(gone, ?2) WHERE id = ?1");
            if db.prepare_cached(&sql)?.execute((id.to_string(), &how))? > 0 {
                break;
            }
        }
    }
    Ok(())
}

fn exists(db: &Connection, streams: &mut Streams, marks: &[ExternalRef]) -> Outcome<()> {
    let mut mark =
        db.prepare_cached("INSERT OR IGNORE INTO census_marks (stream, ext_id) VALUES (?1, ?2)")?;
    for reference in marks {
        let stream = streams.number(db, &reference.connection, reference.kind)?;
        mark.execute((stream, reference.id.as_ref()))?;
    }
    Ok(())
}

fn events(db: &Connection, page: &Intake) -> Outcome<()> {
    let mut writer = EventWriter::new(db)?;
    page.events.iter().try_for_each(|event| writer.append(event))
}
