//! The connector as a whole: against a server in memory that says what a test wants, and against a real one where
//! it can be had.

#[cfg(test)]
mod check;
#[cfg(test)]
mod dialogue;
#[cfg(test)]
mod kit;
#[cfg(test)]
mod real;
#[cfg(test)]
mod safety;
#[cfg(test)]
#[path = "../../../../tests/servers/smtp.rs"]
mod server;
