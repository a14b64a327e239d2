//! Looking: status, agents, tasks, cases, messages, events.

use crate::{
    Web,
    caller::Caller,
    context::subject,
    operation::Nothing,
    problem::Problem,
    work::{shown, task_id},
};
use engine::assign::week_start;
use model::{
    AgentId, Field, Id, Kind,
    work::{AgentSpec, Subject, TaskState},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::HashMap;
use store::{CaseFilter, MessageFilter, TaskFilter};

const MOST: usize = 200;
const PAGE: usize = 100;

/// Of `search`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Search {
    /// Part of a name, address or domain.
    text: String,
    /// `deal`, `contact` or `company`.
    kind: Option<String>,
}

/// Of `tasks`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tasks {
    /// Only of this `deal:ID` or `contact:ID`.
    subject: Option<String>,
    /// Only this agent's.
    agent: Option<String>,
    /// Only in this state; `open` is every state that is not over.
    #[schemars(extend("enum" = states()))]
    state: Option<String>,
    /// The `next` of the page before.
    cursor: Option<String>,
}

/// What `state` may be: left out and `null` are the same.
fn states() -> Vec<Option<&'static str>> {
    TaskState::NAMES.into_iter().chain([TaskState::OPEN]).map(Some).chain([None]).collect()
}

/// Of `handoffs` and `escalations`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cases {
    /// Only this one.
    id: Option<String>,
    /// Only those that are not over.
    #[serde(default)]
    open: bool,
    /// The `next` of the page before.
    cursor: Option<String>,
}

/// Of `messages`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Messages {
    /// Only this conversation.
    conversation: Option<String>,
    /// The `next` of the page before.
    cursor: Option<String>,
}

/// Of `events`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Events {
    /// The `next` of the page before.
    cursor: Option<String>,
}

pub async fn search(web: &Web, caller: &Caller, input: Search) -> Result<Value, Problem> {
    let kind: Option<Kind> = input.kind.as_deref().map(str::parse).transpose().map_err(Problem::input)?;
    if input.text.trim().is_empty() {
        return Err(Problem::input("`text` is empty: what is looked for?"));
    }
    let mut found = Vec::new();
    for (id, kind, name) in web.store().search(kind, input.text.trim(), PAGE).await? {
        if may_find(web, caller, id, kind).await? {
            found.push(json!({ "id": id, "kind": kind, "untrusted": { "name": name } }));
        }
    }
    Ok(json!({ "found": found }))
}

/// An agent finds only what it works on; people find everything.
async fn may_find(web: &Web, caller: &Caller, id: Id, kind: Kind) -> Result<bool, Problem> {
    let subject = match kind {
        _ if caller.party.agent().is_none() => return Ok(true),
        Kind::Deal => Subject::Deal(id),
        Kind::Contact => Subject::Lead(id),
        _ => return Ok(false),
    };
    Ok(web.store().may_see(&caller.party, &subject).await?)
}

pub async fn status(web: &Web, _: &Caller, _: Nothing) -> Result<Value, Problem> {
    let overview = web.store().overview(web.now()).await?;
    let deals: serde_json::Map<String, Value> = overview
        .deals
        .iter()
        .map(|(stage, count)| (stage.map_or("unmapped", |stage| stage.name()).to_owned(), (*count).into()))
        .collect();
    Ok(json!({
        "at": web.now(),
        "deals": deals,
        "leads": overview.leads,
        "tasks": overview.tasks,
        "overdue": overview.overdue,
        "oldest_queued": overview.oldest_queued,
        "writes": overview.writes,
        "writes_paused": web.store().writes_paused().await?.is_some(),
        "parked": overview.parked,
        "undelivered": overview.undelivered,
    }))
}

pub async fn agents(web: &Web, _: &Caller, _: Nothing) -> Result<Value, Problem> {
    let (rules, now) = (web.rules(), web.now());
    let overview = web.store().overview(now).await?;
    let week = week_start(now, rules.routing.zone());
    let loads = web.store().work_board(Some(Vec::new()), 0, week).await?.loads;
    let used = |spec: &AgentSpec| {
        let capacity = spec.capacity.as_ref()?;
        Some(loads.get(&spec.id).map_or(0, |load| load.used(capacity)))
    };
    let list = rules.config.roster.agents.iter().map(|spec| {
        let figures = overview.agents.get(&spec.id).copied().unwrap_or_default();
        let calendar = rules.routing.calendar(&spec.id);
        json!({
            "id": spec.id,
            "role": spec.role,
            "layer": spec.layer,
            "stages": spec.stages,
            "capabilities": spec.capabilities,
            "capacity": spec.capacity,
            "used": used(spec),
            "enabled": spec.enabled,
            "paused": figures.paused,
            "at_work": calendar.is_none_or(|calendar| calendar.is_open(now)),
            "away_until": calendar.and_then(|calendar| calendar.back_after(now)),
            "open": figures.open,
            "done": figures.done,
            "on_time": figures.on_time,
        })
    });
    Ok(json!({ "agents": list.collect::<Vec<_>>() }))
}

