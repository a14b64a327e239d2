//! Where a batch is worked on: drafts of records, seats of sources, and what is already sure to be written.

use super::{
    MergePolicy,
    draft::{Draft, Seat, Source},
    echo::Ours,
};
use crate::ids::Ids;
use model::{
    Change, ConnectionId, ExternalRef, Gone, GoneHow, Id, Intake, Kind, Known, MatchKey, Parked, Stream,
    Timestamp, Version,
};
use std::{borrow::Cow, collections::HashMap};

/// The state of one call of `reconcile`.
pub(super) struct Desk<'k> {
    pub known: &'k Known,
    pub policy: &'k MergePolicy,
    pub now: Timestamp,
    pub ids: &'k mut Ids,
    pub ours: Ours<'k>,
    pub drafts: Vec<Draft<'k>>,
    pub seats: Vec<Seat<'k>>,
    by_id: HashMap<Id, usize>,
    by_ref: HashMap<ExternalRef, usize>,
    /// Drafts that are new in this batch, by match key.
    pub fresh: HashMap<MatchKey, Vec<usize>>,
    /// Merges wait until every record of the batch has its place.
    pub merges: Vec<Gone>,
    /// Deals and leads that activities of this batch are about.
    pub about: Vec<Id>,
    pub intake: Intake,
}

impl<'k> Desk<'k> {
    pub fn new(known: &'k Known, policy: &'k MergePolicy, now: Timestamp, ids: &'k mut Ids) -> Self {
        Self {
            known,
            policy,
            now,
            ids,
            ours: Ours::new(&known.in_flight),
            drafts: Vec::new(),
            seats: Vec::new(),
            by_id: HashMap::new(),
            by_ref: HashMap::new(),
            fresh: HashMap::new(),
            merges: Vec::new(),
            about: Vec::new(),
            intake: Intake::default(),
        }
    }

    /// One change, in the order of the page.
    pub fn take(&mut self, change: Change, key: Option<MatchKey>, connection: &ConnectionId, stream: Stream) {
        match change {
            Change::Seen(seen) => self.seen(seen, key),
            Change::Gone(gone) if matches!(gone.how, GoneHow::Merged { .. }) => self.merges.push(gone),
            Change::Gone(gone) => self.left(gone),
            Change::Exists(reference) => self.intake.exists.push(reference),
            Change::Unreadable { reference, reason, raw } => self.intake.parked.push(Parked {
                connection: connection.clone(),
                stream: reference.as_ref().map_or(stream, |reference| reference.kind),
                id: reference.map(|reference| reference.id),
                reason,
                raw,
            }),
        }
    }

    pub fn draft(&mut self, at: usize) -> &mut Draft<'k> {
        self.drafts.get_mut(at).expect("drafts are only added")
    }

    pub fn seat(&mut self, at: usize) -> &mut Seat<'k> {
        self.seats.get_mut(at).expect("seats are only added")
    }

    /// Seat and draft together.
    pub fn pair(&mut self, seat: usize) -> (&mut Seat<'k>, &mut Draft<'k>) {
        let seat = self.seats.get_mut(seat).expect("seats are only added");
        let draft = self.drafts.get_mut(seat.draft).expect("drafts are only added");
        (seat, draft)
    }

    /// The draft of a record; opened from what is known, else new.
    pub fn open(&mut self, id: Id, kind: Kind, by: &ConnectionId) -> usize {
        if let Some(at) = self.by_id.get(&id) {
            return *at;
        }
        let draft = Draft::new(id, kind, self.known.records.get(&id), by.clone());
        let at = self.drafts.len();
        self.by_id.insert(id, at);
        self.drafts.push(draft);
        at
    }

    /// The seat of a source's record; `None` when it was never seen.
    pub fn find(&mut self, reference: &ExternalRef) -> Option<usize> {
        if let Some(at) = self.by_ref.get(reference) {
            return Some(*at);
        }
        let linked = self.known.links.get(reference)?;
        let draft = self.open(linked.record, reference.kind, &reference.connection);
        let modified = self.known_modified(draft, reference, linked);
        let seat = Seat {
            reference: reference.clone(),
            draft,
            known: Some(linked),
            version: linked.version.clone(),
            modified,
            raw: None,
            links: Vec::new(),
            gone: linked.gone.clone(),
            went: None,
            stored: false,
            moved: false,
        };
        Some(self.sit(seat))
    }

    /// Adds a seat.
    pub fn sit(&mut self, seat: Seat<'k>) -> usize {
        let at = self.seats.len();
        self.by_ref.insert(seat.reference.clone(), at);
        self.seats.push(seat);
        at
    }

    /// The modification time behind a link. A single source may come without values of its own: then the
    /// record's are its.
    fn known_modified(&mut self, draft: usize, reference: &ExternalRef, linked: &model::Linked) -> Timestamp {
        let by_version = match &linked.version {
            Version::At(at) => *at,
            Version::Tag(_) => Timestamp::default(),
        };
        let draft = self.draft(draft);
        if let Some(source) = draft.source(reference) {
            return source.modified;
        }
        if linked.gone.is_none()
            && draft.sources.is_empty()
            && let Some(before) = draft.before
        {
            let fields = Cow::Borrowed(&before.fields);
            draft.sources.push(Source { reference: reference.clone(), modified: by_version, fields });
        }
        by_version
    }
}
