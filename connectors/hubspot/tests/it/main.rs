//! The connector against the sandbox, in memory and by a clock that only the tests move.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test ends where its script goes wrong")]

mod check;
mod desk;
mod reading;
mod sweeping;
mod traps;
mod writing;
