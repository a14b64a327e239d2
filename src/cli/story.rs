//! Events and decisions as sentences.

use crate::diff::name_of;
use crate::text::{clean, cut};
use engine::assign::Verdict;
use model::{
    EventKind, GoneHow,
    work::{Assignment, Candidate, Exclusion, Policy},
};

/// Longest value shown in full.
const VALUE: usize = 60;

/// What happened, in one line.
pub fn event(kind: &EventKind) -> String {
    match kind {
        EventKind::FirstSeen => "first seen".to_owned(),
        EventKind::Changed { fields } => {
            let change = |(field, before, after): &(_, model::Value, model::Value)| {
                let show = |value: &model::Value| cut(&clean(&value.to_string()), VALUE);
                format!("{}: {} -> {}", name_of(*field), show(before), show(after))
            };
            fields.iter().map(change).collect::<Vec<_>>().join(", ")
        }
        EventKind::Relinked { to, added, removed } => {
            format!("linked to {} {} more, {} less", added.len(), to.plural(), removed.len())
        }
        EventKind::Joined { reference, by } => format!("joined with {} by {by}", clean(reference)),
        EventKind::Gone { how } => format!("gone: {}", gone(how)),
        EventKind::Returned => "came back".to_owned(),
        EventKind::StageEntered { from: Some(from), to } => format!("stage {from} -> {to}"),
        EventKind::StageEntered { from: None, to } => format!("entered stage {to}"),
        EventKind::OutcomeChanged { to } => format!("now {}", to.name()),
        EventKind::TaskCreated { action } => format!("task {} made", clean(action)),
        EventKind::TaskAssigned { agent } => format!("given to {agent}"),
        EventKind::TaskOffered { agent, until } => format!("offered to {agent} until {until}"),
        EventKind::TaskReturned { agent, why } => format!("back from {agent}: {}", clean(why)),
        EventKind::TaskReported { agent, status, progress: Some(progress) } => {
            format!("{agent}: {status}, {progress} %")
        }
        EventKind::TaskReported { agent, status, progress: None } => format!("{agent}: {status}"),
        EventKind::Handoff { route, status, .. } => format!("handoff {}: {status}", clean(route)),
        EventKind::Escalation { reason, level, status, .. } => {
            format!("escalation {} at {level}: {status}", clean(reason))
        }
        EventKind::Triggered { trigger } => format!("trigger {} raised", clean(trigger)),
        EventKind::TaskEnded { how } => format!("task ended: {}", clean(how)),
        EventKind::TransitionSuggested { from, to, signal } => {
            format!("moving from {from} to {to} is advised: {}", clean(signal))
        }
        EventKind::WriteSettled { kind, state, .. } => format!("write {kind}: {state}"),
        EventKind::ActivityLinked { what, how: Some(how), ambiguous, .. } => {
            let doubt = if *ambiguous { ", but it could be another's" } else { "" };
            format!("{what} belongs here: {}{doubt}", clean(how))
        }
        EventKind::ActivityLinked { what, how: None, .. } => format!("{what} belongs here no longer"),
        EventKind::Bounced { address } if address.is_empty() => "a mail could not be delivered".to_owned(),
        EventKind::Bounced { address } => format!("a mail to {} could not be delivered", clean(address)),
        EventKind::Noticed { what } => clean(what),
    }
}

/// How a record went, in words.
pub fn gone(how: &GoneHow) -> String {
    match how {
        GoneHow::Archived => "archived at the source".to_owned(),
        GoneHow::Deleted => "deleted at the source".to_owned(),
        GoneHow::Merged { into } => format!("merged into {}", clean(into)),
        GoneHow::Absent => "missing from a complete listing".to_owned(),
        GoneHow::NoAccess => "we may no longer see it".to_owned(),
    }
}

/// What was decided, and in which way.
pub fn decision(made: &Assignment) -> String {
    let Some(winner) = &made.winner else { return "nobody could take it".to_owned() };
    let way = match (made.last_resort, made.policy) {
        _ if made.named => ", whom a person or a plan named",
        (true, _) => " as a last resort: no other agent has the capability at all",
        (false, Policy::Score) => "",
        (false, Policy::RoundRobin) => " by turns (round_robin), not by score alone",
        (false, Policy::Weighted) => " by a draw (weighted), not by score alone",
        (false, Policy::StickyOwner) => ": whoever has the deal comes first (sticky_owner)",
    };
    format!("given to {}{way}", winner.agent)
}

/// What a decision says of itself where it can't be made again: the winner's terms, the runners-up, how many were
/// left out and why.
pub fn kept(made: &Assignment) -> Vec<String> {
    let mut out: Vec<String> = made.winner.iter().map(first).collect();
    out.extend(
        made.runners_up.iter().map(|candidate| format!("behind   {} {}", candidate.agent, terms(candidate))),
    );
    let excluded: Vec<String> =
        made.excluded.iter().map(|(reason, count)| format!("{count} {}", exclusion(*reason))).collect();
    if !excluded.is_empty() {
        out.push(format!("left out {}", excluded.join(", ")));
    }
    out
}

/// What the engine says of each agent: those in the running first, whoever lacks the capability in one line.
pub fn verdicts(all: &[Verdict]) -> Vec<String> {
    let lacks = |one: &&Verdict| match one {
        Verdict::Out { reasons, .. } => reasons.iter().any(|out| out.reason == Exclusion::Capability),
        Verdict::Chosen(_) | Verdict::Beaten { .. } => false,
    };
    let mut able: Vec<&Verdict> = all.iter().filter(|one| !lacks(one)).collect();
    able.sort_by_key(|one| match one {
        Verdict::Chosen(_) => (0, 0),
        Verdict::Beaten { behind, .. } => (1, *behind),
        Verdict::Out { .. } => (2, 0),
    });
    let mut lines: Vec<String> = able.into_iter().map(verdict).collect();
    let names = all.iter().filter(lacks).filter_map(|one| match one {
        Verdict::Out { reasons, .. } => reasons.first().map(|out| out.agent.to_string()),
        Verdict::Chosen(_) | Verdict::Beaten { .. } => None,
    });
    let names: Vec<String> = names.collect();
    if !names.is_empty() {
        lines.push(format!("left out for lack of the capability: {}", names.join(", ")));
    }
    lines
}

