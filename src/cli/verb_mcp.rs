//! `mcp`: the MCP server on standard input and output, for a client that starts it.

use crate::{
    answer::{Answer, usage},
    app::App,
    desk,
};
use model::work::Party;
use runtime::telemetry;
use web::mcp::Mcp;

const EXAMPLES: &str = "\
Examples (what to put into an MCP client's configuration):
  sales-orchestrator mcp --agent WAKE.SDRFORGE       the client works as this agent
  sales-orchestrator mcp                             the client asks and acts for you

The client may be started and stopped at any time; the daemon need not run for looking, but gives out the work.
Over HTTP the same server is at /mcp of the daemon's address (`web.listen`), with a token.";

/// Options of `mcp`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Work as this agent
    #[arg(long, value_name = "AGENT")]
    agent: Option<String>,
}

/// Serves until the client goes.
pub async fn run(app: &App, args: &Args) -> anyhow::Result<Answer> {
    let config = app.config()?;
    // Standard output belongs to the protocol; the log goes to standard error.
    telemetry::init(&config.settings.logging, app.log.map(Into::into), None).map_err(usage)?;
    let party = match &args.agent {
        Some(name) => Party::Agent(config.roster.named(name).map_err(usage)?.id.clone()),
        None => desk::person(),
    };
    Mcp::of(desk::web(app).await?, party).serve_stdio().await?;
    Ok(Answer::silent())
}
