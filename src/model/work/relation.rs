//! What passes between store and engine when mails and meetings are linked: the store shows an activity with
//! everything that it may belong to, the engine says what it belongs to.

use super::Direction;
use crate::{Event, Field, Fields, GoneHow, Id, Kind, Timestamp};

/// Most addresses of one activity that are looked up; nobody speaks to more people at once.
pub const MOST_ADDRESSES: usize = 100;

/// The addresses of a mail or meeting: its author or organiser, the others, and those that a bounce reports
/// about. One may be named twice.
pub fn addresses(fields: &Fields) -> impl Iterator<Item = &str> {
    let others = [Field::Recipients, Field::Failed].into_iter().flat_map(|field| fields.list(field));
    fields.text(Field::Sender).into_iter().chain(others.map(AsRef::as_ref)).take(MOST_ADDRESSES)
}

/// When an activity takes its place in time: when it happened or begins.
pub fn happened(fields: &Fields) -> Timestamp {
    fields.time(Field::At).or_else(|| fields.time(Field::CreatedAt)).unwrap_or_default()
}

/// A mail or meeting with everything that it may belong to.
#[derive(Clone, Debug)]
pub struct ActivityView {
    /// Its canonical record.
    pub record: Id,
    /// `Email` or `Meeting`.
    pub kind: Kind,
    /// Its fields.
    pub fields: Fields,
    /// Set when it is gone everywhere.
    pub gone: Option<GoneHow>,
    /// Deals, contacts and companies that the CRM itself links it to.
    pub stated: Vec<(Kind, Id)>,
    /// Living contacts that carry one of its addresses, or that the CRM links it to.
    pub contacts: Vec<KnownContact>,
    /// Living companies with a domain that one of its addresses ends with: (domain, company).
    pub companies: Vec<(Box<str>, Id)>,
    /// Living deals around those contacts and companies and those stated, in id order.
    pub deals: Vec<KnownDeal>,
    /// Other mails of the conversation that were linked already, at most 200.
    pub conversation: Vec<Mate>,
    /// What was decided the last time.
    pub before: Option<Standing>,
}

/// A contact that takes part in an activity.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KnownContact {
    /// Which.
    pub id: Id,
    /// Its addresses that the activity names; none when only the CRM links the two.
    pub addresses: Vec<Box<str>>,
    /// It is worked on as a lead.
    pub lead: bool,
    /// Companies linked to it.
    pub companies: Vec<Id>,
}

/// A deal that an activity may belong to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KnownDeal {
    /// Which.
    pub id: Id,
    /// Still open.
    pub open: bool,
    /// Created at the source.
    pub created: Option<Timestamp>,
    /// When it was closed, or is hoped to be.
    pub closes: Option<Timestamp>,
    /// Its last sign of life apart from the activity in question: a mail or meeting that is certainly its own,
    /// its stage entry, its creation.
    pub active: Timestamp,
    /// Its contacts.
    pub contacts: Vec<Id>,
    /// Its companies.
    pub companies: Vec<Id>,
}

/// Another mail of the same conversation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mate {
    /// Its record.
    pub record: Id,
    /// When it was written.
    pub at: Timestamp,
    /// Living deals that it belongs to without doubt.
    pub deals: Vec<Id>,
    /// Contacts that took part.
    pub contacts: Vec<Id>,
}

/// How an activity stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Standing {
    /// Who spoke to whom.
    pub direction: Direction,
    /// What it belongs to, in id order.
    pub links: Vec<ActivityLink>,
}

/// One thing that an activity belongs to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ActivityLink {
    /// The deal, contact or company.
    pub record: Id,
    /// What it is.
    pub kind: Kind,
    /// How we know, in a word or two.
    pub how: Box<str>,
    /// It could belong to another one just as well.
    pub ambiguous: bool,
}

/// What was decided about an activity.
#[derive(Clone, PartialEq, Debug)]
pub struct Related {
    /// Which.
    pub record: Id,
    /// `Email` or `Meeting`.
    pub kind: Kind,
    /// Its place in time.
    pub at: Timestamp,
    /// How it stands from now on.
    pub standing: Standing,
    /// Deals and leads whose progress is to be looked at.
    pub dirty: Vec<Id>,
    /// What is news, in order.
    pub events: Vec<Event>,
    /// Look again then: a meeting is over, which nobody reports.
    pub again: Option<Timestamp>,
}