fn verdict(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Chosen(candidate) => first(candidate),
        Verdict::Beaten { candidate, behind, change } => {
            let change =
                change.as_ref().map(|change| format!("; would be first {change}")).unwrap_or_default();
            let less = match behind {
                0 => String::new(),
                behind => format!("{} less", millionths(*behind)),
            };
            let why = format!("{less}{change}");
            let why = why.trim_start_matches("; ");
            let why = if why.is_empty() { String::new() } else { format!(" ({why})") };
            format!("behind   {} {}{why}", candidate.agent, terms(candidate))
        }
        Verdict::Out { reasons, changes } => {
            let said = reasons.iter().zip(changes).map(|(out, change)| {
                let change = change.as_ref().map(|change| format!(" (able {change})")).unwrap_or_default();
                format!("{}{change}", clean(&out.detail))
            });
            let agent = reasons.first().map(|out| out.agent.to_string()).unwrap_or_default();
            format!("left out {agent}: {}", said.collect::<Vec<_>>().join(", "))
        }
    }
}

fn first(candidate: &Candidate) -> String {
    format!("first    {} {}", candidate.agent, terms(candidate))
}

fn terms(candidate: &Candidate) -> String {
    format!(
        "{} = capability {} + performance {} + free {} + specialisation {}",
        millionths(candidate.score()),
        millionths(candidate.capability),
        millionths(candidate.performance),
        millionths(candidate.free),
        millionths(candidate.specialisation),
    )
}

/// Millionths as a decimal with three places.
fn millionths(number: i64) -> String {
    let sign = if number < 0 { "-" } else { "" };
    let size = number.unsigned_abs();
    format!("{sign}{}.{:03}", size / 1_000_000, size % 1_000_000 / 1_000)
}

/// A reason in words, after a count.
fn exclusion(reason: Exclusion) -> &'static str {
    match reason {
        Exclusion::Disabled => "disabled",
        Exclusion::Capability => "without the capability",
        Exclusion::Paused => "paused",
        Exclusion::Hours => "outside working hours",
        Exclusion::Capacity => "at their limit",
        Exclusion::Returning => "just back from absence",
        Exclusion::HeldByOther => "because another agent holds the responsibility",
        Exclusion::Declined => "that declined it",
        Exclusion::Unreachable => "that did not answer",
        Exclusion::LastResortOnly => "only for the last resort",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::assign::Change;
    use model::{AgentId, Id};

    fn candidate(agent: &str, free: i64) -> Candidate {
        Candidate {
            agent: AgentId::from(agent),
            capability: 400_000,
            performance: 150_000,
            free,
            specialisation: 100_000,
        }
    }

    fn made() -> Assignment {
        Assignment {
            offer_until: None,
            task: Id::v7(0, 0),
            turn: 12,
            position: 3,
            winner: Some(candidate("WAKE.LSHSALES", 200_000)),
            due: None,
            runners_up: vec![candidate("WAKE.SDRFORGE", 12_345)],
            excluded: vec![(Exclusion::Capability, 11), (Exclusion::Capacity, 1)],
            last_resort: false,
            policy: Policy::RoundRobin,
            named: false,
            seed: 9,
            config: "abc".into(),
        }
    }

    #[test]
    fn a_decision_of_which_nothing_else_was_kept_is_told_with_its_terms_and_the_losers() {
        assert_eq!(
            kept(&made()),
            [
                "first    WAKE.LSHSALES 0.850 = capability 0.400 + performance 0.150 + free 0.200 + specialisation 0.100",
                "behind   WAKE.SDRFORGE 0.662 = capability 0.400 + performance 0.150 + free 0.012 + specialisation 0.100",
                "left out 11 without the capability, 1 at their limit",
            ]
        );
    }

    #[test]
    fn the_way_in_which_somebody_was_picked_is_told() {
        let with = |change: fn(&mut Assignment)| {
            let mut made = made();
            change(&mut made);
            decision(&made)
        };
        let by_turns = "given to WAKE.LSHSALES by turns (round_robin), not by score alone";
        assert_eq!(with(|_| ()), by_turns);
        assert_eq!(with(|made| made.policy = Policy::Score), "given to WAKE.LSHSALES");
        assert_eq!(with(|made| made.named = true), "given to WAKE.LSHSALES, whom a person or a plan named");
        assert_eq!(with(|made| made.winner = None), "nobody could take it");
    }

    #[test]
    fn a_loser_is_told_with_what_it_lacks() {
        let behind =
            |behind, change| verdict(&Verdict::Beaten { candidate: candidate("BEN", 0), behind, change });
        let terms =
            "behind   BEN 0.650 = capability 0.400 + performance 0.150 + free 0.000 + specialisation 0.100";
        assert_eq!(behind(0, None), terms);
        assert_eq!(behind(200_000, None), format!("{terms} (0.200 less)"));
        let change = Some(Change::Used(3));
        assert_eq!(
            behind(0, change.clone()),
            format!("{terms} (would be first with 3 of its capacity used)")
        );
        let full = format!("{terms} (0.001 less; would be first with 3 of its capacity used)");
        assert_eq!(behind(1_000, change), full);
    }
}
