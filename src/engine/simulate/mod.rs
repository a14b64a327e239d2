//! What would happen: a month of work, event by event, through the desk that assigns real tasks. Same ranks, hours,
//! capacity, offers and overflow rule; only how long work takes and who answers is drawn by chance.
//!
//! Assumed: an agent works on everything it holds at the same time, each task taking the working time that its
//! action takes as a rule; the tasks that arrive do not depend on how the others went.
#![expect(clippy::indexing_slicing, reason = "dense tables whose indices are made from their own lengths")]

mod count;
mod floor;
mod job;
mod measure;
mod outcome;
mod replay;
mod scenario;
mod service;
mod team;
#[cfg(test)]
mod tests;
mod turn;
mod worker;

pub use outcome::{AgentOutcome, CapabilityOutcome, Figures, Outcome, Percentiles, Use};
pub use replay::{History, MIN_CASES, replay};
pub use scenario::{Answers, Arrival, Scenario};
pub use service::{Basis, ServiceTimes, Spread};
pub use team::{Rates, team};

/// Runs the scenario to its end. The same scenario gives the same outcome.
pub fn run(scenario: &Scenario) -> Outcome {
    floor::Floor::new(scenario).run()
}
