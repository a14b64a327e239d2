//! What a mail or meeting belongs to: contacts by address, a company by domain, a deal by conversation, contact or
//! company. Pure: the same view gives the same answer, and asked again after it was stored it gives no news.
//!
//! What the CRM itself links comes first: a person did that. Where several deals are possible the liveliest is
//! taken and marked as a guess, from which nothing is concluded.

mod deal;
mod ours;
#[cfg(test)]
mod tests;

pub use ours::Ours;
pub(crate) use ours::domains;

use crate::reconcile::registrable;
use model::{
    Event, EventKind, Field, Id, Kind, Timestamp,
    work::{ActivityLink, ActivityView, Direction, Related, Standing, relation},
};
use std::collections::{BTreeMap, BTreeSet};

/// How links were found, as stored and shown.
mod how {
    /// A person or program linked it in the CRM.
    pub const CRM: &str = "crm";
    /// An earlier mail of the conversation belongs there.
    pub const THREAD: &str = "thread";
    /// An address of the contact's takes part.
    pub const CONTACT: &str = "contact";
    /// An address of the company's domain takes part.
    pub const DOMAIN: &str = "domain";
    /// It is a deal of the company that a contact who takes part works for.
    pub const COMPANY: &str = "company";
    /// A mail to the contact could not be delivered.
    pub const BOUNCE: &str = "bounce";
}

/// What linking goes by.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RelatePolicy {
    /// Who we are.
    pub ours: Ours,
    /// Registrable domains that identify no company.
    pub shared_domains: BTreeSet<Box<str>>,
}

/// Decides what an activity belongs to.
pub fn relate(view: &ActivityView, policy: &RelatePolicy, now: Timestamp) -> Related {
    let at = relation::happened(&view.fields);
    let standing = Standing { direction: direction(view, &policy.ours), links: links(view, policy, at) };
    let news = news(view, &standing, now);
    Related {
        record: view.record,
        kind: view.kind,
        at,
        dirty: dirty(view, &standing),
        events: news,
        again: over(view, now),
        standing,
    }
}

/// Who spoke to whom. What names nobody was logged by one of us.
fn direction(view: &ActivityView, ours: &Ours) -> Direction {
    let mut all = relation::addresses(&view.fields).peekable();
    if all.peek().is_none() {
        return Direction::Outbound;
    }
    if all.all(|address| ours.has(address)) {
        return Direction::Internal;
    }
    match view.fields.text(Field::Sender) {
        Some(sender) if !ours.has(sender) => Direction::Inbound,
        Some(_) | None => Direction::Outbound,
    }
}

/// Everything that it belongs to, in id order.
fn links(view: &ActivityView, policy: &RelatePolicy, at: Timestamp) -> Vec<ActivityLink> {
    let mut found = Found::default();
    for (kind, record) in &view.stated {
        found.add(*record, *kind, how::CRM, false);
    }
    // A newsletter says nothing about anybody who gets it or sends it.
    if view.fields.text(Field::Automatic) != Some("bulk") {
        let contacts = contacts(view, policy);
        let companies = companies(view, policy);
        for (contact, how) in &contacts {
            found.add(*contact, Kind::Contact, how, false);
        }
        for company in &companies {
            found.add(*company, Kind::Company, how::DOMAIN, false);
        }
        let contacts: BTreeSet<Id> = contacts.into_keys().collect();
        if let Some(choice) = deal::choose(view, &contacts, &companies, at) {
            found.add(choice.deal, Kind::Deal, choice.how, choice.ambiguous);
        }
    }
    found.0.into_values().collect()
}

/// Links by record; the first word on a record counts.
#[derive(Default)]
struct Found(BTreeMap<Id, ActivityLink>);

impl Found {
    fn add(&mut self, record: Id, kind: Kind, how: &str, ambiguous: bool) {
        let link = || ActivityLink { record, kind, how: how.into(), ambiguous };
        self.0.entry(record).or_insert_with(link);
    }
}

