//! The connector against servers: one in memory that can be told to misbehave, and a real Dovecot.

#[cfg(test)]
mod conform;
#[cfg(test)]
mod converge;
#[cfg(test)]
#[path = "../../../../tests/servers/dovecot.rs"]
mod dovecot;
#[cfg(test)]
mod edge;
#[cfg(test)]
mod fake;
#[cfg(test)]
mod kit;
#[cfg(test)]
mod misfit;
#[cfg(test)]
mod oauth;
#[cfg(test)]
mod real;
