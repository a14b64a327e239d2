//! Who got what and why, and the board that the decision is made on.

use crate::{
    AgentId, Id, Timestamp,
    work::{Capacity, Task, TaskState, Window},
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};

/// Everything an assignment turn looks at.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Board {
    /// Rises with every committed change to tasks or loads; a cached board of another revision is stale.
    pub revision: i64,
    /// One entry per agent that has ever held work or is paused; others hold nothing.
    pub loads: Loads,
    /// Tasks to place, best rank first.
    pub tasks: Vec<Task>,
    /// Holder of the primary responsibility per subject of those tasks (`deal:...`).
    pub primaries: BTreeMap<Box<str>, AgentId>,
    /// Segment or size class per subject, when known, for specialisation.
    pub enterprise: BTreeMap<Box<str>, bool>,
    /// Agents that passed on one of those tasks (they declined it, or did not answer in time).
    pub passed: BTreeMap<Id, Vec<(AgentId, Passed)>>,
    /// How often those of the tasks that were placed before were: their writes are new ones.
    pub placed_before: BTreeMap<Id, u32>,
}

impl Board {
    /// What a decision on one of its tasks rests on, beside what agents carry.
    pub fn basis(&self, task: &Task) -> Basis {
        let subject = task.subject.to_string();
        Basis {
            meant_for: task.meant_for.clone(),
            due: task.due,
            enterprise: self.enterprise.get(subject.as_str()).copied(),
            primary: self.primaries.get(subject.as_str()).cloned(),
            passed: self.passed.get(&task.id).cloned().unwrap_or_default(),
        }
    }

    /// Puts a task on it as it was when a decision rested on this.
    pub fn put(&mut self, mut task: Task, basis: Basis) {
        let subject: Box<str> = task.subject.to_string().into();
        let Basis { meant_for, due, enterprise, primary, passed } = basis;
        self.enterprise.extend(enterprise.map(|enterprise| (subject.clone(), enterprise)));
        self.primaries.extend(primary.map(|primary| (subject, primary)));
        if !passed.is_empty() {
            self.passed.insert(task.id, passed);
        }
        (task.meant_for, task.due, task.holder, task.state) = (meant_for, due, None, TaskState::Queued);
        self.tasks.push(task);
    }
}

/// What was known of a task when it was decided on, where that may change later. Kept with the decision.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Basis {
    /// The agent that it was meant for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meant_for: Option<AgentId>,
    /// When it was due already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Timestamp>,
    /// Whether its deal was an enterprise deal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enterprise: Option<bool>,
    /// Who held the main work on its deal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary: Option<AgentId>,
    /// Who had passed on it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passed: Vec<(AgentId, Passed)>,
}

/// A decision with everything that it was made on, so that it can be made again.
#[derive(Clone, PartialEq, Debug)]
pub struct Scene {
    /// When.
    pub at: Timestamp,
    /// Who could do what, as the maker of the decision wrote it down.
    pub routing: Box<str>,
    /// What agents carried. Its tasks are those decided on in the same turn, up to this one, as they were.
    pub board: Board,
    /// The decisions on these tasks, in their order; the last is the one meant.
    pub made: Vec<Assignment>,
}

/// How an agent passed on a task.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Passed {
    /// It said no.
    Declined,
    /// It did not answer; after a while it is asked again.
    Silent,
    /// It is away when the task is due; it is asked again when it is back.
    Away,
}

/// A place in the queue: everything up to it was looked at.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct QueuePlace {
    /// Rank, smallest first.
    pub rank: i64,
    /// Among those of one rank, by id.
    pub task: Id,
}

/// What tasks have in common for whether anybody can take them at all.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TaskKind {
    /// Required capability.
    pub capability: Box<str>,
    /// What capacity one uses, beside that of any task.
    pub unit: Option<Box<str>>,
}

/// Tasks of one kind that wait.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Backlog {
    /// Of what kind.
    pub kind: TaskKind,
    /// How many.
    pub waiting: u64,
    /// Since when the oldest does.
    pub oldest: Timestamp,
    /// How many wait since the time that was asked about, or longer.
    pub long: u64,
}

/// What agents carry, shared with whoever keeps it: a board of a thousand agents copies none of it.
pub type Loads = BTreeMap<AgentId, Arc<AgentLoad>>;

