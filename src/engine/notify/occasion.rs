//! An event with what is needed to tell of it.

use super::{What, words};
use jiff::tz::TimeZone;
use model::{
    Event, EventKind, Field, Timestamp, Write,
    work::{SubjectView, Task},
};

/// Something to tell.
#[derive(Clone, Debug)]
pub struct Occasion {
    /// Names it for good.
    pub cause: String,
    /// What it is.
    pub what: What,
    /// Two occasions of one topic say the same.
    pub topic: String,
    /// When it happened.
    pub at: Timestamp,
    /// One line.
    pub subject: String,
    /// What happened, why, what to do.
    pub text: String,
    /// The deal or lead, for conditions.
    pub view: Option<SubjectView>,
    /// Its owner.
    pub owner: Option<Person>,
    /// The agent that has the task.
    pub agent: Option<Person>,
}

/// Somebody who can be told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Person {
    /// Address, in lower case.
    pub(super) address: Box<str>,
    /// Zone, by IANA name.
    pub(super) zone: Option<Box<str>>,
}

impl Person {
    /// Somebody with an address and, where known, a zone's IANA name.
    pub fn new(address: &str, zone: Option<&str>) -> Self {
        let zone = zone.filter(|name| TimeZone::get(name).is_ok());
        Self { address: address.trim().to_lowercase().into(), zone: zone.map(Into::into) }
    }

    /// The same person, who for this works in a zone of that name.
    #[must_use]
    pub fn in_zone(&self, zone: Option<&str>) -> Self {
        Self { zone: zone.map(Into::into).or_else(|| self.zone.clone()), ..self.clone() }
    }
}

/// What stands around an event.
#[derive(Clone, Debug, Default)]
pub struct About {
    /// The deal or lead.
    pub view: Option<SubjectView>,
    /// The task.
    pub task: Option<Task>,
    /// The write with its row and the last words on it.
    pub write: Option<(i64, Write, Option<String>)>,
    /// The owner of the deal or lead.
    pub owner: Option<Person>,
    /// The task's agent.
    pub agent: Option<Person>,
}

impl About {
    /// Name of the deal or lead.
    pub(super) fn name(&self) -> Option<&str> {
        self.view.as_ref()?.fields.text(Field::Name)
    }
}

/// The event of that number as an occasion; `None` for what nobody is told of.
pub fn occasion(seq: i64, event: &Event, about: About) -> Option<Occasion> {
    let what = What::of(&event.kind)?;
    let (subject, text) = words::event(event, &about)?;
    let of = event.subject.map(|id| id.to_string()).unwrap_or_default();
    Some(Occasion {
        cause: format!("event {seq}"),
        topic: format!("{} {of} {}", what.name(), particular(event)),
        what,
        at: event.at,
        subject,
        text,
        view: about.view,
        owner: about.owner,
        agent: about.agent,
    })
}

/// What tells two events of one sort and subject apart.
fn particular(event: &Event) -> String {
    match &event.kind {
        EventKind::StageEntered { to, .. } => to.name().to_owned(),
        EventKind::OutcomeChanged { to } => to.name().to_owned(),
        EventKind::TransitionSuggested { to, signal, .. } => format!("{to} {signal}"),
        EventKind::TaskCreated { action } => action.to_string(),
        EventKind::TaskOffered { agent, .. } | EventKind::TaskAssigned { agent } => agent.to_string(),
        EventKind::TaskEnded { how } => how.to_string(),
        EventKind::Handoff { handoff, status, .. } => format!("{handoff} {status}"),
        EventKind::Escalation { escalation, level, status, .. } => format!("{escalation} {level} {status}"),
        EventKind::WriteSettled { key, .. } => key.to_string(),
        EventKind::ActivityLinked { activity, .. } => activity.to_string(),
        EventKind::Bounced { address } => address.to_string(),
        EventKind::Noticed { what } => what.clone(),
        EventKind::TaskReturned { .. }
        | EventKind::TaskReported { .. }
        | EventKind::Triggered { .. }
        | EventKind::FirstSeen
        | EventKind::Returned
        | EventKind::Gone { .. }
        | EventKind::Changed { .. }
        | EventKind::Relinked { .. }
        | EventKind::Joined { .. } => String::new(),
    }
}

/// A stream that can't be read since then.
pub fn trouble(connection: &str, stream: &str, why: &str, since: Timestamp) -> Occasion {
    let (subject, text) = words::trouble(connection, stream, why, since);
    Occasion {
        cause: format!("trouble {connection} {stream} {since}"),
        what: What::Trouble,
        // A connection that is down is one piece of news, however many streams it has.
        topic: format!("trouble {connection}"),
        at: since,
        subject,
        text,
        view: None,
        owner: None,
        agent: None,
    }
}
