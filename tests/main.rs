//! Whole-product tests, one binary so that they link once. Each file is one subject.
#![expect(clippy::print_stderr, reason = "a skipped test says so")]

mod convergence;
mod crash;
mod judge;
mod layers;
mod odoo_real;
#[path = "servers/odoo.rs"]
mod odoo_server;
mod process;
mod rig;
mod sizes;
mod stages;
mod traps;
