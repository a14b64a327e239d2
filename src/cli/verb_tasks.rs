//! `tasks` and `agents`: who does what.

use crate::{
    answer::{Answer, usage},
    app::App,
    desk, figures,
    text::{Table, clean, cut, put},
};
use model::work::Capacity;
use serde::Deserialize;
use serde_json::{Value, json};

/// Options of `tasks`.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  sales-orchestrator tasks                       all that are open, the next due first
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
    #[arg(
        long,
        default_value = "open",
        value_name = "STATE",
        help = "open, all, queued, offered, assigned, in_progress, blocked, done, failed or cancelled"
    )]
    state: String,
    /// Show at most so many, the first by due date
    #[arg(long, default_value_t = 200, value_parser = desk::some, value_name = "N")]
    most: usize,
}

/// Options of `agents`.
#[derive(clap::Args, Debug)]
#[command(after_help = "Example:\n  sales-orchestrator agents --json | jq '.agents[].capabilities'")]
pub struct AgentsArgs {}

/// Tasks by due date.
pub async fn run(app: &App, args: &Args) -> anyhow::Result<Answer> {
    let web = desk::web(app).await?;
    let subject = match &args.deal {
        Some(deal) => Some(desk::subject(&web, deal).await?),
        None => None,
    };
    let agent = match &args.agent {
        Some(name) => Some(app.config()?.roster.named(name).map_err(usage)?.id.to_string()),
        None => None,
    };
    let state = Some(&args.state).filter(|state| *state != "all");
    let input = json!({ "subject": subject, "agent": agent, "state": state });
    let answer = desk::list(&web, "tasks", input, args.most).await?;
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
    let mut shown =
        if table.is_empty() { "No such task.".to_owned() } else { table.render(app.screen.columns) };
    if desk::at(&answer, "/more") == true {
        put!(
            shown,
            "The first {} by due date: --most shows more, --deal, --agent and --state others.\n",
            args.most
        );
    }
    Ok(Answer::new(shown, answer))
}

/// Agents with what they can do.
pub async fn agents(app: &App, _: &AgentsArgs) -> anyhow::Result<Answer> {
    let web = desk::web(app).await?;
    let answer = desk::ask(&web, "agents", json!({})).await?;
    let mut table = Table::new(&["Agent", "State", "Tasks", "Limit", "Can", "Role"]);
    for agent in list(&answer, "agents") {
        let is = |name| desk::at(agent, name).as_bool().unwrap_or_default();
        let away = desk::at(agent, "/away_until").as_str();
        let state = match away.and_then(|until| until.get(..10)) {
            _ if !is("/enabled") => "disabled".to_owned(),
            _ if is("/paused") => "paused".to_owned(),
            Some(day) => format!("away until {day}"),
            None if !is("/at_work") => "not at work".to_owned(),
            None => "takes work".to_owned(),
        };
        let capacity = Capacity::deserialize(desk::at(agent, "/capacity")).ok();
        let used = desk::at(agent, "/used").as_u64().unwrap_or_default();
        let limit = capacity.map_or("-".to_owned(), |capacity| figures::limit(&capacity, used));
        let can: Vec<&str> = desk::at(agent, "/capabilities")
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, _)| name.as_str())
            .collect();
        table.row([
            desk::at(agent, "/id").as_str().unwrap_or_default().to_owned(),
            state,
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
