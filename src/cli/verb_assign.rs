//! `assign`: a task goes to an agent, named or chosen by score.

use crate::{
    answer::{Answer, usage},
    app::App,
    desk, story,
    text::{clean, put},
};
use model::AgentId;
use serde_json::{Map, Value, json};
use web::{
    assign::{Assign, Prepared, prepare, submit},
    caller::Caller,
    problem::Problem,
};

/// Options of `assign`.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  sales-orchestrator assign 5f0c... --dry-run                who would get this task, and who not
  sales-orchestrator assign 5f0c... --to WAKE.LSHSALES       that agent, if it can take it
  sales-orchestrator assign DISCOVERY_CALL --deal \"Acme\"     a new task, to the best agent
  sales-orchestrator assign COMPETITOR_BRIEF --deal deal:0192... --param rival=Globex
  sales-orchestrator assign \"write a proposal\"               which actions may be meant

The daemon carries it out; without one it waits until the next `run`.
Exit codes: 0 done, 1 it can't be given, 2 usage or configuration.")]
pub struct Args {
    /// A task's id, or an action
    #[arg(value_name = "TASK|ACTION")]
    what: String,
    /// For an action: the deal, by id or part of the name, contact:ID or segment:NAME
    #[arg(long, value_name = "DEAL")]
    deal: Option<String>,
    /// To this agent
    #[arg(long, value_name = "AGENT")]
    to: Option<String>,
    /// What a new task is given
    #[arg(long = "param", value_name = "KEY=VALUE", value_parser = desk::param)]
    params: Vec<(String, Value)>,
    /// Even beyond the agent's limit, and although it did not answer or is just back
    #[arg(long, requires = "to")]
    force: bool,
    /// Only show who would get it, with all scores, and write nothing
    #[arg(long)]
    dry_run: bool,
}

/// Gives, or shows.
pub async fn run(app: &App, args: &Args) -> anyhow::Result<Answer> {
    let web = desk::web(app).await?;
    let subject = match args.deal.as_deref() {
        Some(segment) if segment.starts_with("segment:") => Some(segment.to_owned()),
        Some(deal) => Some(desk::subject(&web, deal).await?),
        None => None,
    };
    let params: Map<String, Value> = args.params.iter().cloned().collect();
    let store = app.store(&app.settings()?)?;
    let input = Assign {
        what: desk::whole_id(&*store, &args.what).await?,
        subject,
        to: args.to.clone(),
        params,
        force: args.force,
        dry_run: args.dry_run,
    };
    let caller = Caller { party: desk::person(), key: None };
    let prepared = prepare(&web, &caller, input).await.map_err(refused)?;
    let order =
        if args.dry_run { None } else { Some(submit(&web, &caller, &prepared).await.map_err(refused)?) };
    let daemon = app.daemon(&app.settings()?).is_some();
    let text = shown(&prepared, order.is_some(), daemon);
    let ranking = story::verdicts(&prepared.verdicts);
    let json = json!({
        "order": order, "new": prepared.new, "task": prepared.task, "decision": prepared.decision,
        "against": prepared.against, "ranking": ranking,
    });
    Ok(Answer::new(text, json))
}

/// What can't be given is a failure, what can't be understood a mistake.
fn refused(problem: Problem) -> anyhow::Error {
    match problem.status {
        404 | 422 => usage(problem.detail),
        _ => anyhow::anyhow!("{}", problem.detail),
    }
}

fn shown(prepared: &Prepared, ordered: bool, daemon: bool) -> String {
    let task = &prepared.task;
    let new = if prepared.new { "new " } else { "" };
    let mut text = format!("{new}{} \"{}\" on {}\n", task.action, clean(&task.title), task.subject);
    if !ordered {
        for line in story::verdicts(&prepared.verdicts) {
            put!(text, "  {line}\n");
        }
    }
    let winner = prepared.decision.as_ref().and_then(|made| made.winner.as_ref());
    match (winner, &prepared.against) {
        (Some(winner), _) if task.holder.as_ref() == Some(&winner.agent) => {
            put!(text, "It is with {} already, and nobody would be better.", winner.agent);
        }
        (Some(winner), _) if !ordered => put!(text, "It would go to {}.", winner.agent),
        (Some(winner), _) => put!(text, "It goes to {}.", winner.agent),
        (None, Some(against)) if ordered => put!(text, "It waits in the queue: {}.", clean(against)),
        (None, Some(against)) => {
            let what = task.holder.as_ref().map_or("It would not be given".to_owned(), stays);
            put!(text, "{what}: {}.", clean(against));
        }
        (None, None) => {}
    }
    text += match (ordered, daemon) {
        (true, true) => " The daemon does it now.",
        (true, false) => " No daemon runs: it is done when one does.",
        (false, _) => " Nothing is written.",
    };
    if ordered {
        put!(text, "\nAfterwards: sales-orchestrator why {}", task.id);
    }
    text
}

fn stays(holder: &AgentId) -> String {
    format!("It stays with {holder}")
}
