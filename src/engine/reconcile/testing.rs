//! Support for tests: a store in memory that folds plans as the real one does, and short ways to write down
//! what was seen.

use super::{Batch, MergePolicy, Round, reconcile};
use crate::{dice::Dice, ids::Ids};
use bytes::Bytes;
use model::{
    Canonical, Change, ConnectionId, Event, ExternalRef, Field, Fields, Gone, GoneHow, Id, InFlight, Intake,
    Intent, Key, Kind, Known, Linked, Links, MatchKey, Observed, SourceValues, Target, Timestamp, Value,
    Version, Write, WriteKey, WriteState,
};
use std::collections::{BTreeMap, BTreeSet};

/// A store in memory. It checks what the real one checks by its keys and state table.
pub struct Memory {
    pub policy: MergePolicy,
    pub links: BTreeMap<ExternalRef, Row>,
    pub records: BTreeMap<Id, Canonical>,
    pub keys: BTreeMap<MatchKey, BTreeSet<Id>>,
    pub writes: Vec<InFlight>,
    pub events: Vec<Event>,
    pub rounds: usize,
    ids: Ids,
    now: Timestamp,
}

pub struct Row {
    pub record: Id,
    pub version: Version,
    pub modified: Timestamp,
    pub links: Vec<Links>,
    pub gone: Option<GoneHow>,
}

impl Memory {
    pub fn new(policy: MergePolicy) -> Self {
        let now = at(1_000_000);
        let ids = Ids::new(now, Dice::seeded(7));
        let (links, records, keys) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { policy, links, records, keys, writes: Vec::new(), events: Vec::new(), rounds: 0, ids, now }
    }

    /// Reconciles a page, commits the plan and gives it back.
    pub fn take(&mut self, changes: Vec<Change>) -> Intake {
        let first = changes.iter().find_map(|change| match change {
            Change::Seen(seen) => Some(&seen.reference),
            Change::Gone(gone) => Some(&gone.reference),
            Change::Exists(reference) => Some(reference),
            Change::Unreadable { reference, .. } => reference.as_ref(),
        });
        let connection = first.map_or(ConnectionId::from("crm"), |one| one.connection.clone());
        let mut batch = Batch::new(connection, first.map_or(Kind::Contact, |one| one.kind), changes);
        let mut known = Known::default();
        self.rounds = 0;
        let plan = loop {
            match reconcile(&known, &mut batch, &self.policy, self.now, &mut self.ids) {
                Round::Ask(keys) => known.absorb(self.known(&keys)),
                Round::Plan(plan) => break plan,
            }
            self.rounds += 1;
            assert!(self.rounds <= 2, "asked a third time");
        };
        self.commit(&plan);
        plan
    }

    pub fn known(&self, keys: &[Key]) -> Known {
        let mut known = Known::default();
        for key in keys {
            match key {
                Key::Ref(reference) => {
                    if let Some(row) = self.links.get(reference) {
                        let Row { record, version, links, gone, .. } = row;
                        let (record, version) = (*record, version.clone());
                        let linked = Linked { record, version, links: links.clone(), gone: gone.clone() };
                        known.links.insert(reference.clone(), linked);
                        known.records.extend(self.record(record).map(|one| (record, one)));
                    }
                    let at = self.writes.iter().filter(|one| one.write.target == *reference);
                    known.absorb(Known { in_flight: at.cloned().collect(), ..Known::default() });
                }
                Key::Match(key) => {
                    let ids: Vec<Id> = self.keys.get(key).into_iter().flatten().copied().collect();
                    known.records.extend(ids.iter().filter_map(|id| self.record(*id).map(|one| (*id, one))));
                    known.matches.insert(key.clone(), ids);
                }
                Key::Canonical(id) => known.records.extend(self.record(*id).map(|one| (*id, one))),
                Key::Marker(key) => {
                    let with = self.writes.iter().filter(|one| one.write.key == *key);
                    known.absorb(Known { in_flight: with.cloned().collect(), ..Known::default() });
                }
            }
        }
        known
    }

    /// A record; where one source lives, its values are the record's own.
    pub fn record(&self, id: Id) -> Option<Canonical> {
        let mut record = self.records.get(&id)?.clone();
        if record.sources.is_empty() {
            let living = self.links.iter().filter(|(_, row)| row.record == id && row.gone.is_none());
            record.sources.extend(living.map(|(reference, row)| SourceValues {
                reference: reference.clone(),
                modified: row.modified,
                fields: record.fields.clone(),
            }));
            assert!(record.sources.len() <= 1, "provenance of {id} is lost");
        }
        Some(record)
    }

    /// The record behind a source's record.
    pub fn of(&self, reference: &ExternalRef) -> Canonical {
        self.record(self.links[reference].record).unwrap()
    }

