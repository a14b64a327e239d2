//! `pause` and `resume`: the kill switch of all writes, and agents taken out of assignment.

use crate::{
    answer::{Answer, usage},
    app::{self, App},
};
use serde_json::json;

/// Examples of `pause`.
pub const PAUSE: &str = "\
Examples:
  sales-orchestrator pause writes                nothing is written anywhere, until `resume writes`
  sales-orchestrator pause SDRFORGE              this agent gets nothing new, until `resume SDRFORGE`";
/// Examples of `resume`.
pub const RESUME: &str = "\
Examples:
  sales-orchestrator resume writes               what waited in the outbox goes out
  sales-orchestrator resume SDRFORGE             this agent takes work again";

/// Options of `pause` and `resume`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// `writes`, or an agent
    #[arg(value_name = "writes|AGENT")]
    what: String,
}

/// Pauses (or resumes). Kept across restarts; the running daemon heeds it from its next step on.
pub async fn run(app: &App, args: &Args, paused: bool) -> anyhow::Result<Answer> {
    // The kill switch must not depend on files that have nothing to do with it.
    let store = app.store(&app.settings()?)?;
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
    if runtime::settings::nearest(&args.what, &["writes"]).is_some() {
        return Err(usage(format!("{:?} is nothing to pause; did you mean `writes`?", args.what)));
    }
    let config = app.config()?;
    let agent = config.roster.named(&args.what).map_err(usage)?;
    if !agent.enabled {
        return Err(usage(format!(
            "{} is switched off in agents.toml (`enabled = false`): it gets nothing",
            agent.id
        )));
    }
    store.pause_agent(&app::actor(), &agent.id, paused, now).await?;
    let text = if paused {
        "gets nothing new; what it has not begun goes to others, and of what it has begun people are told."
    } else {
        "takes work again."
    };
    Ok(Answer::new(format!("{} {text}", agent.id), json!({ "agent": agent.id, "paused": paused })))
}
