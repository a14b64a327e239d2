//! The crate against mails of the world: parsers' corpora, real bounces, Python's `email`, and any bytes at all.

mod automatic;
mod corpora;
mod data;
mod python;
mod replies;
mod total;
