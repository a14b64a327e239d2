//! Capacity to add for more work: agent by agent the smallest limit that ends the worst overflow, until none is left.

use super::{
    Looked,
    candidates::{busiest, enough, seen},
    change::Change,
    effect::{Effect, effect},
    looked, worlds,
};
use crate::simulate::{Outcome, Scenario, run};
use serde::Serialize;

/// Limits that are raised at most.
const MOST_STEPS: usize = 12;
/// How much work is tried out for a team that has room.
const FACTORS: [f64; 6] = [1.1, 1.25, 1.5, 2.0, 3.0, 4.0];

/// Capacity to add.
#[derive(Clone, Debug, Serialize)]
pub struct Scaling {
    /// So many times the work.
    pub factor: f64,
    /// As it would be without any change.
    pub looked: Looked,
    /// What to add, in this order, each with what it does on top of those before it.
    pub steps: Vec<Step>,
    /// Capabilities whose work overflows all the same.
    pub left: Vec<Box<str>>,
    /// For a team with room.
    pub room: Option<Room>,
}

/// How much more a team takes.
#[derive(Clone, Debug, Serialize)]
pub struct Room {
    /// So many times the work still flows.
    pub calm: f64,
    /// What overflows first; `None` where nothing did.
    pub first: Option<First>,
}

/// What overflows first.
#[derive(Clone, Debug, Serialize)]
pub struct First {
    /// With so many times the work.
    pub factor: f64,
    /// Work for what.
    pub capability: Box<str>,
}

/// One addition.
#[derive(Clone, Debug, Serialize)]
pub struct Step {
    /// What was seen before it.
    pub evidence: String,
    /// What to change.
    pub change: Change,
    /// What that does.
    pub effect: Effect,
    /// The lines of `agents.toml`.
    pub how: String,
}

/// Finds what to add for `factor` times the work, in `runs` runs.
pub fn scale(today: &Scenario, factor: f64, runs: usize) -> Scaling {
    let mut worlds = worlds(&today.scaled(factor), runs);
    let mut before: Vec<Outcome> = worlds.iter().map(run).collect();
    let looked_at = looked(&before, 0);
    let (mut steps, mut left) = (Vec::new(), Vec::new());
    while steps.len() < MOST_STEPS {
        let Some(name) = worst(&before, &left) else { break };
        let Some(step) = step(&name, &worlds, &before) else {
            left.push(name);
            continue;
        };
        worlds = worlds.iter().filter_map(|world| step.change.apply(world)).collect();
        before = worlds.iter().map(run).collect();
        steps.push(step);
    }
    let room = (steps.is_empty() && left.is_empty()).then(|| room(today, factor));
    Scaling { factor, looked: looked_at, steps, left, room }
}

fn step(name: &str, worlds: &[Scenario], before: &[Outcome]) -> Option<Step> {
    let capability = before.first()?.capabilities.get(name)?;
    let change = enough(&busiest(capability, before)?, worlds, before)?;
    let after: Option<Vec<_>> = worlds.iter().map(|world| Some(run(&change.apply(world)?))).collect();
    let how = change.how(worlds.first()?);
    Some(Step { evidence: seen(name, before), effect: effect(before, &after?), how, change })
}

/// The capability whose work overflows longest.
fn worst(outcomes: &[Outcome], left: &[Box<str>]) -> Option<Box<str>> {
    let first = outcomes.first()?;
    let hours = |name: &str| -> u32 {
        outcomes.iter().filter_map(|one| one.capabilities.get(name)).map(|one| one.overflow_hours).sum()
    };
    let names = first.capabilities.keys().filter(|name| !left.contains(name));
    let all = names.map(|name| (hours(name), name)).filter(|(hours, _)| *hours > 0);
    all.max_by(|a, b| a.0.cmp(&b.0).then_with(|| b.1.cmp(a.1))).map(|(_, name)| name.clone())
}

fn room(today: &Scenario, factor: f64) -> Room {
    let mut calm = factor;
    for more in FACTORS {
        let outcome = run(&today.scaled(factor * more));
        if let Some(name) = worst(&[outcome], &[]) {
            return Room { calm, first: Some(First { factor: factor * more, capability: name }) };
        }
        calm = factor * more;
    }
    Room { calm, first: None }
}
