//! Whole-product tests, one binary so that they link once. Each file is one subject.
#![expect(clippy::print_stderr, reason = "a skipped test says so")]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that can't go on fails right there"
)]

mod agents;
mod convergence;
mod crash;
#[path = "servers/dovecot.rs"]
#[expect(dead_code, reason = "the connector's own tests ask more of it")]
mod dovecot_server;
mod judge;
mod layers;
#[path = "servers/smtp.rs"]
mod mail_server;
mod month;
mod notify;
mod odoo_real;
#[path = "servers/odoo.rs"]
mod odoo_server;
mod office;
mod process;
#[path = "servers/radicale.rs"]
#[expect(dead_code, reason = "the connector's own tests ask more of it")]
mod radicale_server;
mod rig;
mod sign_in;
mod sizes;
mod stages;
mod traps;
mod verbs;
