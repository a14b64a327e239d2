//! HTTP: the way there, credentials, limits, retries, and what must not be logged.

pub mod auth;
pub mod client;
pub mod limit;
pub mod oauth;
pub mod redact;
pub mod retry;
pub mod transport;
