//! Agents as configured: who can do what, when, and how much of it.

use crate::{AgentId, ExternalRef, Stage, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One agent of `agents.toml`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct AgentSpec {
    /// Long name (`WAKE.SDRFORGE`).
    pub id: AgentId,
    /// Other names for it (`SDRFORGE`).
    pub aliases: Vec<Box<str>>,
    /// Layer of the seed's drawing.
    pub layer: Layer,
    /// What it is for, in words.
    pub role: String,
    /// Stages at home; empty means none in particular.
    pub stages: Vec<Stage>,
    /// Capability and level in thousandths (1,000 = full).
    pub capabilities: BTreeMap<Box<str>, u32>,
    /// Trigger names that make work for it.
    pub triggers: Vec<Box<str>>,
    /// What it gives back.
    pub outputs: Vec<Box<str>>,
    /// How much it can hold; `None` is without limit.
    pub capacity: Option<Capacity>,
    /// Where its work goes next.
    pub handoff: Handoff,
    /// Metrics with targets, shown on the performance page.
    pub metrics: Vec<MetricTarget>,
    /// How it is reached.
    pub reach: Reach,
    /// When it works.
    pub hours: Hours,
    /// Minutes in which it must accept what it is offered; by `reach` when absent (programs 30 minutes, people
    /// by mail 8 working hours).
    pub accept_minutes: Option<u32>,
    /// Takes part.
    pub enabled: bool,
}

/// Layer of the ecosystem.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    /// Only as a last resort, for anything.
    Master,
    /// Knows the market.
    Intelligence,
    /// Makes offers.
    Revenue,
    /// Reaches out.
    Execution,
    /// Works one stage.
    Specialised,
    /// Helps the others.
    Support,
}

/// How much an agent can take.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Capacity {
    /// Most at once, or per window.
    pub limit: u32,
    /// What is counted: `outreach`, `deal`, `proposal`, `negotiation`, `enterprise_deal`, or `task` for any task.
    pub unit: Box<str>,
    /// Over what.
    pub window: Window,
}

/// Over what capacity is counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Window {
    /// Open at the same time.
    Concurrent,
    /// Started since Monday 00:00 in the organisation's zone.
    Week,
}

/// Where finished work goes.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Handoff {
    /// Nowhere.
    #[default]
    None,
    /// To an agent, as soon as the named condition is met.
    Agent {
        /// Who.
        to: AgentId,
        /// What is handed over: the signal on which it happens (`qualified_lead`).
        when: Box<str>,
        /// The deal's owner at the source follows, where both agents map to owners.
        #[serde(default)]
        change_owner: bool,
    },
    /// To everybody.
    AllAgents,
    /// Out of our hands, to a named party.
    External {
        /// Its name.
        name: Box<str>,
        /// The signal on which it is handed over.
        when: Box<str>,
    },
    /// Works beside the stage's holder.
    Overlay,
}

/// A metric with its target.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct MetricTarget {
    /// Metric id (`outreach_per_week`).
    pub metric: Box<str>,
    /// Target in the metric's unit.
    pub target: f64,
}

/// How an agent gets its tasks.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// As CRM tasks for the deal's owner, the agent's id in the title.
    #[default]
    DealOwner,
    /// As CRM tasks for this owner (the CRM user's address).
    CrmOwner(Box<str>),
    /// It fetches its messages itself (HTTP API, MCP).
    Inbox,
    /// Messages are pushed to it, signed.
    Webhook {
        /// Where to.
        url: Box<str>,
        /// Name under which the signing secret is kept.
        secret: Box<str>,
    },
    /// A program that is started with the TASK on its standard input.
    Command {
        /// Path.
        program: Box<str>,
        /// Its arguments; no shell looks at them.
        args: Vec<Box<str>>,
        /// It is ended after this.
        timeout_seconds: u32,
    },
    /// A person, by mail to this address.
    Email(Box<str>),
}

impl Reach {
    /// It must accept what it is offered; others accept implicitly by having a CRM task.
    pub const fn accepts(&self) -> bool {
        !matches!(self, Self::DealOwner | Self::CrmOwner(_))
    }
    /// The address of the person that it is.
    pub fn address(&self) -> Option<&str> {
        match self {
            Self::CrmOwner(address) | Self::Email(address) => Some(address),
            Self::DealOwner | Self::Inbox | Self::Webhook { .. } | Self::Command { .. } => None,
        }
    }
    /// A program, which answers at any hour.
    pub const fn is_program(&self) -> bool {
        matches!(self, Self::Inbox | Self::Webhook { .. } | Self::Command { .. })
    }
}

/// Time out of office, as a calendar shows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Absence {
    /// The event: its connection, and by its id the calendar.
    pub source: ExternalRef,
    /// Whose it is, where the event names somebody.
    pub whose: Option<Box<str>>,
    /// Away from then ...
    pub from: Timestamp,
    /// ... until then.
    pub to: Timestamp,
}

/// Working hours in the agent's zone. The default is round the clock.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Hours {
    /// IANA zone; the organisation's when absent.
    pub zone: Option<Box<str>>,
    /// Weekdays 1 (Monday) to 7; empty means every day.
    pub days: Vec<u8>,
    /// (from, to) in minutes after midnight; `None` is all day.
    pub span: Option<(u16, u16)>,
    /// Days off, `YYYY-MM-DD`.
    pub off: Vec<Box<str>>,
    /// The calendar whose out-of-office events are its absences, `CONNECTION` or `CONNECTION/ID`; without one those
    /// of the address by which it is reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<Box<str>>,
}
