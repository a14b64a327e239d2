//! What the daemon does about offers, handoffs and escalations as time goes by.

use crate::{Error, Held, Raise};
use async_trait::async_trait;
use model::{
    AgentId, Currency, Event, Id, Money, Stage, Timestamp, Write,
    work::{
        Document, EscalationCase, HandoffCase, Message, Passed, Task, TrackRecord, Withdrawn,
        message::{EscalationStatus, HandoffStatus},
    },
};

/// The daemon's side of coordination.
#[async_trait]
pub trait Coordination: Send + Sync {
    /// What wants attention at `now`, at most `most` of each kind.
    async fn agenda(&self, now: Timestamp, most: usize) -> Result<Agenda, Error>;
    /// Commits what was decided on it. `Stale` when a handoff or escalation moved meanwhile, or a task to be taken
    /// back is no longer where it was: nothing is stored.
    async fn commit_coordination(
        &self,
        held: &Held,
        decided: Coordinated,
        now: Timestamp,
    ) -> Result<(), Error>;
    /// Tasks that these agents have, were told of if they are reserved, and have not begun, without a message that is
    /// ours to deliver, was delivered or given up; at most `most`.
    async fn unsent(&self, agents: &[AgentId], most: usize) -> Result<Vec<Task>, Error>;
    /// Has the requests of open handoffs and escalations to these agents delivered by us that were kept to be fetched.
    async fn deliver_open(&self, held: &Held, agents: &[AgentId], now: Timestamp) -> Result<(), Error>;
    /// Takes messages that are to be delivered by us (webhooks, commands) and marks them as being sent, durably.
    /// What an earlier run was sending comes again: receivers know a message by its id.
    async fn claim_pushes(&self, held: &Held, now: Timestamp, most: usize) -> Result<Vec<Push>, Error>;
    /// Records what became of a delivery.
    async fn settle_push(&self, held: &Held, seq: i64, outcome: Pushed, now: Timestamp) -> Result<(), Error>;
    /// Results since then, oldest first, with what was known of their deals.
    async fn outcomes(&self, since: Timestamp) -> Result<Vec<OutcomeRow>, Error>;
    /// Replaces what is known of how agents do, as computed from all outcomes.
    async fn set_records(
        &self,
        held: &Held,
        records: Vec<(AgentId, Box<str>, TrackRecord)>,
        now: Timestamp,
    ) -> Result<(), Error>;
}

/// What wants attention.
#[derive(Clone, Debug, Default)]
pub struct Agenda {
    /// The board's: unchanged while nobody was paused, taken back from or given anything.
    pub revision: i64,
    /// Offers that were not answered in time.
    pub expired: Vec<Task>,
    /// Reserved tasks of which the agent has not been told.
    pub untold: Vec<Task>,
    /// Tasks past their due date that were not escalated yet.
    pub late: Vec<Task>,
    /// Tasks that their agent gave up and that were not escalated yet.
    pub failed: Vec<Task>,
    /// Open handoffs: not routed yet, past their due date, or confirmed and not completed.
    pub handoffs: Vec<HandoffCase>,
    /// Open escalations: not routed yet, or past the time to tell people again.
    pub escalations: Vec<EscalationCase>,
    /// Tasks that went from agents which are to be told.
    pub withdrawn: Vec<Withdrawn>,
    /// Documents of which it was not looked at yet whether all agents get them.
    pub documents: Vec<Document>,
    /// Approvals that were given and not yet acted on: their tasks are blocked, and the message that they hold was not
    /// said.
    pub approved: Vec<Id>,
    /// Triggers whose tasks are to be made, with their number.
    pub raised: Vec<(i64, Raise)>,
    /// Agents that passed on a task may be asked again: a commit forgets that they passed.
    pub passes_over: bool,
    /// When the next of all these becomes due.
    pub next: Option<Timestamp>,
}

/// What was decided.
#[derive(Clone, Debug, Default)]
pub struct Coordinated {
    /// Tasks to be put back into the queue.
    pub take_back: Vec<TakeBack>,
    /// Handoffs with the status that they must still have; `None` for a new one (one that exists stays).
    pub handoffs: Vec<(Option<HandoffStatus>, HandoffCase)>,
    /// Escalations with the status that they must still have; `None` for a new one (one that exists stays).
    pub escalations: Vec<(Option<EscalationStatus>, EscalationCase)>,
    /// Messages to agents; with true it is delivered by us, also one that is kept already and was not.
    pub messages: Vec<(Message, bool)>,
    /// Tasks to make, with rank and parameters.
    pub create: Vec<(Task, i64, Option<String>)>,
    /// Triggers whose tasks are made by that.
    pub raised: Vec<i64>,
    /// Open tasks that are no longer needed, with why.
    pub cancel: Vec<(Id, Box<str>)>,
    /// Tasks of which this agent is told now; `Stale` when one is no longer its own, or begun.
    pub told: Vec<(Id, AgentId)>,
    /// Withdrawals (by number) that need no more telling.
    pub withdrawn: Vec<i64>,
    /// Documents that were looked at.
    pub spread: Vec<i64>,
    /// Tasks whose trouble is escalated now.
    pub alarmed: Vec<Id>,
    /// Writes decided with it.
    pub writes: Vec<Write>,
    /// Events, in order; those of tasks, handoffs and escalations above are added by the store.
    pub events: Vec<Event>,
}

/// A task to be put back into the queue.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TakeBack {
    /// The task.
    pub task: Id,
    /// Who has it.
    pub agent: AgentId,
    /// Why, for people.
    pub why: Box<str>,
    /// The agent is not asked again for this task: how it passed, and until when (`None`: for good).
    pub passed: Option<(Passed, Option<Timestamp>)>,
    /// From now on meant for this agent.
    pub meant_for: Option<AgentId>,
}

/// A message on its way out.
#[derive(Clone, PartialEq, Debug)]
pub struct Push {
    /// Number of the message.
    pub seq: i64,
    /// The message.
    pub message: Message,
    /// Which attempt this is of all, from 1.
    pub attempt: u32,
    /// Tries since it was asked for last, this one included.
    pub tries: u32,
}

/// What became of a delivery.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Pushed {
    /// The receiver has it.
    Done,
    /// Not sent: what it says does not hold any more.
    Outdated,
    /// Again at.
    Retry {
        /// Not before.
        at: Timestamp,
        /// Why, for people.
        why: String,
    },
    /// Given up.
    Failed {
        /// Why.
        why: String,
    },
}

/// One result with what was known of its deal at the time.
#[derive(Clone, PartialEq, Debug)]
pub struct OutcomeRow {
    /// The task.
    pub task: Id,
    /// Who did it.
    pub agent: AgentId,
    /// What was done.
    pub action: Box<str>,
    /// In which stage.
    pub stage: Stage,
    /// When.
    pub at: Timestamp,
    /// It brought what it was for.
    pub success: bool,
    /// By its due date.
    pub on_time: bool,
    /// Amount of the deal.
    pub amount: Option<Money>,
    /// How long the deal had been in the stage.
    pub age: Option<std::time::Duration>,
    /// Segment of the deal.
    pub segment: Option<Box<str>>,
    /// The buyer is an enterprise.
    pub enterprise: Option<bool>,
    /// How the deal ended since: won or lost.
    pub deal_won: Option<bool>,
}

/// Currency of an amount as stored.
pub(crate) fn money(minor: Option<i64>, currency: Option<Currency>) -> Option<Money> {
    minor.map(|minor| Money { minor, currency })
}
