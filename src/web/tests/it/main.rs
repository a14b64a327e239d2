//! The API as its callers see it: in memory, over the real store and the real assignment cycle.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test ends where its script goes wrong")]

mod attacks;
mod desk;
mod faces;
mod foresee;
mod metrics;
mod work;
