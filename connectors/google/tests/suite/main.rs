//! The connector against the sandbox, in memory and by a clock that only the tests move.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test ends where its script goes wrong")]

mod conform;
mod converge;
mod desk;
mod mails;
mod meetings;
mod writes;
