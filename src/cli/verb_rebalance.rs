//! `rebalance`: which work would be better with another agent, and letting the daemon move it.

use crate::{
    answer::Answer,
    app::App,
    desk,
    text::{Table, clean, put},
};
use serde_json::{Value, json};

/// Options of `rebalance`.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  sales-orchestrator rebalance                               what would move, and what it gains
  sales-orchestrator rebalance --agent WAKE.LSHSALES         only what this agent has
  sales-orchestrator rebalance --moves 5 --apply             the best five, done by the daemon

Work that was begun stays where it is unless --include-started says otherwise. All main work on a deal goes
together. What changed meanwhile is left alone.")]
pub struct Args {
    /// Only what this agent has
    #[arg(long, value_name = "AGENT")]
    agent: Option<String>,
    /// Work that was begun may move as well
    #[arg(long)]
    include_started: bool,
    /// At most so many moves, the best ones
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    moves: Option<u32>,
    /// Let the daemon do it
    #[arg(long)]
    apply: bool,
}

/// Proposes, or lets it be done.
pub async fn run(app: &App, args: &Args) -> anyhow::Result<Answer> {
    let web = desk::web(app).await?;
    let input = json!({
        "agent": args.agent, "include_started": args.include_started, "moves": args.moves, "apply": args.apply,
    });
    let answer = desk::ask(&web, "rebalance", input).await?;
    let daemon = app.daemon(&app.settings()?).is_some();
    Ok(Answer::new(shown(app, &answer, daemon), answer))
}

fn shown(app: &App, answer: &Value, daemon: bool) -> String {
    let number = |pointer: &str| desk::at(answer, pointer).as_i64().unwrap_or_default();
    let moves = desk::at(answer, "/moves").as_array().map(Vec::as_slice).unwrap_or_default();
    let more = desk::at(answer, "/more").as_bool() == Some(true);
    let mut text = format!(
        "{} pieces of open work{}, {} of them free to move.\n",
        number("/looked_at"),
        if more { " (the first by rank)" } else { "" },
        number("/movable"),
    );
    if moves.is_empty() {
        text += match number("/without_agent/before") {
            0 => "Everything is where it should be: no move gains anything.",
            _ => "No move gains anything: nobody who could take what waits has room.",
        };
        return text;
    }
    let mut table = Table::new(&["Work", "On", "From", "To", "Gain", "Score"]);
    for one in moves {
        let words = |field: &str| desk::at(one, &format!("/{field}")).as_str().map(clean);
        let list = desk::at(one, "/actions").as_array().into_iter().flatten().filter_map(Value::as_str);
        let score =
            |field: &str| desk::at(one, &format!("/{field}")).as_i64().map_or("-".to_owned(), thousandths);
        table.row([
            list.collect::<Vec<_>>().join(", "),
            words("subject").unwrap_or_default(),
            words("from").unwrap_or_else(|| "(queue)".to_owned()),
            words("to").unwrap_or_default(),
            desk::at(one, "/gain").as_i64().map(thousandths).unwrap_or_default(),
            format!("{} -> {}", score("before"), score("after")),
        ]);
    }
    text += &table.render(app.screen.columns);
    put!(
        text,
        "\nSum of scores {} -> {}; without an agent {} -> {}.\n",
        thousandths(number("/before")),
        thousandths(number("/after")),
        number("/without_agent/before"),
        number("/without_agent/after"),
    );
    text += match (desk::at(answer, "/order").is_string(), daemon) {
        (true, true) => "The daemon moves it now.",
        (true, false) => "No daemon runs: it is moved when one does.",
        (false, _) => "Nothing is written; --apply lets the daemon do it.",
    };
    text
}

fn thousandths(number: i64) -> String {
    let sign = if number < 0 { "-" } else { "" };
    format!("{sign}{}.{:03}", number.unsigned_abs() / 1_000, number.unsigned_abs() % 1_000)
}
