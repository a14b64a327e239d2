//! `sales-orchestrator`: the connectors that this build has, and the command line. A new connector is one more
//! line here.

use std::process::ExitCode;

/// Its settings are in `.cargo/config.toml`.
#[cfg(target_os = "linux")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// All vendors, in the order in which they are offered.
static CONNECTORS: &[connect::Maker] =
    &[hubspot::MAKER, odoo::MAKER, google::MAKER, imap::MAKER, caldav::MAKER, smtp::MAKER];

fn main() -> ExitCode {
    cli::main(CONNECTORS)
}
