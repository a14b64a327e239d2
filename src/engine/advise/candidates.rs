//! What might help, from what was seen: for work that waits, by why it waits; for deadlines, by who misses them.

use super::{
    Kind,
    change::{Change, passes},
    effect::mean,
};
use crate::simulate::{CapabilityOutcome, Outcome, Scenario, run};
use model::{
    AgentId,
    work::{AgentSpec, Exclusion, Layer},
};
use std::collections::BTreeSet;

/// Waiting is worth a thought from this many hours for one in ten, or with any overflow.
const LONG: f64 = 2.0;
/// No limit is raised beyond so many times what it is.
const MOST_TIMES: u32 = 8;
/// An agent that misses more than this share of its deadlines.
const MISSES: f64 = 0.2;
/// So many tasks, and a share means something.
const ENOUGH: u32 = 10;
/// Offers are to be answered within this where they are often passed on.
const ACCEPT_MINUTES: u32 = 10;
const DAY_MINUTES: u16 = 24 * 60;
/// Working hours are tried out with this much more at each end.
const LONGER: u16 = 120;

/// Something to try out.
pub struct Candidate {
    pub kind: Kind,
    pub evidence: String,
    pub change: Change,
}

/// What is to be tried out, each change once.
pub fn candidates(today: &Scenario, worlds: &[Scenario], before: &[Outcome]) -> Vec<Candidate> {
    let Some(first) = before.first() else { return Vec::new() };
    let mut found = Vec::new();
    for (name, capability) in &first.capabilities {
        let overflows =
            before.iter().filter_map(|one| one.capabilities.get(name)).any(|one| one.overflow_hours > 0);
        if overflows || capability.figures.waiting.p90 >= LONG || capability.nobody > 0 {
            waiting(today, worlds, (name, capability), before, &mut found);
        }
    }
    for agent in &today.routing.roster().agents {
        answering(today, agent, first, &mut found);
        missing(agent, first, &mut found);
    }
    let mut known = BTreeSet::new();
    found.retain(|candidate| known.insert(candidate.change.clone()));
    found
}

fn waiting(
    today: &Scenario,
    worlds: &[Scenario],
    (name, capability): (&str, &CapabilityOutcome),
    before: &[Outcome],
    found: &mut Vec<Candidate>,
) {
    let reasons = &capability.reasons;
    let evidence = seen(name, before);
    let overflow = if capability.overflow_hours > 0 { Kind::Overflow } else { Kind::Capacity };
    let mut add = |kind, change| found.push(Candidate { kind, evidence: evidence.clone(), change });
    if capability.nobody > 0
        && let Some(change) = nobody(today, name, before)
    {
        add(Kind::Nobody, change);
    }
    for agent in &capability.able {
        let Some(spec) = today.routing.roster().agents.iter().find(|spec| spec.id == *agent) else {
            continue;
        };
        let paused = today.known.get(agent).is_some_and(|load| load.paused);
        if paused {
            add(Kind::Absence, Change::Resume { agent: agent.clone() });
        } else if let Some((from, to)) = spec.hours.span.filter(|_| reasons.contains_key(&Exclusion::Hours)) {
            let (from, to) = (from.saturating_sub(LONGER), to.saturating_add(LONGER).min(DAY_MINUTES));
            add(Kind::Absence, Change::Hours { agent: agent.clone(), from, to });
        }
    }
    if reasons.contains_key(&Exclusion::Capacity)
        && let Some(change) = busiest(capability, before).and_then(|agent| enough(&agent, worlds, before))
    {
        add(overflow, change);
    }
}

/// Of those who can do it, the one whose limit is used up most.
pub fn busiest(capability: &CapabilityOutcome, before: &[Outcome]) -> Option<AgentId> {
    let used = |agent: &AgentId| {
        let of = |one: &Outcome| Some(one.agents.get(agent)?.capacity.as_ref()?.share);
        let shares: Vec<f64> = before.iter().filter_map(of).collect();
        (!shares.is_empty()).then(|| (mean(&shares), agent.clone()))
    };
    let all = capability.able.iter().filter_map(used);
    all.max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(&a.1))).map(|(_, agent)| agent)
}

/// The smallest limit with which nothing that the agent can do overflows or waits for long, in any of the worlds.
pub fn enough(agent: &AgentId, worlds: &[Scenario], before: &[Outcome]) -> Option<Change> {
    let limit = before.first()?.agents.get(agent)?.capacity.as_ref()?.limit;
    let change = |to| Change::Limit { agent: agent.clone(), from: limit, to };
    let ends = |to: u32| {
        worlds.iter().all(|world| change(to).apply(world).is_some_and(|world| is_calm(&run(&world), agent)))
    };
    let mut most = limit + (limit / 4).max(1);
    while !ends(most) {
        if most >= limit.max(1) * MOST_TIMES {
            return None;
        }
        most = (most * 2).min(limit.max(1) * MOST_TIMES);
    }
    let (mut least, step) = (limit, (limit / 20).max(1));
    while most - least > step {
        let middle = least.midpoint(most);
        if ends(middle) { most = middle } else { least = middle }
    }
    Some(change(most))
}

