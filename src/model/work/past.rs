//! What became of tasks, for whoever replays it.

use super::Task;
use crate::{AgentId, Timestamp};

/// A task of the past or present with when things happened to it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PastTask {
    /// The task as it stands.
    pub task: Task,
    /// Whether its deal is an enterprise deal, where known.
    pub enterprise: Option<bool>,
    /// When it was given to its holder.
    pub assigned: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
}

/// How often an agent was asked, and how often it passed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Asked {
    /// Who.
    pub agent: AgentId,
    /// Tasks that it took.
    pub took: u64,
    /// Tasks that it declined.
    pub declined: u64,
    /// Offers that it did not answer.
    pub silent: u64,
}
