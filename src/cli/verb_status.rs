//! No verb: the control centre. `status`: agents and connections at a glance.

use crate::{
    answer::Answer,
    app::{self, App},
    control,
    figures::{self, Facts},
    text::{Table, ago, clean, number, put},
};
use engine::assign::week_start;
use runtime::{rules::Config, settings::Settings};
use serde_json::json;
use store::Freshness;

/// Options of `status`.
#[derive(clap::Args, Debug)]
#[command(after_help = "Example:\n  sales-orchestrator status --json | jq .streams")]
pub struct Args {}

/// The control centre.
pub async fn centre(app: &App) -> anyhow::Result<Answer> {
    let config = app.config()?;
    let centre = figures::centre(&facts(app, &config).await?, &config);
    Ok(Answer::new(control::render(&centre, app.screen.paint), serde_json::to_value(&centre)?))
}

/// What the figures are made from.
async fn facts(app: &App, config: &Config) -> anyhow::Result<Facts> {
    let store = app.store(&config.settings)?;
    let facts = Facts::read(&*store, app.daemon(&config.settings).is_some(), app::now()).await?;
    facts.with_absences(&*store, config).await
}

/// Agents, then connections.
pub async fn run(app: &App, _: &Args) -> anyhow::Result<Answer> {
    let config = app.config()?;
    let facts = facts(app, &config).await?;
    let centre = figures::centre(&facts, &config);
    let week = week_start(facts.now, &config.settings.organization.zone.0);
    let loads = app.store(&config.settings)?.work_board(Some(Vec::new()), 0, week).await?.loads;
    let mut table = Table::new(&["Agent", "Status", "Tasks", "Limit", "Done 90 d", "In time", "Role"]);
    for agent in config.roster.agents.iter().filter(|agent| agent.enabled) {
        let figures = facts.overview.agents.get(&agent.id).copied().unwrap_or_default();
        let used = |capacity| loads.get(&agent.id).map_or(0, |load| load.used(capacity)).into();
        let limit = agent.capacity.as_ref();
        let limit = limit.map_or("-".to_owned(), |capacity| figures::limit(capacity, used(capacity)));
        let in_time =
            (figures.done >= 5).then(|| control::percent(figures::ratio(figures.on_time, figures.done)));
        table.row([
            agent.id.to_string(),
            facts.standing(&agent.id).to_lowercase(),
            figures.open.to_string(),
            limit,
            number(figures.done),
            in_time.unwrap_or_else(|| "-".to_owned()),
            agent.role.clone(),
        ]);
    }
    let mut text = table.render(app.screen.columns);
    text.push('\n');
    text += &streams(app, &facts, &config.settings);
    let daemon = app.daemon(&config.settings);
    match &daemon {
        Some(pid) => put!(text, "\nThe daemon runs (process {pid}).\n"),
        None => text.push_str("\nNo daemon runs: start it with `sales-orchestrator run`.\n"),
    }
    if let Some((since, who)) = &facts.paused {
        let since = ago(facts.now.since(*since));
        put!(
            text,
            "All writes are paused by {} for {since}: `sales-orchestrator resume writes`.\n",
            clean(who)
        );
    }
    let json = json!({
        "daemon": daemon, "agents": config.roster.agents.iter().filter(|agent| agent.enabled).map(|agent| {
            let figures = facts.overview.agents.get(&agent.id).copied().unwrap_or_default();
            json!({ "id": agent.id, "open": figures.open, "done": figures.done, "on_time": figures.on_time,
                    "paused": figures.paused, "away_until": facts.away.get(&agent.id) })
        }).collect::<Vec<_>>(),
        "streams": facts.freshness.iter().map(|stream| stream_json(stream, &facts, &config.settings)).collect::<Vec<_>>(),
        "writes": facts.overview.writes, "writes_paused": facts.paused.is_some(), "tasks": facts.overview.tasks, "health": centre.health,
    });
    Ok(Answer::new(text, json))
}

/// The table of streams: what is judged is staleness, not whether a job ran.
pub fn streams(app: &App, facts: &Facts, settings: &Settings) -> String {
    let mut table = Table::new(&["Stream", "As of", "Every", "Records", "Gap", "State"]);
    for stream in &facts.freshness {
        let connection = settings.connection(&stream.connection);
        let fresh = connection.is_some_and(|it| figures::is_fresh(stream, it, settings, facts.now));
        let state = match (&stream.trouble, stream.as_of, connection) {
            (Some((trouble, _)), ..) => trouble.clone(),
            (None, _, None) => "no longer configured".to_owned(),
            (None, None, Some(_)) => "first reading".to_owned(),
            (None, Some(_), Some(_)) => if fresh { "fresh" } else { "stale" }.to_owned(),
        };
        table.row([
            format!("{}/{}", stream.connection, stream.stream.plural()),
            stream.as_of.map_or("never".to_owned(), |at| format!("{} ago", ago(facts.now.since(at)))),
            connection.map_or("-".to_owned(), |it| it.every(stream.stream).to_string()),
            number(stream.records),
            stream.gap.map_or("-".to_owned(), number),
            state,
        ]);
    }
    if table.is_empty() {
        let hint = if settings.connection.is_empty() {
            "No account is connected: `sales-orchestrator connect hubspot`.\n"
        } else {
            "Nothing was read yet: `sales-orchestrator sync` or `run`.\n"
        };
        return hint.to_owned();
    }
    table.render(app.screen.columns)
}

fn stream_json(stream: &Freshness, facts: &Facts, settings: &Settings) -> serde_json::Value {
    let connection = settings.connection(&stream.connection);
    json!({
        "connection": stream.connection, "stream": stream.stream.plural(), "as_of": stream.as_of,
        "records": stream.records, "gap": stream.gap, "trouble": stream.trouble.as_ref().map(|(what, _)| what),
        "fresh": connection.is_some_and(|it| figures::is_fresh(stream, it, settings, facts.now)),
    })
}
