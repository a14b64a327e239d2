//! Which property of an object type becomes which field, and the object types themselves.

use connect::{Error, ErrorKind};
use model::{Field, Kind};
use serde::Deserialize;
use std::{cmp::Ordering, collections::BTreeMap};

/// What becomes of a property's text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum How {
    /// Text as it is.
    Text(Field),
    /// Rich text: tags taken out, our marker taken out and remembered.
    Rich(Field),
    /// ISO text, epoch milliseconds or a day.
    Time(Field),
    /// A whole number.
    Int(Field),
    /// An owner's id.
    Ref(Field),
    /// Joined with the currency when the record is complete.
    Amount,
    /// Currency of the amount.
    Currency,
    /// First half of the source stage.
    Pipeline,
    /// Second half of the source stage.
    DealStage,
    /// Flag of a won or lost deal.
    Closed,
    /// Flag of a won deal.
    ClosedWon,
    /// First half of a contact's name, and a field of its own.
    First,
    /// Second half of a contact's name, and a field of its own.
    Last,
    /// A task is done when it says `COMPLETED`.
    Status,
    /// Milliseconds after `At` until the end.
    Duration,
    /// Ids merged into this record, separated by `;`.
    Merged,
    /// The modification date, where `updatedAt` is not to be had.
    Modified,
    /// The key of the write of ours that made the record.
    Key,
    /// Asked for because the user wants it kept; not mapped.
    Kept,
}

/// Property that holds our write key on tasks and notes, where the account lets us have one.
pub const KEY: &str = "so_key";

/// An object type as we read it.
#[derive(Clone, Debug)]
pub struct Object {
    /// Kind of its records.
    pub kind: Kind,
    /// Name in paths.
    pub name: &'static str,
    /// The property by which changes are found. Contacts are the exception: filtering them by the others'
    /// gives no rows and no error.
    pub modified: &'static str,
    /// Kinds whose links are read with it.
    pub links: &'static [Kind],
    properties: Vec<(Box<str>, How)>,
}

impl Object {
    /// Properties to ask for.
    pub fn asked(&self) -> Vec<&str> {
        self.properties.iter().map(|(name, _)| &**name).collect()
    }
    /// What becomes of a property; `None` when it is none of ours.
    pub fn how(&self, name: &str) -> Option<How> {
        let at = self.properties.binary_search_by(|(known, _)| (**known).cmp(name)).ok()?;
        self.properties.get(at).map(|(_, how)| *how)
    }
    /// The same for names that come in alphabetical order, as HubSpot sends them: `at` is moved along the
    /// known ones. Any other order costs a search.
    pub fn how_next(&self, at: &mut usize, name: &str) -> Option<How> {
        while let Some((known, how)) = self.properties.get(*at) {
            match (**known).cmp(name) {
                Ordering::Less => *at += 1,
                Ordering::Equal => return Some(*how),
                Ordering::Greater => break,
            }
        }
        let before = at.checked_sub(1).and_then(|before| self.properties.get(before));
        let between = before.is_none_or(|(known, _)| **known < *name);
        if between { None } else { self.how(name) }
    }
    /// The same with the few properties that a census needs.
    pub fn bare(&self) -> Self {
        let kept = |(_, how): &&(Box<str>, How)| matches!(how, How::Merged | How::Modified);
        Self {
            properties: self.properties.iter().filter(kept).cloned().collect(),
            links: &[],
            ..self.clone()
        }
    }
}

/// Name of a kind in paths and in `associations`; `None` for kinds that are no CRM objects.
pub const fn object_name(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Company => Some("companies"),
        Kind::Contact => Some("contacts"),
        Kind::Deal => Some("deals"),
        Kind::Task => Some("tasks"),
        Kind::Note => Some("notes"),
        Kind::Email => Some("emails"),
        Kind::Meeting => Some("meetings"),
        Kind::Call => Some("calls"),
        Kind::Owner | Kind::Pipeline => None,
    }
}

/// What the user adds to one object type.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Custom {
    /// Our field, the account's property.
    pub fields: BTreeMap<Field, Box<str>>,
    /// Properties that are read and kept raw without being mapped.
    pub keep: Vec<Box<str>>,
}