/// What an agent carries.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct AgentLoad {
    /// Open work per unit (`task` counts every task; `deal` counts distinct deals).
    pub open: BTreeMap<Box<str>, u32>,
    /// Started in the running week per unit.
    pub week: BTreeMap<Box<str>, u32>,
    /// A person paused it.
    pub paused: bool,
    /// When a person last took the pause off: for a day it gets no more than its share per hour.
    #[serde(default)]
    pub resumed: Option<Timestamp>,
    /// When it was given something last; ties go to the longest idle. Of tasks given out at one instant each counts
    /// as a millisecond later than the one before, so that it orders agents without ties.
    pub last_assigned: Option<Timestamp>,
    /// Results per action.
    pub record: BTreeMap<Box<str>, TrackRecord>,
}

impl AgentLoad {
    /// How much of a capacity is used up, in its unit and window.
    pub fn used(&self, capacity: &Capacity) -> u32 {
        let counts = match capacity.window {
            Window::Concurrent => &self.open,
            Window::Week => &self.week,
        };
        counts.get(&capacity.unit).copied().unwrap_or_default()
    }
}

/// Decayed counts of results of one agent on one action, in thousandths of a case.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct TrackRecord {
    /// Successes.
    pub won: u64,
    /// All with an outcome.
    pub all: u64,
}

/// How the winner is picked among those who can.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// Best score; ties to the longest idle, then by id.
    #[default]
    Score,
    /// Whoever has had nothing new for longest, then by id.
    RoundRobin,
    /// Drawn, each with a chance in proportion to its score.
    Weighted,
    /// Whoever holds the record's primary responsibility, else by score.
    StickyOwner,
}

impl Policy {
    /// As in the configuration (`round_robin`).
    pub const fn name(self) -> &'static str {
        match self {
            Self::Score => "score",
            Self::RoundRobin => "round_robin",
            Self::Weighted => "weighted",
            Self::StickyOwner => "sticky_owner",
        }
    }
}

/// One decision: a task placed, or left in the queue.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Assignment {
    /// The task.
    pub task: Id,
    /// The turn it was decided in.
    pub turn: i64,
    /// Place in that turn.
    pub position: u32,
    /// The chosen one; `None` when nobody could take it.
    pub winner: Option<Candidate>,
    /// When it is due, by the winner's working hours.
    pub due: Option<Timestamp>,
    /// Set where the winner has to accept: until when the task is reserved for it.
    #[serde(default)]
    pub offer_until: Option<Timestamp>,
    /// The best of the rest, at most five.
    pub runners_up: Vec<Candidate>,
    /// How many were left out, by reason.
    pub excluded: Vec<(Exclusion, u32)>,
    /// Chosen only because nobody else has the capability at all.
    pub last_resort: bool,
    /// How it was picked among those who can.
    #[serde(default)]
    pub policy: Policy,
    /// Somebody named the winner: it was not picked.
    #[serde(default)]
    pub named: bool,
    /// Seed of the turn's dice.
    pub seed: u64,
    /// Hash of the routing configuration that applied.
    pub config: Box<str>,
}

/// An agent's score for a task, in millionths.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Candidate {
    /// Who.
    pub agent: AgentId,
    /// Weighted capability match.
    pub capability: i64,
    /// Weighted historical performance.
    pub performance: i64,
    /// Weighted free capacity.
    pub free: i64,
    /// Weighted specialisation.
    pub specialisation: i64,
}

impl Candidate {
    /// Sum of the terms.
    pub const fn score(&self) -> i64 {
        self.capability + self.performance + self.free + self.specialisation
    }
}

/// Why an agent was not considered.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exclusion {
    /// Disabled in the configuration.
    Disabled,
    /// Lacks the required capability.
    Capability,
    /// Paused by a person.
    Paused,
    /// Outside its working hours.
    Hours,
    /// At its limit.
    Capacity,
    /// Back from absence and already has its share of this hour.
    Returning,
    /// Another agent holds this responsibility.
    HeldByOther,
    /// It declined this task.
    Declined,
    /// It did not answer when this task was offered to it.
    Unreachable,
    /// The master agent, which steps in only when nobody has the capability.
    LastResortOnly,
}

/// An agent that was not considered, for `why`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Excluded {
    /// Who.
    pub agent: AgentId,
    /// Why.
    pub reason: Exclusion,
    /// With figures (`20 of 20 deals`).
    pub detail: String,
}
