//! `pause` and `resume`: the kill switch of all writes, and agents taken out of assignment.

use crate::{
    answer::{Answer, usage},
    app::{self, App},
};
use serde_json::json;

const EXAMPLES: &str = "\
Examples:
  sales-orchestrator pause writes                nothing is written anywhere, until `resume writes`
  sales-orchestrator pause SDRFORGE              this agent gets nothing new";

/// Options of `pause` and `resume`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// `writes`, or an agent
    #[arg(value_name = "writes|AGENT")]
    what: String,
}

/// Pauses (or resumes). Kept across restarts; the running daemon heeds it from its next step on.
pub async fn run(app: &App, args: &Args, paused: bool) -> anyhow::Result<Answer> {
    let config = app.config()?;
    let store = app.store(&config.settings)?;
    let now = app::now();
    if args.what == "writes" {
        store.pause_writes(&app::actor(), paused, now).await?;
        let text = if paused {
            "All writes are paused; they wait in the outbox. `sales-orchestrator resume writes` lets them go."
        } else {
            "Writes go out again."
        };
        return Ok(Answer::new(text, json!({ "writes_paused": paused })));
    }
    let Some(agent) = config.roster.resolve(&args.what) else {
        let names: Vec<&str> = config
            .roster
            .agents
            .iter()
            .flat_map(|agent| agent.aliases.iter().map(|alias| &**alias).chain([agent.id.as_str()]))
            .chain(["writes"])
            .collect();
        let meant = runtime::settings::nearest(&args.what, &names);
        let meant = meant.map(|name| format!("; did you mean {name:?}?")).unwrap_or_default();
        return Err(usage(format!("no agent is called {:?}{meant}", args.what)));
    };
    store.pause_agent(&app::actor(), &agent, paused, now).await?;
    let text = if paused {
        "gets nothing new; what it has not begun goes to others, and of what it has begun people are told."
    } else {
        "takes work again."
    };
    Ok(Answer::new(format!("{agent} {text}"), json!({ "agent": agent, "paused": paused })))
}
