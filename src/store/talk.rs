//! What agents and people say, and what they may see. Each method takes the party on whose behalf it is called
//! and keeps it within its own work: an agent reaches its own tasks and the deals that it works on.

use crate::{Actor, Error};
use async_trait::async_trait;
use model::{
    AgentId, Id, MessageId, Stage, Timestamp,
    work::{
        Document, EscalationCase, HandoffCase, Learning, Message, Party, Subject, TaskDetail,
        message::{EscalationStatus, HandoffStatus},
    },
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Messages and what they bring about. All refusals are [`Error::Refused`].
#[async_trait]
pub trait Talk: Send + Sync {
    /// Takes a message: stores it and does what it says, in one transaction. The same id with the same content
    /// gives the same answer and changes nothing; with other content it is refused (`Reused`).
    ///
    /// STATUS: only the holder of the task, or a person. One that was sent before the last that counted is kept
    /// as ignored. HANDOFF: a request by who works on the subject, an answer by the receiver or a person.
    /// ESCALATION: by who works on the subject; taken up and settled by whom it went to, or a person.
    /// TASK: only from the daemon.
    async fn say(&self, by: &Party, message: Message, now: Timestamp) -> Result<Said, Error>;
    /// Messages in order of arrival after a number, at most `most`. An agent gets those it sent or received.
    async fn messages(
        &self,
        by: &Party,
        filter: &MessageFilter,
        after: i64,
        most: usize,
    ) -> Result<Vec<Kept>, Error>;
    /// Messages to webhooks and programs that failed at least once, newest first: given up, or tried again.
    async fn undelivered(&self, most: usize) -> Result<Vec<Undelivered>, Error>;
    /// Has these undelivered messages, by their numbers, tried again at once. Returns how many.
    async fn deliver_again(&self, messages: &[i64], now: Timestamp) -> Result<u64, Error>;
    /// Puts these undelivered messages away, by their numbers: they are tried no more. Returns how many.
    async fn put_away(&self, actor: &Actor, messages: &[i64], now: Timestamp) -> Result<u64, Error>;
    /// What an agent should do next: the offer with the earliest end, else its accepted work that is due first
    /// and not begun. Looking takes nothing: it is still to be accepted.
    async fn next_task(&self, agent: &AgentId) -> Result<Option<TaskDetail>, Error>;
    /// A task with how it goes. `NotYours` unless the agent holds it or held it.
    async fn task_detail(&self, by: &Party, task: Id) -> Result<Option<TaskDetail>, Error>;
    /// What a task brought about.
    async fn documents(&self, by: &Party, task: Id) -> Result<Vec<Document>, Error>;
    /// Does this party work on the deal or lead, by an open task, handoff or escalation? People always do.
    async fn may_see(&self, by: &Party, subject: &Subject) -> Result<bool, Error>;
    /// Handoffs, newest first; an agent gets its own.
    async fn handoffs(&self, by: &Party, filter: &CaseFilter, most: usize)
    -> Result<Vec<HandoffCase>, Error>;
    /// Escalations, newest first; an agent gets its own.
    async fn escalations(
        &self,
        by: &Party,
        filter: &CaseFilter,
        most: usize,
    ) -> Result<Vec<EscalationCase>, Error>;
    /// Raises a trigger; the daemon makes its tasks. The same occasion of a trigger counts once: false then.
    async fn raise(&self, by: &Party, raise: Raise, now: Timestamp) -> Result<bool, Error>;
    /// What was learnt, newest first.
    async fn learnings(
        &self,
        stage: Option<Stage>,
        action: Option<&str>,
        most: usize,
    ) -> Result<Vec<Learning>, Error>;
}

/// What came of a message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Said {
    /// The message.
    pub message: MessageId,
    /// It had come before; this is the answer given then.
    pub repeated: bool,
    /// What it brought about.
    pub effect: Effect,
}

/// What a message brought about.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "effect")]
pub enum Effect {
    /// A task is in this state now.
    Task {
        /// Which.
        task: Id,
        /// Its state's name.
        state: Box<str>,
    },
    /// A handoff stands so now.
    Handoff {
        /// Which.
        handoff: Id,
        /// Where it stands.
        status: HandoffStatus,
        /// It went to and fro too often: only a person may confirm.
        person_decides: bool,
    },
    /// An escalation stands so now.
    Escalation {
        /// Which.
        escalation: Id,
        /// Where it stands.
        status: EscalationStatus,
    },
    /// Kept, and nothing else.
    Noted,
    /// Kept, and without effect.
    Ignored {
        /// Why.
        why: String,
    },
}

/// A stored message.
#[derive(Clone, PartialEq, Debug)]
pub struct Kept {
    /// Number in order of arrival.
    pub seq: i64,
    /// When it arrived.
    pub received: Timestamp,
    /// The message.
    pub message: Message,
    /// What it brought about.
    pub effect: Effect,
    /// How its delivery stands, for one that we deliver ourselves.
    pub push: Option<Box<str>>,
}

/// A message that its receiver did not get so far.
#[derive(Clone, Debug, PartialEq)]
pub struct Undelivered {
    /// Its number.
    pub seq: i64,
    /// The message.
    pub message: Message,
    /// Since when it should have been there.
    pub since: Timestamp,
    /// Attempts so far.
    pub attempts: u32,
    /// When it is tried next; `None` when it was given up.
    pub next: Option<Timestamp>,
    /// Why the last attempt failed.
    pub why: Box<str>,
    /// Messages to the same receiver that wait behind it.
    pub behind: u64,
}

/// Which messages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MessageFilter {
    /// Only this one.
    pub id: Option<MessageId>,
    /// Only this conversation.
    pub conversation: Option<Box<str>>,
    /// Only those to this receiver.
    pub to: Option<Box<str>>,
}

/// Which handoffs or escalations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CaseFilter {
    /// Only this one.
    pub id: Option<Id>,
    /// Only of this deal or lead.
    pub record: Option<Id>,
    /// Only those that are not over.
    pub open: bool,
    /// Only those that stand after this one in the list.
    pub after: Option<Id>,
}

/// A trigger to be raised.
#[derive(Clone, PartialEq)]
pub struct Raise {
    /// Its name.
    pub trigger: Box<str>,
    /// Names this raising; the same one makes no further tasks.
    pub occasion: Box<str>,
    /// What it is about.
    pub subject: Subject,
    /// What its tasks are given.
    pub params: Map<String, Value>,
}

impl std::fmt::Debug for Raise {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "trigger {} ({}) on {}", self.trigger, self.occasion, self.subject)
    }
}
