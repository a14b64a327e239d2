//! What a committed page means for links: activities to look at, and changes around past ones.

use super::{next_mark, place, queue, reversed};
use crate::sqlite::{
    fail::Outcome,
    links::{self, Streams},
};
use model::{EventKind, Fields, Id, Intake, Kind, MatchKey, RecordRow, Timestamp, work::relation};
use rusqlite::{CachedStatement, Connection};
use std::collections::BTreeSet;

/// Most Message-IDs kept of what one mail refers to: the oldest, where the conversation began, and the newest.
const MOST_REFS: usize = 30;

/// Notes what a page brought. `left` is which record was left for which.
pub(in crate::sqlite) fn note(
    db: &Connection,
    streams: &Streams,
    page: &Intake,
    left: &[(Id, Id)],
    now: Timestamp,
) -> Outcome<()> {
    activities(db, streams, page, left, now)?;
    if anything_known(db)? { surroundings(db, streams, page, left) } else { Ok(()) }
}

const fn is_activity(kind: Kind) -> bool {
    matches!(kind, Kind::Email | Kind::Meeting)
}

/// Deals, contacts and companies: what activities belong to.
const fn is_around(kind: Kind) -> bool {
    matches!(kind, Kind::Deal | Kind::Contact | Kind::Company)
}

/// Which record of some kinds was left for which.
fn moved(
    page: &Intake,
    left: &[(Id, Id)],
    of: impl Fn(Kind) -> bool,
) -> impl Iterator<Item = (Kind, Id, Id)> {
    left.iter().filter_map(move |(from, to)| {
        let relink = page.relinks.iter().find(|(_, record)| record == to)?;
        of(relink.0.kind).then_some((relink.0.kind, *from, *to))
    })
}

/// There are activities that a change could concern.
fn anything_known(db: &Connection) -> Outcome<bool> {
    let mut look =
        db.prepare_cached("SELECT EXISTS (SELECT 1 FROM unrelated) OR EXISTS (SELECT 1 FROM activities)")?;
    Ok(look.query_row([], |row| row.get(0))?)
}

/// Keeps who took part and what makes the conversation, and queues what is new or changed.
fn activities(
    db: &Connection,
    streams: &Streams,
    page: &Intake,
    left: &[(Id, Id)],
    now: Timestamp,
) -> Outcome<()> {
    let rows = || page.records.iter().filter(|row| is_activity(row.record.kind));
    let mut ids: BTreeSet<Id> = rows().map(|row| row.record.id).collect();
    let relinked = page.sources.iter().filter(|one| is_activity(one.reference.kind) && !one.links.is_empty());
    ids.extend(relinked.map(|one| one.record));
    for (reference, ..) in page.gone.iter().filter(|(reference, ..)| is_activity(reference.kind)) {
        ids.extend(links::record_of(db, streams, reference)?);
    }
    ids.extend(moved(page, left, is_activity).flat_map(|(_, from, to)| [from, to]));
    if ids.is_empty() {
        return Ok(());
    }
    let mut writer = Writer::new(db)?;
    rows().try_for_each(|row| writer.write(row))?;
    let (mark, mut queue) = (next_mark(db)?, queue(db)?);
    for id in ids {
        queue.execute((id.to_string(), now.as_millis(), mark))?;
    }
    Ok(())
}

/// The statements that keep an activity's addresses and references, prepared once per page.
struct Writer<'c> {
    address: CachedStatement<'c>,
    reference: CachedStatement<'c>,
    forget_addresses: CachedStatement<'c>,
    forget_references: CachedStatement<'c>,
}

impl<'c> Writer<'c> {
    fn new(db: &'c Connection) -> Outcome<Self> {
        Ok(Self {
            address: db
                .prepare_cached("INSERT OR IGNORE INTO participants (place, record) VALUES (?1, ?2)")?,
            reference: db.prepare_cached("INSERT OR IGNORE INTO mail_refs (key, record) VALUES (?1, ?2)")?,
            forget_addresses: db.prepare_cached("DELETE FROM participants WHERE record = ?1")?,
            forget_references: db.prepare_cached("DELETE FROM mail_refs WHERE record = ?1")?,
        })
    }

