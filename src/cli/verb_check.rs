//! `check`: the configuration and each connection: credentials, grants, one read per stream, stages.

use crate::{
    account,
    answer::{Answer, DEGRADED, DONE},
    app::{self, App},
    text::{Table, put},
};
use engine::guess::By;
use model::ConnectionId;
use runtime::rules::Rules;
use serde_json::{Map, Value, json};

/// Options of `check`.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Examples:\n  sales-orchestrator check\n  sales-orchestrator check hubspot --json\n\n\
    Exit code 5 when a connection does not work as it should."
)]
pub struct Args {
    /// Only this connection
    #[arg(value_name = "CONNECTION")]
    connection: Option<String>,
}

/// Checks.
pub async fn run(app: &App, args: &Args) -> anyhow::Result<Answer> {
    let config = app.config()?;
    let settings = config.settings.clone();
    let store = app.store(&settings)?;
    let rules = app.rules(config, &*store).await?;
    let chosen = match &args.connection {
        Some(name) => vec![app::connection(&settings, name)?],
        None => settings.connection.iter().filter(|connection| connection.enabled).collect(),
    };
    let (mut text, mut json, mut good) = (configuration(app), Map::new(), true);
    for connection in chosen {
        put!(
            text,
            "\n{} ({}, {})\n",
            app.screen.paint.bold(&connection.id),
            connection.vendor,
            connection.mode.name()
        );
        let checked = match app.link(connection, &settings) {
            Ok(link) => account::check(&link, true, connection.reserve.0).await,
            Err(error) => failed(&error),
        };
        good &= checked.is_good();
        text += &account::text(&checked, app.screen.paint, app.screen.columns);
        let (table, stages) = stages(&rules, &connection.id(), app.screen.columns);
        text += &table;
        let mut one = account::to_json(&checked);
        if let Some(object) = one.as_object_mut() {
            object.insert("stages".to_owned(), stages);
        }
        json.insert(connection.id.clone(), one);
    }
    if json.is_empty() {
        text += "\nNo account is connected: sales-orchestrator connect hubspot\n";
    }
    Ok(Answer::new(text, Value::Object(json)).code(if good { DONE } else { DEGRADED }))
}

fn failed(error: &anyhow::Error) -> account::Checked {
    account::Checked { account: Err(format!("{error:#}")), streams: Vec::new(), skew: None, backfill: None }
}

fn configuration(app: &App) -> String {
    let mut out = String::new();
    for file in app.files() {
        let state = if file.is_file() { "read, no mistakes" } else { "absent: the built-in one holds" };
        put!(out, "{} {}: {state}\n", app.screen.paint.good("✓"), file.display());
    }
    out
}

/// What each of the vendor's stages means to us, and why we think so.
fn stages(rules: &Rules, connection: &ConnectionId, columns: usize) -> (String, Value) {
    let Some(meanings) = rules.stages.get(connection).filter(|meanings| !meanings.is_empty()) else {
        return (String::new(), Value::Null);
    };
    let mut table = Table::new(&["Stage at the vendor", "Label", "Means", "Because"]);
    let mut json = Map::new();
    for (source, meaning) in meanings {
        let because = because(meaning.guessed);
        let means = match meaning.mapped.outcome {
            model::DealOutcome::Open => meaning.mapped.stage.name(),
            model::DealOutcome::Won => "won",
            model::DealOutcome::Lost => "lost",
        };
        table.row([source.to_string(), meaning.label.clone(), means.to_owned(), because.to_owned()]);
        json.insert(
            source.to_string(),
            json!({ "label": meaning.label, "means": means, "because": because }),
        );
    }
    let guessed = meanings.values().any(|meaning| meaning.guessed.is_some());
    let hint =
        if guessed { "Guesses are put right with [[connection.stage]] in the configuration.\n" } else { "" };
    (format!("{}{hint}", table.render(columns)), Value::Object(json))
}

fn because(guessed: Option<By>) -> &'static str {
    match guessed {
        None => "configured",
        Some(By::Flag) => "guessed by the vendor's won and lost flags",
        Some(By::Name) => "guessed by its label",
        Some(By::Probability) => "guessed by its probability",
        Some(By::Place) => "guessed by its place in the pipeline",
    }
}
