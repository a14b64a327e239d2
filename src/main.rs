//! `sales-orchestrator`: the connectors that this build has, and the command line. A new connector is one more
//! line here.

use std::process::ExitCode;

/// All vendors, in the order in which they are offered.
static CONNECTORS: &[connect::Maker] =
    &[hubspot::MAKER, odoo::MAKER, google::MAKER, imap::MAKER, caldav::MAKER, smtp::MAKER];

fn main() -> ExitCode {
    cli::main(CONNECTORS)
}
