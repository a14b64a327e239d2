//! The score: how well each agent fits a kind of task, in whole millionths.

use super::{
    roster::{Policy, Weights},
    routing::{FULL, Routing, Seat, stage_bit},
};
use model::{
    AgentId, Stage,
    work::{AgentLoad, Layer, Task},
};
use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

pub(super) const MILLION: i64 = 1_000_000;

/// A task's traits that its scores depend on; tasks that agree in them share one list of candidates.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Traits {
    action: Box<str>,
    capability: Box<str>,
    preferred: Vec<(Box<str>, u32)>,
    stage: Stage,
    meant_for: Option<AgentId>,
    enterprise: bool,
}

impl Traits {
    pub fn of(task: &Task, enterprise: bool) -> Self {
        Self {
            action: task.action.clone(),
            capability: task.need.capability.clone(),
            preferred: task.need.preferred.clone(),
            stage: task.stage,
            meant_for: task.meant_for.clone(),
            enterprise,
        }
    }
    pub fn fit(&self, task: &Task, enterprise: bool) -> bool {
        self.action == task.action
            && self.capability == task.need.capability
            && self.preferred == task.need.preferred
            && self.stage == task.stage
            && self.meant_for == task.meant_for
            && self.enterprise == enterprise
    }
    /// Hash of what `fit` compares, without copying it.
    pub fn hash_of(task: &Task, enterprise: bool) -> u64 {
        let mut hasher = DefaultHasher::new();
        (&task.action, &task.need.capability, &task.need.preferred).hash(&mut hasher);
        (task.stage, &task.meant_for, enterprise).hash(&mut hasher);
        hasher.finish()
    }
}

/// One agent that can do a kind of task, with the terms of its score that load does not change.
#[derive(Clone, Copy, Debug)]
pub(super) struct Member {
    pub seat: Seat,
    pub capability: i64,
    pub performance: i64,
    pub specialisation: i64,
}

/// All agents that can do a kind of task.
#[derive(Clone, Debug)]
pub(super) struct Class {
    pub traits: Traits,
    pub members: Vec<Member>,
    /// Agents that are no members because they lack the capability, are disabled, or are masters.
    pub lacking: u32,
    pub disabled: u32,
    pub masters: u32,
    pub last_resort: bool,
    /// How one of them is picked.
    pub policy: Policy,
}

impl Class {
    /// Scores every agent for one kind of task; `loads` by seat.
    pub fn new(traits: Traits, routing: &Routing, loads: &[Arc<AgentLoad>]) -> Self {
        let last_resort = !routing.has_capable(&traits.capability);
        let able = routing.capable(&traits.capability);
        let enabled = |(seat, _): &&(Seat, u32)| routing.agent(*seat).is_some_and(|agent| agent.enabled);
        let masters = routing.masters();
        let members: Vec<_> = if last_resort { masters } else { able }.iter().filter(enabled).collect();
        let prior = Prior::of(&traits.action, members.iter().map(|(seat, _)| *seat), routing, loads);
        let all = routing.roster().agents.len();
        let masters_out = if last_resort { 0 } else { masters.iter().filter(enabled).count() };
        let disabled = able.iter().chain(masters).filter(|entry| !enabled(entry)).count();
        let lacking = all - able.len() - masters.len();
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let members = members
            .iter()
            .map(|(seat, level)| member(*seat, *level, &traits, prior, routing, loads))
            .collect();
        Self {
            members,
            lacking: count(lacking),
            disabled: count(disabled),
            masters: count(masters_out),
            last_resort,
            policy: routing.roster().rules.policy_for(&traits.action, traits.stage),
            traits,
        }
    }
}

fn member(
    seat: Seat,
    level: u32,
    traits: &Traits,
    prior: Prior,
    routing: &Routing,
    loads: &[Arc<AgentLoad>],
) -> Member {
    let weights = routing.roster().rules.weights;
    let special = is_special(seat, traits, routing);
    Member {
        seat,
        capability: weigh(capability(seat, level, &traits.preferred, routing), weights.capability),
        performance: weigh(prior.performance(&traits.action, seat, loads), weights.performance),
        specialisation: if special { weights.specialisation } else { 0 },
    }
}

/// Weighted mean level over the required capability (weight 1,000) and the preferred ones, in millionths.
pub(super) fn capability(seat: Seat, level: u32, preferred: &[(Box<str>, u32)], routing: &Routing) -> i64 {
    let full = i64::from(FULL);
    let (mut sum, mut weights) = (i64::from(level) * full, full);
    for (name, weight) in preferred {
        sum += i64::from(routing.level(seat, name)) * i64::from(*weight);
        weights += i64::from(*weight);
    }
    sum * (MILLION / full) / weights
}

/// At home in the stage, named by it, or made for enterprise deals and this is one.
fn is_special(seat: Seat, traits: &Traits, routing: &Routing) -> bool {
    let Some((agent, spec)) = routing.agent(seat).zip(routing.spec(seat)) else { return false };
    spec.stages & stage_bit(traits.stage) != 0
        || traits.meant_for.as_ref() == Some(&agent.id)
        || (traits.enterprise && spec.overlay && agent.layer != Layer::Master)
}

/// A Beta prior: what is expected of an agent that has no record yet.
#[derive(Clone, Copy, Debug)]
struct Prior {
    /// Successes, in millionths of a case.
    won: i128,
    /// Cases, in thousandths.
    all: i128,
}

impl Prior {
    /// The mean of the pool (a half where nobody has a record), weighing as many cases as configured.
    fn of(
        action: &str,
        pool: impl Iterator<Item = Seat>,
        routing: &Routing,
        loads: &[Arc<AgentLoad>],
    ) -> Self {
        let (mut won, mut all) = (0_i128, 0_i128);
        for seat in pool {
            if let Some(record) = loads.get(seat as usize).and_then(|load| load.record.get(action)) {
                won += i128::from(record.won);
                all += i128::from(record.all);
            }
        }
        let weight = i128::from(routing.roster().rules.prior_cases) * 1_000;
        let (won, of) = if all > 0 { (won, all) } else { (1, 2) };
        Self { won: weight * 1_000 * won / of, all: weight }
    }

    /// Expected success rate of an agent, in millionths.
    fn performance(self, action: &str, seat: Seat, loads: &[Arc<AgentLoad>]) -> i64 {
        let record =
            loads.get(seat as usize).and_then(|load| load.record.get(action)).copied().unwrap_or_default();
        let (won, all) = (self.won + i128::from(record.won) * 1_000, self.all + i128::from(record.all));
        let rate = (won * i128::from(MILLION)).checked_div(all * 1_000);
        rate.and_then(|rate| i64::try_from(rate).ok()).unwrap_or(MILLION / 2)
    }
}

/// Share of the capacity that is free, weighted; all of it where there is no limit.
pub(super) fn free(used: u32, limit: Option<u32>, weights: Weights) -> i64 {
    let share = limit.map_or(MILLION, |limit| {
        let left = i64::from(limit.saturating_sub(used));
        (left * MILLION).checked_div(i64::from(limit)).unwrap_or_default()
    });
    weigh(share, weights.free)
}

fn weigh(millionths: i64, weight: i64) -> i64 {
    millionths * weight / MILLION
}
