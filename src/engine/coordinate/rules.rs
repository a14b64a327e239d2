//! How coordination works, as configured.

use model::AgentId;
use serde::{Deserialize, Serialize};

/// Section `[coordination]` and the `[[escalation]]` rules.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CoordinationRules {
    /// Business hours in which a handoff must be confirmed.
    pub handoff_hours: u32,
    /// An agent that did not answer an offer is not asked again for that task before so many hours.
    pub silent_hours: u32,
    /// So many handoffs and escalations of a deal within 14 days, and a person decides.
    pub ping_pong: u32,
    /// Hours at each level (owner, manager, head) before the next one is told, or the same one again.
    pub level_hours: [u32; 3],
    /// Address of the manager, a user of the CRM.
    pub manager: Option<Box<str>>,
    /// Address of the head of sales.
    pub head: Option<Box<str>>,
    /// What is escalated, and to whom.
    pub escalations: Vec<EscalationRule>,
}

impl Default for CoordinationRules {
    fn default() -> Self {
        Self {
            handoff_hours: 24,
            silent_hours: 4,
            ping_pong: 4,
            level_hours: [4, 24, 24],
            manager: None,
            head: None,
            escalations: Vec::new(),
        }
    }
}

impl CoordinationRules {
    /// The rule for something that the daemon itself raises.
    pub fn rule(&self, raised: Raised) -> Option<&EscalationRule> {
        self.escalations.iter().find(|rule| &*rule.on == raised.name())
    }
    /// The rule for the reason that an agent gives.
    pub fn by_reason(&self, reason: &str) -> Option<&EscalationRule> {
        self.escalations.iter().find(|rule| &*rule.reason == reason)
    }
}

/// One rule.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct EscalationRule {
    /// A signal, or one of [`Raised`].
    pub on: Box<str>,
    /// Code in the message. An ESCALATION that gives this reason goes the same way.
    pub reason: Box<str>,
    /// What is asked for.
    pub request: String,
    /// The agent that steps in; people are told where it does not in time. Without one people are told at once.
    pub to: Option<AgentId>,
    /// The action of a stage that it does then.
    pub action: Option<Box<str>>,
}

/// What the daemon raises by itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Raised {
    /// A task is past its due date.
    Overdue,
    /// An agent gave a task up.
    Failed,
    /// A handoff was not confirmed in time.
    HandoffTimeout,
    /// A deal went to and fro.
    PingPong,
    /// Work waits and everybody who can do it is at the limit.
    Capacity,
    /// Work has waited too long.
    Overflow,
    /// Somebody is away and has begun a task.
    Away,
}

impl Raised {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Overdue,
        Self::Failed,
        Self::HandoffTimeout,
        Self::PingPong,
        Self::Capacity,
        Self::Overflow,
        Self::Away,
    ];
    /// Name in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Overdue => "overdue",
            Self::Failed => "failed",
            Self::HandoffTimeout => "handoff_timeout",
            Self::PingPong => "ping_pong",
            Self::Capacity => "capacity",
            Self::Overflow => "overflow",
            Self::Away => "away",
        }
    }
}
