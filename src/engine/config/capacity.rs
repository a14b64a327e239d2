//! Capacity below what arrives: what comes in a week, against what the agents can do of it at most.

use super::{Loaded, Problem, Severity};
use crate::{
    assign::Calendar,
    flow::{ActionSpec, Per},
};
use jiff::tz::TimeZone;
use model::{
    AgentId,
    work::{AgentSpec, Capacity, Layer, Window},
};
use std::collections::BTreeMap;

/// Tasks of each action that arrive in a week, on average.
pub type Arrivals = BTreeMap<Box<str>, f64>;

/// Work is spread in so many rounds, each time a little away from those who have most to do.
const ROUNDS: u32 = 200;
/// Above its limit by more than this is too much: what is left of an even spread after all rounds is no shortage.
const SLACK: f64 = 1.02;

/// What sums of fractions may be off by.
const ROUNDING: f64 = 1e-6;

/// One action's weekly tasks, and the agents that can do them.
struct Demand<'l> {
    action: &'l ActionSpec,
    weekly: f64,
    /// For each: the share of its week that one task takes, and how many of the tasks it has.
    able: Vec<(&'l AgentId, f64, f64)>,
}

/// What the configuration itself brings: a segment's weekly actions, for each segment.
pub(super) fn planned(loaded: &Loaded) -> Arrivals {
    let mut weekly = Arrivals::new();
    let segments = loaded.book.segments.iter().fold(0.0, |count, _| count + 1.0);
    for action in loaded.book.actions().filter(|action| action.per == Per::Segment) {
        *weekly.entry(action.id.clone()).or_default() += segments;
    }
    weekly
}

impl Loaded {
    /// Agents that can't do what comes for them in a week, however it is spread among those who are able, at the
    /// line of their capacity. A weekly limit counts as it is; at a concurrent one each task is taken to last as
    /// long as it may.
    pub fn shortages(&self, weekly: &Arrivals) -> Vec<Problem> {
        let mut demands: Vec<Demand<'_>> =
            weekly.iter().filter_map(|(action, weekly)| self.demand(action, *weekly)).collect();
        let mut loads = spread(&mut demands);
        loads.retain(|_, load| *load > SLACK);
        loads.into_iter().filter_map(|(agent, load)| self.short(agent, load, &demands)).collect()
    }

    /// `None` where somebody able has no limit to it, or nobody is able at all.
    fn demand(&self, action: &str, weekly: f64) -> Option<Demand<'_>> {
        let action = self.book.actions().find(|spec| *spec.id == *action)?;
        let able = |agent: &&AgentSpec| {
            agent.enabled
                && agent.layer != Layer::Master
                && agent.capabilities.contains_key(&action.need.capability)
                && agent.capacity.as_ref().is_none_or(|capacity| capacity.limit > 0)
        };
        let able: Vec<&AgentSpec> = self.roster.agents.iter().filter(able).collect();
        let share = weekly / able.iter().fold(0.0, |count, _| count + 1.0);
        let shares: Option<Vec<_>> =
            able.into_iter().map(|agent| Some((&agent.id, takes(agent, action)?, share))).collect();
        shares.filter(|able| !able.is_empty()).map(|able| Demand { action, weekly, able })
    }

    fn short(&self, agent: &AgentId, load: f64, demands: &[Demand<'_>]) -> Option<Problem> {
        let spec = self.roster.agents.iter().find(|spec| spec.id == *agent)?;
        let Capacity { limit, unit, window } = spec.capacity.as_ref()?;
        let mine = demands.iter().filter(|demand| demand.able.iter().any(|(able, ..)| *able == agent));
        let parts: Vec<String> =
            mine.map(|demand| format!("{} {:.1}", demand.action.id, demand.weekly)).collect();
        let window = match window {
            Window::Week => "a week",
            Window::Concurrent => "at a time",
        };
        let wanted = (f64::from(*limit) * load - ROUNDING).ceil();
        let message = format!(
            "more arrives than it can do: {:.0} % of its capacity in a week ({} tasks); \
             raise the limit from {limit} to {wanted:.0} ({unit} {window}), or let others do it, too",
            load * 100.0,
            parts.join(", "),
        );
        let (file, line) = self.places.get(agent).cloned().unwrap_or_default();
        let key = format!("agent {agent}");
        Some(Problem { severity: Severity::Warning, file, line, key, message, suggestion: None })
    }
}

/// The share of its capacity in a week that one task of an action takes from an agent; `None` for no limit.
fn takes(agent: &AgentSpec, action: &ActionSpec) -> Option<f64> {
    let Capacity { limit, unit, window } = agent.capacity.as_ref()?;
    if **unit != *"task" && action.need.unit.as_ref() != Some(unit) {
        return None;
    }
    let limit = f64::from(*limit);
    Some(match window {
        Window::Week => 1.0 / limit,
        Window::Concurrent => {
            let hours = Calendar::new(&agent.hours, &TimeZone::UTC).ok()?.hours_a_week();
            f64::from(action.allowed_hours) / (limit * hours)
        }
    })
}

/// Spreads the tasks so that nobody has more to do than necessary; gives everybody's share of capacity in use.
fn spread<'l>(demands: &mut [Demand<'l>]) -> BTreeMap<&'l AgentId, f64> {
    let mut loads = loads_of(demands);
    for _ in 0..ROUNDS {
        for demand in demands.iter_mut() {
            let lighter =
                |agent: &AgentId, tasks: f64| tasks / loads.get(agent).copied().unwrap_or(1.0).sqrt();
            let all: f64 = demand.able.iter().map(|(agent, _, tasks)| lighter(agent, *tasks)).sum();
            for (agent, _, tasks) in &mut demand.able {
                *tasks = demand.weekly * lighter(agent, *tasks) / all;
            }
        }
        loads = loads_of(demands);
    }
    loads
}

fn loads_of<'l>(demands: &[Demand<'l>]) -> BTreeMap<&'l AgentId, f64> {
    let mut loads = BTreeMap::new();
    for (agent, takes, tasks) in demands.iter().flat_map(|demand| &demand.able) {
        *loads.entry(*agent).or_default() += takes * tasks;
    }
    loads
}
