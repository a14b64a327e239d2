//! The right agent for each task: filter by capability and availability, score, pick, with all reasons.

mod away;
mod desk;
mod draw;
pub mod hours;
mod named;
mod overflow;
pub mod queue;
pub mod roster;
pub mod routing;
mod score;
mod shut;
#[cfg(test)]
mod tests;
mod why;

pub use away::absences;
pub use desk::Desk;
pub use hours::{Calendar, due, week_start};
pub use named::{Bid, Room};
pub use overflow::{Overflow, Response, long_since, persistent};
pub use queue::rank;
pub use roster::{AssignRules, OverflowRules, Policies, Policy, Roster, Weights};
pub use routing::{Absences, Routing};
pub use shut::Open;
pub use why::{Change, Verdict, explain, recall};

use crate::dice::Dice;
use model::{
    Timestamp,
    work::{Assignment, Board},
};

/// Places the board's tasks, best rank first. One throw of the dice seeds the whole turn; it is kept with each
/// assignment, and [`replay`] with it gives the same turn again.
pub fn assign(board: &Board, routing: &Routing, dice: &mut Dice, now: Timestamp) -> Vec<Assignment> {
    replay(board, routing, dice.u64(), now)
}

/// The turn that `seed` gave.
pub fn replay(board: &Board, routing: &Routing, seed: u64, now: Timestamp) -> Vec<Assignment> {
    Desk::new(routing, board).place(&board.tasks, seed, now)
}
