//! The connector against the sandbox, in memory and by a clock that only the tests move.

mod check;
mod desk;
mod reading;
mod sweeping;
mod traps;
mod writing;
