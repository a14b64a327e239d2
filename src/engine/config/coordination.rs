//! Section `[coordination]` and the `[[escalation]]` rules of `agents.toml`.

use super::{
    entry::overlay,
    problem::{Span, Texts},
};
use crate::coordinate::{CoordinationRules, EscalationRule};
use model::AgentId;
use serde::Deserialize;
use serde_spanned::Spanned;
use std::collections::BTreeMap;

/// One layer of the section.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CoordinationEntry {
    handoff_hours: Option<u32>,
    silent_hours: Option<u32>,
    ping_pong: Option<u32>,
    owner_hours: Option<u32>,
    manager_hours: Option<u32>,
    head_hours: Option<u32>,
    manager: Option<String>,
    head: Option<String>,
}

/// One layer of a rule.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleEntry {
    on: Spanned<String>,
    remove: Option<bool>,
    reason: Option<String>,
    request: Option<String>,
    to: Option<String>,
    action: Option<String>,
}

pub(super) fn read(
    sections: [Option<CoordinationEntry>; 2],
    rules: [Vec<RuleEntry>; 2],
    marks: &mut BTreeMap<Box<str>, Span>,
    texts: &mut Texts<'_>,
) -> CoordinationRules {
    let mut known = CoordinationEntry::default();
    for over in sections.into_iter().flatten() {
        overlay!(known, over; handoff_hours, silent_hours, ping_pong, owner_hours, manager_hours, head_hours,
                 manager, head);
    }
    let usual = CoordinationRules::default();
    let address = |text: String| -> Box<str> { text.trim().to_lowercase().into() };
    CoordinationRules {
        handoff_hours: known.handoff_hours.unwrap_or(usual.handoff_hours),
        silent_hours: known.silent_hours.unwrap_or(usual.silent_hours),
        ping_pong: known.ping_pong.unwrap_or(usual.ping_pong),
        level_hours: [
            known.owner_hours.unwrap_or(usual.level_hours[0]),
            known.manager_hours.unwrap_or(usual.level_hours[1]),
            known.head_hours.unwrap_or(usual.level_hours[2]),
        ],
        manager: known.manager.map(address),
        head: known.head.map(address),
        escalations: escalations(rules, marks, texts),
    }
}

/// Lays the user's rules over the built-in ones, by what they are raised on.
fn escalations(
    [builtin, user]: [Vec<RuleEntry>; 2],
    marks: &mut BTreeMap<Box<str>, Span>,
    texts: &mut Texts<'_>,
) -> Vec<EscalationRule> {
    let mut entries: Vec<RuleEntry> = builtin;
    for over in user {
        let at = entries.iter().position(|base| base.on.get_ref() == over.on.get_ref());
        match (at, over.remove.unwrap_or_default()) {
            (Some(at), true) => drop(entries.remove(at)),
            (Some(at), false) => {
                if let Some(base) = entries.get_mut(at) {
                    base.on = over.on;
                    overlay!(base, over; reason, request, to, action);
                }
            }
            (None, true) => {
                let key = format!("escalation {}", over.on.get_ref());
                texts.warn(&over.on.span(), &key, "there is no such rule to remove".into(), None);
            }
            (None, false) => entries.push(over),
        }
    }
    let rule = |entry: RuleEntry| {
        let on: Box<str> = entry.on.get_ref().as_str().into();
        marks.insert(on.clone(), entry.on.span());
        EscalationRule {
            reason: entry.reason.map_or_else(|| on.to_uppercase().into(), Into::into),
            request: entry.request.unwrap_or_default(),
            to: entry.to.map(AgentId::new),
            action: entry.action.map(Into::into),
            on,
        }
    };
    entries.into_iter().map(rule).collect()
}
