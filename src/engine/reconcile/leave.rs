//! Records that went: archived, deleted, absent, out of reach, or merged into another.

use super::{ask, desk::Desk};
use model::{EventKind, Gone, GoneHow};

impl Desk<'_> {
    /// A record left its source. Nothing is removed: it is marked, and what other sources say stays.
    pub fn left(&mut self, gone: Gone) {
        let Some(at) = self.find(&gone.reference) else { return };
        let (seat, draft) = self.pair(at);
        match (&seat.gone, &gone.how) {
            // Changed after it is said to have gone: the news of its going is older than what we know.
            (None, _) if gone.at < seat.modified => return,
            (None, _) => {
                let news = EventKind::Gone { how: gone.how.clone() };
                draft.news.push((news, gone.reference.connection.clone()));
                draft.remove(&gone.reference);
            }
            // It was only missing; now the source says why.
            (Some(GoneHow::Absent | GoneHow::NoAccess), GoneHow::Archived | GoneHow::Deleted) => {}
            (Some(_), _) => return,
        }
        if draft.sources.is_empty() {
            draft.gone = Some(gone.how.clone());
            draft.touched = true;
        }
        draft.by = gone.reference.connection;
        (seat.gone, seat.went) = (Some(gone.how), Some(gone.at));
    }

    /// A record was merged into another of its source: its reference redirects there for good. What other
    /// sources had joined to it goes along, unless the survivor has a record of theirs already. An emptied
    /// record stays, marked; only links have changed.
    pub fn merged(&mut self, gone: &Gone) {
        let GoneHow::Merged { into } = &gone.how else { return };
        let survivor = ask::survivor(&gone.reference, into);
        if survivor == gone.reference {
            return;
        }
        let Some(loser) = self.find(&gone.reference) else { return };
        // A survivor that we have not seen yet gets its link when the merge is reported again with it.
        let to = self.find(&survivor).map(|at| self.seat(at).draft);
        let (seat, draft) = self.pair(loser);
        let from = seat.draft;
        let known = matches!(seat.gone, Some(GoneHow::Merged { .. }));
        if known && to.is_none_or(|to| to == from) {
            return;
        }
        if !known {
            let news = EventKind::Gone { how: gone.how.clone() };
            draft.news.push((news, gone.reference.connection.clone()));
            (seat.gone, seat.went) = (Some(gone.how.clone()), Some(gone.at));
        }
        draft.remove(&gone.reference);
        if let Some(to) = to.filter(|to| *to != from) {
            self.repoint(loser, to);
            self.bring_along(from, to);
            let joined = EventKind::Joined { reference: gone.reference.to_string(), by: "merge".into() };
            self.draft(to).news.push((joined, gone.reference.connection.clone()));
        }
        let draft = self.draft(from);
        draft.by = gone.reference.connection.clone();
        if draft.sources.is_empty() {
            draft.gone = Some(gone.how.clone());
            draft.touched = true;
        }
    }

    fn repoint(&mut self, seat: usize, to: usize) {
        let seat = self.seat(seat);
        (seat.draft, seat.moved) = (to, true);
    }

    /// Moves the living sources that fit, and earlier losers whose redirect would end here.
    fn bring_along(&mut self, from: usize, to: usize) {
        let living: Vec<_> = self.draft(from).sources.iter().map(|one| one.reference.clone()).collect();
        for reference in living {
            if self.draft(to).has(&reference.connection) {
                continue;
            }
            let seat = self.find(&reference);
            if let Some(source) = self.draft(from).remove(&reference) {
                self.draft(to).sources.push(source);
                self.draft(to).touched = true;
            }
            if let Some(seat) = seat {
                self.repoint(seat, to);
            } else {
                // Not among what was asked for: its link row alone is to change.
                let id = self.draft(to).id;
                self.intake.relinks.push((reference, id));
            }
        }
        let merged = |one: &&mut super::draft::Seat<'_>| {
            one.draft == from && matches!(one.gone, Some(GoneHow::Merged { .. }))
        };
        for seat in self.seats.iter_mut().filter(merged) {
            (seat.draft, seat.moved) = (to, true);
        }
    }
}
