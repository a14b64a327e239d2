//! The team and its work as they are, as a scenario to simulate: the tasks of the past days as they came, or, without
//! enough of them, what the team's targets amount to. Reads only.

use crate::rules::Rules;
use anyhow::Context;
use engine::{
    assign::week_start,
    simulate::{MIN_CASES, Rates, Scenario, replay, team},
};
use model::Timestamp;
use std::time::Duration;
use store::Store;

const DAY: Duration = Duration::from_hours(24);
/// How long work takes is learnt from so many days.
const LEARNT_DAYS: u32 = 90;
/// A shorter past shows neither waiting nor missed deadlines: the targets say more.
const LEAST: Duration = Duration::from_hours(72);

/// Which work.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Work {
    /// The tasks of the past.
    History,
    /// The targets of the team.
    Team,
}

/// What is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Wish {
    /// Length.
    pub days: u32,
    /// Chance.
    pub seed: u64,
    /// Which work; the past where there is enough of it when absent.
    pub work: Option<Work>,
}

/// A scenario, and what it rests on.
#[derive(Clone, Debug)]
pub struct Base {
    /// It.
    pub scenario: Scenario,
    /// Which work it is.
    pub work: Work,
    /// What is known and what is assumed, in words.
    pub notes: Vec<String>,
}

/// Puts the scenario together. `None` where the past is wanted and holds nothing.
pub async fn base(
    store: &dyn Store,
    rules: &Rules,
    wish: Wish,
    now: Timestamp,
) -> anyhow::Result<Option<Base>> {
    let (routing, roster) = (&rules.routing, &rules.config.roster);
    let first = now - DAY * wish.days;
    let past = store.past(first.min(now - DAY * LEARNT_DAYS)).await.context("reading past tasks")?;
    let week = week_start(now, routing.zone());
    let known = store.board(0, week).await.context("reading what is known of agents")?.loads;
    // A past that is shorter than wanted is replayed as far as it reaches.
    let begun = past.tasks.first().map_or(now, |one| one.task.arrived.max(first));
    let whole =
        |length: Duration| u32::try_from(length.as_secs().div_ceil(DAY.as_secs())).unwrap_or(wish.days);
    let days = whole(now.since(begun)).clamp(1, wish.days.max(1));
    let start = now - DAY * days;
    let history = replay(&past.tasks, &past.asked, routing, start, now);
    let says_something = history.arrivals.len() >= MIN_CASES && now.since(begun) >= LEAST;
    let work = wish.work.unwrap_or(if says_something { Work::History } else { Work::Team });
    let known_actions = history.service.known().count();
    let mut notes = vec![format!(
        "How long work takes is known for {known_actions} actions (5 cases or more); for the others it is assumed to \
         be a third of the deadline, and twice that for one in ten."
    )];
    notes.extend(history.answers.iter().map(|(agent, answers)| {
        let passes = f64::from(answers.declines + answers.silent) / 10.0;
        format!("{agent} passes on {passes:.0} % of what it is offered, as before.")
    }));
    notes.push("Agents work on all they hold at the same time, and begin with nothing in hand.".to_owned());
    let (arrivals, start, days) = match work {
        Work::History if history.arrivals.is_empty() => return Ok(None),
        Work::History => {
            let (tasks, before) = (history.arrivals.len(), history.open_before);
            notes.insert(0, format!("Work: the {tasks} tasks of the last {days} days as they came, {before} of them open before."));
            (history.arrivals, start, days)
        }
        Work::Team => {
            let rates = Rates::of(roster);
            notes.insert(0, targets(&rates));
            let arrivals = team(&rules.config.book, &rates, routing.zone(), (week, wish.days), wish.seed);
            (arrivals, week, wish.days)
        }
    };
    let scenario = Scenario {
        routing: routing.clone(),
        arrivals,
        service: history.service,
        answers: history.answers,
        known,
        start,
        days,
        seed: wish.seed,
    };
    Ok(Some(Base { scenario, work, notes }))
}

fn targets(rates: &Rates) -> String {
    format!(
        "Work: what the team aims for: {:.0} leads a week of which {:.0} % reply and {:.0} % get a meeting, {:.0} discovery \
         calls, {:.0} demos, {:.0} proposals, {:.0} negotiations; {:.0} % enterprise deals (assumed).",
        rates.leads,
        100.0 * rates.replies,
        100.0 * rates.meetings,
        rates.discovery,
        rates.discovery * rates.demos,
        rates.proposals,
        rates.proposals * rates.accepted,
        100.0 * rates.enterprise,
    )
}

#[cfg(test)]
mod tests;
