//! A record as a source has it now.

use super::{ask, desk::Desk, draft::Source, normal::filled};
use model::{EventKind, Field, Fields, GoneHow, Kind, Links, MatchKey, Observed, Value};
use std::borrow::Cow;

impl Desk<'_> {
    /// Takes an observation: nothing when it says nothing new or is older than what is stored.
    pub fn seen(&mut self, mut seen: Observed, key: Option<MatchKey>) {
        let maker = self.made_by_us(&seen);
        let links_only = seen.raw.is_empty() && seen.fields.is_empty();
        let links = std::mem::take(&mut seen.links);
        let at = match self.find(&seen.reference) {
            Some(at) => at,
            // Links of a record that was never read: they come again with the record.
            None if links_only => return,
            None => self.place(&seen, key, maker),
        };
        let (seat, draft) = self.pair(at);
        if matches!(seat.gone, Some(GoneHow::Merged { .. })) {
            return;
        }
        let connection = seen.reference.connection.clone();
        let was = (draft.touched, draft.relinked);
        if !links_only {
            let older = seen.modified < seat.modified && seen.version != seat.version;
            if older {
                return;
            }
            self.values(at, seen);
        }
        for set in links {
            self.link(at, set);
        }
        let (seat, draft) = self.pair(at);
        let changed = was != (draft.touched, draft.relinked) || seat.known.is_none();
        if draft.touched || draft.relinked {
            draft.by = connection;
        }
        if changed {
            self.note_subjects(at);
        }
    }

    /// The fields of a full observation.
    fn values(&mut self, at: usize, seen: Observed) {
        let Observed { reference, version, modified, marker: _, fields, links: _, raw } = seen;
        let (seat, draft) = self.pair(at);
        let returned = seat.gone.take().is_some();
        if returned {
            draft.news.push((EventKind::Returned, reference.connection.clone()));
        }
        let several = draft.sources.len() > 1;
        let first = draft.source(&reference).is_none();
        let news: Vec<(Field, Option<Value>, Value)> = match draft.source(&reference) {
            Some(source) => {
                let news = source.news(&fields).into_iter();
                news.map(|(field, value)| (field, source.fields.get(field).cloned(), value.clone())).collect()
            }
            None => Vec::new(),
        };
        let restamped = version != seat.version;
        if returned || first || restamped || !news.is_empty() {
            let raw = Some(raw).filter(|raw| !raw.is_empty());
            (seat.version, seat.modified, seat.raw) = (version, modified, raw);
            (seat.stored, seat.went) = (true, None);
        }
        match draft.source(&reference) {
            None => {
                draft.sources.push(Source {
                    reference: reference.clone(),
                    modified,
                    fields: Cow::Owned(fields),
                });
                draft.touched = true;
            }
            Some(source) => {
                let moved = std::mem::replace(&mut source.modified, modified) != modified;
                if !news.is_empty() {
                    source.overlay(fields);
                }
                // With one source its time decides nothing.
                draft.touched |= !news.is_empty() || (moved && several);
            }
        }
        if !news.is_empty() {
            let echoed = self.echoes(&reference, modified, &news);
            self.pair(at).1.echoed.extend(echoed);
        }
    }

    /// A complete set of links to one kind.
    fn link(&mut self, at: usize, now: Links) {
        let (seat, draft) = self.pair(at);
        let before = seat.links_to(now.to);
        if before.map_or(&[][..], |before| &before.targets) == now.targets {
            return;
        }
        seat.links.retain(|one| one.to != now.to);
        seat.links.push(now);
        seat.stored = true;
        draft.relinked = true;
    }

    /// The deals and leads that an activity is about: what happened may move them on.
    fn note_subjects(&mut self, at: usize) {
        let known = self.known;
        let (seat, _) = self.pair(at);
        let mut about = Vec::new();
        for subject in [Kind::Deal, Kind::Contact].into_iter().filter_map(|kind| seat.links_to(kind)) {
            for one in ask::subjects_of(&seat.reference, std::slice::from_ref(subject)) {
                let record = known.links.get(&one).and_then(|linked| known.records.get(&linked.record));
                about
                    .extend(record.filter(|record| is_worked(record.kind, &record.fields)).map(|one| one.id));
            }
        }
        self.about.extend(about);
    }
}

/// Deals, and contacts that are leads: what the engine moves along.
pub(super) fn is_worked(kind: Kind, fields: &Fields) -> bool {
    match kind {
        Kind::Deal => true,
        Kind::Contact => filled(fields.get(Field::LeadStatus)).is_some(),
        Kind::Company
        | Kind::Owner
        | Kind::Pipeline
        | Kind::Task
        | Kind::Note
        | Kind::Email
        | Kind::Meeting
        | Kind::Call => false,
    }
}
