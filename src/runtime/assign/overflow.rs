//! Work that piles up: told to people once for those who could do it.

use super::Assign;
use crate::rules::Rules;
use anyhow::Context;
use engine::{
    assign::{Overflow, Response, long_since, week_start},
    coordinate::{Raised, escalation_of},
};
use model::{
    AgentId, Event, EventKind, Id, Timestamp,
    work::{EscalationCase, Party, message::EscalationStatus},
};
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
    /// at the limit: an escalation for those who can do it and a day, unless the last one is still open. It is settled
    /// when no such work waits any more.
    pub(super) async fn alarm(&mut self, rules: &Rules, now: Timestamp) -> anyhow::Result<()> {
        if self.counted.is_some_and(|at| now.since(at) < COUNT_AGAIN) {
            return Ok(());
        }
        self.counted = Some(now);
        let (shared, week) = (self.shared.clone(), week_start(now, rules.routing.zone()));
        let backlog =
            shared.store.backlog(long_since(&rules.routing, now)).await.context("counting what waits")?;
        let mut open = self.open(rules).await?;
        if backlog.is_empty() && open.is_empty() {
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
            let known = open.len();
            open.retain(|case| !is_of(case, rules, raised, &group));
            let name = format!("{} {group}", raised.name());
            let lately = self.told.get(&name).is_some_and(|at| now.since(*at) < TOLD_AGAIN);
            if lately || open.len() < known {
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
        // What is left is of work that has found somebody.
        out.escalations.extend(open.into_iter().map(|case| (Some(case.status), over(case, now))));
        if out.events.is_empty() && out.escalations.is_empty() {
            return Ok(());
        }
        let kept = shared.store.commit_coordination(&shared.held, out, now).await;
        shared.nudges.coordinate.wake();
        match kept {
            Ok(()) => self.told.extend(told),
            // Somebody settled one meanwhile: it is looked at again in a minute.
            Err(store::Error::Stale { .. }) => {}
            Err(error) => return Err(error).context("noting an overflow"),
        }
        Ok(())
    }

    /// Overflows that people know of and have not settled.
    async fn open(&self, rules: &Rules) -> anyhow::Result<Vec<EscalationCase>> {
        let filter = CaseFilter { open: true, ..CaseFilter::default() };
        let open = self.shared.store.escalations(&Party::Daemon, &filter, OPEN_CASES).await;
        let mut open = open.context("reading escalations")?;
        let limits = &rules.config.roster.rules.coordination;
        let reasons = [Raised::Overflow, Raised::Capacity].map(|raised| limits.rule(raised));
        open.retain(|case| {
            let ours = reasons.iter().flatten().any(|rule| rule.reason == case.reason);
            ours && case.context.contains_key(GROUP)
        });
        Ok(open)
    }
}

/// Is this escalation of such an overflow of these agents?
fn is_of(case: &EscalationCase, rules: &Rules, raised: Raised, group: &str) -> bool {
    let rule = rules.config.roster.rules.coordination.rule(raised);
    rule.is_some_and(|rule| rule.reason == case.reason)
        && case.context.get(GROUP).is_some_and(|of| *of == *group)
}

fn over(case: EscalationCase, now: Timestamp) -> EscalationCase {
    let resolution = Some("the work that waited has found somebody".to_owned());
    EscalationCase {
        status: EscalationStatus::Resolved,
        by: "engine".into(),
        resolution,
        changed: now,
        ..case
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
