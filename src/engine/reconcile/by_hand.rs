//! What a person decides about identity, and what a changed configuration changes: plans like any other.

use super::{MergePolicy, desk::Desk};
use crate::{dice::Dice, ids::Ids};
use model::{Canonical, ConnectionId, EventKind, ExternalRef, GoneHow, Intake, Known, Timestamp};
use std::fmt;

/// Why a merge or its reversal cannot be done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NotPossible {
    /// The two are one record already.
    SameRecord,
    /// One is, say, a company and the other a contact.
    DifferentKinds,
    /// The record has left every source: there is nothing to move.
    Gone,
    /// The named source's record does not belong to it, or no longer lives.
    NotASource,
    /// It is the record's only source: there is nothing to take apart.
    OnlySource,
    /// The record to go back to lives a life of its own.
    Occupied,
}

impl fmt::Display for NotPossible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SameRecord => "the two are one record already",
            Self::DifferentKinds => "the two are of different kinds",
            Self::Gone => "the record has left every source",
            Self::NotASource => "that is no living source of the record",
            Self::OnlySource => "that is the record's only source",
            Self::Occupied => "the record to go back to has sources of its own",
        })
    }
}
impl std::error::Error for NotPossible {}

/// Joins `loser` to `winner` on a person's word: links move, nothing else, so that [`unmerge`] undoes it.
pub fn merge_by_hand(
    winner: &Canonical,
    loser: &Canonical,
    policy: &MergePolicy,
    now: Timestamp,
    who: &str,
) -> Result<Intake, NotPossible> {
    if winner.id == loser.id {
        return Err(NotPossible::SameRecord);
    }
    if winner.kind != loser.kind {
        return Err(NotPossible::DifferentKinds);
    }
    if winner.sources.is_empty() || loser.sources.is_empty() {
        return Err(NotPossible::Gone);
    }
    let (known, mut ids, who) = setting([winner, loser], now, who);
    let mut desk = Desk::new(&known, policy, now, &mut ids);
    let to = desk.open(winner.id, winner.kind, &who);
    let from = desk.open(loser.id, loser.kind, &who);
    for source in &loser.sources {
        let joined = EventKind::Joined { reference: source.reference.to_string(), by: "hand".into() };
        desk.draft(to).news.push((joined, who.clone()));
        let moved = desk.draft(from).remove(&source.reference);
        desk.draft(to).sources.extend(moved);
        desk.intake.relinks.push((source.reference.clone(), winner.id));
    }
    desk.draft(to).touched = true;
    let how = GoneHow::Merged { into: winner.id.to_string().into() };
    let emptied = desk.draft(from);
    emptied.news.push((EventKind::Gone { how: how.clone() }, who));
    emptied.gone = Some(how);
    Ok(desk.finish())
}

/// Takes a source's record out of a canonical one on a person's word: back to the record that it came from,
/// when that is given, else into one of its own. It stays apart, since its link now decides.
pub fn unmerge(
    reference: &ExternalRef,
    from: &Canonical,
    back_to: Option<&Canonical>,
    policy: &MergePolicy,
    now: Timestamp,
    ids: &mut Ids,
    who: &str,
) -> Result<Intake, NotPossible> {
    if from.sources.iter().all(|source| source.reference != *reference) {
        return Err(NotPossible::NotASource);
    }
    if from.sources.len() == 1 {
        return Err(NotPossible::OnlySource);
    }
    if let Some(back_to) = back_to {
        if back_to.id == from.id {
            return Err(NotPossible::SameRecord);
        }
        if back_to.kind != from.kind {
            return Err(NotPossible::DifferentKinds);
        }
        if !back_to.sources.is_empty() {
            return Err(NotPossible::Occupied);
        }
    }
    let id = back_to.map_or_else(|| ids.fresh(), |back_to| back_to.id);
    let (known, mut ids, who) = setting([from].into_iter().chain(back_to), now, who);
    let mut desk = Desk::new(&known, policy, now, &mut ids);
    let left = desk.open(from.id, from.kind, &who);
    let own = desk.open(id, from.kind, &who);
    let moved = desk.draft(left).remove(reference);
    desk.draft(own).sources.extend(moved);
    desk.draft(own).touched = true;
    desk.intake.relinks.push((reference.clone(), id));
    let what = format!("{reference} was taken out of this record");
    desk.draft(left).news.push((EventKind::Noticed { what }, who.clone()));
    if back_to.is_some() {
        desk.draft(own).news.push((EventKind::Returned, who));
    }
    Ok(desk.finish())
}

/// Derives stages and outcomes anew after the stage map changed: only what differs is in the plan.
pub fn restage(deals: impl IntoIterator<Item = Canonical>, policy: &MergePolicy, now: Timestamp) -> Intake {
    let deals: Vec<_> = deals.into_iter().collect();
    let (known, mut ids, who) = setting(&deals, now, "engine");
    let mut desk = Desk::new(&known, policy, now, &mut ids);
    for deal in &deals {
        desk.open(deal.id, deal.kind, &who);
    }
    desk.finish()
}

/// A desk needs what is known and ids; no decision by hand draws one.
fn setting<'a>(
    records: impl IntoIterator<Item = &'a Canonical>,
    now: Timestamp,
    who: &str,
) -> (Known, Ids, ConnectionId) {
    let records = records.into_iter().map(|record| (record.id, record.clone())).collect();
    (Known { records, ..Known::default() }, Ids::new(now, Dice::seeded(0)), who.into())
}
