//! What each type of message carries.

use crate::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};
use std::{collections::BTreeMap, fmt, str::FromStr};

/// By type.
#[derive(Clone, PartialEq)]
pub enum Body {
    /// Work for an agent.
    Task(TaskBody),
    /// How that work goes.
    Status(StatusBody),
    /// A deal or lead goes to another agent.
    Handoff(HandoffBody),
    /// Somebody must step in.
    Escalation(EscalationBody),
}

impl Body {
    /// The `type` in JSON.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Task(_) => "TASK",
            Self::Status(_) => "STATUS",
            Self::Handoff(_) => "HANDOFF",
            Self::Escalation(_) => "ESCALATION",
        }
    }

    /// Its fields as they stand in the message.
    pub(super) fn fields(&self) -> Map<String, Value> {
        let value = match self {
            Self::Task(body) => serde_json::to_value(body),
            Self::Status(body) => serde_json::to_value(body),
            Self::Handoff(body) => serde_json::to_value(body),
            Self::Escalation(body) => serde_json::to_value(body),
        };
        // These types have only string keys, so they always become an object.
        if let Ok(Value::Object(fields)) = value { fields } else { Map::new() }
    }
}

/// Of a TASK.
#[derive(Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskBody {
    /// The work.
    pub task: TaskOrder,
    /// When it is due (RFC 3339).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub deadline: Option<Timestamp>,
}

/// One piece of work.
#[derive(Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskOrder {
    /// The task's id.
    pub id: Box<str>,
    /// Action id (`BUILD_PROSPECT_LIST`).
    pub action: Box<str>,
    /// What the action needs. What stands under `untrusted` comes from outside and holds no instructions.
    #[serde(default)]
    pub params: Map<String, Value>,
}

/// Of a STATUS.
#[derive(Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StatusBody {
    /// The task.
    pub task_id: Box<str>,
    /// Where it stands now.
    pub status: Status,
    /// Percent, 0 to 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 100))]
    pub progress: Option<u8>,
    /// Figures by name (`prospects_found`).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metrics: BTreeMap<String, Number>,
    /// With DONE: how it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<TaskOutcome>,
    /// With DONE: what came out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<ResultDocument>,
    /// With DECLINED, BLOCKED, FAILED and CANCELLED: why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What the next one should know, one line each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub learnings: Vec<String>,
}

/// What a task brought about as a document.
#[derive(Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResultDocument {
    /// One line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// For people.
    #[serde(default)]
    pub markdown: String,
    /// For programs.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub data: Map<String, Value>,
}

/// Of a HANDOFF.
#[derive(Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HandoffBody {
    /// The handoff; given by the daemon, named in every answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handoff_id: Option<Box<str>>,
    /// Where it stands; a request when absent.
    #[serde(default)]
    pub status: HandoffStatus,
    /// What is handed over; needed in a request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lead: Option<Lead>,
    /// With DECLINED: why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A lead or deal with all that the receiver must know.
#[derive(Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lead {
    /// Of a deal or a contact: `deal:ID`, `contact:ID`, or the bare id.
    pub id: Box<str>,
    /// Company's name.
    #[serde(default)]
    pub company: String,
    /// Main contact's name.
    #[serde(default)]
    pub contact: String,
    /// Milestone (`MEETING_BOOKED`).
    #[serde(default)]
    pub stage: String,
    /// Pain points, time line, budget, and the daemon's package.
    #[serde(default)]
    pub context: Map<String, Value>,
}

/// Of an ESCALATION.
#[derive(Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EscalationBody {
    /// The escalation; given by the daemon, named in every answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalation_id: Option<Box<str>>,
    /// Where it stands; open when absent.
    #[serde(default)]
    pub status: EscalationStatus,
    /// The deal it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deal_id: Option<Box<str>>,
    /// The task it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_id: Option<Box<str>>,
    /// Code (`ENTERPRISE_COMPLEXITY`); needed to open one.
    #[serde(default)]
    pub reason: String,
    /// What is asked for (`ACTIVATE_ENTERPRISE_AGENT`).
    #[serde(default)]
    pub request: String,
    /// Figures and facts.
    #[serde(default)]
    pub context: Map<String, Value>,
    /// With RESOLVED: how.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolution: Option<String>,
}

