//! `performance`: every metric with target, actual and status, and what was learnt.

use crate::{
    answer::{Answer, usage},
    app::App,
    control, desk,
    text::{Table, clean, number, put},
};
use model::{Stage, work::AgentSpec};
use serde_json::{Value, json};

/// Last words of agents shown below the learnings.
const WORDS: usize = 10;

/// Options of `performance`.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  sales-orchestrator performance                   all agents, stages and learnings
  sales-orchestrator performance WAKE.SDRFORGE     one agent; QUOTEFORGE will do as well
  sales-orchestrator performance --json | jq '.agents[].metrics[] | select(.status == \"missed\")'

Status: ● the target is met, ○ it is not, – below 5 cases. Per week is the trailing 7 days, rates are over
the trailing 90. Targets are the `metrics` of agents.toml.")]
pub struct Args {
    /// Only this agent: id or alias
    #[arg(value_name = "AGENT")]
    agent: Option<String>,
}

/// Shows.
pub async fn run(app: &App, args: &Args) -> anyhow::Result<Answer> {
    let config = app.config()?;
    let agent: Option<&AgentSpec> =
        args.agent.as_deref().map(|name| config.roster.named(name)).transpose().map_err(usage)?;
    let web = desk::web(app).await?;
    let mut answer = desk::ask(&web, "performance", json!({ "agent": agent.map(|one| &one.id) })).await?;
    let learnt = desk::ask(&web, "learnings", json!({})).await?;
    let learnt: Vec<Value> = list(&learnt, "learnings").filter(|one| is_near(one, agent)).cloned().collect();
    let columns = app.screen.columns;
    let currency = desk::at(&answer, "/currency").as_str().unwrap_or_default().to_owned();
    let mut text = String::from("AGENT PERFORMANCE METRICS\n");
    for one in list(&answer, "agents") {
        agent_table(&mut text, one, &currency, columns);
    }
    stages(&mut text, &answer, &currency, columns);
    learnings(&mut text, &learnt, columns);
    if let Some(object) = answer.as_object_mut() {
        object.insert("learnings".to_owned(), learnt.into());
    }
    Ok(Answer::new(text, answer))
}

/// Of a stage in which the agent is at home, or nobody in particular is asked for.
fn is_near(learning: &Value, agent: Option<&AgentSpec>) -> bool {
    let stage: Option<Stage> = desk::at(learning, "/stage").as_str().and_then(|name| name.parse().ok());
    agent.is_none_or(|one| one.stages.is_empty() || stage.is_some_and(|stage| one.stages.contains(&stage)))
}

fn agent_table(text: &mut String, agent: &Value, currency: &str, columns: usize) {
    let id = desk::at(agent, "/agent").as_str().unwrap_or_default();
    let name = id.strip_prefix("WAKE.").unwrap_or(id);
    let mut table = Table::new(&["Metric", "Target", "Actual", "Status"]);
    for row in list(agent, "metrics") {
        table.row([title(row), target(row, currency), actual(row, currency), symbol(row)]);
    }
    let rows = if table.is_empty() {
        "No metrics are configured for it.\n".to_owned()
    } else {
        table.render(columns)
    };
    put!(text, "\n{} METRICS\n{rows}", clean(name));
    list(agent, "metrics").for_each(|row| left_out(text, row));
}

fn stages(text: &mut String, answer: &Value, currency: &str, columns: usize) {
    let mut table = Table::new(&["Stage", "Metric", "Actual", "Cases"]);
    let mut rows = Vec::new();
    for stage in list(answer, "stages") {
        let name = desk::at(stage, "/stage").as_str().unwrap_or_default();
        for row in list(stage, "metrics") {
            table.row([name.to_owned(), title(row), actual(row, currency), cases(row)]);
            rows.push(row);
        }
    }
    if !table.is_empty() {
        put!(text, "\nSTAGES (everybody's work)\n{}", table.render(columns));
        for row in rows {
            left_out(text, row);
        }
    }
}