pub async fn tasks(web: &Web, caller: &Caller, input: Tasks) -> Result<Value, Problem> {
    let record = match input.subject.as_deref().map(subject).transpose()? {
        Some(Subject::Deal(id) | Subject::Lead(id)) => Some(id),
        Some(Subject::Segment(_)) => return Err(Problem::input("`subject` is a deal or a contact here")),
        None => None,
    };
    let agent = match (caller.party.agent(), input.agent.as_deref().map(AgentId::from)) {
        (Some(own), Some(named)) if *own != named => {
            return Err(Problem::forbidden("an agent sees its own tasks only"));
        }
        (Some(own), _) => Some(own.clone()),
        (None, named) => named.map(|name| crate::assign::agent(web, name.as_str())).transpose()?,
    };
    let known = |name: &&str| TaskState::NAMES.contains(name) || *name == TaskState::OPEN;
    if let Some(wrong) = input.state.as_deref().filter(|name| !known(name)) {
        let known = TaskState::NAMES.join(", ");
        return Err(Problem::input(format!("`state` {wrong:?} is none of {known}, {}", TaskState::OPEN)));
    }
    let (state, after) = (input.state.map(Into::into), place(input.cursor.as_deref())?);
    let found = web.store().tasks(&TaskFilter { record, agent, state, after }, MOST).await?;
    let (end, more) = (found.last().map(|task| task.id), found.len() == MOST);
    let mut list = Vec::with_capacity(found.len());
    for task in found {
        if let Some(detail) = web.store().task_detail(&caller.party, task.id).await? {
            list.push(shown(&detail));
        }
    }
    Ok(json!({ "tasks": list, "next": next(end, input.cursor), "more": more }))
}

pub async fn handoffs(web: &Web, caller: &Caller, input: Cases) -> Result<Value, Problem> {
    let found = web.store().handoffs(&caller.party, &filter(&input)?, MOST).await?;
    let next = next(found.last().map(|case| case.id), input.cursor);
    let list = named(web, &found, |case| Some(&case.subject)).await?;
    Ok(json!({ "handoffs": list, "next": next, "more": found.len() == MOST }))
}

pub async fn escalations(web: &Web, caller: &Caller, input: Cases) -> Result<Value, Problem> {
    let found = web.store().escalations(&caller.party, &filter(&input)?, MOST).await?;
    let next = next(found.last().map(|case| case.id), input.cursor);
    let list = named(web, &found, |case| case.subject.as_ref()).await?;
    Ok(json!({ "escalations": list, "next": next, "more": found.len() == MOST }))
}

/// Cases with the name of the deal or contact that each is about.
async fn named<C: Serialize>(
    web: &Web,
    cases: &[C],
    subject: impl Fn(&C) -> Option<&Subject>,
) -> Result<Vec<Value>, Problem> {
    let mut names: HashMap<Id, Option<String>> = HashMap::new();
    let mut list = Vec::with_capacity(cases.len());
    for case in cases {
        let mut shown = json!(case);
        if let Some(Subject::Deal(id) | Subject::Lead(id)) = subject(case) {
            if !names.contains_key(id) {
                let record = web.store().record(*id).await?;
                let name = record.and_then(|record| record.fields.text(Field::Name).map(str::to_owned));
                names.insert(*id, name);
            }
            if let Value::Object(shown) = &mut shown {
                shown.insert("untrusted".to_owned(), json!({ "name": names.get(id) }));
            }
        }
        list.push(shown);
    }
    Ok(list)
}

fn filter(input: &Cases) -> Result<CaseFilter, Problem> {
    let id = input.id.as_deref().map(task_id).transpose();
    let id = id.map_err(|_| Problem::input("`id` is no id"))?;
    Ok(CaseFilter { id, record: None, open: input.open, after: place(input.cursor.as_deref())? })
}

pub async fn messages(web: &Web, caller: &Caller, input: Messages) -> Result<Value, Problem> {
    let after = after(input.cursor.as_deref())?;
    let filter =
        MessageFilter { conversation: input.conversation.map(Into::into), ..MessageFilter::default() };
    let found = web.store().messages(&caller.party, &filter, after, PAGE).await?;
    let next = found.last().map_or(after, |kept| kept.seq);
    let list: Vec<Value> = found
        .iter()
        .map(|kept| json!({ "received": kept.received, "message": kept.message, "effect": kept.effect, "push": kept.push }))
        .collect();
    Ok(json!({ "messages": list, "next": cursor(next), "more": list.len() == PAGE }))
}

pub async fn events(web: &Web, _: &Caller, input: Events) -> Result<Value, Problem> {
    let after = after(input.cursor.as_deref())?;
    let found = web.store().events(after, PAGE).await?;
    let next = found.last().map_or(after, |(seq, _)| *seq);
    let list: Vec<Value> = found.iter().map(|(_, event)| json!(event)).collect();
    Ok(json!({ "events": list, "next": cursor(next), "more": list.len() == PAGE }))
}

/// Opaque to callers.
fn cursor(seq: i64) -> String {
    format!("c{seq:x}")
}

fn after(cursor: Option<&str>) -> Result<i64, Problem> {
    let Some(text) = cursor else { return Ok(0) };
    let number = text.strip_prefix('c').and_then(|hex| i64::from_str_radix(hex, 16).ok());
    number.filter(|seq| *seq >= 0).ok_or_else(|| foreign(text))
}

/// Where a list by date goes on: after what was shown last, else where it stood.
fn next(last: Option<Id>, cursor: Option<String>) -> Option<String> {
    last.map(|id| format!("p{id}")).or(cursor)
}

fn place(cursor: Option<&str>) -> Result<Option<Id>, Problem> {
    let id = |text: &str| text.strip_prefix('p')?.parse().ok();
    cursor.map(|text| id(text).ok_or_else(|| foreign(text))).transpose()
}

fn foreign(cursor: &str) -> Problem {
    Problem::input(format!("`cursor` {cursor:?} did not come from here: leave it out to begin"))
}
