//! What came out of a task, and what was learnt by it.

use super::{
    Task,
    message::{ResultDocument, TaskOutcome},
};
use crate::{AgentId, Id, Stage, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};
use std::{collections::BTreeMap, fmt};

/// A task with how it goes.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskDetail {
    /// The task.
    pub task: Task,
    /// What it was given beside its action (a trigger's parameters).
    pub params: Map<String, Value>,
    /// Percent, as last reported.
    pub progress: Option<u8>,
    /// Figures, as last reported.
    pub metrics: BTreeMap<String, Number>,
    /// How it ended.
    pub outcome: Option<TaskOutcome>,
    /// Who passed on it and why, in order.
    pub passed: Vec<(AgentId, Box<str>)>,
    /// When the last status that counted was sent.
    pub status_at: Option<Timestamp>,
}

impl fmt::Debug for TaskDetail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "task {} ({}): {}", self.task.id, self.task.action, self.task.state.name())
    }
}

/// A document that a task brought about.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// Number, in order of arrival.
    pub id: i64,
    /// The task.
    pub task: Id,
    /// Who wrote it.
    pub by: Box<str>,
    /// When.
    pub at: Timestamp,
    /// What.
    pub content: ResultDocument,
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "document {} of task {} by {}", self.id, self.task, self.by)
    }
}

/// Something that an agent wants the next one to know.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Learning {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: Box<str>,
    /// From which task.
    pub task: Id,
    /// Stage of that task.
    pub stage: Stage,
    /// Segment of its deal or lead, where known.
    pub segment: Option<Box<str>>,
    /// Its action.
    pub action: Box<str>,
    /// How the task ended.
    pub outcome: TaskOutcome,
    /// One line.
    pub text: String,
}

impl fmt::Debug for Learning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "learning by {} on {} in {}", self.by, self.action, self.stage)
    }
}
