//! `escalate`: somebody must step in, and it is followed until it is settled.

use crate::{
    answer::{Answer, usage},
    app::App,
    desk,
    text::{Table, clean, cut},
};
use serde_json::{Value, json};

/// Options of `escalate`.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  sales-orchestrator escalate                                all that are open
  sales-orchestrator escalate ENTERPRISE_COMPLEXITY --deal \"Acme\" --request ACTIVATE_ENTERPRISE_AGENT
  sales-orchestrator escalate --acknowledge 0193...
  sales-orchestrator escalate --resolve 0193... --how \"approved: 20 % is fine\"")]
pub struct Args {
    /// Reason: the code of a rule in agents.toml, or words of your own
    #[arg(value_name = "REASON", requires = "about")]
    reason: Option<String>,
    /// The deal: id or part of the name
    #[arg(long, value_name = "DEAL", group = "about")]
    deal: Option<String>,
    /// The task
    #[arg(long, value_name = "ID", group = "about")]
    task: Option<String>,
    /// What is asked for
    #[arg(long, default_value = "PLEASE_DECIDE", value_name = "TEXT")]
    request: String,
    /// Take up this escalation
    #[arg(long, value_name = "ID", conflicts_with_all = ["reason", "resolve"])]
    acknowledge: Option<String>,
    /// Settle this escalation
    #[arg(long, value_name = "ID", conflicts_with = "reason", requires = "how")]
    resolve: Option<String>,
    /// How it was settled
    #[arg(long, value_name = "TEXT", requires = "resolve")]
    how: Option<String>,
}

/// Lists, raises, takes up or settles.
pub async fn run(app: &App, args: &Args) -> anyhow::Result<Answer> {
    let web = desk::web(app).await?;
    let store = app.store(&app.settings()?)?;
    let whole = async |id: &Option<String>| match id {
        Some(id) => desk::whole_id(&*store, id).await.map(Some),
        None => Ok(None),
    };
    let task = whole(&args.task).await?;
    let answer = match (&args.reason, whole(&args.acknowledge).await?, whole(&args.resolve).await?) {
        (Some(reason), ..) => {
            let subject = match &args.deal {
                Some(deal) => Some(desk::subject(&web, deal).await?),
                None => None,
            };
            if subject.is_none() && task.is_none() {
                return Err(usage("name the deal (--deal) or the task (--task)"));
            }
            let input = json!({
                "subject": subject, "task_id": task, "reason": reason, "request": args.request,
            });
            desk::ask(&web, "escalate", input).await?
        }
        (None, Some(id), _) => {
            desk::ask(&web, "acknowledge_escalation", json!({ "escalation_id": id })).await?
        }
        (None, None, Some(id)) => {
            let input = json!({ "escalation_id": id, "resolution": args.how });
            desk::ask(&web, "resolve_escalation", input).await?
        }
        (None, None, None) => {
            return Ok(open(
                app,
                desk::list(&web, "escalations", json!({ "open": true }), usize::MAX).await?,
            ));
        }
    };
    Ok(Answer::new(desk::effect(&answer), answer))
}

fn open(app: &App, answer: Value) -> Answer {
    let mut table =
        Table::new(&["Escalation", "Reason", "Deal", "Agent", "Asks for", "Level", "Status", "Next"]);
    for case in desk::at(&answer, "/escalations").as_array().into_iter().flatten() {
        let text = |field: &str| clean(desk::at(case, field).as_str().unwrap_or("-"));
        // Whose work it is about, else who says so.
        let agent = ["/context/holder", "/context/agent", "/to", "/from"]
            .into_iter()
            .find(|field| desk::at(case, field).is_string());
        let agent = text(agent.unwrap_or("/from"));
        let [id, reason, deal, request, level, status, due] =
            ["/id", "/reason", "/untrusted/name", "/request", "/level", "/status", "/due"].map(text);
        table.row([id, reason, cut(&deal, 30), agent, cut(&request, 40), level, status, due]);
    }
    let text =
        if table.is_empty() { "Nothing is escalated.".to_owned() } else { table.render(app.screen.columns) };
    Answer::new(text, answer)
}
