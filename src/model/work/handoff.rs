//! Handoffs: a deal or lead goes from one agent to another, with everything that the other must know.

use super::message::HandoffStatus;
use crate::{AgentId, Id, MessageId, Timestamp, work::Subject};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::{fmt, str::FromStr};

/// To whom.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HandoffTo {
    /// One agent, which must confirm.
    Agent(AgentId),
    /// Everybody; nobody must confirm.
    AllAgents,
    /// Out of our hands; a person or a webhook confirms.
    External(Box<str>),
    /// An agent that works beside the holder; it must confirm and takes nothing away.
    Overlay(AgentId),
}

impl HandoffTo {
    /// The agent that must confirm, if one must.
    pub const fn agent(&self) -> Option<&AgentId> {
        match self {
            Self::Agent(agent) | Self::Overlay(agent) => Some(agent),
            Self::AllAgents | Self::External(_) => None,
        }
    }
}

impl fmt::Display for HandoffTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Agent(agent) => write!(f, "{agent}"),
            Self::AllAgents => f.write_str("all_agents"),
            Self::External(name) => write!(f, "external:{name}"),
            Self::Overlay(agent) => write!(f, "overlay:{agent}"),
        }
    }
}
/// `AGENT`, `all_agents`, `external:NAME` or `overlay:AGENT`.
impl FromStr for HandoffTo {
    type Err = std::convert::Infallible;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text.split_once(':') {
            Some(("external", name)) => Self::External(name.into()),
            Some(("overlay", agent)) => Self::Overlay(agent.into()),
            Some(_) | None if text == "all_agents" => Self::AllAgents,
            Some(_) | None => Self::Agent(text.into()),
        })
    }
}

/// One handoff from request to completion.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct HandoffCase {
    /// Which.
    pub id: Id,
    /// What is handed over.
    pub subject: Subject,
    /// The giver: responsible until the other confirms.
    pub from: Box<str>,
    /// The receiver.
    pub to: HandoffTo,
    /// Milestone (`MEETING_BOOKED`, `qualified_lead`).
    pub milestone: Box<str>,
    /// The context package as it travels.
    pub context: Map<String, Value>,
    /// Where it stands.
    pub status: HandoffStatus,
    /// When it was asked for.
    pub requested: Timestamp,
    /// Until when it must be confirmed; `None` until the daemon has routed it.
    pub due: Option<Timestamp>,
    /// When it reached its present status.
    pub changed: Timestamp,
    /// Who brought it there.
    pub by: Box<str>,
    /// Why, where it was declined.
    pub reason: Option<String>,
    /// The message that asked for it.
    pub message: MessageId,
    /// The subject went to and fro too often: only a person may confirm.
    pub person_decides: bool,
}

impl fmt::Debug for HandoffCase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "handoff {} of {} from {} to {}: {}",
            self.id, self.subject, self.from, self.to, self.status
        )
    }
}
