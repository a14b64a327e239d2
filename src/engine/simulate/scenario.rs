//! What is simulated.

use super::service::ServiceTimes;
use crate::{assign::Routing, dice::Dice};
use model::{
    AgentId, Id, Timestamp,
    work::{Loads, Subject, Task},
};
use serde::Serialize;
use std::{collections::BTreeMap, time::Duration};

/// Copies of a deal's work begin within so many hours of it.
const SHIFT_HOURS: u64 = 8;
const THOUSAND: u64 = 1_000;

/// A team, the work that reaches it, and for how long.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The team and its rules.
    pub routing: Routing,
    /// The work, in order of arrival (`task.arrived`).
    pub arrivals: Vec<Arrival>,
    /// How long work takes.
    pub service: ServiceTimes,
    /// How agents answer what is offered to them; those not named here take it at once.
    pub answers: BTreeMap<AgentId, Answers>,
    /// Pauses and track records, as the daemon knows them. What agents hold is not looked at: they begin empty.
    pub known: Loads,
    /// First instant.
    pub start: Timestamp,
    /// Length.
    pub days: u32,
    /// Chance.
    pub seed: u64,
}

impl Scenario {
    /// First instant after it.
    pub fn end(&self) -> Timestamp {
        self.start + Duration::from_hours(24) * self.days
    }

    /// The same work for another team.
    #[must_use]
    pub fn with(&self, routing: Routing) -> Self {
        Self { routing, ..self.clone() }
    }

    /// The same with other luck.
    #[must_use]
    pub fn seeded(&self, seed: u64) -> Self {
        Self { seed, ..self.clone() }
    }

    /// More of the same work, or less: each deal and lead `factor` times, with everything that is to be done for
    /// it. Work on segments stays as it is.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Self {
        let mut copies: BTreeMap<&Subject, Vec<Duration>> = BTreeMap::new();
        let mut dice = Dice::seeded(self.seed ^ 0x5ca1_e000);
        let mut arrivals = Vec::new();
        for arrival in &self.arrivals {
            let subject = &arrival.task.subject;
            if matches!(subject, Subject::Segment(_)) {
                arrivals.push(arrival.clone());
                continue;
            }
            let shifts = copies.entry(subject).or_insert_with(|| shifts(factor, &mut dice));
            let made = shifts.iter().enumerate().map(|(number, shift)| arrival.copy(number, *shift));
            arrivals.extend(made);
        }
        arrivals.sort_by_key(|arrival| (arrival.task.arrived, arrival.task.id));
        Self { arrivals, ..self.clone() }
    }
}

/// By how much each copy begins later; the first not at all.
fn shifts(factor: f64, dice: &mut Dice) -> Vec<Duration> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to what is sensible"
    )]
    let thousandths = (factor.clamp(0.0, 100.0) * 1_000.0).round() as u64;
    let one_more = dice.below(THOUSAND) < thousandths % THOUSAND;
    let many = thousandths / THOUSAND + u64::from(one_more);
    let shift = |number| match number {
        0 => Duration::ZERO,
        _ => Duration::from_millis(dice.below(SHIFT_HOURS * 3_600_000)),
    };
    (0..many).map(shift).collect()
}

/// A task that arrives.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// It, queued.
    pub task: Task,
    /// Whether its deal is an enterprise deal, where known.
    pub enterprise: Option<bool>,
}

impl Arrival {
    /// The same work for a deal of its own.
    fn copy(&self, number: usize, shift: Duration) -> Self {
        let mut task = self.task.clone();
        if number > 0 {
            let another = |id: &Id| Id::derived(&[&id.to_string(), &number.to_string()]);
            task.subject = match &task.subject {
                Subject::Deal(id) => Subject::Deal(another(id)),
                Subject::Lead(id) => Subject::Lead(another(id)),
                Subject::Segment(name) => Subject::Segment(name.clone()),
            };
            task.id = another(&task.id);
            task.arrived = task.arrived + shift;
        }
        Self { task, enterprise: self.enterprise }
    }
}

/// How an agent answers offers, in thousandths; the rest it takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Answers {
    /// Says no.
    pub declines: u32,
    /// Says nothing.
    pub silent: u32,
}
