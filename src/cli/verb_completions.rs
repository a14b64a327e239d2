//! `completions`: for the shell.

use crate::{answer::Answer, args::Args as Whole};
use clap::CommandFactory;
use clap_complete::Shell;

/// Options of `completions`.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Example:\n  sales-orchestrator completions bash > ~/.local/share/bash-completion/completions/sales-orchestrator"
)]
pub struct Args {
    /// Which shell
    shell: Shell,
}

/// Prints them.
pub fn run(args: &Args) -> Answer {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Whole::command(), "sales-orchestrator", &mut script);
    Answer::new(String::from_utf8_lossy(&script), serde_json::Value::Null)
}
