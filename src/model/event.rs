//! Domain events: the audit log, the feed, and what all metrics come from.

use crate::{
    Field, GoneHow, Id, Stage, Timestamp, Value, WriteKey, WriteKind,
    stage::Outcome,
    work::{
        EscalationLevel,
        message::{EscalationStatus, HandoffStatus, Status},
    },
};
use serde::{Deserialize, Serialize};

/// Something that happened to a record, a task or a write. The store numbers events in commit order.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Event {
    /// When we learnt it.
    pub at: Timestamp,
    /// The record or task it happened to; `None` for events of the daemon itself.
    pub subject: Option<Id>,
    /// What.
    #[serde(flatten)]
    pub kind: EventKind,
    /// Where it came from: a connection's name, `engine`, or a person.
    pub source: Box<str>,
}

/// What happened.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum EventKind {
    /// A record was seen for the first time.
    FirstSeen,
    /// Fields of a record changed; only those that differ are listed, all in one event.
    Changed {
        /// (field, before, after).
        fields: Vec<(Field, Value, Value)>,
    },
    /// Links of a record changed.
    Relinked {
        /// Kind of the other ends.
        to: crate::Kind,
        /// Vendor ids added.
        added: Vec<Box<str>>,
        /// Vendor ids removed.
        removed: Vec<Box<str>>,
    },
    /// Another source's record was joined to this one.
    Joined {
        /// Its reference, as text.
        reference: String,
        /// Which rule matched (`email`, `domain`, `merge`).
        by: Box<str>,
    },
    /// The record left its source.
    Gone {
        /// How.
        how: GoneHow,
    },
    /// It came back.
    Returned,
    /// A deal or lead entered a stage.
    StageEntered {
        /// Where it was.
        from: Option<Stage>,
        /// Where it is.
        to: Stage,
    },
    /// A deal was won or lost, or opened again.
    OutcomeChanged {
        /// How it stands now.
        to: Outcome,
    },
    /// A task was made.
    TaskCreated {
        /// Its action.
        action: Box<str>,
    },
    /// A task was given to an agent.
    TaskAssigned {
        /// The agent.
        agent: crate::AgentId,
    },
    /// A task was offered to an agent, which has to accept it.
    TaskOffered {
        /// The agent.
        agent: crate::AgentId,
        /// Then it is taken back.
        until: Timestamp,
    },
    /// A task went back to the queue.
    TaskReturned {
        /// Who had it.
        agent: crate::AgentId,
        /// Why.
        why: Box<str>,
    },
    /// The agent told how a task goes.
    TaskReported {
        /// The agent.
        agent: crate::AgentId,
        /// What it said.
        status: Status,
        /// Percent.
        progress: Option<u8>,
    },
    /// A handoff was asked for or moved on.
    Handoff {
        /// Which.
        handoff: Id,
        /// Giver and receiver, `A -> B`.
        route: Box<str>,
        /// Where it stands.
        status: HandoffStatus,
    },
    /// An escalation was raised or moved on.
    Escalation {
        /// Which.
        escalation: Id,
        /// Its code.
        reason: Box<str>,
        /// Whom it has reached.
        level: EscalationLevel,
        /// Where it stands.
        status: EscalationStatus,
    },
    /// Somebody raised a trigger.
    Triggered {
        /// Its name.
        trigger: Box<str>,
    },
    /// A task ended.
    TaskEnded {
        /// `done` or why it was cancelled.
        how: Box<str>,
    },
    /// A stage transition is advised.
    TransitionSuggested {
        /// From.
        from: Stage,
        /// To.
        to: Stage,
        /// The signal that says so.
        signal: Box<str>,
    },
    /// A write changed state for good.
    WriteSettled {
        /// Which.
        key: WriteKey,
        /// What kind.
        kind: WriteKind,
        /// Final state's name.
        state: Box<str>,
    },
    /// A mail or meeting was found to belong to this deal or lead, or no longer to.
    ActivityLinked {
        /// Its canonical record.
        activity: Id,
        /// `Email` or `Meeting`.
        what: crate::Kind,
        /// How we know; `None` when it belongs here no longer.
        how: Option<Box<str>>,
        /// It could belong to another one just as well.
        ambiguous: bool,
    },
    /// A mail to this contact could not be delivered.
    Bounced {
        /// To which address; empty when the notice does not say.
        address: Box<str>,
    },
    /// The daemon noticed something a person should know.
    Noticed {
        /// In one line.
        what: String,
    },
}
