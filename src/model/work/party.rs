//! Who speaks: an agent, a person or the daemon.

use crate::AgentId;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Address of the daemon in messages.
pub const ORCHESTRATOR: &str = "ORCHESTRATOR";

/// On whose behalf something is said or asked. Decides what may be reached: an agent reaches its own work only.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Party {
    /// An agent, by its long name.
    Agent(AgentId),
    /// A person, by the name they signed in with.
    Person(Box<str>),
    /// Somebody who only looks.
    Viewer(Box<str>),
    /// The daemon itself.
    Daemon,
}

impl Party {
    /// The name in messages and events.
    pub fn name(&self) -> &str {
        match self {
            Self::Agent(agent) => agent.as_str(),
            Self::Person(name) | Self::Viewer(name) => name,
            Self::Daemon => ORCHESTRATOR,
        }
    }
    /// The agent that speaks, if it is one.
    pub const fn agent(&self) -> Option<&AgentId> {
        match self {
            Self::Agent(agent) => Some(agent),
            Self::Person(_) | Self::Viewer(_) | Self::Daemon => None,
        }
    }
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