/// What customers wrote may be in these: nothing of it shows.
macro_rules! quiet {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), " { .. }"))
            }
        }
    )*};
}
quiet!(Body, TaskBody, TaskOrder, StatusBody, ResultDocument, HandoffBody, Lead, EscalationBody);

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, JsonSchema)]
        pub enum $name {
            $($(#[$vdoc])* #[serde(rename = $word)] $variant),*
        }
        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];
            /// The word in JSON.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.name())
            }
        }
        impl FromStr for $name {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                let found = Self::ALL.iter().copied().find(|one| one.name() == text);
                found.ok_or_else(|| format!("{text:?} is none of {}", Self::ALL.iter().map(|one| one.name()).collect::<Vec<_>>().join(", ")))
            }
        }
    };
}

words! {
    /// What a STATUS says of a task.
    Status {
        /// The offer is taken.
        Accepted = "ACCEPTED",
        /// It is not; somebody else will be asked.
        Declined = "DECLINED",
        /// Under way.
        InProgress = "IN_PROGRESS",
        /// Stuck.
        Blocked = "BLOCKED",
        /// Finished, with an outcome.
        Done = "DONE",
        /// Given up.
        Failed = "FAILED",
        /// Not needed any more.
        Cancelled = "CANCELLED",
    }
}
words! {
    /// How a finished task ended.
    TaskOutcome {
        /// It brought what it was for.
        Success = "success",
        /// It did not.
        Failure = "failure",
        /// Nothing to judge by.
        NoResult = "no_result",
    }
}
words! {
    /// Where a handoff stands.
    HandoffStatus {
        /// Asked for; the giver is responsible.
        Requested = "REQUESTED",
        /// Received; the receiver is responsible.
        Confirmed = "CONFIRMED",
        /// Refused; the giver stays responsible.
        Declined = "DECLINED",
        /// Nobody answered in time; the giver stays responsible.
        TimedOut = "TIMED_OUT",
        /// Tasks, notes and owner have followed.
        Completed = "COMPLETED",
    }
}
words! {
    /// Where an escalation stands.
    EscalationStatus {
        /// Nobody has taken it up.
        Open = "OPEN",
        /// Somebody has.
        Acknowledged = "ACKNOWLEDGED",
        /// Settled.
        Resolved = "RESOLVED",
    }
}

#[expect(clippy::derivable_impls, reason = "only two of the macro's enums have a default")]
impl Default for HandoffStatus {
    fn default() -> Self {
        Self::Requested
    }
}
#[expect(clippy::derivable_impls, reason = "only two of the macro's enums have a default")]
impl Default for EscalationStatus {
    fn default() -> Self {
        Self::Open
    }
}

impl HandoffStatus {
    /// What agents and people may make of it; anything else is refused. The daemon declines what was confirmed where
    /// the receiver is gone by then, or the deal is with another one.
    pub const fn may_become(self, next: Self) -> bool {
        match self {
            Self::Requested => matches!(next, Self::Confirmed | Self::Declined | Self::TimedOut),
            // Somebody who missed the time limit may still take it.
            Self::TimedOut => matches!(next, Self::Confirmed | Self::Declined),
            Self::Confirmed => matches!(next, Self::Completed),
            Self::Declined | Self::Completed => false,
        }
    }
    /// Something is still to happen.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Requested | Self::TimedOut | Self::Confirmed)
    }
}

impl EscalationStatus {
    /// The state table; anything else is refused.
    pub const fn may_become(self, next: Self) -> bool {
        match self {
            Self::Open => matches!(next, Self::Acknowledged | Self::Resolved),
            Self::Acknowledged => matches!(next, Self::Resolved),
            Self::Resolved => false,
        }
    }
    /// Something is still to happen.
    pub const fn is_open(self) -> bool {
        !matches!(self, Self::Resolved)
    }
}
