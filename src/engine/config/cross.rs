//! Checks across both files: who hands to whom, who can do what, what leads where.

use super::{
    agents::AgentMarks,
    problem::{Span, Texts, nearest},
    stages::{ANY_STAGE, StageMarks},
};
use crate::{
    assign::Roster,
    coordinate::Raised,
    flow::{ActionSpec, Next, StageBook},
};
use model::{
    AgentId, Stage,
    work::{AgentSpec, Handoff, Layer, Responsibility},
};
use std::collections::{BTreeMap, BTreeSet};

/// Resolves names of agents and checks both files against each other.
pub(super) fn check(
    roster: &mut Roster,
    book: &mut StageBook,
    (agents, stages): (&AgentMarks, &StageMarks),
    (agents_text, stages_text): (&mut Texts<'_>, &mut Texts<'_>),
) {
    roster.rules.policies.clone_from(&stages.policies);
    handoffs(roster, book, agents, agents_text);
    escalations(roster, book, agents, agents_text);
    agents_of_stages(roster, book, stages, stages_text);
    for (place, action, stage) in all_actions(book) {
        let span = span_of(stages, place, action);
        capability(roster, (place, action), &span, stages_text);
        primary_can(roster, book, stage, (place, action, &span), stages_text);
    }
    transitions(book, stages, stages_text);
    triggers(book, (agents, stages), agents_text);
    meant_for(roster, book);
    useless(roster, book, agents, agents_text);
}

/// Every action with the stage or trigger that it stands in.
fn all_actions(book: &StageBook) -> impl Iterator<Item = (&str, &ActionSpec, Option<Stage>)> {
    let staged = book.stages.iter().flat_map(|spec| {
        let both = spec.actions.iter().chain(&spec.supports);
        both.map(|action| (spec.stage.name(), action, Some(spec.stage)))
    });
    let raised =
        book.triggers.iter().flat_map(|spec| spec.actions.iter().map(|action| (&*spec.id, action, None)));
    let any = book.any_stage.iter().map(|action| (ANY_STAGE, action, None));
    staged.chain(any).chain(raised).chain([("advance", &book.advance, None)])
}

fn span_of(marks: &StageMarks, place: &str, action: &ActionSpec) -> Span {
    let key = (place.to_owned(), action.id.clone(), action.by.clone());
    marks.action.get(&key).cloned().unwrap_or_default()
}

/// The agent that a name stands for, or an error with what was meant.
fn resolve(roster: &Roster, name: &AgentId, what: &str, at: (&Span, &str), texts: &mut Texts<'_>) -> AgentId {
    if let Some(id) = roster.resolve(name.as_str()) {
        return id;
    }
    let meant = nearest(name.as_str(), roster.agents.iter().map(|agent| agent.id.as_str()));
    texts.error(at.0, at.1, format!("{what} `{name}`, but there is no such agent"), meant.map(Into::into));
    name.clone()
}

fn handoffs(roster: &mut Roster, book: &StageBook, marks: &AgentMarks, texts: &mut Texts<'_>) {
    let known = roster.clone();
    let signals: Vec<&str> = book.signals.iter().map(|signal| &*signal.id).collect();
    for agent in &mut roster.agents {
        let span = marks.handoff.get(&agent.id).cloned().unwrap_or_default();
        let key = format!("agent {}", agent.id);
        if let Handoff::Agent { when, .. } | Handoff::External { when, .. } = &agent.handoff
            && !signals.contains(&&**when)
        {
            let meant = nearest(when, signals.iter().copied()).map(Into::into);
            texts.error(&span, &key, format!("hands off on `{when}`, which is no signal"), meant);
        }
        if let Handoff::Agent { to, .. } = &mut agent.handoff {
            *to = resolve(&known, to, "hands off to", (&span, &key), texts);
            if known.find(to.as_str()).is_some_and(|target| !target.enabled) {
                texts.warn(&span, &key, format!("hands off to {to}, which is not enabled"), None);
            }
        }
    }
}

