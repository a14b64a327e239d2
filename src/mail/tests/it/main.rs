//! The crate against mails of the world: parsers' corpora, real bounces, Python's `email`, and any bytes at all.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "everything in here is test code, also the helpers beside the tests"
)]

mod automatic;
mod corpora;
mod data;
mod python;
mod replies;
mod total;
