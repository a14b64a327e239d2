//! The connector against servers: one in memory that can be told to misbehave, and a real Dovecot.

mod conform;
mod converge;
#[path = "../../../../tests/servers/dovecot.rs"]
mod dovecot;
mod edge;
mod fake;
mod kit;
mod misfit;
mod oauth;
mod real;
