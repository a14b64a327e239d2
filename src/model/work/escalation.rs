//! Escalations: somebody must step in, and it is followed until it is settled.

use super::message::EscalationStatus;
use crate::{AgentId, Id, MessageId, Timestamp, work::Subject};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::{fmt, str::FromStr};

/// Whom it has reached.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EscalationLevel {
    /// The deal's owner.
    Owner,
    /// Their manager.
    Manager,
    /// The head of sales.
    Head,
}

impl EscalationLevel {
    /// All levels, lowest first.
    pub const ALL: [Self; 3] = [Self::Owner, Self::Manager, Self::Head];
    /// Name as configured and shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Manager => "manager",
            Self::Head => "head",
        }
    }
    /// The next one up.
    pub const fn next(self) -> Option<Self> {
        match self {
            Self::Owner => Some(Self::Manager),
            Self::Manager => Some(Self::Head),
            Self::Head => None,
        }
    }
}

impl fmt::Display for EscalationLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
impl FromStr for EscalationLevel {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|level| level.name() == text);
        found.ok_or_else(|| format!("unknown level {text:?}"))
    }
}

/// One escalation from opening to resolution.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct EscalationCase {
    /// Which; derived from its cause, so that raising it twice makes one.
    pub id: Id,
    /// The deal or lead.
    pub subject: Option<Subject>,
    /// The task.
    pub task: Option<Id>,
    /// Who raised it.
    pub from: Box<str>,
    /// An agent to which a rule routes it, beside the people of its level.
    pub to: Option<AgentId>,
    /// Code (`ENTERPRISE_COMPLEXITY`, `SLA_BREACH`, `CAPACITY`, `HANDOFF_TIMEOUT`).
    pub reason: Box<str>,
    /// What is asked for.
    pub request: String,
    /// Figures and facts.
    pub context: Map<String, Value>,
    /// Whom it has reached.
    pub level: EscalationLevel,
    /// Where it stands.
    pub status: EscalationStatus,
    /// When it was raised.
    pub opened: Timestamp,
    /// When people are told again, or the next level is; `None` until the daemon has routed it.
    pub due: Option<Timestamp>,
    /// How often people were told.
    pub told: u32,
    /// When it reached its present status.
    pub changed: Timestamp,
    /// Who brought it there.
    pub by: Box<str>,
    /// How it was settled.
    pub resolution: Option<String>,
    /// The message that raised it, if one did.
    pub message: Option<MessageId>,
}

/// The action by which people are told of an escalation.
pub const RESOLVE: &str = "RESOLVE_ESCALATION";

impl EscalationCase {
    /// Id of the task by which the owner of the deal is told.
    pub fn telling(&self) -> Id {
        Id::derived(&["task", &self.id.to_string(), RESOLVE])
    }
}

impl fmt::Debug for EscalationCase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "escalation {} ({}) from {} at {}: {}",
            self.id, self.reason, self.from, self.level, self.status
        )
    }
}
