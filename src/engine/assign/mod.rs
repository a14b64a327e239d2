//! The right agent for each task.

pub mod roster;

pub use roster::{AssignRules, OverflowRules, Policy, Roster, Weights};