/// Each rule is raised by something, names an agent that is there and an action that a stage has.
fn escalations(roster: &mut Roster, book: &StageBook, marks: &AgentMarks, texts: &mut Texts<'_>) {
    let known = roster.clone();
    let mut raised: Vec<&str> = book.signals.iter().map(|signal| &*signal.id).collect();
    raised.extend(Raised::ALL.map(Raised::name));
    let actions: BTreeSet<&str> = all_actions(book).map(|(_, action, _)| &*action.id).collect();
    for rule in &mut roster.rules.coordination.escalations {
        let span = marks.escalation.get(&rule.on).cloned().unwrap_or_default();
        let key = format!("escalation {}", rule.on);
        if !raised.contains(&&*rule.on) {
            let meant = nearest(&rule.on, raised.iter().copied()).map(Into::into);
            texts.error(&span, &key, format!("nothing raises `{}`", rule.on), meant);
        }
        if let Some(to) = &mut rule.to {
            *to = resolve(&known, to, "goes to", (&span, &key), texts);
        }
        match (&rule.to, &rule.action) {
            (None, Some(_)) | (Some(_), None) => {
                texts.error(&span, &key, "`to` and `action` belong together".into(), None);
            }
            (Some(_), Some(action)) if !actions.contains(&**action) => {
                let meant = nearest(action, actions.iter().copied()).map(Into::into);
                texts.error(&span, &key, format!("there is no action `{action}`"), meant);
            }
            (Some(_), Some(_)) | (None, None) => {}
        }
    }
}

fn agents_of_stages(roster: &Roster, book: &mut StageBook, marks: &StageMarks, texts: &mut Texts<'_>) {
    let resolve_all = |actions: &mut Vec<ActionSpec>, place: &str, texts: &mut Texts<'_>| {
        for action in actions {
            let span = span_of(marks, place, action);
            let key = format!("{place} {}", action.id);
            action.by =
                action.by.as_ref().map(|by| resolve(roster, by, "is meant for", (&span, &key), texts));
        }
    };
    for spec in &mut book.stages {
        let span = marks.primary.get(&spec.stage).cloned().unwrap_or_default();
        let key = format!("stage {}", spec.stage);
        spec.primary = resolve(roster, &spec.primary, "has the primary agent", (&span, &key), texts);
        resolve_all(&mut spec.actions, spec.stage.name(), texts);
        resolve_all(&mut spec.supports, spec.stage.name(), texts);
    }
    resolve_all(&mut book.any_stage, ANY_STAGE, texts);
    for spec in &mut book.triggers {
        resolve_all(&mut spec.actions, &spec.id, texts);
    }
}

/// Somebody must be able to do an action.
fn capability(roster: &Roster, (place, action): (&str, &ActionSpec), span: &Span, texts: &mut Texts<'_>) {
    let key = format!("{place} {}", action.id);
    let known: BTreeSet<&str> =
        roster.agents.iter().flat_map(|agent| agent.capabilities.keys()).map(AsRef::as_ref).collect();
    let preferred = action.need.preferred.iter().map(|(name, _)| name);
    for name in preferred.filter(|name| !known.contains(&***name)) {
        let meant = nearest(name, known.iter().copied()).map(Into::into);
        texts.warn(span, &key, format!("prefers `{name}`, which no agent has"), meant);
    }
    let needed = &*action.need.capability;
    if known.contains(needed) {
        return;
    }
    let meant = nearest(needed, known.iter().copied());
    let master = roster.agents.iter().find(|agent| agent.layer == Layer::Master && agent.enabled);
    match (meant, master) {
        (Some(meant), _) => {
            texts.error(
                span,
                &key,
                format!("no agent has the capability `{needed}`"),
                Some(meant.to_owned()),
            );
        }
        (None, None) => {
            texts.error(
                span,
                &key,
                format!("nobody can do it: no agent has the capability `{needed}`"),
                None,
            );
        }
        (None, Some(master)) => {
            let message = format!("no agent has the capability `{needed}`: only {} is left", master.id);
            texts.warn(span, &key, message, None);
        }
    }
}

