//! `agents.toml`: its layers, laid over each other, checked and typed.

use super::{
    coordination::{self, CoordinationEntry, RuleEntry},
    entry::{WordOr, overlay, share},
    names::{self, UNITS},
    problem::{Span, Texts, nearest},
    rules::{self, RulesEntry},
};
use crate::{
    assign::{AssignRules, Calendar, Roster},
    metrics::Metric,
};
use model::{
    AgentId, Stage,
    work::{AgentSpec, Capacity, Handoff, Hours, Layer, MetricTarget, Reach, Window},
};
use serde::Deserialize;
use serde_spanned::Spanned;
use std::collections::BTreeMap;

/// The daemon's own address in messages.
const ORCHESTRATOR: &str = "ORCHESTRATOR";

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    assignment: Option<RulesEntry>,
    coordination: Option<CoordinationEntry>,
    #[serde(default)]
    escalation: Vec<RuleEntry>,
    #[serde(default)]
    agent: Vec<AgentEntry>,
}

/// One layer of an agent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AgentEntry {
    id: Spanned<String>,
    remove: Option<bool>,
    aliases: Option<Vec<String>>,
    layer: Option<Layer>,
    role: Option<String>,
    stages: Option<Vec<Stage>>,
    capabilities: Option<BTreeMap<String, Spanned<f64>>>,
    triggers: Option<Vec<Spanned<String>>>,
    outputs: Option<Vec<String>>,
    capacity: Option<Spanned<WordOr<CapacityEntry>>>,
    handoff: Option<Spanned<WordOr<HandoffEntry>>>,
    metrics: Option<BTreeMap<String, Spanned<f64>>>,
    reach: Option<Spanned<WordOr<ReachEntry>>>,
    hours: Option<Spanned<HoursEntry>>,
    accept_minutes: Option<u32>,
    enabled: Option<bool>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct CapacityEntry {
    limit: u32,
    unit: String,
    window: Window,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct HandoffEntry {
    to: Option<String>,
    when: Option<String>,
    external: Option<String>,
    change_owner: Option<bool>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReachEntry {
    crm_owner: Option<String>,
    webhook: Option<String>,
    secret: Option<String>,
    command: Option<Vec<String>>,
    timeout_seconds: Option<u32>,
    email: Option<String>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct HoursEntry {
    zone: Option<String>,
    days: Option<Vec<u8>>,
    from: Option<String>,
    to: Option<String>,
    off: Option<Vec<String>>,
    calendar: Option<String>,
}

/// Where things stand, for checks across files.
#[derive(Default)]
pub(super) struct AgentMarks {
    pub agent: BTreeMap<AgentId, Span>,
    pub capacity: BTreeMap<AgentId, Span>,
    pub handoff: BTreeMap<AgentId, Span>,
    pub capability: BTreeMap<(AgentId, Box<str>), Span>,
    /// Each rule of escalation, by what it is raised on.
    pub escalation: BTreeMap<Box<str>, Span>,
    /// Each agent's triggers with their places.
    pub triggers: Vec<(AgentId, Box<str>, Span)>,
}

/// Reads both layers; what is wrong is noted in `texts`.
pub(super) fn read(texts: &mut Texts<'_>) -> (Roster, AgentMarks) {
    let (builtin, user): (File, File) = texts.parse();
    let entries = merge(builtin.agent, user.agent, texts);
    let mut rules = AssignRules::default();
    for layer in [builtin.assignment, user.assignment].into_iter().flatten() {
        rules::apply(layer, &mut rules, texts);
    }
    let mut marks = AgentMarks::default();
    rules.coordination = coordination::read(
        [builtin.coordination, user.coordination],
        [builtin.escalation, user.escalation],
        &mut marks.escalation,
        texts,
    );
    let known: Vec<String> = entries.iter().map(|entry| entry.id.get_ref().clone()).collect();
    let mut agents: Vec<_> =
        entries.into_iter().map(|entry| agent(entry, &known, &mut marks, texts)).collect();
    agents.sort_by(|a, b| a.id.cmp(&b.id));
    check_names(&agents, &marks, texts);
    (Roster { agents, rules }, marks)
}

/// Lays the user's agents over the built-in ones, by id.
fn merge(builtin: Vec<AgentEntry>, user: Vec<AgentEntry>, texts: &mut Texts<'_>) -> Vec<AgentEntry> {
    let mut entries = builtin;
    let mut named = Vec::new();
    for over in user {
        let key = format!("agent {}", over.id.get_ref());
        if named.contains(over.id.get_ref()) {
            texts.error(
                &over.id.span(),
                &key,
                "named twice in this file: write all of it under one `[[agent]]`".into(),
                None,
            );
            continue;
        }
        named.push(over.id.get_ref().clone());
        let at = entries.iter().position(|base| base.id.get_ref() == over.id.get_ref());
        match (at, over.remove.unwrap_or_default()) {
            (Some(at), true) => drop(entries.remove(at)),
            (Some(at), false) => {
                if let Some(base) = entries.get_mut(at) {
                    lay_over(base, over);
                }
            }
            (None, true) => {
                let meant = nearest(over.id.get_ref(), entries.iter().map(|base| base.id.get_ref().as_str()));
                let meant = meant.map(Into::into);
                texts.warn(&over.id.span(), &key, "there is no such agent to remove".into(), meant);
            }
            (None, false) => entries.push(over),
        }
    }
    entries
}

fn lay_over(base: &mut AgentEntry, over: AgentEntry) {
    base.id = over.id;
    for (name, level) in over.capabilities.into_iter().flatten() {
        base.capabilities.get_or_insert_default().insert(name, level);
    }
    for (name, target) in over.metrics.into_iter().flatten() {
        base.metrics.get_or_insert_default().insert(name, target);
    }
    overlay!(base, over; aliases, layer, role, stages, triggers, outputs, capacity, handoff, reach, hours, accept_minutes, enabled);
}

fn agent(entry: AgentEntry, known: &[String], marks: &mut AgentMarks, texts: &mut Texts<'_>) -> AgentSpec {
    let (span, id) = (entry.id.span(), AgentId::new(entry.id.into_inner()));
    let key = format!("agent {id}");
    marks.agent.insert(id.clone(), span.clone());
    let layer = entry.layer.unwrap_or_else(|| {
        let others = known.iter().map(String::as_str).filter(|other| *other != id.as_str());
        let meant = nearest(id.as_str(), others).map(Into::into);
        texts.error(&span, &key, "a new agent needs a `layer`".into(), meant);
        Layer::Support
    });
    if let Some(capacity) = &entry.capacity {
        marks.capacity.insert(id.clone(), capacity.span());
    }
    if let Some(handoff) = &entry.handoff {
        marks.handoff.insert(id.clone(), handoff.span());
    }
    let triggers = entry.triggers.unwrap_or_default();
    for trigger in &triggers {
        marks.triggers.push((id.clone(), trigger.get_ref().as_str().into(), trigger.span()));
    }
    let boxed = |list: Option<Vec<String>>| list.unwrap_or_default().into_iter().map(Into::into).collect();
    AgentSpec {
        layer,
        aliases: boxed(entry.aliases),
        role: entry.role.unwrap_or_default(),
        stages: entry.stages.unwrap_or_default(),
        capabilities: capabilities(entry.capabilities.unwrap_or_default(), (&id, &key), marks, texts),
        triggers: triggers.into_iter().map(|trigger| trigger.into_inner().into()).collect(),
        outputs: boxed(entry.outputs),
        capacity: entry.capacity.and_then(|capacity| self::capacity(capacity, &key, texts)),
        handoff: entry.handoff.map(|handoff| self::handoff(handoff, &key, texts)).unwrap_or_default(),
        metrics: metrics(entry.metrics.unwrap_or_default(), &key, texts),
        reach: entry.reach.map(|reach| self::reach(reach, &key, texts)).unwrap_or_default(),
        hours: entry.hours.map(|hours| self::hours(hours, &key, texts)).unwrap_or_default(),
        accept_minutes: entry.accept_minutes,
        enabled: entry.enabled.unwrap_or(true),
        id,
    }
}

fn capabilities(
    levels: BTreeMap<String, Spanned<f64>>,
    (id, key): (&AgentId, &str),
    marks: &mut AgentMarks,
    texts: &mut Texts<'_>,
) -> BTreeMap<Box<str>, u32> {
    let mut known = BTreeMap::new();
    for (name, level) in levels {
        let thousandths = share(*level.get_ref(), 1_000).and_then(|level| u32::try_from(level).ok());
        match thousandths {
            Some(0) => {}
            Some(thousandths) => {
                marks.capability.insert((id.clone(), name.as_str().into()), level.span());
                known.insert(name.into(), thousandths);
            }
            None => {
                texts.error(&level.span(), key, format!("the level of `{name}` is not within 0 and 1"), None);
            }
        }
    }
    known
}

fn capacity(entry: Spanned<WordOr<CapacityEntry>>, key: &str, texts: &mut Texts<'_>) -> Option<Capacity> {
    let span = entry.span();
    match entry.into_inner() {
        WordOr::Table(CapacityEntry { limit, unit, window }) => {
            if !UNITS.contains(&unit.as_str()) {
                let meant = nearest(&unit, UNITS.into_iter()).map(Into::into);
                texts.error(&span, key, format!("unknown unit of capacity `{unit}`"), meant);
            }
            Some(Capacity { limit, unit: unit.into(), window })
        }
        WordOr::Word(word) if word == "none" => None,
        WordOr::Word(word) => {
            let message = format!("capacity is \"none\" or {{ limit, unit, window }}, not {word:?}");
            texts.error(&span, key, message, None);
            None
        }
    }
}

fn handoff(entry: Spanned<WordOr<HandoffEntry>>, key: &str, texts: &mut Texts<'_>) -> Handoff {
    let span = entry.span();
    match entry.into_inner() {
        WordOr::Word(word) => match word.as_str() {
            "none" => Handoff::None,
            "all_agents" => Handoff::AllAgents,
            "overlay" => Handoff::Overlay,
            other => {
                let meant = nearest(other, ["none", "all_agents", "overlay"].into_iter()).map(Into::into);
                texts.error(&span, key, format!("unknown handoff `{other}`"), meant);
                Handoff::None
            }
        },
        WordOr::Table(HandoffEntry { to: Some(to), when: Some(when), external: None, change_owner }) => {
            Handoff::Agent {
                to: AgentId::new(to),
                when: when.into(),
                change_owner: change_owner.unwrap_or_default(),
            }
        }
        WordOr::Table(HandoffEntry {
            to: None,
            when: Some(when),
            external: Some(name),
            change_owner: None,
        }) => Handoff::External { name: name.into(), when: when.into() },
        WordOr::Table(_) => {
            texts.error(&span, key, "a handoff has `when`, and either `to` or `external`".into(), None);
            Handoff::None
        }
    }
}

fn metrics(entries: BTreeMap<String, Spanned<f64>>, key: &str, texts: &mut Texts<'_>) -> Vec<MetricTarget> {
    let mut targets = Vec::new();
    for (metric, target) in entries {
        if Metric::find(&metric).is_some() {
            targets.push(MetricTarget { metric: metric.into(), target: target.into_inner() });
        } else {
            let meant = nearest(&metric, names::metrics()).map(Into::into);
            texts.error(&target.span(), key, format!("unknown metric `{metric}`"), meant);
        }
    }
    targets
}

fn reach(entry: Spanned<WordOr<ReachEntry>>, key: &str, texts: &mut Texts<'_>) -> Reach {
    let span = entry.span();
    match entry.into_inner() {
        WordOr::Word(word) => match word.as_str() {
            "deal_owner" => Reach::DealOwner,
            "inbox" => Reach::Inbox,
            other => {
                let meant = nearest(other, ["deal_owner", "inbox"].into_iter()).map(Into::into);
                texts.error(&span, key, format!("unknown reach {other:?}: {REACHES}"), meant);
                Reach::DealOwner
            }
        },
        WordOr::Table(table) => reach_table(table).unwrap_or_else(|why| {
            texts.error(&span, key, format!("{why}: {REACHES}"), None);
            Reach::DealOwner
        }),
    }
}

/// What can be written for `reach`.
const REACHES: &str = "reach is \"deal_owner\", \"inbox\", { crm_owner = \"address\" }, \
     { webhook = \"https://...\", secret = \"name\" }, { command = [\"program\", \"argument\"], timeout_seconds } \
     or { email = \"address\" }";
/// A command that does not end by itself is ended after this.
const COMMAND_SECONDS: u32 = 600;
/// A day: a delivery that lasts longer is taken as lost.
const MOST_SECONDS: u32 = 86_400;

fn reach_table(entry: ReachEntry) -> Result<Reach, String> {
    let address = |text: String| -> Result<Box<str>, String> {
        let text = text.trim().to_lowercase();
        let whole = text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty());
        if whole { Ok(text.into()) } else { Err(format!("`{text}` is no mail address")) }
    };
    match entry {
        ReachEntry {
            crm_owner: Some(owner),
            webhook: None,
            secret: None,
            command: None,
            timeout_seconds: None,
            email: None,
        } => address(owner).map(Reach::CrmOwner),
        ReachEntry {
            crm_owner: None,
            webhook: Some(url),
            secret: Some(secret),
            command: None,
            timeout_seconds: None,
            email: None,
        } => {
            let loopback = ["http://127.0.0.1", "http://localhost", "http://[::1]"];
            if url.starts_with("https://") || loopback.iter().any(|start| url.starts_with(start)) {
                Ok(Reach::Webhook { url: url.into(), secret: secret.into() })
            } else {
                Err("a webhook's address begins with https://".into())
            }
        }
        ReachEntry {
            crm_owner: None,
            webhook: None,
            secret: None,
            command: Some(command),
            timeout_seconds,
            email: None,
        } => {
            let mut words = command.into_iter().map(Box::<str>::from);
            let program = words.next().ok_or("a command names a program")?;
            let timeout_seconds = timeout_seconds.unwrap_or(COMMAND_SECONDS);
            if !(1..=MOST_SECONDS).contains(&timeout_seconds) {
                return Err(format!("a command has from 1 to {MOST_SECONDS} s"));
            }
            Ok(Reach::Command { program, args: words.collect(), timeout_seconds })
        }
        ReachEntry {
            crm_owner: None,
            webhook: None,
            secret: None,
            command: None,
            timeout_seconds: None,
            email: Some(email),
        } => address(email).map(Reach::Email),
        ReachEntry { .. } => Err("exactly one way to reach an agent is wanted".into()),
    }
}

fn hours(entry: Spanned<HoursEntry>, key: &str, texts: &mut Texts<'_>) -> Hours {
    let span = entry.span();
    let entry = entry.into_inner();
    let edge = |text: Option<&String>, all_day: u16| text.map_or(Some(all_day), |text| minutes(text));
    let span_of_day = edge(entry.from.as_ref(), 0).zip(edge(entry.to.as_ref(), 24 * 60));
    if span_of_day.is_none() {
        texts.error(&span, key, "working hours are written HH:MM, from 00:00 to 24:00".into(), None);
    }
    let hours = Hours {
        zone: entry.zone.map(Into::into),
        days: entry.days.unwrap_or_default(),
        span: span_of_day.filter(|span| *span != (0, 24 * 60)),
        off: entry.off.unwrap_or_default().into_iter().map(Into::into).collect(),
        calendar: entry.calendar.map(|name| name.trim().into()),
    };
    if let Err(why) = Calendar::new(&hours, &jiff::tz::TimeZone::UTC) {
        texts.error(&span, key, why, None);
        return Hours::default();
    }
    hours
}

/// `HH:MM` in minutes after midnight, up to 24:00.
fn minutes(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let (hour, minute) = (hour.parse::<u16>().ok()?, minute.parse::<u16>().ok()?);
    let at = hour * 60 + minute;
    (hour <= 24 && minute < 60 && at <= 24 * 60).then_some(at)
}

/// Each name and alias stands for one agent.
fn check_names(agents: &[AgentSpec], marks: &AgentMarks, texts: &mut Texts<'_>) {
    let mut taken: BTreeMap<&str, &AgentId> = BTreeMap::new();
    for agent in agents {
        let names = agent.aliases.iter().map(AsRef::as_ref).chain([agent.id.as_str()]);
        for name in names {
            let span = marks.agent.get(&agent.id).cloned().unwrap_or_default();
            let key = format!("agent {}", agent.id);
            if name == ORCHESTRATOR {
                texts.error(&span, &key, format!("{ORCHESTRATOR} is the daemon's own name"), None);
            }
            if let Some(other) = taken.insert(name, &agent.id) {
                texts.error(&span, &key, format!("the name `{name}` also stands for {other}"), None);
            }
        }
    }
}