/// Builds the object type of a kind.
pub fn object(kind: Kind, custom: Option<&Custom>) -> Result<Option<Object>, Error> {
    let Some(name) = object_name(kind) else { return Ok(None) };
    let modified = if kind == Kind::Contact { "lastmodifieddate" } else { "hs_lastmodifieddate" };
    let mut properties: BTreeMap<Box<str>, How> =
        table(kind).iter().map(|(name, how)| (Box::from(*name), *how)).collect();
    properties.insert(modified.into(), How::Modified);
    for (field, property) in custom.iter().flat_map(|custom| &custom.fields) {
        // The standard property of a field that is mapped anew no longer speaks for it.
        properties.retain(|_, how| target(*how) != Some(*field));
        properties.insert(property.clone(), how(*field)?);
    }
    for property in custom.iter().flat_map(|custom| &custom.keep) {
        properties.entry(property.clone()).or_insert(How::Kept);
    }
    let links: &[Kind] = match kind {
        Kind::Contact => &[Kind::Company],
        Kind::Deal => &[Kind::Company, Kind::Contact],
        Kind::Task | Kind::Note | Kind::Email | Kind::Meeting | Kind::Call => {
            &[Kind::Company, Kind::Contact, Kind::Deal]
        }
        Kind::Company | Kind::Owner | Kind::Pipeline => &[],
    };
    Ok(Some(Object { kind, name, modified, links, properties: properties.into_iter().collect() }))
}

const fn target(how: How) -> Option<Field> {
    match how {
        How::Text(field) | How::Rich(field) | How::Time(field) | How::Int(field) | How::Ref(field) => {
            Some(field)
        }
        How::Amount => Some(Field::Amount),
        How::First => Some(Field::FirstName),
        How::Last => Some(Field::LastName),
        How::Status => Some(Field::Done),
        How::Currency
        | How::Pipeline
        | How::DealStage
        | How::Closed
        | How::ClosedWon
        | How::Duration
        | How::Merged
        | How::Modified
        | How::Key
        | How::Kept => None,
    }
}

/// How a field that the user maps is read.
fn how(field: Field) -> Result<How, Error> {
    Ok(match field {
        Field::CloseDate | Field::CreatedAt | Field::At | Field::EndAt => How::Time(field),
        Field::Employees => How::Int(field),
        Field::Owner => How::Ref(field),
        Field::Amount => How::Amount,
        Field::Body => How::Rich(field),
        Field::Name
        | Field::Email
        | Field::Domain
        | Field::FirstName
        | Field::LastName
        | Field::Phone
        | Field::JobTitle
        | Field::Lifecycle
        | Field::LeadStatus
        | Field::Industry
        | Field::City
        | Field::Country
        | Field::Result
        | Field::Agent
        | Field::Segment
        | Field::Budget
        | Field::Authority
        | Field::Need
        | Field::Timeline
        | Field::Competitor
        | Field::Milestones => How::Text(field),
        Field::SourceStage
        | Field::Stage
        | Field::Outcome
        | Field::Done
        | Field::Won
        | Field::Probability
        | Field::Position
        | Field::PipelineName
        | Field::Sender
        | Field::Recipients
        | Field::MessageId
        | Field::References
        | Field::Thread
        | Field::Automatic
        | Field::Failed
        | Field::Attachments
        | Field::Content
        | Field::Phrases
        | Field::Uid
        | Field::Occurrence
        | Field::Sequence
        | Field::Status
        | Field::Accepted
        | Field::Declined
        | Field::AllDay
        | Field::Availability
        | Field::LinkedBy => {
            return Err(Error::unsent(
                ErrorKind::Config,
                format!("fields: {field:?} can't be taken from a property of its own"),
            ));
        }
    })
}

const fn table(kind: Kind) -> &'static [(&'static str, How)] {
    match kind {
        Kind::Contact => CONTACT,
        Kind::Company => COMPANY,
        Kind::Deal => DEAL,
        Kind::Task => TASK,
        Kind::Note => NOTE,
        Kind::Meeting => MEETING,
        Kind::Call => CALL,
        Kind::Email => EMAIL,
        Kind::Owner | Kind::Pipeline => &[],
    }
}

const OWNER: (&str, How) = ("hubspot_owner_id", How::Ref(Field::Owner));

