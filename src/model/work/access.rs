//! Who may come in over the API, and as what.

use crate::{AgentId, Timestamp, work::Party};
use serde::{Deserialize, Serialize};

/// What the holder of a token may do.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything that a person may.
    Admin,
    /// This agent's own work.
    Agent(AgentId),
    /// Looking.
    ReadOnly,
}

impl Role {
    /// Name as shown.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Agent(_) => "agent",
            Self::ReadOnly => "read_only",
        }
    }
}

/// A token as stored: never the secret itself.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Token {
    /// What people call it; unique among the living ones.
    pub name: Box<str>,
    /// What it may do.
    pub role: Role,
    /// When it was made.
    pub created: Timestamp,
    /// By whom.
    pub created_by: Box<str>,
    /// From then on it is worth nothing.
    pub expires: Option<Timestamp>,
    /// Set when a person took it back.
    pub revoked: Option<Timestamp>,
}

impl Token {
    /// Does it still let anybody in?
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.revoked.is_none() && self.expires.is_none_or(|until| now < until)
    }
    /// Who comes in with it.
    pub fn party(&self) -> Party {
        match &self.role {
            Role::Admin => Party::Person(self.name.clone()),
            Role::Agent(agent) => Party::Agent(agent.clone()),
            Role::ReadOnly => Party::Viewer(self.name.clone()),
        }
    }
}
