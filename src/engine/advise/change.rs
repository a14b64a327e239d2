//! A change to the team, how to make it, and the team after it.

use crate::{
    assign::{Roster, Routing},
    simulate::{Answers, Scenario},
};
use model::{
    AgentId,
    work::{AgentSpec, Capacity, Window},
};
use serde::Serialize;
use std::sync::Arc;

/// A change to one agent.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "snake_case", tag = "change")]
pub enum Change {
    /// Another limit of its capacity.
    Limit {
        /// Who.
        agent: AgentId,
        /// As it is.
        from: u32,
        /// As it should be.
        to: u32,
    },
    /// The pause taken off.
    Resume {
        /// Who.
        agent: AgentId,
    },
    /// Given nothing new.
    Pause {
        /// Who.
        agent: AgentId,
    },
    /// Put to work.
    Enable {
        /// Who.
        agent: AgentId,
    },
    /// Able to do something more.
    Learn {
        /// Who.
        agent: AgentId,
        /// What.
        capability: Box<str>,
    },
    /// Less time to answer an offer.
    AcceptWithin {
        /// Who.
        agent: AgentId,
        /// Minutes.
        minutes: u32,
    },
    /// At work for longer: minutes after midnight.
    Hours {
        /// Who.
        agent: AgentId,
        /// From when.
        from: u16,
        /// Until when.
        to: u16,
    },
}

impl Change {
    /// Whom it is about.
    pub const fn agent(&self) -> &AgentId {
        match self {
            Self::Limit { agent, .. }
            | Self::Resume { agent }
            | Self::Pause { agent }
            | Self::Enable { agent }
            | Self::Learn { agent, .. }
            | Self::AcceptWithin { agent, .. }
            | Self::Hours { agent, .. } => agent,
        }
    }

    /// The same world with the change; `None` when there is nothing to change.
    pub fn apply(&self, world: &Scenario) -> Option<Scenario> {
        let mut changed = world.clone();
        match self {
            Self::Resume { agent } => Arc::make_mut(changed.known.get_mut(agent)?).paused = false,
            Self::Pause { agent } => {
                Arc::make_mut(changed.known.entry(agent.clone()).or_default()).paused = true;
            }
            Self::Limit { .. }
            | Self::Enable { .. }
            | Self::Learn { .. }
            | Self::AcceptWithin { .. }
            | Self::Hours { .. } => {
                let mut roster = world.routing.roster().clone();
                self.edit(roster.agents.iter_mut().find(|agent| agent.id == *self.agent())?);
                changed.routing = routing(&roster, world)?;
            }
        }
        Some(changed)
    }

    fn edit(&self, agent: &mut AgentSpec) {
        match self {
            Self::Limit { to, .. } => {
                if let Some(capacity) = &mut agent.capacity {
                    capacity.limit = *to;
                }
            }
            Self::Enable { .. } => agent.enabled = true,
            Self::Learn { capability, .. } => {
                agent.capabilities.insert(capability.clone(), 1_000);
            }
            Self::AcceptWithin { minutes, .. } => agent.accept_minutes = Some(*minutes),
            Self::Hours { from, to, .. } => agent.hours.span = Some((*from, *to)),
            Self::Resume { .. } | Self::Pause { .. } => {}
        }
    }

    /// The command or the lines of `agents.toml` that make it.
    pub fn how(&self, world: &Scenario) -> String {
        let spec = world.routing.roster().agents.iter().find(|agent| agent.id == *self.agent());
        let line = match self {
            Self::Resume { agent } => return format!("sales-orchestrator resume {agent}"),
            Self::Pause { agent } => return format!("sales-orchestrator pause {agent}"),
            Self::Limit { to, .. } => capacity(spec.and_then(|spec| spec.capacity.as_ref()), *to),
            Self::Enable { .. } => "enabled = true".to_owned(),
            Self::Learn { capability, .. } => format!("capabilities = {{ {capability} = 1 }}"),
            Self::AcceptWithin { minutes, .. } => format!("accept_minutes = {minutes}"),
            Self::Hours { from, to, .. } => hours(spec, *from, *to),
        };
        format!("[[agent]]\nid = \"{}\"\n{line}", self.agent())
    }
}

/// The routing of a changed roster, in the same zone.
fn routing(roster: &Roster, world: &Scenario) -> Option<Routing> {
    let zone = world.routing.zone().iana_name().unwrap_or("UTC");
    Routing::with(roster, zone, world.routing.absences()).ok()
}

fn capacity(known: Option<&Capacity>, limit: u32) -> String {
    let unit = known.map_or("task", |capacity| &*capacity.unit);
    let window = match known.map(|capacity| capacity.window) {
        Some(Window::Week) => "week",
        Some(Window::Concurrent) | None => "concurrent",
    };
    format!("capacity = {{ limit = {limit}, unit = \"{unit}\", window = \"{window}\" }}")
}

fn hours(spec: Option<&AgentSpec>, from: u16, to: u16) -> String {
    let time = |minutes: u16| format!("{:02}:{:02}", minutes / 60, minutes % 60);
    let known = spec.map(|spec| &spec.hours);
    let zone = known.and_then(|hours| hours.zone.as_deref()).map(|zone| format!("zone = \"{zone}\", "));
    let calendar = known.and_then(|hours| hours.calendar.as_deref());
    let calendar = calendar.map(|name| format!("calendar = \"{name}\", "));
    let list = |name: &str, all: Vec<String>| {
        if all.is_empty() { String::new() } else { format!("{name} = [{}], ", all.join(", ")) }
    };
    let days = known.map(|hours| hours.days.iter().map(ToString::to_string).collect());
    let off = known.map(|hours| hours.off.iter().map(|day| format!("\"{day}\"")).collect());
    format!(
        "hours = {{ {}{}{}{}from = \"{}\", to = \"{}\" }}",
        zone.unwrap_or_default(),
        calendar.unwrap_or_default(),
        list("days", days.unwrap_or_default()),
        list("off", off.unwrap_or_default()),
        time(from),
        time(to),
    )
}

/// Share of offers that an agent passes on, for evidence.
pub(super) fn passes(answers: Answers) -> f64 {
    f64::from(answers.declines + answers.silent) / 1_000.0
}
