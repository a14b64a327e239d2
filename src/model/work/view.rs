//! What is looked at when the progress of one deal or lead is decided.

use crate::{
    AgentId, Event, ExternalRef, Fields, GoneHow, Id, Timestamp,
    work::{Subject, TaskState},
};

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
    /// Its latest `Changed`, `StageEntered` and `TransitionSuggested` events, newest first, at most 50: what
    /// moved, for signals, and which transitions were decided already.
    pub history: Vec<Event>,
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
    /// Who has it.
    pub holder: Option<AgentId>,
    /// The CRM task that stands for it, once it is known.
    pub reference: Option<ExternalRef>,
    /// Set while that CRM task is marked done at its source: when the source says it changed.
    pub done_at_source: Option<Timestamp>,
}
