//! The command line.

use crate::{
    verb_apply, verb_assign, verb_backup, verb_check, verb_completions, verb_connect, verb_demo,
    verb_demo_agent, verb_doctor, verb_escalate, verb_handoff, verb_init, verb_mcp, verb_optimize,
    verb_parked, verb_pause, verb_performance, verb_plan, verb_rebalance, verb_run, verb_simulate,
    verb_status, verb_sync, verb_tasks, verb_token, verb_trigger, verb_why, verb_writes,
};
use clap::{Parser, Subcommand, ValueEnum};
use runtime::settings::LogFormat;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  sales-orchestrator demo                     watch it work, without any account
  sales-orchestrator init                     write an annotated configuration
  sales-orchestrator connect hubspot          store a token and see what it grants
  sales-orchestrator run                      the daemon
  sales-orchestrator                          the control centre
  sales-orchestrator plan                     what it would write, and why
  sales-orchestrator apply                    let it
  sales-orchestrator why deal:9201            why a deal is as it is, and who has its work

Exit codes: 0 done, 1 failed, 2 usage or configuration, 3 another instance runs,
            4 changes pending (plan --exit-code), 5 degraded (check, doctor).";

/// Keeps CRM, mail and calendar in step and gives each piece of sales work to the right agent, once.
///
/// Without a verb: the control centre.
#[derive(Parser, Debug)]
#[command(name = "sales-orchestrator", version, after_help = EXAMPLES, max_term_width = 100)]
pub struct Args {
    /// Configuration file [default: orchestrator.toml here, else in the platform's configuration folder]
    #[arg(long, global = true, value_name = "FILE", env = "SALES_ORCHESTRATOR_CONFIG")]
    pub config: Option<PathBuf>,
    /// Folder of the database [default: `data.dir` of the configuration, else the platform's data folder]
    #[arg(long, global = true, value_name = "DIR", env = "SALES_ORCHESTRATOR_DATA")]
    pub data: Option<PathBuf>,
    /// Print JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// Form of log lines [default: `logging.format` of the configuration]
    #[arg(long, global = true, value_name = "FORM")]
    pub log: Option<LogForm>,
    #[command(subcommand)]
    pub verb: Option<Verb>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum LogForm {
    Human,
    Json,
}

impl From<LogForm> for LogFormat {
    fn from(form: LogForm) -> Self {
        match form {
            LogForm::Human => Self::Human,
            LogForm::Json => Self::Json,
        }
    }
}

#[derive(Subcommand, Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one of it in a process")]
pub enum Verb {
    /// Watch it work on a generated team, without any account
    Demo(verb_demo::Args),
    /// A program that is an agent of the demo
    #[command(hide = true)]
    DemoAgent(verb_demo_agent::Args),
    /// Write an annotated configuration
    Init(verb_init::Args),
    /// Store an account's token and show what it grants
    Connect(verb_connect::Args),
    /// Check the configuration and each connection
    Check(verb_check::Args),
    /// Check the machine around it as well
    Doctor(verb_doctor::Args),
    /// Run the daemon
    Run(verb_run::Args),
    /// Read everything once, now
    Sync(verb_sync::Args),
    /// Show every write that waits, with who decided and what it costs
    Plan(verb_plan::Args),
    /// Approve writes
    Apply(verb_apply::Args),
    /// Agents and connections at a glance
    Status(verb_status::Args),
    /// Why a task went where it went, a record is as it is, or how a handoff or escalation goes
    Why(verb_why::Args),
    /// The outbox: look, retry, skip, approve
    Writes(verb_writes::Args),
    /// Stop all writes, or take an agent out
    #[command(after_help = verb_pause::PAUSE)]
    Pause(verb_pause::Args),
    /// Undo a pause
    #[command(after_help = verb_pause::RESUME)]
    Resume(verb_pause::Args),
    /// What could not be read or delivered: look, retry
    Parked(verb_parked::Args),
    /// Agents with what they can do and hold
    Agents(verb_tasks::AgentsArgs),
    /// Tasks by deal, agent or state
    Tasks(verb_tasks::Args),
    /// Give a task to an agent, or see who would get it
    Assign(verb_assign::Args),
    /// Spread work anew where that gains
    Rebalance(verb_rebalance::Args),
    /// Every metric with target and actual, and what was learnt
    Performance(verb_performance::Args),
    /// What would happen: a month of work with this team, or another
    Simulate(verb_simulate::Args),
    /// What to change about the team, tried out beforehand
    Optimize(verb_optimize::Args),
    /// Give a deal to another agent, or confirm that
    Handoff(verb_handoff::Args),
    /// Say that somebody must step in, or settle it
    Escalate(verb_escalate::Args),
    /// Raise a trigger, whose tasks are then made
    Trigger(verb_trigger::Args),
    /// Serve an MCP client on standard input and output
    Mcp(verb_mcp::Args),
    /// Who may come in over HTTP: create, list, revoke
    Token(verb_token::Args),
    /// Copy the database, consistently, while the daemon runs
    Backup(verb_backup::Args),
    /// Shell completions
    Completions(verb_completions::Args),
}
