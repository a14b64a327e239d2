//! `check`: the configuration and each connection: credentials, grants, one read per stream, stages.

use crate::{
    account,
    answer::{Answer, DEGRADED, DONE},
    app::{self, App},
    text::{Table, put},
};
use anyhow::Context;
use engine::{
    config::{Arrivals, Loaded},
    guess::By,
};
use model::{ConnectionId, Timestamp, work::MetricSpan};
use runtime::{
    absence::unknown_calendars,
    rules::{Config, Rules},
};
use serde_json::{Map, Value, json};
use std::time::Duration;
use store::Store;

const DAY: Duration = Duration::from_secs(86_400);
const WEEK: Duration = Duration::from_secs(7 * 86_400);
/// So far back it is counted what came.
const LOOKED_BACK: Duration = Duration::from_secs(28 * 86_400);
/// Fewer say nothing.
const LEAST_DAYS: u64 = 13;

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
    let (settings, team) = (app.settings()?, app.team()?);
    let store = app.new_store(&settings)?;
    let mut warnings = warnings(&team, &*store, app::now()).await?;
    let config = Config { settings: settings.clone(), roster: team.roster, book: team.book };
    warnings.extend(unknown_calendars(&config));
    let rules = app.rules(config, &*store).await?;
    let chosen = match &args.connection {
        Some(name) => vec![app::connection(&settings, name)?],
        None => settings.connection.iter().filter(|connection| connection.enabled).collect(),
    };
    let (mut text, mut json, mut good) = (configuration(app), Map::new(), true);
    for warning in &warnings {
        put!(text, "{} {warning}\n", app.screen.paint.warn("!"));
    }
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
    let connected = !json.is_empty();
    json.insert("configuration".to_owned(), json!({ "warnings": warnings }));
    if !connected {
        text += "\nNo account is connected: sales-orchestrator connect hubspot\n";
    }
    Ok(Answer::new(text, Value::Object(json)).code(if good { DONE } else { DEGRADED }))
}

/// What probably is not meant in the configuration, and whom more work reached lately than they can do.
async fn warnings(team: &Loaded, store: &dyn Store, now: Timestamp) -> anyhow::Result<Vec<String>> {
    let span = MetricSpan { recent: now - LOOKED_BACK, talks: now, closed: now };
    let inputs = store.metric_inputs(span).await.context("reading which tasks came")?;
    let came = inputs.tasks.iter().filter(|task| task.arrived >= span.recent);
    let (weekly, days) = lately(&came.map(|task| (&*task.action, task.arrived)).collect::<Vec<_>>(), now);
    let mut said: Vec<String> = team.warnings.iter().map(ToString::to_string).collect();
    for short in team.shortages(&weekly) {
        let known = team.warnings.iter().any(|known| known.key == short.key && known.line == short.line);
        if !known {
            said.push(format!("{short} (average of the last {days} days)"));
        }
    }
    Ok(said)
}

/// Tasks of each action in a week, on average, and over how many days. Nothing where they tell of too few days; the
/// first day brings what had piled up before, and does not count.
fn lately(came: &[(&str, Timestamp)], now: Timestamp) -> (Arrivals, u64) {
    let first = came.iter().map(|(_, arrived)| *arrived).min().unwrap_or(now) + DAY;
    let days = now.since(first).as_secs() / DAY.as_secs();
    let mut weekly = Arrivals::new();
    if days >= LEAST_DAYS {
        let share = WEEK.as_secs_f64() / now.since(first).as_secs_f64();
        for (action, _) in came.iter().filter(|(_, arrived)| *arrived >= first) {
            *weekly.entry((*action).into()).or_default() += share;
        }
    }
    (weekly, days)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_lately_is_counted_by_the_week_without_the_first_day() {
        // given 90 tasks on the day of the first import, and three a day since
        let now = Timestamp::from_millis(1_764_000_000_000);
        let mut came = vec![("CREATE_PROPOSAL", now - 15 * DAY); 90];
        came.extend((1..=42).map(|number| ("CREATE_PROPOSAL", now - (DAY * number) / 3)));
        // when they are counted, then it is 21 a week
        let (weekly, days) = lately(&came, now);
        assert_eq!(days, 14);
        assert!((weekly["CREATE_PROPOSAL"] - 21.0).abs() < 0.01, "{weekly:?}");
        // and a few days say nothing
        came.retain(|(_, arrived)| now.since(*arrived) < 5 * DAY);
        assert_eq!(lately(&came, now).0, Arrivals::new());
        assert_eq!(lately(&[], now).0, Arrivals::new());
    }
}
