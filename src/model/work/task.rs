//! Tasks: one piece of work for one agent.

use crate::{AgentId, Id, Stage, Timestamp, work::message::Status};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// What a task is about.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// A deal.
    Deal(Id),
    /// A contact that has no deal yet.
    Lead(Id),
    /// A segment of the market, by its configured name.
    Segment(Box<str>),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Deal(id) => write!(f, "deal:{id}"),
            Self::Lead(id) => write!(f, "contact:{id}"),
            Self::Segment(name) => write!(f, "segment:{name}"),
        }
    }
}

impl FromStr for Subject {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no subject: deal:ID, contact:ID or segment:NAME");
        let (kind, name) = text.split_once(':').ok_or_else(wrong)?;
        match kind {
            "deal" => name.parse().map(Self::Deal).map_err(|_| wrong()),
            "contact" => name.parse().map(Self::Lead).map_err(|_| wrong()),
            "segment" => Ok(Self::Segment(name.into())),
            _ => Err(wrong()),
        }
    }
}

/// Which part of a deal the holder of a task answers for. At most one agent holds each at a time.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Responsibility {
    /// The stage's main work: one holder per deal.
    Primary,
    /// Beside the main holder (`enterprise`).
    Overlay(Box<str>),
    /// One kind of support, by action.
    Support(Box<str>),
}

impl fmt::Display for Responsibility {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Primary => f.write_str("primary"),
            Self::Overlay(name) => write!(f, "overlay:{name}"),
            Self::Support(action) => write!(f, "support:{action}"),
        }
    }
}

/// What an agent must and should be able to do.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Need {
    /// Required capability: agents without it are not considered.
    pub capability: Box<str>,
    /// Preferred capabilities with weight in thousandths; they count beside the required one, whose weight is 1,000.
    pub preferred: Vec<(Box<str>, u32)>,
    /// Unit of capacity that the task uses (`outreach`, `deal`, `proposal`, `negotiation`), one of it.
    pub unit: Option<Box<str>>,
}

/// Where a task stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum TaskState {
    /// Waits for an agent.
    Queued,
    /// Reserved for an agent, which has to accept it.
    Offered {
        /// Then it is taken back and offered to the next.
        until: Timestamp,
    },
    /// An agent has it.
    Assigned,
    /// The agent has begun.
    InProgress,
    /// The agent is stuck.
    Blocked,
    /// Finished.
    Done,
    /// The agent gave it up.
    Failed {
        /// Why.
        why: Box<str>,
    },
    /// No longer needed.
    Cancelled {
        /// Why.
        why: Box<str>,
    },
}

impl TaskState {
    /// Names of all states.
    pub const NAMES: [&'static str; 8] =
        ["queued", "offered", "assigned", "in_progress", "blocked", "done", "failed", "cancelled"];

    /// Stands for every state that is not over, where tasks are looked for.
    pub const OPEN: &str = "open";

    /// Name as stored and shown.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Offered { .. } => "offered",
            Self::Assigned => "assigned",
            Self::InProgress => "in_progress",
            Self::Blocked => "blocked",
            Self::Done => "done",
            Self::Failed { .. } => "failed",
            Self::Cancelled { .. } => "cancelled",
        }
    }
    /// Still to be done.
    pub const fn is_open(&self) -> bool {
        !matches!(self, Self::Done | Self::Failed { .. } | Self::Cancelled { .. })
    }
    /// An agent answers for it: it has it, or it is reserved for it.
    pub const fn is_held(&self) -> bool {
        matches!(self, Self::Offered { .. } | Self::Assigned | Self::InProgress | Self::Blocked)
    }
    /// May its holder say this of it?
    pub const fn allows(&self, status: Status) -> bool {
        match self {
            Self::Offered { .. } => matches!(status, Status::Accepted | Status::Declined),
            Self::Assigned => !matches!(status, Status::Accepted),
            Self::InProgress | Self::Blocked => !matches!(status, Status::Accepted | Status::Declined),
            Self::Queued | Self::Done | Self::Failed { .. } | Self::Cancelled { .. } => false,
        }
    }
}

/// One piece of work.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Task {
    /// Derived from subject, cause and action, so that deciding twice makes one task.
    pub id: Id,
    /// Action id (`DISCOVERY_CALL`).
    pub action: Box<str>,
    /// One line for people.
    pub title: String,
    /// What it is about.
    pub subject: Subject,
    /// Stage in which it arose.
    pub stage: Stage,
    /// Which part of the deal its holder answers for.
    pub responsibility: Responsibility,
    /// An agent named by the stage (its primary or support agent): counts as specialisation.
    pub meant_for: Option<AgentId>,
    /// Capabilities and capacity.
    pub need: Need,
    /// 0-100: critical 90, high 70, normal 50, low 30.
    pub priority: u8,
    /// When it was made.
    pub arrived: Timestamp,
    /// Business hours the agent has for it.
    pub allowed_hours: u32,
    /// When it is due; set on assignment from the agent's working hours.
    pub due: Option<Timestamp>,
    /// Who has it.
    pub holder: Option<AgentId>,
    /// Where it stands.
    pub state: TaskState,
    /// What made it: an event or rule, for people and for `why`.
    pub cause: String,
}

/// A task that went from an agent which knew of it, without its doing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Withdrawn {
    /// Which one, in order.
    pub number: i64,
    /// The task.
    pub task: Id,
    /// Who had it.
    pub agent: AgentId,
    /// When it went.
    pub at: Timestamp,
    /// Why, for people.
    pub why: Box<str>,
}
