//! What is looked at when the progress of one deal or lead is decided.

use crate::{
    AgentId, Event, ExternalRef, Fields, GoneHow, Id, Kind, Timestamp,
    work::{Subject, TaskState},
};
use serde::{Deserialize, Serialize};

/// A deal or lead with what stands around it.
#[derive(Clone, Debug)]
pub struct SubjectView {
    /// The deal or lead.
    pub subject: Subject,
    /// Its canonical record.
    pub record: Id,
    /// Its fields (`Stage` and `Outcome` mapped).
    pub fields: Fields,
    /// Where it lives: one reference per living source record, in order of joining.
    pub references: Vec<ExternalRef>,
    /// When it entered its present stage; with the stage this names the stage entry, the cause of its tasks.
    pub stage_since: Option<Timestamp>,
    /// Set when it is gone everywhere.
    pub gone: Option<GoneHow>,
    /// The company linked to it (the primary one where there are several).
    pub company: Option<(Id, Fields)>,
    /// Contacts linked to it, at most 20.
    pub contacts: Vec<(Id, Fields)>,
    /// For a lead: it has a deal by now.
    pub has_deal: bool,
    /// Its tasks, open ones and past ones.
    pub tasks: Vec<TaskBrief>,
    /// Mails and meetings linked to it, newest first, at most 50.
    pub activities: Vec<ActivityBrief>,
    /// Its latest `Changed`, `StageEntered` and `TransitionSuggested` events, newest first, at most 50: what
    /// moved, for signals, and which transitions were decided already.
    pub history: Vec<Event>,
}

/// A mail or meeting in short.
#[derive(Clone, Debug)]
pub struct ActivityBrief {
    /// Its canonical record.
    pub record: Id,
    /// `Email` or `Meeting`.
    pub kind: Kind,
    /// Its fields; of a mail's content only what is stored.
    pub fields: Fields,
    /// Who spoke to whom.
    pub direction: Direction,
    /// The contacts of ours who took part.
    pub with: Vec<Id>,
    /// It could belong to another deal just as well: nothing is concluded from it.
    pub ambiguous: bool,
    /// Set when it is gone everywhere.
    pub gone: Option<GoneHow>,
    /// Where it lives, one reference per living source record.
    pub references: Vec<ExternalRef>,
}

/// Who spoke to whom.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From outside to us; a meeting that somebody outside organises.
    Inbound,
    /// From us to somebody outside; a meeting that we organise.
    Outbound,
    /// Among ourselves.
    Internal,
}

impl Direction {
    /// Name as stored and shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
            Self::Internal => "internal",
        }
    }
}

impl std::str::FromStr for Direction {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let found =
            [Self::Inbound, Self::Outbound, Self::Internal].into_iter().find(|one| one.name() == text);
        found.ok_or_else(|| format!("unknown direction {text:?}"))
    }
}

/// A task in short.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TaskBrief {
    /// Which.
    pub id: Id,
    /// Its action.
    pub action: Box<str>,
    /// Where it stands.
    pub state: TaskState,
    /// When it is due, once that is known.
    pub due: Option<Timestamp>,
    /// Who has it.
    pub holder: Option<AgentId>,
    /// The CRM task that stands for it, once it is known.
    pub reference: Option<ExternalRef>,
    /// Set while that CRM task is marked done at its source: when the source says it changed.
    pub done_at_source: Option<Timestamp>,
    /// A person asked for it: it belongs to no entry into a stage.
    pub asked_for: bool,
}