    pub fn commit(&mut self, plan: &Intake) {
        for row in &plan.records {
            let id = row.record.id;
            let before = self.records.insert(id, row.record.clone());
            assert_eq!(before.is_none(), row.new, "new is wrong for {id}");
            assert_ne!(row.record.sources.len(), 1, "one source needs no provenance");
            if let Some(keys) = &row.match_keys {
                self.keys.values_mut().for_each(|ids| ids.retain(|one| *one != id));
                for key in keys {
                    assert_eq!(key.kind(), row.record.kind);
                    self.keys.entry(key.clone()).or_default().insert(id);
                }
            }
        }
        for source in &plan.sources {
            assert!(self.records.contains_key(&source.record), "{} hangs in the air", source.reference);
            assert_eq!(source.new, !self.links.contains_key(&source.reference));
            let before = self.links.remove(&source.reference).map_or_else(Vec::new, |row| row.links);
            let kept = before.into_iter().filter(|set| source.links.iter().all(|one| one.to != set.to));
            let row = Row {
                record: source.record,
                version: source.version.clone(),
                modified: source.modified,
                links: kept.chain(source.links.iter().cloned()).collect(),
                gone: None,
            };
            self.links.insert(source.reference.clone(), row);
        }
        for (reference, how, _) in &plan.gone {
            self.links.get_mut(reference).unwrap().gone = Some(how.clone());
        }
        for (reference, id) in &plan.relinks {
            assert!(self.records.contains_key(id));
            self.links.get_mut(reference).unwrap().record = *id;
        }
        for (row, _) in &plan.settled {
            let write = self.writes.iter_mut().find(|one| one.row == *row).unwrap();
            assert!(write.state.may_become(&WriteState::Done), "{} cannot be done", write.state.name());
            write.state = WriteState::Done;
        }
        self.events.extend(plan.events.iter().cloned());
    }

    /// The reconciled fields of everything that lives, by the references of its sources.
    pub fn living(&self) -> BTreeMap<Vec<ExternalRef>, Fields> {
        let records = self.records.keys().filter_map(|id| self.record(*id)).filter(|one| one.gone.is_none());
        let named = records.map(|record| {
            let mut names: Vec<_> = record.sources.iter().map(|one| one.reference.clone()).collect();
            names.sort();
            (names, record.fields)
        });
        named.collect()
    }
}

/// True when a plan writes nothing at all.
pub fn nothing(plan: &Intake) -> bool {
    let Intake { records, sources, gone, relinks, exists, settled, events, parked, dirty, positions } = plan;
    records.is_empty()
        && sources.is_empty()
        && gone.is_empty()
        && relinks.is_empty()
        && exists.is_empty()
        && settled.is_empty()
        && events.is_empty()
        && parked.is_empty()
        && dirty.is_empty()
        && positions.is_empty()
}

/// Names of a plan's events, in order.
pub fn told(plan: &Intake) -> Vec<&'static str> {
    let name = |event: &Event| {
        use model::EventKind as E;
        match event.kind {
            E::FirstSeen => "first_seen",
            E::Changed { .. } => "changed",
            E::Relinked { .. } => "relinked",
            E::Joined { .. } => "joined",
            E::Gone { .. } => "gone",
            E::Returned => "returned",
            E::StageEntered { .. } => "stage_entered",
            E::OutcomeChanged { .. } => "outcome_changed",
            E::Noticed { .. } => "noticed",
            _ => "other",
        }
    };
    plan.events.iter().map(name).collect()
}

pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1_000)
}

pub fn text(text: &str) -> Value {
    Value::text(Some(text))
}

/// `crm/contact:7`, as references are shown.
pub fn reference(name: &str) -> ExternalRef {
    let (connection, rest) = name.split_once('/').unwrap();
    let (kind, id) = rest.split_once(':').unwrap();
    ExternalRef::new(&connection.into(), kind.parse().unwrap(), id)
}

/// A record as seen at a second, with these fields.
pub fn observed<const N: usize>(name: &str, second: i64, fields: [(Field, Value); N]) -> Observed {
    Observed {
        reference: reference(name),
        version: Version::At(at(second)),
        modified: at(second),
        marker: None,
        fields: fields.into_iter().collect(),
        links: Vec::new(),
        raw: Bytes::from_static(b"{}"),
    }
}

pub fn seen<const N: usize>(name: &str, second: i64, fields: [(Field, Value); N]) -> Change {
    Change::Seen(observed(name, second, fields))
}

pub fn gone(name: &str, second: i64, how: GoneHow) -> Change {
    Change::Gone(Gone { reference: reference(name), how, at: at(second) })
}

pub fn merged(name: &str, into: &str) -> Change {
    gone(name, 0, GoneHow::Merged { into: into.into() })
}

pub fn links(to: Kind, ids: &[&str]) -> Links {
    let mut targets: Vec<_> = ids.iter().map(|id| Target { id: (*id).into(), primary: false }).collect();
    targets.sort();
    Links { to, targets }
}

/// An outbox row.
pub fn in_flight(row: i64, target: &str, intent: Intent, state: WriteState) -> InFlight {
    let target = reference(target);
    let key = WriteKey::new(&target.connection, intent.kind(), &target, "cause", &row.to_string(), 0);
    let write = Write { key, target, intent, expects: Vec::new(), because: "test".into() };
    InFlight { row, write, state }
}

pub fn sending() -> WriteState {
    WriteState::Sending { attempt: 1, epoch: 1 }
}