/// The primary agent should be able to do what is its own.
fn primary_can(
    roster: &Roster,
    book: &StageBook,
    stage: Option<Stage>,
    (place, action, span): (&str, &ActionSpec, &Span),
    texts: &mut Texts<'_>,
) {
    let Some(spec) = stage.and_then(|stage| book.stage(stage)) else { return };
    let primary = roster.find(spec.primary.as_str());
    let able = primary.is_none_or(|agent| agent.capabilities.contains_key(&action.need.capability));
    if action.responsibility == Responsibility::Primary && !able {
        let message = format!(
            "is the primary agent's part, but {} lacks `{}`: say part = \"support\" where others do it",
            spec.primary, action.need.capability
        );
        texts.warn(span, &format!("{place} {}", action.id), message, None);
    }
}

/// Each stage but the first should be led to.
fn transitions(book: &StageBook, marks: &StageMarks, texts: &mut Texts<'_>) {
    for stage in Stage::ALL {
        let Some(span) = marks.stage.get(&stage) else {
            texts.error(&(0..0), &format!("stage {stage}"), "is missing".into(), None);
            continue;
        };
        let led_to = book.stages.iter().filter_map(|spec| spec.transition.as_ref());
        let reached = led_to.into_iter().any(|next| next.to == Next::Stage(stage));
        if stage != Stage::Awareness && !reached {
            texts.warn(span, &format!("stage {stage}"), "no transition leads here".into(), None);
        }
    }
}

/// Each agent's triggers are raised by something.
fn triggers(book: &StageBook, (agents, stages): (&AgentMarks, &StageMarks), texts: &mut Texts<'_>) {
    let mut known: BTreeSet<&str> = stages.raises.iter().map(String::as_str).collect();
    known.extend(book.triggers.iter().map(|trigger| &*trigger.id));
    known.extend(book.signals.iter().map(|signal| &*signal.id));
    for (agent, trigger, span) in &agents.triggers {
        if !known.contains(&**trigger) {
            let meant = nearest(trigger, known.iter().copied()).map(Into::into);
            texts.error(
                span,
                &format!("agent {agent}"),
                format!("nothing raises the trigger `{trigger}`"),
                meant,
            );
        }
    }
}

/// A trigger's action is meant for the agent that lists the trigger and is best at it.
fn meant_for(roster: &Roster, book: &mut StageBook) {
    for trigger in &mut book.triggers {
        let lists = |agent: &&AgentSpec| agent.triggers.contains(&trigger.id);
        let listed: Vec<_> = roster.agents.iter().filter(lists).collect();
        for action in trigger.actions.iter_mut().filter(|action| action.by.is_none()) {
            let level = |agent: &AgentSpec| agent.capabilities.get(&action.need.capability).copied();
            let able = listed.iter().filter_map(|agent| Some((level(agent)?, *agent)));
            // The first of the best, in order of ids.
            let best = able.reduce(|best, next| if next.0 > best.0 { next } else { best });
            action.by = best.map(|(_, agent)| agent.id.clone());
        }
    }
}

/// Agents that nothing reaches, and capabilities that nothing asks for.
fn useless(roster: &Roster, book: &StageBook, marks: &AgentMarks, texts: &mut Texts<'_>) {
    let mut asked: BTreeMap<&str, bool> = BTreeMap::new();
    for (_, action, _) in all_actions(book) {
        asked.insert(&action.need.capability, true);
        for (name, _) in &action.need.preferred {
            asked.entry(name).or_insert(false);
        }
    }
    for agent in roster.agents.iter().filter(|agent| agent.layer != Layer::Master) {
        let key = format!("agent {}", agent.id);
        for name in agent.capabilities.keys().filter(|name| !asked.contains_key(&***name)) {
            let span = marks.capability.get(&(agent.id.clone(), name.clone())).cloned().unwrap_or_default();
            let meant = nearest(name, asked.keys().copied()).map(Into::into);
            texts.warn(&span, &key, format!("nothing asks for the capability `{name}`"), meant);
        }
        let reached = agent.capabilities.keys().any(|name| asked.get(&**name).copied().unwrap_or_default());
        if !reached {
            let span = marks.agent.get(&agent.id).cloned().unwrap_or_default();
            texts.warn(&span, &key, "no action can ever reach it".into(), None);
        }
    }
}
