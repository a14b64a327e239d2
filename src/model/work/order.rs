//! What a person decided about who does what, kept until the daemon has carried it out.

use crate::{AgentId, Id, Timestamp, work::Task};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fmt;

/// The cause of a task that a person asked for begins so; no stage decides on it.
pub const ASKED_FOR: &str = "asked for by ";

/// One decision: all of it is carried out at once, or what of it still can be.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// Names it: the same one counts once.
    pub id: Box<str>,
    /// Who decided.
    pub by: Box<str>,
    /// When.
    pub at: Timestamp,
    /// A task to be made first, with its parameters.
    pub make: Option<(Task, Map<String, Value>)>,
    /// Who gets what.
    pub gives: Vec<Give>,
}

impl fmt::Debug for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "order {} by {}: {:?}", self.id, self.by, self.gives)
    }
}

/// A task to be given to an agent.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Give {
    /// Which. Main work on a deal goes with all of its holder's other main work on it.
    pub task: Id,
    /// Who had it when that was decided; `None`: it waited.
    pub from: Option<AgentId>,
    /// To whom; `None`: the engine chooses.
    pub to: Option<AgentId>,
    /// Beyond the agent's limit, if need be.
    pub force: bool,
    /// Even where the work was begun.
    pub begun: bool,
    /// Why, for people.
    pub why: Box<str>,
}
