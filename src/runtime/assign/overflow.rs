//! Work that piles up: told to people once for those who could do it.

use super::Assign;
use crate::rules::Rules;
use anyhow::Context;
use engine::{
    assign::{Overflow, Response, long_since, week_start},
    coordinate::{Raised, escalation_of},
};
use model::{AgentId, Event, EventKind, Id, Timestamp, work::Party};
use std::time::Duration;
use store::{CaseFilter, Coordinated};
use tracing::warn;

const DAY_MILLIS: i64 = 86_400_000;
/// Where an escalation says for which agents work waits, as one word: their names may be many.
const GROUP: &str = "group";
/// Of more agents only so many are named.
const NAMED: usize = 8;
/// Open escalations that are looked through.
const OPEN_CASES: usize = 1_000;
/// An overflow is told of again after this.
const TOLD_AGAIN: Duration = Duration::from_secs(86_400);
/// What waits is counted at most so often.
const COUNT_AGAIN: Duration = Duration::from_secs(60);

impl Assign {
    /// Tells of work that has waited too long for somebody able to do it, and of work for which everybody able is
    /// at the limit: an escalation for those who can do it and a day, unless the last one is still open.
    pub(super) async fn alarm(&mut self, rules: &Rules, now: Timestamp) -> anyhow::Result<()> {
        if self.counted.is_some_and(|at| now.since(at) < COUNT_AGAIN) {
            return Ok(());
        }
        self.counted = Some(now);
        let (shared, week) = (self.shared.clone(), week_start(now, rules.routing.zone()));
        let backlog =
            shared.store.backlog(long_since(&rules.routing, now)).await.context("counting what waits")?;
        if backlog.is_empty() {
            return Ok(());
        }
        let (board, _) = shared.store.standing(week).await.context("reading loads")?;
        let (mut out, mut told) = (Coordinated::default(), Vec::new());
        for piled in self.desk(rules, &board).overflow(&backlog, now) {
            let (raised, why) = match &piled.response {
                Response::Alert { why } => (Raised::Overflow, why.clone()),
                Response::Escalate => (Raised::Capacity, "everybody able is at the limit".to_owned()),
                Response::Queue => continue,
            };
            let (who, group) = (names(&piled.who), group(&piled.who));
            let name = format!("{} {group}", raised.name());
            let lately = self.told.get(&name).is_some_and(|at| now.since(*at) < TOLD_AGAIN);
            if lately || self.is_open(rules, raised, &group).await? {
                continue;
            }
            told.push((name, now));
            let (waiting, words) = (piled.waiting(), in_words(&piled));
            warn!(waiting, why, "overflow: {words}");
            let what = format!("{waiting} tasks wait for {words}: {why}");
            let occasion = format!("{group} {}", now.as_millis() / DAY_MILLIS);
            let context = [("agents", who), (GROUP, group), ("waiting", words), ("why", what.clone())];
            let context = context.map(|(name, text)| (name.to_owned(), text.into())).into_iter().collect();
            let limits = &rules.config.roster.rules.coordination;
            let case = escalation_of(raised, &occasion, (None, None), context, limits, now);
            out.escalations.extend(case.map(|case| (None, case)));
            let kind = EventKind::Noticed { what };
            out.events.push(Event { at: now, subject: None, kind, source: "engine".into() });
        }
        if out.events.is_empty() {
            return Ok(());
        }
        let kept = shared.store.commit_coordination(&shared.held, out, now).await;
        shared.nudges.coordinate.wake();
        kept.context("noting an overflow")?;
        self.told.extend(told);
        Ok(())
    }

    /// People know of such an overflow of these agents and have not settled it.
    async fn is_open(&self, rules: &Rules, raised: Raised, group: &str) -> anyhow::Result<bool> {
        let Some(rule) = rules.config.roster.rules.coordination.rule(raised) else { return Ok(false) };
        let filter = CaseFilter { open: true, ..CaseFilter::default() };
        let open = self.shared.store.escalations(&Party::Daemon, &filter, OPEN_CASES).await;
        let mut open = open.context("reading escalations")?.into_iter();
        Ok(open.any(|case| {
            case.reason == rule.reason && case.context.get(GROUP).is_some_and(|of| *of == *group)
        }))
    }
}

/// One word for these agents and no others.
fn group(agents: &[AgentId]) -> String {
    let names: Vec<&str> = agents.iter().map(AgentId::as_str).collect();
    Id::derived(&names).to_string()
}

/// The agents, or the first of many.
fn names(agents: &[AgentId]) -> String {
    let mut names: Vec<&str> = agents.iter().map(AgentId::as_str).take(NAMED).collect();
    let more = agents.len().checked_sub(NAMED).filter(|more| *more > 0).map(|more| format!("{more} more"));
    names.extend(more.as_deref());
    names.join(", ")
}

/// `discovery_call (12), demo_delivery (3)`, and who could do it.
fn in_words(piled: &Overflow) -> String {
    let each = piled.capabilities.iter().map(|(name, waiting)| format!("{name} ({waiting})"));
    let who = match &piled.who[..] {
        [] => "nobody".to_owned(),
        [one] => one.to_string(),
        [first, rest @ ..] => format!("{first} and {} more", rest.len()),
    };
    format!("{who}: {}", each.collect::<Vec<_>>().join(", "))
}
