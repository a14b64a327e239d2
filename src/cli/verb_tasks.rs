//! `tasks` and `agents`: who does what.

use crate::{
    answer::Answer,
    app::App,
    desk,
    text::{Table, clean, cut, put},
};
use serde_json::{Value, json};

/// Tasks that are answered at most.
const MOST: usize = 200;

/// Options of `tasks`.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  sales-orchestrator tasks --state queued
  sales-orchestrator tasks --agent WAKE.SDRFORGE
  sales-orchestrator tasks --deal \"Acme\" --json")]
pub struct Args {
    /// Only of this deal: id or part of the name
    #[arg(long, value_name = "DEAL")]
    deal: Option<String>,
    /// Only this agent's
    #[arg(long, value_name = "AGENT")]
    agent: Option<String>,
    /// queued, offered, assigned, `in_progress`, blocked, done, failed or cancelled
    #[arg(long, value_name = "STATE")]
    state: Option<String>,
}

/// Options of `agents`.
#[derive(clap::Args, Debug)]
#[command(after_help = "Example:\n  sales-orchestrator agents --json | jq '.agents[].capabilities'")]
pub struct AgentsArgs {}

/// Tasks, at most [`MOST`].
pub async fn run(app: &App, args: &Args) -> anyhow::Result<Answer> {
    let web = desk::web(app).await?;
    let subject = match &args.deal {
        Some(deal) => Some(desk::subject(&web, deal).await?),
        None => None,
    };
    let agent = match &args.agent {
        Some(name) => {
            let known = app.config()?.roster.resolve(name);
            let unknown = || crate::answer::usage(format!("no agent is called {name:?}"));
            Some(known.ok_or_else(unknown)?.to_string())
        }
        None => None,
    };
    let input = json!({ "subject": subject, "agent": agent, "state": args.state });
    let answer = desk::ask(&web, "tasks", input).await?;
    let mut table = Table::new(&["Task", "Action", "State", "Agent", "Due", "What"]);
    for task in list(&answer, "tasks") {
        let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        table.row([
            text(desk::at(task, "/id")),
            text(desk::at(task, "/action")),
            text(desk::at(task, "/state/state")),
            text(desk::at(task, "/holder")),
            text(desk::at(task, "/due")),
            cut(&clean(&text(desk::at(task, "/untrusted/title"))), 50),
        ]);
    }
    let mut shown = if table.is_empty() { "No tasks.".to_owned() } else { table.render(app.screen.columns) };
    if list(&answer, "tasks").count() == MOST {
        put!(shown, "The first {MOST} by due date: --deal, --agent and --state show others.\n");
    }
    Ok(Answer::new(shown, answer))
}

/// Agents with what they can do.
pub async fn agents(app: &App, _: &AgentsArgs) -> anyhow::Result<Answer> {
    let web = desk::web(app).await?;
    let answer = desk::ask(&web, "agents", json!({})).await?;
    let mut table = Table::new(&["Agent", "State", "Open", "Limit", "Can", "Role"]);
    for agent in list(&answer, "agents") {
        let state = match (desk::at(agent, "/enabled").as_bool(), desk::at(agent, "/paused").as_bool()) {
            (Some(false), _) => "disabled",
            (_, Some(true)) => "paused",
            _ => "takes work",
        };
        let limit = desk::at(agent, "/capacity/limit").as_u64().map_or("-".to_owned(), |limit| {
            format!("{limit} {}", desk::at(agent, "/capacity/unit").as_str().unwrap_or_default())
        });
        let can: Vec<&str> = desk::at(agent, "/capabilities")
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, _)| name.as_str())
            .collect();
        table.row([
            desk::at(agent, "/id").as_str().unwrap_or_default().to_owned(),
            state.to_owned(),
            desk::at(agent, "/open").to_string(),
            limit,
            cut(&can.join(", "), 60),
            cut(desk::at(agent, "/role").as_str().unwrap_or_default(), 40),
        ]);
    }
    Ok(Answer::new(table.render(app.screen.columns), answer))
}

fn list<'a>(answer: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    answer.get(name).and_then(Value::as_array).into_iter().flatten()
}