/// Contacts of ours who took part, and how we know. A bounce concerns those whom the failed mail went to.
fn contacts(view: &ActivityView, policy: &RelatePolicy) -> BTreeMap<Id, &'static str> {
    let bounce = view.fields.text(Field::Automatic) == Some("bounce");
    let failed = view.fields.list(Field::Failed);
    let mut found = BTreeMap::new();
    for contact in &view.contacts {
        let mut theirs = contact.addresses.iter().filter(|address| !policy.ours.has(address));
        if bounce && theirs.clone().any(|address| failed.contains(address)) {
            found.insert(contact.id, how::BOUNCE);
        } else if theirs.next().is_some() {
            found.insert(contact.id, how::CONTACT);
        } else if contact.addresses.is_empty() {
            found.insert(contact.id, how::CRM);
        }
    }
    if bounce && failed.is_empty() {
        // The notice does not say who: those to whom the mail went that it is about.
        let about = view.conversation.iter().max_by_key(|mate| (mate.at, mate.record));
        found
            .extend(about.into_iter().flat_map(|mate| &mate.contacts).map(|contact| (*contact, how::BOUNCE)));
    }
    found
}

/// Companies whose domain somebody outside writes from; one domain of several companies says nothing.
fn companies(view: &ActivityView, policy: &RelatePolicy) -> BTreeSet<Id> {
    let outside = relation::addresses(&view.fields).filter(|address| !policy.ours.has(address));
    let domains: BTreeSet<Box<str>> = outside
        .filter_map(registrable)
        .filter(|domain| !policy.shared_domains.contains(domain) && !policy.ours.domains.contains(domain))
        .collect();
    let only = |domain: &str| {
        let mut of = view.companies.iter().filter(|(one, _)| **one == *domain).map(|(_, company)| *company);
        of.next().filter(|_| of.next().is_none())
    };
    domains.iter().filter_map(|domain| only(domain)).collect()
}

/// Deals that it belongs or belonged to, and leads who took part: something happened there.
fn dirty(view: &ActivityView, standing: &Standing) -> Vec<Id> {
    let before = view.before.iter().flat_map(|before| &before.links);
    let is_lead = |id: Id| view.contacts.iter().any(|contact| contact.id == id && contact.lead);
    let worked = |link: &&ActivityLink| match link.kind {
        Kind::Deal => true,
        Kind::Contact => is_lead(link.record) || standing.links.iter().all(|one| one.record != link.record),
        _ => false,
    };
    let all = standing.links.iter().filter(|link| link.kind == Kind::Deal || is_lead(link.record));
    let all: BTreeSet<Id> = all.chain(before.filter(worked)).map(|link| link.record).collect();
    all.into_iter().collect()
}

/// What changed, as events of the deals and leads concerned; and the bounce, of the contact.
fn news(view: &ActivityView, standing: &Standing, now: Timestamp) -> Vec<Event> {
    let before = view.before.as_ref().map_or(&[][..], |before| &before.links);
    let event = |subject: Id, kind: EventKind| Event {
        at: now,
        subject: Some(subject),
        kind,
        source: "engine".into(),
    };
    let told = |link: &&ActivityLink| {
        link.kind == Kind::Deal || view.contacts.iter().any(|one| one.id == link.record && one.lead)
    };
    let linked = |link: &ActivityLink, how: Option<Box<str>>| {
        let (activity, what, ambiguous) = (view.record, view.kind, link.ambiguous);
        event(link.record, EventKind::ActivityLinked { activity, what, how, ambiguous })
    };
    let left =
        before.iter().filter(told).filter(|link| standing.links.iter().all(|one| one.record != link.record));
    let mut events: Vec<Event> = left.map(|link| linked(link, None)).collect();
    let new = || standing.links.iter().filter(|link| !before.contains(link));
    events.extend(new().filter(told).map(|link| linked(link, Some(link.how.clone()))));
    let failed = view.fields.list(Field::Failed);
    events.extend(new().filter(|link| &*link.how == how::BOUNCE).map(|link| {
        let contact = view.contacts.iter().find(|one| one.id == link.record);
        let address = contact.and_then(|one| one.addresses.iter().find(|address| failed.contains(address)));
        event(link.record, EventKind::Bounced { address: address.cloned().unwrap_or_default() })
    }));
    events
}

/// When a meeting that takes place will be over: nobody reports that.
fn over(view: &ActivityView, now: Timestamp) -> Option<Timestamp> {
    let fields = &view.fields;
    let takes_place = view.kind == Kind::Meeting && view.gone.is_none();
    let cancelled = fields.text(Field::Status) == Some("cancelled");
    let end = fields.time(Field::EndAt).or_else(|| fields.time(Field::At));
    end.filter(|end| takes_place && !cancelled && *end > now)
}
