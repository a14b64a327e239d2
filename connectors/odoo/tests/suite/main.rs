//! The connector as a whole: against a small stand-in for what must be provoked, against recorded answers, and
//! against a real Odoo 19 where one can be had.

#[cfg(test)]
mod conform;
#[cfg(test)]
mod kit;
#[cfg(test)]
mod real;
#[cfg(test)]
#[path = "../../../../tests/servers/odoo.rs"]
mod server;
#[cfg(test)]
mod standin;
#[cfg(test)]
mod walk;
#[cfg(test)]
mod writes;
