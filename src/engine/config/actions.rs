//! Actions in `stages.toml`: a stage's own, supports, and what triggers make.

use super::{
    entry::{Priority, overlay, share},
    names::UNITS,
    problem::{Span, nearest},
    stages::Reader,
};
use crate::flow::{ActionSpec, Each, Per};
use model::{
    AgentId, Stage,
    work::{Need, Policy, Responsibility},
};
use serde::Deserialize;
use serde_spanned::Spanned;
use std::collections::BTreeMap;

/// One layer of an action.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ActionEntry {
    id: Spanned<String>,
    remove: Option<bool>,
    agent: Option<Spanned<String>>,
    title: Option<String>,
    text: Option<String>,
    capability: Option<Spanned<String>>,
    prefers: Option<BTreeMap<String, Spanned<f64>>>,
    unit: Option<Spanned<String>>,
    priority: Option<Priority>,
    hours: Option<u32>,
    when: Option<Spanned<String>>,
    drop_when: Option<Spanned<String>>,
    done_when: Option<Spanned<String>>,
    each: Option<EachName>,
    due: Option<DueName>,
    calendar_minutes: Option<Spanned<u32>>,
    per: Option<PerName>,
    part: Option<Spanned<String>>,
    policy: Option<Policy>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum PerName {
    Record,
    Segment,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum EachName {
    Reply,
    HeldMeeting,
    LostMeeting,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum DueName {
    Hours,
    Meeting,
}

/// What an action belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Action,
    Support,
    AnyStage,
    Trigger,
}

impl ActionEntry {
    pub fn lay_over(&mut self, over: Self) {
        overlay!(
            self, over; agent, title, text, capability, prefers, unit, priority, hours, when, drop_when,
            done_when, each, due, calendar_minutes, per, part, policy,
        );
    }

    /// The same entry of another layer; an agent that is not named there does not matter.
    fn is(&self, over: &Self) -> bool {
        let agent = |entry: &Self| entry.agent.as_ref().map(|agent| agent.get_ref().clone());
        self.id.get_ref() == over.id.get_ref() && (over.agent.is_none() || agent(self) == agent(over))
    }
}

/// Lays one list over another, by id and agent.
pub(super) fn merge(base: &mut Vec<ActionEntry>, user: Vec<ActionEntry>) {
    for over in user {
        let at = base.iter().position(|known| known.is(&over));
        match (at, over.remove.unwrap_or_default()) {
            (Some(at), true) => drop(base.remove(at)),
            (Some(at), false) => {
                base.get_mut(at).into_iter().zip([over]).for_each(|(base, over)| base.lay_over(over));
            }
            (None, true) => {}
            (None, false) => base.push(over),
        }
    }
}

/// Checks and types an action of the stage or trigger `place`.
pub(super) fn action(
    entry: ActionEntry,
    place: &str,
    kind: Kind,
    reader: &mut Reader<'_, '_, '_>,
) -> Option<ActionSpec> {
    let (span, id) = (entry.id.span(), entry.id.into_inner());
    let key = format!("{place} {id}");
    let Some(capability) = entry.capability else {
        reader.texts.error(&span, &key, "a new action needs a `capability`".into(), None);
        return None;
    };
    if kind == Kind::Support && entry.agent.is_none() {
        reader.texts.error(&span, &key, "a support needs an `agent`".into(), None);
    }
    let by = entry.agent.map(|agent| AgentId::new(agent.into_inner()));
    let id: Box<str> = id.into();
    reader.marks.action.insert((place.to_owned(), id.clone(), by.clone()), capability.span());
    if let Some(policy) = entry.policy {
        let stage = place.parse::<Stage>().ok().filter(|_| matches!(kind, Kind::Action | Kind::Support));
        reader.marks.policies.actions.insert((stage, id.clone()), policy);
    }
    let per = match entry.per {
        Some(PerName::Segment) => Per::Segment,
        Some(PerName::Record) | None => Per::Record,
    };
    let conditions = [&entry.when, &entry.drop_when, &entry.done_when];
    if let (Per::Segment, Some(when)) = (per, conditions.into_iter().flatten().next()) {
        let message = "an action per segment has no record that a condition could look at";
        reader.texts.error(&when.span(), &key, message.into(), None);
    }
    if kind == Kind::AnyStage && entry.each.is_none() {
        let message = "what is done in any stage needs `each`: what it is done for";
        reader.texts.error(&span, &key, message.into(), None);
    }
    let mut condition = |source: Option<Spanned<String>>| reader.condition(&source?, &key);
    let (when, drop_when, done_when) =
        (condition(entry.when), condition(entry.drop_when), condition(entry.done_when));
    Some(ActionSpec {
        title: entry.title.unwrap_or_else(|| words(&id)),
        text: entry.text.unwrap_or_default(),
        need: Need {
            capability: capability.into_inner().into(),
            preferred: preferred(entry.prefers.unwrap_or_default(), &key, reader),
            unit: entry.unit.map(|unit| known_unit(unit, &key, reader)),
        },
        priority: entry.priority.map_or(50, |priority| priority.0),
        allowed_hours: entry.hours.unwrap_or(24),
        responsibility: responsibility(entry.part, (&id, &key), kind, per, reader),
        calendar_minutes: entry.calendar_minutes.and_then(|minutes| minutes_of(minutes, &key, reader)),
        each: entry.each.map(|each| match each {
            EachName::Reply => Each::Reply,
            EachName::HeldMeeting => Each::HeldMeeting,
            EachName::LostMeeting => Each::LostMeeting,
        }),
        due_at_meeting: matches!(entry.due, Some(DueName::Meeting)),
        by,
        when,
        drop_when,
        done_when,
        per,
        id,
    })
}

/// A slot in a calendar: at least a minute, at most a day.
fn minutes_of(minutes: Spanned<u32>, key: &str, reader: &mut Reader<'_, '_, '_>) -> Option<u32> {
    if (1..=24 * 60).contains(minutes.get_ref()) {
        return Some(minutes.into_inner());
    }
    let message = format!("calendar_minutes is 1 to 1440, not {}", minutes.get_ref());
    reader.texts.error(&minutes.span(), key, message, None);
    None
}

/// Stands in for a template that could not be read.
pub(super) fn nothing() -> ActionSpec {
    ActionSpec {
        id: "".into(),
        title: String::new(),
        text: String::new(),
        by: None,
        need: Need { capability: "".into(), preferred: Vec::new(), unit: None },
        priority: 0,
        allowed_hours: 0,
        when: None,
        drop_when: None,
        done_when: None,
        each: None,
        due_at_meeting: false,
        calendar_minutes: None,
        per: Per::Record,
        responsibility: Responsibility::Primary,
    }
}

fn preferred(
    weights: BTreeMap<String, Spanned<f64>>,
    key: &str,
    reader: &mut Reader<'_, '_, '_>,
) -> Vec<(Box<str>, u32)> {
    let mut known = Vec::new();
    for (name, weight) in weights {
        if let Some(weight) = share(*weight.get_ref(), 1_000).and_then(|weight| u32::try_from(weight).ok()) {
            known.push((name.into(), weight));
        } else {
            let message = format!("the weight of `{name}` is not within 0 and 1");
            reader.texts.error(&weight.span(), key, message, None);
        }
    }
    known
}

fn known_unit(unit: Spanned<String>, key: &str, reader: &mut Reader<'_, '_, '_>) -> Box<str> {
    if !UNITS.contains(&unit.get_ref().as_str()) {
        let meant = nearest(unit.get_ref(), UNITS.into_iter()).map(Into::into);
        let message = format!("unknown unit of capacity `{}`", unit.get_ref());
        reader.texts.error(&unit.span(), key, message, meant);
    }
    unit.into_inner().into()
}

/// Work on a segment is never anybody's alone, and supports stand by themselves.
fn responsibility(
    part: Option<Spanned<String>>,
    (id, key): (&str, &str),
    kind: Kind,
    per: Per,
    reader: &mut Reader<'_, '_, '_>,
) -> Responsibility {
    let support = || Responsibility::Support(id.into());
    let Some(part) = part else {
        return match (kind, per) {
            (Kind::Action, Per::Record) => Responsibility::Primary,
            (Kind::Action, Per::Segment) | (Kind::Support | Kind::AnyStage | Kind::Trigger, _) => support(),
        };
    };
    match part.get_ref().as_str() {
        "primary" if per == Per::Record => Responsibility::Primary,
        "support" => support(),
        other => match other.strip_prefix("overlay:") {
            Some(name) if !name.is_empty() => Responsibility::Overlay(name.into()),
            _ => {
                let span: Span = part.span();
                let message =
                    format!("part is primary (of a record), support or overlay:NAME, not `{other}`");
                reader.texts.error(&span, key, message, None);
                support()
            }
        },
    }
}

/// `DISCOVERY_CALL` as words.
fn words(id: &str) -> String {
    let mut words = id.replace('_', " ").to_lowercase();
    if let Some(first) = words.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    words
}