fn learnings(text: &mut String, learnt: &[Value], columns: usize) {
    text.push_str("\nLEARNINGS\n");
    if learnt.is_empty() {
        text.push_str("Nothing was learnt yet: tasks have to end with an outcome first.\n");
        return;
    }
    let mut table = Table::new(&["Stage", "Segment", "Action", "Tried", "Success", "Anywhere", "Since"]);
    let share = |value: &Value| value.as_f64().map_or("–".to_owned(), control::percent);
    for one in learnt {
        let word = |name: &str| one.get(name).and_then(Value::as_str).unwrap_or("-").to_owned();
        table.row([
            word("stage"),
            word("segment"),
            word("action"),
            number(desk::at(one, "/tried").as_u64().unwrap_or_default()),
            share(desk::at(one, "/share")),
            share(desk::at(one, "/pool")),
            word("since").chars().take(10).collect(),
        ]);
    }
    text.push_str(&table.render(columns));
    let words = learnt.iter().flat_map(|one| list(one, "words").map(move |word| (one, word)));
    for (one, word) in words.take(WORDS) {
        let said = |value: &Value, at| clean(desk::at(value, at).as_str().unwrap_or_default());
        let (action, by, what) = (said(one, "/action"), said(word, "/by"), said(word, "/untrusted/text"));
        put!(text, "  {action}: {what} ({by})\n");
    }
    text.push_str("A playbook changes only by an explicit edit or an approved experiment.\n");
}

fn list<'a>(answer: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    answer.get(name).and_then(Value::as_array).into_iter().flatten()
}

fn title(row: &Value) -> String {
    desk::at(row, "/title").as_str().unwrap_or_default().to_owned()
}

fn symbol(row: &Value) -> String {
    desk::at(row, "/symbol").as_str().unwrap_or_default().to_owned()
}

fn cases(row: &Value) -> String {
    number(desk::at(row, "/cases").as_u64().unwrap_or_default())
}

fn target(row: &Value, currency: &str) -> String {
    let most = if desk::at(row, "/at_most").as_bool() == Some(true) { "≤ " } else { "" };
    let value = desk::at(row, "/target").as_f64();
    value.map_or("-".to_owned(), |value| format!("{most}{}", shown(row, value, currency)))
}

fn actual(row: &Value, currency: &str) -> String {
    desk::at(row, "/actual").as_f64().map_or("–".to_owned(), |value| shown(row, value, currency))
}

/// A value in its unit: `10 %`, `12,500 USD`, `48 h`, `30 days`, `500`.
fn shown(row: &Value, value: f64, currency: &str) -> String {
    match desk::at(row, "/unit").as_str() {
        Some("share") => format!("{}%", short(value * 100.0)),
        Some("money") => format!("{} {currency}", short(value.round())),
        Some("hours") => format!("{} h", short(value)),
        Some("days") => format!("{} days", short(value)),
        _ => short(value),
    }
}

/// At most one digit behind the point, thousands set apart.
fn short(value: f64) -> String {
    let text = format!("{:.1}", value.abs());
    let (whole, tenth) = text.split_once('.').unwrap_or((&text, "0"));
    let whole = whole.parse().map_or_else(|_| whole.to_owned(), number);
    let sign = if value < 0.0 && (whole != "0" || tenth != "0") { "-" } else { "" };
    if tenth == "0" { format!("{sign}{whole}") } else { format!("{sign}{whole}.{tenth}") }
}

/// Says which deals a figure has no part of.
fn left_out(text: &mut String, row: &Value) {
    let count = desk::at(row, "/left_out").as_u64().unwrap_or_default();
    if count > 0 {
        let codes: Vec<&str> = list(row, "no_rate").filter_map(Value::as_str).collect();
        let deals = if count == 1 { "deal" } else { "deals" };
        put!(text, "  {}: {count} {deals} left out, no rate for {}\n", title(row), codes.join(", "));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_shown_in_their_unit() {
        let row = |unit: &str| json!({ "unit": unit });
        let show = |unit, value| shown(&row(unit), value, "USD");
        assert_eq!(show("share", 0.1), "10%");
        assert_eq!(show("share", -0.025), "-2.5%");
        assert_eq!(show("money", 12_500.4), "12,500 USD");
        assert_eq!((show("hours", 48.0), show("days", 30.25)), ("48 h".into(), "30.2 days".into()));
        assert_eq!((show("per_week", 1500.0), show("share", -0.0)), ("1,500".into(), "0%".into()));
    }

    #[test]
    fn a_target_that_is_a_limit_says_so_and_what_is_left_out_is_told() {
        let row = json!({
            "title": "Avg discount", "unit": "share", "target": 0.15, "at_most": true, "actual": null,
            "left_out": 2, "no_rate": ["CHF", "SEK"],
        });
        assert_eq!((target(&row, "USD"), actual(&row, "USD")), ("≤ 15%".to_owned(), "–".to_owned()));
        let mut text = String::new();
        left_out(&mut text, &row);
        assert_eq!(text, "  Avg discount: 2 deals left out, no rate for CHF, SEK\n");
    }
}
