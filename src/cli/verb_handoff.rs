//! `handoff`: a deal goes to another agent, which has to confirm.

use crate::{
    answer::Answer,
    app::App,
    desk,
    text::{Table, clean, cut},
};
use serde_json::{Value, json};

/// Options of `handoff`.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  sales-orchestrator handoff                                 all that are under way
  sales-orchestrator handoff \"Acme\" --to WAKE.QUOTEFORGE --milestone demo_completed
  sales-orchestrator handoff deal:0192... --to external:implementation --param contract=signed
  sales-orchestrator handoff --confirm 0193...
  sales-orchestrator handoff --decline 0193... --reason \"no capacity\"

The giver stays responsible until the receiver confirms.")]
pub struct Args {
    /// The deal: id or part of the name
    #[arg(value_name = "DEAL", requires = "to")]
    deal: Option<String>,
    /// An agent, `all_agents`, external:NAME or overlay:AGENT
    #[arg(long, value_name = "AGENT", requires = "deal")]
    to: Option<String>,
    /// What was reached
    #[arg(long, default_value = "handed_over", value_name = "NAME")]
    milestone: String,
    /// What the receiver must know
    #[arg(long = "param", value_name = "KEY=VALUE", value_parser = desk::param)]
    params: Vec<(String, Value)>,
    /// Confirm this handoff on behalf of its receiver
    #[arg(long, value_name = "ID", conflicts_with_all = ["deal", "decline"])]
    confirm: Option<String>,
    /// Decline this handoff
    #[arg(long, value_name = "ID", conflicts_with = "deal", requires = "reason")]
    decline: Option<String>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// Lists, asks for, confirms or declines.
pub async fn run(app: &App, args: &Args) -> anyhow::Result<Answer> {
    let web = desk::web(app).await?;
    let store = app.store(&app.settings()?)?;
    let whole = async |id: &str| desk::whole_id(&*store, id).await;
    let answer = match (&args.deal, &args.to, &args.confirm, &args.decline) {
        (Some(deal), Some(to), ..) => {
            let subject = desk::subject(&web, deal).await?;
            let context: serde_json::Map<String, Value> = args.params.iter().cloned().collect();
            let input =
                json!({ "subject": subject, "to": to, "milestone": args.milestone, "context": context });
            desk::ask(&web, "hand_off", input).await?
        }
        (_, _, Some(id), _) => {
            desk::ask(&web, "confirm_handoff", json!({ "handoff_id": whole(id).await? })).await?
        }
        (_, _, _, Some(id)) => {
            let input = json!({ "handoff_id": whole(id).await?, "reason": args.reason });
            desk::ask(&web, "decline_handoff", input).await?
        }
        _ => return Ok(open(app, desk::list(&web, "handoffs", json!({ "open": true }), usize::MAX).await?)),
    };
    Ok(Answer::new(desk::effect(&answer), answer))
}

fn open(app: &App, answer: Value) -> Answer {
    let mut table = Table::new(&["Handoff", "Deal", "What", "From", "To", "Status", "Confirm by"]);
    for case in desk::at(&answer, "/handoffs").as_array().into_iter().flatten() {
        let to = desk::at(case, "/to");
        let to = to.as_object().and_then(|to| to.iter().next()).map_or_else(
            || to.as_str().unwrap_or_default().to_owned(),
            |(kind, name)| match (kind.as_str(), name.as_str().unwrap_or_default()) {
                ("agent", name) => name.to_owned(),
                (kind, name) => format!("{kind}:{name}"),
            },
        );
        table.row([
            desk::at(case, "/id").as_str().unwrap_or_default().to_owned(),
            cut(&clean(desk::at(case, "/untrusted/name").as_str().unwrap_or("-")), 30),
            clean(desk::at(case, "/milestone").as_str().unwrap_or_default()),
            clean(desk::at(case, "/from").as_str().unwrap_or_default()),
            clean(&to),
            desk::at(case, "/status").as_str().unwrap_or_default().to_owned(),
            desk::at(case, "/due").as_str().unwrap_or("-").to_owned(),
        ]);
    }
    let text = if table.is_empty() {
        "No handoff is under way.".to_owned()
    } else {
        table.render(app.screen.columns)
    };
    Answer::new(text, answer)
}
