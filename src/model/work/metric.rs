//! What metrics are computed from: the store reads it, the engine counts.

use super::{ActivityBrief, message::TaskOutcome};
use crate::{AgentId, DealOutcome, Event, Id, Money, Stage, Timestamp};
use serde_json::Number;
use std::collections::BTreeMap;

/// How far back is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MetricSpan {
    /// Records that moved.
    pub recent: Timestamp,
    /// Tasks, mails and meetings.
    pub talks: Timestamp,
    /// Deals that were closed.
    pub closed: Timestamp,
}

/// Everything that metrics need, in no particular order.
#[derive(Clone, Debug, Default)]
pub struct MetricInputs {
    /// Tasks that were made, reported on or ended since `talks`.
    pub tasks: Vec<TaskFact>,
    /// Who holds the main work on a deal or lead in a stage, or held it last.
    pub holders: Vec<(Id, Stage, AgentId)>,
    /// All living deals.
    pub deals: Vec<DealFact>,
    /// `StageEntered`, `OutcomeChanged` and `Changed` of records that moved since `recent`, of deals closed since
    /// `closed`, and of open deals: their whole history.
    pub history: Vec<Event>,
    /// Mails between us and contacts since `talks`; not those written by programs.
    pub mails: Vec<MailFact>,
    /// Meetings with contacts since `talks`.
    pub meetings: Vec<MeetingFact>,
    /// Handoffs of records: milestone, and when it was asked for.
    pub handoffs: Vec<(Id, Box<str>, Timestamp)>,
}

/// A task.
#[derive(Clone, Debug)]
pub struct TaskFact {
    /// Its action.
    pub action: Box<str>,
    /// Unit of capacity that it uses.
    pub unit: Option<Box<str>>,
    /// Who has it, or had it at its end.
    pub holder: Option<AgentId>,
    /// Its deal or lead.
    pub record: Option<Id>,
    /// When it came.
    pub arrived: Timestamp,
    /// When its holder got it.
    pub assigned: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// When it is or was due.
    pub due: Option<Timestamp>,
    /// It ended by being done.
    pub done: bool,
    /// What its holder said of its end.
    pub outcome: Option<TaskOutcome>,
    /// Its end counts as a success, or not; `None` where it says nothing.
    pub success: Option<bool>,
    /// Figures that its holder reported last, and when.
    pub reported: Option<(Timestamp, BTreeMap<String, Number>)>,
}

/// A deal as it stands.
#[derive(Clone, Debug)]
pub struct DealFact {
    /// Which.
    pub id: Id,
    /// Where it is.
    pub stage: Option<Stage>,
    /// How it stands.
    pub outcome: DealOutcome,
    /// Its amount.
    pub amount: Option<Money>,
    /// Created at the source.
    pub created: Option<Timestamp>,
    /// Closed, or hoped to be.
    pub close_date: Option<Timestamp>,
    /// Its companies, of deals that were won.
    pub companies: Vec<Id>,
}

/// A mail.
#[derive(Clone, Debug)]
pub struct MailFact {
    /// When it was sent.
    pub at: Timestamp,
    /// We wrote it.
    pub ours: bool,
    /// Contacts that it certainly belongs to.
    pub contacts: Vec<Id>,
    /// Deals that it certainly belongs to.
    pub deals: Vec<Id>,
}

/// A meeting; its contacts are those of the brief.
#[derive(Clone, Debug)]
pub struct MeetingFact {
    /// The meeting.
    pub brief: ActivityBrief,
    /// Addresses of its contacts.
    pub addresses: Vec<(Id, Box<str>)>,
    /// Deals that it certainly belongs to.
    pub deals: Vec<Id>,
}

/// What came of an action in a stage and segment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tried {
    /// Stage of the tasks.
    pub stage: Stage,
    /// Segment of their deals, where known.
    pub segment: Option<Box<str>>,
    /// What was done.
    pub action: Box<str>,
    /// How often, of those whose end says something.
    pub tried: u64,
    /// How often it brought what it was for.
    pub succeeded: u64,
    /// The first time.
    pub since: Timestamp,
}