fn is_calm(outcome: &Outcome, agent: &AgentId) -> bool {
    let mut own = outcome.capabilities.values().filter(|capability| capability.able.contains(agent));
    own.all(|capability| capability.overflow_hours == 0 && capability.figures.waiting.p90 < LONG)
}

/// Somebody who is switched off and can, else whoever has least to do where the work belongs.
fn nobody(today: &Scenario, name: &str, before: &[Outcome]) -> Option<Change> {
    let roster = today.routing.roster();
    if let Some(off) =
        roster.agents.iter().find(|agent| !agent.enabled && agent.capabilities.contains_key(name))
    {
        return Some(Change::Enable { agent: off.id.clone() });
    }
    let arrival = today.arrivals.iter().find(|arrival| &*arrival.task.need.capability == name)?;
    let home = |agent: &&AgentSpec| {
        agent.enabled && agent.layer != Layer::Master && agent.stages.contains(&arrival.task.stage)
    };
    let busy = |agent: &AgentSpec| {
        before.first().and_then(|one| one.agents.get(&agent.id)).map_or(0.0, |agent| agent.busy)
    };
    let idle = roster.agents.iter().filter(home).min_by(|a, b| busy(a).total_cmp(&busy(b)))?;
    Some(Change::Learn { agent: idle.id.clone(), capability: name.into() })
}

/// Those who pass on what is offered to them.
fn answering(today: &Scenario, agent: &AgentSpec, first: &Outcome, found: &mut Vec<Candidate>) {
    let Some(answers) = today.answers.get(&agent.id).copied().filter(|answers| answers.silent > 0) else {
        return;
    };
    let Some(outcome) = first.agents.get(&agent.id).filter(|outcome| outcome.passed > 0) else { return };
    let evidence = format!(
        "{} passes on {:.0} % of what it is offered ({} offers, {})",
        agent.id,
        100.0 * passes(answers),
        outcome.passed,
        period(first),
    );
    let id = || agent.id.clone();
    let changes =
        [Change::AcceptWithin { agent: id(), minutes: ACCEPT_MINUTES }, Change::Pause { agent: id() }];
    let shorter = agent.accept_minutes.is_none_or(|minutes| minutes > ACCEPT_MINUTES);
    let tried = changes.into_iter().filter(|change| shorter || matches!(change, Change::Pause { .. }));
    found.extend(tried.map(|change| Candidate { kind: Kind::Absence, evidence: evidence.clone(), change }));
}

/// Those who miss deadlines while colleagues who can do the same do not.
fn missing(agent: &AgentSpec, first: &Outcome, found: &mut Vec<Candidate>) {
    let share = |id: &AgentId| {
        let figures = &first.agents.get(id)?.figures;
        (figures.tasks >= ENOUGH).then(|| (f64::from(figures.missed) / f64::from(figures.tasks), figures))
    };
    let Some((missed, figures)) = share(&agent.id).filter(|(missed, _)| *missed > MISSES) else { return };
    let able = first.capabilities.values().filter(|capability| capability.able.contains(&agent.id));
    let colleagues = able.flat_map(|capability| &capability.able).filter(|other| **other != agent.id);
    let Some(better) =
        colleagues.filter_map(|other| Some((share(other)?.0, other))).min_by(|a, b| a.0.total_cmp(&b.0))
    else {
        return;
    };
    let evidence = format!(
        "{} misses {:.0} % of its deadlines ({} of {}, {}), {} {:.0} %",
        agent.id,
        100.0 * missed,
        figures.missed,
        figures.tasks,
        period(first),
        better.1,
        100.0 * better.0,
    );
    let change = Change::Pause { agent: agent.id.clone() };
    found.push(Candidate { kind: Kind::Sla, evidence, change });
}

/// How work for a capability went, in figures with their time.
pub fn seen(name: &str, before: &[Outcome]) -> String {
    let all: Vec<&CapabilityOutcome> = before.iter().filter_map(|one| one.capabilities.get(name)).collect();
    let of =
        |figure: fn(&CapabilityOutcome) -> f64| mean(&all.iter().map(|one| figure(one)).collect::<Vec<_>>());
    let able = all.first().map_or(&[][..], |one| &one.able);
    let used = able.iter().filter_map(|agent| {
        let capacity = before.first()?.agents.get(agent)?.capacity.as_ref()?;
        let window = match capacity.window {
            model::work::Window::Week => "a week",
            model::work::Window::Concurrent => "at once",
        };
        Some(format!(
            "; {agent} used {:.0} % of {} {} {window}",
            100.0 * capacity.share,
            capacity.limit,
            capacity.unit
        ))
    });
    let used: String = used.take(2).collect();
    format!(
        "{name}: of {:.0} tasks one in ten waited {:.1} h or longer, {:.0} are left waiting, {:.0} h of overflow{used} ({})",
        of(|one| one.figures.tasks.into()),
        of(|one| one.figures.waiting.p90),
        of(|one| one.figures.queued.into()),
        of(|one| one.overflow_hours.into()),
        before.first().map(period).unwrap_or_default(),
    )
}

/// `2026-11-01 to 2026-11-30`.
fn period(outcome: &Outcome) -> String {
    let day = |at: model::Timestamp| at.to_string().chars().take(10).collect::<String>();
    format!("{} to {}", day(outcome.start), day(outcome.end))
}