    fn write(&mut self, row: &RecordRow) -> Outcome<()> {
        let id = row.record.id.to_string();
        if !row.new {
            self.forget_addresses.execute([&id])?;
            self.forget_references.execute([&id])?;
        }
        for address in relation::addresses(&row.record.fields) {
            // A contact may be known without the tag that this mail was sent to.
            let weaker = model::address::weaker(address).filter(|weaker| **weaker != *address);
            for place in std::iter::once(address).chain(weaker.as_deref()).filter_map(place) {
                self.address.execute((place, &id))?;
            }
        }
        if row.record.kind == Kind::Email {
            // With two or more sources each knows the conversation by an id of its own.
            let sources = row.record.sources.iter().map(|source| &source.fields);
            for fields in sources.chain([&row.record.fields]) {
                conversation(fields).try_for_each(|key| self.reference.execute((key, &id)).map(drop))?;
            }
        }
        Ok(())
    }
}

/// What a mail has in common with others of its conversation, apart from its own Message-ID.
pub(super) fn conversation(fields: &Fields) -> impl Iterator<Item = &str> {
    let refs = fields.list(model::Field::References);
    let newest = refs.len().saturating_sub(MOST_REFS - 1).max(1);
    let first = refs.iter().take(1);
    let kept = first.chain(refs.iter().skip(newest)).map(AsRef::as_ref);
    kept.chain(fields.text(model::Field::Thread))
}

/// Notes which past activities are to be looked at again, to be passed on by and by.
fn surroundings(db: &Connection, streams: &Streams, page: &Intake, left: &[(Id, Id)]) -> Outcome<()> {
    let mut notes = Notes::new(db)?;
    for row in &page.records {
        notes.record(row)?;
    }
    for source in page.sources.iter().filter(|one| is_around(one.reference.kind)) {
        let linked = source.links.iter().any(|set| is_around(set.to));
        // A contact or company that is new is found by its address or domain; a new deal only by its links.
        if linked && (!source.new || source.reference.kind == Kind::Deal) {
            notes.whole(source.reference.kind, source.record)?;
        }
    }
    for (reference, ..) in page.gone.iter().filter(|(reference, ..)| is_around(reference.kind)) {
        if let Some(record) = links::record_of(db, streams, reference)? {
            notes.whole(reference.kind, record)?;
        }
    }
    for (kind, from, to) in moved(page, left, is_around) {
        notes.whole(kind, from)?;
        notes.whole(kind, to)?;
    }
    let outcomes = page.events.iter().filter(|event| matches!(event.kind, EventKind::OutcomeChanged { .. }));
    outcomes.filter_map(|event| event.subject).try_for_each(|deal| notes.whole(Kind::Deal, deal))
}

struct Notes<'c> {
    address: CachedStatement<'c>,
    domain: CachedStatement<'c>,
    whole: CachedStatement<'c>,
}

impl<'c> Notes<'c> {
    fn new(db: &'c Connection) -> Outcome<Self> {
        // What was half passed on begins anew: the change may concern what lies behind.
        Ok(Self {
            address: db.prepare_cached(
                "INSERT INTO revisits (what, name) SELECT 'address', ?1
                 WHERE EXISTS (SELECT 1 FROM participants WHERE place = ?1)
                 ON CONFLICT (what, name) DO UPDATE SET place = '', record = ''",
            )?,
            domain: db.prepare_cached(
                "INSERT INTO revisits (what, name) SELECT 'domain', ?1
                 WHERE EXISTS (SELECT 1 FROM participants WHERE place >= ?1 || '.' AND place < ?1 || '/')
                    OR EXISTS (SELECT 1 FROM participants WHERE place >= ?1 || '@' AND place < ?1 || 'A')
                 ON CONFLICT (what, name) DO UPDATE SET place = '', record = ''",
            )?,
            whole: db.prepare_cached(
                "INSERT INTO revisits (what, name) VALUES (?1, ?2)
                 ON CONFLICT (what, name) DO UPDATE SET place = '', record = ''",
            )?,
        })
    }

    fn record(&mut self, row: &RecordRow) -> Outcome<()> {
        if !is_around(row.record.kind) {
            return Ok(());
        }
        if !row.new {
            // An address that it lost concerns the activities that it is linked to.
            return match &row.match_keys {
                Some(_) => self.whole(row.record.kind, row.record.id),
                None => Ok(()),
            };
        }
        for key in row.match_keys.iter().flatten() {
            match key {
                MatchKey::Email(address) => {
                    if let Some(place) = place(address) {
                        self.address.execute([place])?;
                    }
                }
                MatchKey::Domain(domain) => {
                    self.domain.execute([reversed(domain)])?;
                }
                MatchKey::OwnerEmail(_) | MatchKey::Message(_) | MatchKey::Event(_) => {}
            }
        }
        Ok(())
    }

    fn whole(&mut self, kind: Kind, record: Id) -> Outcome<()> {
        self.whole.execute((kind.name(), record.to_string()))?;
        Ok(())
    }
}
