//! The sandbox as its users see it: over its API, in memory and over HTTP, against recordings and official clients.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "everything in here is test code, also the helpers beside the tests"
)]

mod desk;
mod endpoints;
mod faults;
mod google;
mod google_tour;
mod http1;
mod limits;
mod load;
mod recorded;
mod search;
mod shapes;
mod tours;
mod world;
