//! The connector as a whole, against a real Radicale where one can be had.

#[cfg(test)]
mod conform;
#[cfg(test)]
mod converge;
#[cfg(test)]
mod kit;
#[cfg(test)]
mod real;
#[cfg(test)]
#[path = "../../../../tests/servers/radicale.rs"]
mod server;
