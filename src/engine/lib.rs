//! Pure decisions: values in, values out. No I/O, no clock, no async; chance is an argument.

pub mod advise;
pub mod assign;
pub mod config;
pub mod coordinate;
pub mod dice;
pub mod flow;
pub mod guess;
pub mod ids;
pub mod metrics;
pub mod notify;
pub mod optimise;
pub mod rebalance;
pub mod reconcile;
pub mod relate;
pub mod signals;
pub mod simulate;
