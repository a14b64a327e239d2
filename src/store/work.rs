//! Tasks, agents' loads and decisions.

use crate::{Actor, Error, Held};
use async_trait::async_trait;
use model::{
    AgentId, Event, Id, Timestamp, Write,
    work::{
        Assignment, Backlog, Board, EscalationCase, HandoffCase, QueuePlace, Scene, SubjectView, Task,
        TaskKind,
    },
};
use std::sync::Arc;

/// Which tasks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskFilter {
    /// Only of this deal or lead.
    pub record: Option<Id>,
    /// Only those that this agent holds.
    pub agent: Option<AgentId>,
    /// Only those in the state of this name, or all that are [open](model::work::TaskState::OPEN).
    pub state: Option<Box<str>>,
    /// Only those that stand after this one in the list.
    pub after: Option<Id>,
}

impl TaskFilter {
    /// Those of a deal or lead.
    pub fn of(record: Id) -> Self {
        Self { record: Some(record), ..Self::default() }
    }
    /// Those that an agent holds.
    pub fn held_by(agent: &AgentId) -> Self {
        Self { agent: Some(agent.clone()), ..Self::default() }
    }
    /// Those in a state.
    pub fn in_state(name: &str) -> Self {
        Self { state: Some(name.into()), ..Self::default() }
    }
}

/// What there is to do and who does it.
#[async_trait]
pub trait Work: Send + Sync {
    /// Deals and leads whose progress is to be looked at, oldest mark first, with a mark number each: a mark
    /// that rose meanwhile is not cleared.
    async fn dirty(&self, most: usize) -> Result<Vec<(SubjectView, i64)>, Error>;
    /// Commits what was decided on them: tasks (those that exist stay as they are), cancellations (their CRM
    /// task is completed by a write that the caller adds), writes, events; clears the marks given.
    async fn commit_progress(&self, held: &Held, progressed: Progressed, now: Timestamp)
    -> Result<(), Error>;
    /// Marks those whose time to be looked at again has come (see [`Progressed::looks`]); returns when the next
    /// one's comes.
    async fn wake_due(&self, held: &Held, now: Timestamp) -> Result<Option<Timestamp>, Error>;
    /// The board: loads of agents and the best `most` queued tasks by rank (see `engine::assign::rank`).
    async fn board(&self, most: usize, week_start: Timestamp) -> Result<Board, Error>;
    /// Revision, loads and the kinds of tasks in the queue; no task.
    async fn standing(&self, week_start: Timestamp) -> Result<(Board, Vec<TaskKind>), Error>;
    /// What waits, by kind, and how much of it has waited since then or longer.
    async fn backlog(&self, since: Timestamp) -> Result<Vec<Backlog>, Error>;
    /// The board with the best `most` queued tasks of these kinds behind a place, and the place behind those; `None`
    /// when the queue ends with them. So tasks that wait for a full agent do not hide those of others.
    async fn board_of(
        &self,
        kinds: Vec<TaskKind>,
        after: Option<QueuePlace>,
        most: usize,
        week_start: Timestamp,
    ) -> Result<(Board, Option<QueuePlace>), Error>;
    /// Commits decisions: holder, due date and event of placed tasks, the decision itself with its reasons and
    /// what it rested on, and the writes that tell the agent. `Stale` when the board's revision moved: nothing is
    /// stored.
    async fn commit_assignments(&self, held: &Held, placing: Placing, now: Timestamp) -> Result<(), Error>;
    /// A task with its decisions, newest first.
    async fn task(&self, id: Id) -> Result<Option<(Task, Vec<Assignment>)>, Error>;
    /// What the decisions on a task rested on, newest first; `None` where that was not kept.
    async fn scenes(&self, task: Id) -> Result<Vec<Option<Scene>>, Error>;
    /// Tasks by due date, then by rank.
    async fn tasks(&self, filter: &TaskFilter, most: usize) -> Result<Vec<Task>, Error>;
    /// The subjects' views, for `why` and task texts.
    async fn subjects(&self, ids: &[Id]) -> Result<Vec<SubjectView>, Error>;
    /// Takes an agent out of assignment, or back in.
    async fn pause_agent(
        &self,
        actor: &Actor,
        agent: &AgentId,
        paused: bool,
        now: Timestamp,
    ) -> Result<(), Error>;
    /// Reads every open deal and lead's progress once more (after a first catch-up or a change of rules).
    async fn mark_all_dirty(&self, held: &Held) -> Result<u64, Error>;
}

/// Decisions on tasks, made together.
#[derive(Clone, Debug, Default)]
pub struct Placing {
    /// The board that they were made on.
    pub on: Board,
    /// Who could do what, as the engine writes it down (each assignment names its hash). Without it the decisions
    /// can't be made again.
    pub routing: Option<Arc<str>>,
    /// The decisions, in the order in which they were made.
    pub assignments: Vec<Assignment>,
    /// Writes decided with them.
    pub writes: Vec<Write>,
}

/// Decisions on the progress of some subjects.
#[derive(Clone, Debug, Default)]
pub struct Progressed {
    /// Tasks to make.
    pub create: Vec<(Task, i64)>,
    /// Tasks no longer needed, with why.
    pub cancel: Vec<(Id, Box<str>)>,
    /// Tasks that were done (their CRM task was completed by a person), with when.
    pub done: Vec<(Id, Timestamp)>,
    /// Open tasks that are due at another time.
    pub retime: Vec<(Id, Timestamp)>,
    /// When to look at a deal or lead again although nothing changes; takes the place of what was said before.
    pub looks: Vec<(Id, Option<Timestamp>)>,
    /// Writes decided with it.
    pub writes: Vec<Write>,
    /// Events, in order.
    pub events: Vec<Event>,
    /// Handoffs that begin (those that exist stay as they are).
    pub handoffs: Vec<HandoffCase>,
    /// Escalations that are raised (those that exist stay as they are).
    pub escalations: Vec<EscalationCase>,
    /// Marks that were handled.
    pub handled: Vec<(Id, i64)>,
}
