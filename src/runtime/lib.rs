//! The cycles that make the daemon, and what they are put together from. The only crate that sees connectors,
//! engine and store at once.

pub mod absence;
pub mod assign;
pub mod budget;
pub mod clock;
pub mod compose;
pub mod coordinate;
pub mod cycle;
pub mod daemon;
pub mod dispatch;
pub mod fault;
pub mod follow_up;
pub mod foresee;
pub mod granted;
pub mod ingest;
pub mod kept;
pub mod keys;
pub mod link;
pub mod notice;
pub mod notify;
pub mod orders;
pub mod policy;
pub mod poll;
pub mod progress;
pub mod provider;
pub mod reach;
pub mod relate;
pub mod rules;
pub mod schedule;
pub mod settings;
pub mod shared;
pub mod sweep;
pub mod telemetry;
pub mod wake;

/// A planned crash: the cycle stops as if the process had died there.
#[derive(Debug)]
pub struct Died;
impl std::fmt::Display for Died {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("planned crash")
    }
}
impl std::error::Error for Died {}
