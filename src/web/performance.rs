//! How agents and stages do against their targets, and what was learnt.

use crate::{Web, caller::Caller, problem::Problem};
use engine::metrics::{Row, Sheet, agent_rows, span, stage_rows};
use model::{
    AgentId, Stage,
    work::{AgentSpec, Learning, Tried},
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Learnings that are looked through for each answer, newest first.
const MOST: usize = 1_000;
/// Words shown with each group.
const WORDS: usize = 3;

/// Of `performance`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Performance {
    /// Only this agent: id or alias.
    agent: Option<String>,
}

/// Of `learnings`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Learnings {
    /// Only of this stage.
    stage: Option<String>,
    /// Only of this segment.
    segment: Option<String>,
    /// Only of this action.
    action: Option<String>,
}

pub async fn performance(web: &Web, caller: &Caller, input: Performance) -> Result<Value, Problem> {
    let (rules, now) = (web.rules(), web.now());
    let (roster, book) = (&rules.config.roster, &rules.config.book);
    let only = one(roster, caller, input.agent.as_deref())?;
    let inputs = web.store().metric_inputs(span(now)).await?;
    let sheet = Sheet::new(&inputs, book, &rules.flow, now);
    let shown = |spec: &&AgentSpec| match &only {
        Some(id) => spec.id == *id,
        None => spec.enabled && !spec.metrics.is_empty(),
    };
    let agents = roster.agents.iter().filter(shown).map(|spec| {
        let rows = agent_rows(&sheet, spec);
        json!({
            "agent": spec.id, "role": spec.role,
            "met": rows.iter().filter(|row| row.mark == engine::metrics::Mark::Met).count(),
            "metrics": rows.iter().map(row).collect::<Vec<_>>(),
        })
    });
    let agents: Vec<Value> = agents.collect();
    // What everybody does together is no part of one agent's answer.
    let stages = book.stages.iter().filter(|_| only.is_none()).map(|spec| {
        let rows = stage_rows(&sheet, spec);
        json!({ "stage": spec.stage, "metrics": rows.iter().map(row).collect::<Vec<_>>() })
    });
    Ok(json!({
        "at": now, "currency": rules.flow.currency,
        "agents": agents, "stages": stages.collect::<Vec<_>>(),
    }))
}

/// The agent that is asked for. An agent sees its own figures only.
fn one(
    roster: &engine::assign::Roster,
    caller: &Caller,
    named: Option<&str>,
) -> Result<Option<AgentId>, Problem> {
    let named = named.map(|name| roster.named(name)).transpose().map_err(Problem::input)?;
    let named = named.map(|agent| agent.id.clone());
    match (caller.party.agent(), named) {
        (Some(own), Some(named)) if *own != named => {
            Err(Problem::forbidden("an agent sees its own figures only"))
        }
        (Some(own), _) => Ok(Some(own.clone())),
        (None, named) => Ok(named),
    }
}

fn row(row: &Row) -> Value {
    let Row { metric, target, figure, mark } = row;
    json!({
        "metric": metric.name(), "title": metric.title(), "unit": metric.unit(),
        "target": target, "at_most": metric.at_most(), "actual": figure.actual, "cases": figure.cases,
        "status": mark, "symbol": mark.symbol(), "left_out": figure.left_out, "no_rate": figure.no_rate,
    })
}

pub async fn learnings(web: &Web, _: &Caller, input: Learnings) -> Result<Value, Problem> {
    let stage: Option<Stage> = input.stage.as_deref().map(str::parse).transpose().map_err(Problem::input)?;
    let all = web.store().tried().await?;
    // What the same action brought anywhere, which is what a group is compared with.
    let mut pools: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for one in &all {
        let pool = pools.entry(&one.action).or_default();
        *pool = (pool.0 + one.succeeded, pool.1 + one.tried);
    }
    let said = web.store().learnings(stage, input.action.as_deref(), MOST).await?;
    let is_wanted = |at: Stage, segment: Option<&str>, action: &str| {
        stage.is_none_or(|wanted| at == wanted)
            && input.segment.as_deref().is_none_or(|wanted| segment == Some(wanted))
            && input.action.as_deref().is_none_or(|wanted| action == wanted)
    };
    let wanted = all.iter().filter(|one| is_wanted(one.stage, one.segment.as_deref(), &one.action));
    let mut groups: Vec<Value> =
        wanted.map(|one| group(one, pools.get(&*one.action).copied().unwrap_or_default(), &said)).collect();
    // Words on work whose end said nothing.
    let alone = said.iter().filter(|word| is_wanted(word.stage, word.segment.as_deref(), &word.action));
    for word in alone.filter(|word| !all.iter().any(|one| is_of(word, one))) {
        groups.push(json!({
            "stage": word.stage, "segment": word.segment, "action": word.action, "tried": 0, "succeeded": 0,
            "share": null, "pool": null, "since": word.at, "words": [shown(word)],
        }));
    }
    Ok(json!({ "learnings": groups }))
}

fn is_of(word: &Learning, one: &Tried) -> bool {
    (word.stage, &word.segment, &word.action) == (one.stage, &one.segment, &one.action)
}

fn group(one: &Tried, pool: (u64, u64), said: &[Learning]) -> Value {
    let share = |succeeded: u64, tried: u64| {
        let count = |number| usize::try_from(number).unwrap_or(usize::MAX);
        engine::metrics::Figure::share(count(succeeded), count(tried)).told()
    };
    let words = said.iter().filter(|word| is_of(word, one)).take(WORDS).map(shown);
    json!({
        "stage": one.stage, "segment": one.segment, "action": one.action,
        "tried": one.tried, "succeeded": one.succeeded,
        "share": share(one.succeeded, one.tried), "pool": share(pool.0, pool.1),
        "since": one.since, "words": words.collect::<Vec<_>>(),
    })
}

fn shown(word: &Learning) -> Value {
    json!({ "at": word.at, "by": word.by, "task": word.task, "outcome": word.outcome,
            "untrusted": { "text": word.text } })
}
