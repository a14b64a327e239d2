//! How long work takes.

use crate::dice::Dice;
use model::AgentId;
use serde::Serialize;
use std::{collections::BTreeMap, time::Duration};

/// So many cases, and what was is believed rather than what is assumed.
const ENOUGH: usize = 5;
/// Standard deviations of a normal distribution at its ninetieth percentile.
const Z90: f64 = 1.281_551_6;
/// Nothing is done in less.
const LEAST: Duration = Duration::from_mins(1);
/// No draw is further from the median than this, either way.
const MOST_TIMES: f64 = 20.0;

/// Working time that an action takes: log-normal, by two of its percentiles.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Spread {
    /// Half take longer.
    pub median: Duration,
    /// One in ten takes longer.
    pub p90: Duration,
    /// How we know.
    pub basis: Basis,
}

/// How a spread is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// From so many tasks that were done.
    History(usize),
    /// Assumed: a third of the deadline, and twice that for one in ten.
    Deadline,
}

impl Spread {
    /// What is assumed without enough cases.
    pub fn of_deadline(allowed_hours: u32) -> Self {
        let third = (Duration::from_hours(1) * allowed_hours / 3).max(LEAST);
        Self { median: third, p90: third * 2, basis: Basis::Deadline }
    }

    fn of_cases(cases: &mut [Duration]) -> Option<Self> {
        if cases.len() < ENOUGH {
            return None;
        }
        cases.sort_unstable();
        let at = |percent: usize| cases.get((cases.len() - 1) * percent / 100).copied().unwrap_or(LEAST);
        let median = at(50).max(LEAST);
        Some(Self { median, p90: at(90).max(median), basis: Basis::History(cases.len()) })
    }

    /// One draw.
    pub fn draw(&self, dice: &mut Dice) -> Duration {
        let wide = (self.p90.as_secs_f64() / self.median.as_secs_f64()).max(1.0);
        let times = (normal(dice) / Z90 * wide.ln()).exp().clamp(1.0 / MOST_TIMES, MOST_TIMES);
        self.median.mul_f64(times).max(LEAST)
    }
}

/// Nearly normally distributed: the sum of twelve even draws.
fn normal(dice: &mut Dice) -> f64 {
    let even = |dice: &mut Dice| {
        let thrown = u32::try_from(dice.below(1 << 32)).unwrap_or(u32::MAX);
        f64::from(thrown) / f64::from(u32::MAX)
    };
    (0..12).map(|_| even(dice)).sum::<f64>() - 6.0
}

/// How long each action takes, and each agent for it, where that is known.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ServiceTimes {
    actions: BTreeMap<Box<str>, Spread>,
    own: BTreeMap<(Box<str>, AgentId), Spread>,
}

impl ServiceTimes {
    /// From tasks that were done: action, agent, working time.
    pub fn of(cases: impl IntoIterator<Item = (Box<str>, AgentId, Duration)>) -> Self {
        let mut by_action: BTreeMap<Box<str>, Vec<Duration>> = BTreeMap::new();
        let mut by_agent: BTreeMap<(Box<str>, AgentId), Vec<Duration>> = BTreeMap::new();
        for (action, agent, took) in cases {
            by_action.entry(action.clone()).or_default().push(took);
            by_agent.entry((action, agent)).or_default().push(took);
        }
        Self { actions: spreads(by_action), own: spreads(by_agent) }
    }

    /// What an agent takes for an action that so many working hours are given for.
    pub fn spread(&self, action: &str, agent: &AgentId, allowed_hours: u32) -> Spread {
        let own = self.own.get(&(action.into(), agent.clone()));
        let known = own.or_else(|| self.actions.get(action)).copied();
        known.unwrap_or_else(|| Spread::of_deadline(allowed_hours))
    }

    /// Actions whose time is known, with it.
    pub fn known(&self) -> impl Iterator<Item = (&str, &Spread)> {
        self.actions.iter().map(|(action, spread)| (&**action, spread))
    }
}

fn spreads<K: Ord>(cases: BTreeMap<K, Vec<Duration>>) -> BTreeMap<K, Spread> {
    cases.into_iter().filter_map(|(key, mut cases)| Some((key, Spread::of_cases(&mut cases)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    #[test]
    fn draws_have_the_percentiles_that_they_are_drawn_by() {
        // given a median of 3 h, and 10 h for one in ten
        let spread = Spread { median: HOUR * 3, p90: HOUR * 10, basis: Basis::Deadline };
        // when drawn often
        let mut dice = Dice::seeded(1);
        let mut drawn: Vec<_> = (0..20_000).map(|_| spread.draw(&mut dice)).collect();
        drawn.sort_unstable();
        // then they come back within a few percent
        let near = |at: usize, hours: f64| {
            let found = drawn[at].as_secs_f64() / 3_600.0;
            assert!((found / hours - 1.0).abs() < 0.05, "{found} h instead of {hours} h");
        };
        near(10_000, 3.0);
        near(18_000, 10.0);
    }

    #[test]
    fn four_cases_are_not_enough_and_five_are() {
        let cases = |many| (0..many).map(|n| ("CALL".into(), "ANN".into(), HOUR * (n + 1)));
        let spread = |many| ServiceTimes::of(cases(many)).spread("CALL", &"ANN".into(), 24);
        assert_eq!((spread(4).median, spread(4).basis), (HOUR * 8, Basis::Deadline));
        assert_eq!((spread(5).median, spread(5).basis), (HOUR * 3, Basis::History(5)));
    }

    #[test]
    fn an_agents_own_times_come_before_those_of_all() {
        let case = |agent: &str, hours| ("CALL".into(), AgentId::from(agent), HOUR * hours);
        let times = ServiceTimes::of((0..5).flat_map(|_| [case("ANN", 1), case("BOB", 9)]));
        let median = |agent: &str| times.spread("CALL", &agent.into(), 24).median;
        assert_eq!((median("ANN"), median("BOB"), median("NEW")), (HOUR, HOUR * 9, HOUR));
    }
}
