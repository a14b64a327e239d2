//! Which deal: by conversation, by the people who took part, by their company.

use super::how;
use model::{
    Id, Timestamp,
    work::{ActivityView, KnownDeal, Mate},
};
use std::{collections::BTreeSet, time::Duration};

/// A mail may come before the deal that it leads to, but not longer before.
const LEAD_IN: Duration = Duration::from_hours(90 * 24);

/// The deal chosen.
pub(super) struct Choice {
    pub deal: Id,
    pub how: &'static str,
    pub ambiguous: bool,
}

/// The deal that an activity belongs to, unless the CRM says so itself.
pub(super) fn choose(
    view: &ActivityView,
    contacts: &BTreeSet<Id>,
    companies: &BTreeSet<Id>,
    at: Timestamp,
) -> Option<Choice> {
    if view.stated.iter().any(|(kind, _)| *kind == model::Kind::Deal) {
        return None;
    }
    if let Some(choice) = by_conversation(view, at) {
        return Some(choice);
    }
    let possible = possible(&view.deals, at);
    let of_people = possible.iter().copied().filter(|deal| has_any(&deal.contacts, contacts)).collect();
    let of_domain = possible.iter().copied().filter(|deal| has_any(&deal.companies, companies)).collect();
    let employers: BTreeSet<Id> = view
        .contacts
        .iter()
        .filter(|contact| contacts.contains(&contact.id))
        .flat_map(|contact| contact.companies.iter().copied())
        .collect();
    let of_employers = possible.iter().copied().filter(|deal| has_any(&deal.companies, &employers)).collect();
    pick(together(of_people, contacts), how::CONTACT)
        .or_else(|| pick(of_domain, how::DOMAIN))
        .or_else(|| pick(of_employers, how::COMPANY))
}

/// The deal of the last mail before this one in the conversation. Only what was written earlier counts: two mails
/// must not hold each other where neither belongs any more.
fn by_conversation(view: &ActivityView, at: Timestamp) -> Option<Choice> {
    let earlier = |mate: &&Mate| (mate.at, mate.record) < (at, view.record) && !mate.deals.is_empty();
    let mate = view.conversation.iter().filter(earlier).max_by_key(|mate| (mate.at, mate.record))?;
    let active = |id: &Id| view.deals.iter().find(|deal| deal.id == *id).map(|deal| deal.active);
    let deal = mate.deals.iter().copied().max_by_key(|id| (active(id), *id))?;
    Some(Choice { deal, how: how::THREAD, ambiguous: mate.deals.len() > 1 })
}

fn has_any(parties: &[Id], of: &BTreeSet<Id>) -> bool {
    parties.iter().any(|id| of.contains(id))
}

/// Deals that were open then; if none was, those that were opened soon after and still are.
fn possible(deals: &[KnownDeal], at: Timestamp) -> Vec<&KnownDeal> {
    let open_then = |deal: &&KnownDeal| {
        let ended = !deal.open && deal.closes.is_none_or(|closed| closed < at);
        !ended && deal.created.is_none_or(|created| created <= at)
    };
    let then: Vec<_> = deals.iter().filter(open_then).collect();
    if !then.is_empty() {
        return then;
    }
    let soon = |deal: &&KnownDeal| {
        deal.open && deal.created.is_some_and(|created| created > at && created.since(at) <= LEAD_IN)
    };
    deals.iter().filter(soon).collect()
}

/// Of several deals those that all the people who have any are on, if there are such.
fn together<'d>(deals: Vec<&'d KnownDeal>, contacts: &BTreeSet<Id>) -> Vec<&'d KnownDeal> {
    let busy = |contact: &&Id| deals.iter().any(|deal| deal.contacts.contains(*contact));
    let busy: Vec<&Id> = contacts.iter().filter(busy).collect();
    let all = |deal: &&&KnownDeal| busy.iter().all(|contact| deal.contacts.contains(*contact));
    let of_all: Vec<_> = deals.iter().filter(all).copied().collect();
    if of_all.is_empty() { deals } else { of_all }
}

/// The only one, or the liveliest of several as a guess.
fn pick(deals: Vec<&KnownDeal>, how: &'static str) -> Option<Choice> {
    let ambiguous = deals.len() > 1;
    let deal = deals.into_iter().max_by_key(|deal| (deal.active, deal.id))?.id;
    Some(Choice { deal, how, ambiguous })
}
