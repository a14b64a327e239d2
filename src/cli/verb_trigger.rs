//! `trigger`: raises what data can't show (a product launch, a campaign), and its tasks are made.

use crate::{answer::Answer, app::App, desk};
use serde_json::{Value, json};

/// Options of `trigger`.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  sales-orchestrator trigger product_launch --param product=Forge --param date=2026-12-01
  sales-orchestrator trigger strategy_planning --subject segment:technical-founders
  sales-orchestrator trigger campaign_launch --occasion spring-2027      twice is once")]
pub struct Args {
    /// Its name
    #[arg(value_name = "NAME")]
    name: String,
    /// The deal, by id or part of the name, contact:ID or segment:NAME [default: the first configured segment]
    #[arg(long, value_name = "WHAT")]
    subject: Option<String>,
    /// What its tasks are given
    #[arg(long = "param", value_name = "KEY=VALUE", value_parser = desk::param)]
    params: Vec<(String, Value)>,
    /// Names this occasion: the same one makes no further tasks
    #[arg(long, value_name = "TEXT")]
    occasion: Option<String>,
}

/// Raises.
pub async fn run(app: &App, args: &Args) -> anyhow::Result<Answer> {
    let web = desk::web(app).await?;
    let params: serde_json::Map<String, Value> = args.params.iter().cloned().collect();
    let subject = match args.subject.as_deref() {
        Some(segment) if segment.starts_with("segment:") => Some(segment.to_owned()),
        Some(deal) => Some(desk::subject(&web, deal).await?),
        None => None,
    };
    let input = json!({
        "name": args.name, "subject": subject, "params": params, "occasion": args.occasion,
    });
    let answer = desk::ask(&web, "trigger", input).await?;
    let text = if desk::at(&answer, "/raised").as_bool() == Some(true) {
        format!("{} is raised; the daemon makes its tasks.", args.name)
    } else {
        format!("{} was raised for this occasion before: nothing more happens.", args.name)
    };
    Ok(Answer::new(text, answer))
}
