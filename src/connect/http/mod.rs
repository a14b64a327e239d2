//! HTTP: the way there, credentials, limits, retries, and what must not be logged.

pub mod auth;
pub mod limit;
pub mod retry;
pub mod transport;
