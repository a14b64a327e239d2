//! The connector against the sandbox, in memory and by a clock that only the tests move.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test ends where its script goes wrong, and says what it tried"
)]

mod conform;
mod converge;
mod desk;
mod mails;
mod meetings;
mod writes;
