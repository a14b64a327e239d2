//! What to change about the team, ranked: each suggestion rests on a simulated month, is tried out in that month
//! with several kinds of luck, and is shown only where the difference is more than luck.

mod candidates;
mod change;
mod effect;
mod scale;
#[cfg(test)]
mod tests;

pub use change::Change;
pub use effect::{Delta, Effect};
pub use scale::{First, Room, Scaling, Step, scale};

use crate::simulate::{Outcome, Scenario, run};
use effect::effect;
use model::Timestamp;
use serde::Serialize;

/// What was found.
#[derive(Clone, Debug, Serialize)]
pub struct Advice {
    /// What was looked at.
    pub looked: Looked,
    /// Suggestions, the most useful first.
    pub findings: Vec<Finding>,
}

/// What was looked at: means over the runs.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Looked {
    /// First instant.
    pub start: Timestamp,
    /// Last one.
    pub end: Timestamp,
    /// Runs, each with its own luck.
    pub runs: usize,
    /// Tasks that arrived.
    pub tasks: u32,
    /// Capabilities that were asked for.
    pub capabilities: usize,
    /// Changes that were tried out.
    pub tried: usize,
    /// Hours that tasks waited, all together.
    pub waiting_hours: f64,
    /// Hours with more or older waiting work than the overflow rule allows.
    pub overflow_hours: f64,
    /// Missed deadlines.
    pub missed: f64,
}

/// What a finding is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Work waits for longer than the rule allows.
    Overflow,
    /// Work waits because those who can do it are at their limit.
    Capacity,
    /// Deadlines are missed.
    Sla,
    /// Nobody can do it.
    Nobody,
    /// Agents are away, or do not answer.
    Absence,
}

/// One suggestion.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// What it is about.
    pub kind: Kind,
    /// What was seen, in figures.
    pub evidence: String,
    /// What to change.
    pub change: Change,
    /// What that does.
    pub effect: Effect,
    /// The command, or the lines of `agents.toml`, that do it.
    pub how: String,
    /// By what it is ranked: hours of waiting saved in a week, an hour of overflow counting as ten of them and a
    /// missed deadline as four.
    pub worth: f64,
}

/// Runs after which a change that did nothing good is dropped.
const SCREEN: usize = 2;

/// Looks for what would help, in `runs` runs of the scenario with seeds of their own. `told` hears how many of all
/// changes were tried out.
pub fn advise(today: &Scenario, runs: usize, mut told: impl FnMut(usize, usize)) -> Advice {
    let worlds = worlds(today, runs);
    let before: Vec<Outcome> = worlds.iter().map(run).collect();
    let candidates = candidates::candidates(today, &worlds, &before);
    let tried = candidates.len();
    let tried_out = candidates.into_iter().enumerate().filter_map(|(number, candidate)| {
        told(number, tried);
        let mut after: Vec<Outcome> = Vec::with_capacity(worlds.len());
        for world in &worlds {
            after.push(run(&candidate.change.apply(world)?));
            if after.len() == SCREEN && !effect(&before, &after).promises() {
                return None;
            }
        }
        let effect = effect(&before, &after);
        effect.helps().then(|| Finding {
            kind: candidate.kind,
            evidence: candidate.evidence,
            how: candidate.change.how(today),
            change: candidate.change,
            worth: effect.worth(today.days),
            effect,
        })
    });
    let mut findings: Vec<_> = tried_out.collect();
    findings.sort_by(|a, b| b.worth.total_cmp(&a.worth).then_with(|| a.how.cmp(&b.how)));
    Advice { looked: looked(&before, tried), findings }
}

/// The scenario with as many kinds of luck.
fn worlds(today: &Scenario, runs: usize) -> Vec<Scenario> {
    (today.seed..).take(runs.max(2)).map(|seed| today.seeded(seed)).collect()
}

fn looked(outcomes: &[Outcome], tried: usize) -> Looked {
    let first = outcomes.first();
    let mean = |of: fn(&Outcome) -> f64| effect::mean(&outcomes.iter().map(of).collect::<Vec<_>>());
    Looked {
        start: first.map_or(Timestamp::default(), |one| one.start),
        end: first.map_or(Timestamp::default(), |one| one.end),
        runs: outcomes.len(),
        tasks: first.map_or(0, |one| one.total.tasks),
        capabilities: first.map_or(0, |one| one.capabilities.len()),
        tried,
        waiting_hours: mean(|one| one.total.waiting_hours),
        overflow_hours: mean(|one| one.overflow_hours.into()),
        missed: mean(|one| one.total.missed.into()),
    }
}