const CONTACT: &[(&str, How)] = &[
    OWNER,
    ("email", How::Text(Field::Email)),
    ("firstname", How::First),
    ("lastname", How::Last),
    ("phone", How::Text(Field::Phone)),
    ("jobtitle", How::Text(Field::JobTitle)),
    ("industry", How::Text(Field::Industry)),
    ("city", How::Text(Field::City)),
    ("country", How::Text(Field::Country)),
    ("lifecyclestage", How::Text(Field::Lifecycle)),
    ("hs_lead_status", How::Text(Field::LeadStatus)),
    ("hs_merged_object_ids", How::Merged),
    // Either list can miss ids that the other has.
    ("hs_calculated_merged_vids", How::Merged),
];
const COMPANY: &[(&str, How)] = &[
    OWNER,
    ("name", How::Text(Field::Name)),
    ("domain", How::Text(Field::Domain)),
    ("phone", How::Text(Field::Phone)),
    ("industry", How::Text(Field::Industry)),
    ("city", How::Text(Field::City)),
    ("country", How::Text(Field::Country)),
    ("numberofemployees", How::Int(Field::Employees)),
    ("lifecyclestage", How::Text(Field::Lifecycle)),
    ("hs_merged_object_ids", How::Merged),
];
const DEAL: &[(&str, How)] = &[
    OWNER,
    ("dealname", How::Text(Field::Name)),
    ("amount", How::Amount),
    ("deal_currency_code", How::Currency),
    ("pipeline", How::Pipeline),
    ("dealstage", How::DealStage),
    ("closedate", How::Time(Field::CloseDate)),
    ("hs_is_closed", How::Closed),
    ("hs_is_closed_won", How::ClosedWon),
    ("hs_merged_object_ids", How::Merged),
];
const TASK: &[(&str, How)] = &[
    OWNER,
    ("hs_task_subject", How::Text(Field::Name)),
    ("hs_task_body", How::Rich(Field::Body)),
    ("hs_task_status", How::Status),
    ("hs_timestamp", How::Time(Field::At)),
    (KEY, How::Key),
];
const NOTE: &[(&str, How)] = &[
    OWNER,
    ("hs_note_body", How::Rich(Field::Body)),
    ("hs_timestamp", How::Time(Field::At)),
    (KEY, How::Key),
];
const MEETING: &[(&str, How)] = &[
    OWNER,
    ("hs_meeting_title", How::Text(Field::Name)),
    ("hs_meeting_body", How::Rich(Field::Body)),
    ("hs_meeting_start_time", How::Time(Field::At)),
    ("hs_meeting_end_time", How::Time(Field::EndAt)),
    ("hs_meeting_outcome", How::Text(Field::Result)),
];
const CALL: &[(&str, How)] = &[
    OWNER,
    ("hs_call_title", How::Text(Field::Name)),
    ("hs_call_body", How::Rich(Field::Body)),
    ("hs_timestamp", How::Time(Field::At)),
    ("hs_call_duration", How::Duration),
    ("hs_call_status", How::Text(Field::Result)),
];
const EMAIL: &[(&str, How)] = &[
    OWNER,
    ("hs_email_subject", How::Text(Field::Name)),
    ("hs_email_text", How::Rich(Field::Body)),
    ("hs_timestamp", How::Time(Field::At)),
    ("hs_email_status", How::Text(Field::Result)),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contacts_are_followed_by_their_own_modification_date() {
        let modified = |kind| object(kind, None).unwrap().unwrap().modified;
        assert_eq!(modified(Kind::Contact), "lastmodifieddate");
        assert_eq!(modified(Kind::Deal), "hs_lastmodifieddate");
    }

    #[test]
    fn names_are_known_in_whatever_order_they_come() {
        let deal = object(Kind::Deal, None).unwrap().unwrap();
        let mut names =
            vec!["a", "amount", "amountx", "dealname", "dealstage", "hs_is_closed", "pipeline", "zz"];
        for _ in 0..names.len() {
            names.rotate_left(1);
            let mut at = 0;
            let found: Vec<_> = names.iter().map(|name| deal.how_next(&mut at, name)).collect();
            let known: Vec<_> = names.iter().map(|name| deal.how(name)).collect();
            assert_eq!(found, known, "{names:?}");
            names.swap(2, 5);
        }
    }

    #[test]
    fn a_field_that_is_mapped_anew_replaces_its_standard_property() {
        let custom = Custom {
            fields: BTreeMap::from([
                (Field::Industry, "branche".into()),
                (Field::Budget, "budget_ok".into()),
            ]),
            keep: vec!["hs_analytics_source".into(), "email".into()],
        };
        let contact = object(Kind::Contact, Some(&custom)).unwrap().unwrap();
        assert_eq!(contact.how("branche"), Some(How::Text(Field::Industry)));
        assert_eq!(contact.how("budget_ok"), Some(How::Text(Field::Budget)));
        assert_eq!(contact.how("industry"), None);
        assert_eq!(contact.how("hs_analytics_source"), Some(How::Kept));
        assert_eq!(contact.how("email"), Some(How::Text(Field::Email)), "kept does not unmap");
    }

    #[test]
    fn a_field_that_follows_from_others_can_not_be_mapped() {
        let custom = Custom { fields: BTreeMap::from([(Field::Stage, "x".into())]), keep: vec![] };
        assert_eq!(object(Kind::Deal, Some(&custom)).unwrap_err().kind, ErrorKind::Config);
    }
}
