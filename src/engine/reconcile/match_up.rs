//! Which record something new belongs to.

use super::{
    desk::Desk,
    draft::{Draft, Seat},
    mail,
};
use model::{EventKind, GoneHow, Id, InFlight, Intent, MatchKey, Observed};

impl Desk<'_> {
    /// A seat for a record of a source that was never seen: with our own task that it stands for, with the
    /// record that carries the same match key, else with a new one.
    pub fn place(&mut self, seen: &Observed, key: Option<MatchKey>, maker: Option<&InFlight>) -> usize {
        let draft = match maker {
            Some(maker) => self.ours(seen, maker),
            None => self.matching(seen, key),
        };
        self.sit(Seat {
            reference: seen.reference.clone(),
            draft,
            known: None,
            version: seen.version.clone(),
            modified: seen.modified,
            raw: None,
            links: Vec::new(),
            gone: None,
            went: None,
            stored: true,
            moved: false,
        })
    }

    /// The draft of something that a write of ours made. A task's record has our task's id, so that the two are
    /// one; a copy of it that a person made at the source is a record of its own, and news.
    fn ours(&mut self, seen: &Observed, maker: &InFlight) -> usize {
        let id = match maker.write.intent {
            Intent::CreateTask { task, .. } => task,
            Intent::CreateNote { .. }
            | Intent::CompleteTask { .. }
            | Intent::ChangeStage { .. }
            | Intent::ChangeOwner { .. }
            | Intent::CreateEvent { .. }
            | Intent::MoveEvent { .. }
            | Intent::Notify { .. } => self.ids.fresh(),
        };
        let at = self.open(id, seen.reference.kind, &seen.reference.connection);
        if self.draft(at).has(&seen.reference.connection) {
            return self.open_new(seen);
        }
        self.draft(at).ours = true;
        at
    }

    fn matching(&mut self, seen: &Observed, key: Option<MatchKey>) -> usize {
        let Some(key) = key else { return self.open_new(seen) };
        if let Some(at) = self.candidate(&key, seen) {
            let by = match key {
                MatchKey::Email(_) | MatchKey::OwnerEmail(_) => "email",
                MatchKey::Domain(_) => "domain",
                MatchKey::Message(_) => "message_id",
                MatchKey::Event(_) => "uid",
            };
            let joined = EventKind::Joined { reference: seen.reference.to_string(), by: by.into() };
            self.draft(at).news.push((joined, seen.reference.connection.clone()));
            return at;
        }
        let at = self.open_new(seen);
        self.fresh.entry(key).or_default().push(at);
        at
    }

    /// The oldest living record with this key that no other record of the same connection belongs to.
    fn candidate(&mut self, key: &MatchKey, seen: &Observed) -> Option<usize> {
        if matches!(key, MatchKey::Message(_) | MatchKey::Event(_)) {
            return self.same_activity(key, seen);
        }
        let known = self.known;
        let free = |draft: &Draft<'_>| {
            draft.kind == key.kind() && !draft.is_gone() && !draft.has(&seen.reference.connection)
        };
        for id in known.matches.get(key).map_or(&[][..], Vec::as_slice) {
            let at = self.open(*id, key.kind(), &seen.reference.connection);
            if free(self.draft(at)) {
                return Some(at);
            }
        }
        let fresh = self.fresh.get(key)?.iter().copied();
        fresh.into_iter().find(|at| self.drafts.get(*at).is_some_and(free))
    }

    /// The record of the same mail or meeting, also where this connection shows it already (another folder, another
    /// calendar) or where it went from (a mail that was moved comes back under a new id).
    fn same_activity(&mut self, key: &MatchKey, seen: &Observed) -> Option<usize> {
        let known = self.known;
        let mut same = Vec::new();
        for id in known.matches.get(key).map_or(&[][..], Vec::as_slice) {
            same.push(self.open(*id, key.kind(), &seen.reference.connection));
        }
        same.extend(self.fresh.get(key).into_iter().flatten());
        let fits = |draft: &Draft<'_>| {
            !matches!(draft.how_gone(), Some(GoneHow::Merged { .. }))
                && draft.said().is_none_or(|before| mail::is_same(before, &seen.fields))
        };
        let at = same.into_iter().find(|at| self.drafts.get(*at).is_some_and(fits))?;
        if self.draft(at).is_gone() {
            let returned = (EventKind::Returned, seen.reference.connection.clone());
            self.draft(at).news.push(returned);
        }
        Some(at)
    }

    fn open_new(&mut self, seen: &Observed) -> usize {
        let id: Id = self.ids.fresh();
        self.open(id, seen.reference.kind, &seen.reference.connection)
    }
}
