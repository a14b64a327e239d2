//! What a change does, and whether that is more than luck.

use crate::simulate::Outcome;
use serde::Serialize;

/// A difference counts when it is more than so many times its standard error.
const ERRORS: f64 = 2.0;
/// ... and more than this share of what it was.
const SHARE: f64 = 0.01;
/// What an hour of overflow, and a missed deadline, are worth in hours of waiting.
const OVERFLOW: f64 = 10.0;
const MISSED: f64 = 4.0;

/// A figure before and after a change, over the same kinds of luck.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Delta {
    /// Mean before.
    pub before: f64,
    /// Mean after.
    pub after: f64,
    /// Least difference (after less before) in one run.
    pub least: f64,
    /// Greatest.
    pub most: f64,
    /// More than luck.
    pub certain: bool,
}

impl Delta {
    fn of(before: &[f64], after: &[f64], floor: f64) -> Self {
        let differences: Vec<f64> = before.iter().zip(after).map(|(before, after)| after - before).collect();
        let (was, change) = (mean(before), mean(&differences));
        let spread = differences.iter().map(|one| (one - change).powi(2)).sum::<f64>();
        let many = count(differences.len());
        let error = (spread / (many - 1.0).max(1.0) / many.max(1.0)).sqrt();
        let fold = |pick: fn(f64, f64) -> f64| differences.iter().copied().reduce(pick).unwrap_or_default();
        Self {
            before: was,
            after: was + change,
            least: fold(f64::min),
            most: fold(f64::max),
            certain: change.abs() > ERRORS * error && change.abs() >= floor.max(SHARE * was),
        }
    }

    /// Mean difference.
    pub fn change(&self) -> f64 {
        self.after - self.before
    }

    fn is_better(&self) -> bool {
        self.certain && self.change() < 0.0
    }

    fn is_worse(&self) -> bool {
        self.certain && self.change() > 0.0
    }
}

/// What a change does.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Effect {
    /// Hours that tasks waited, all together.
    pub waiting_hours: Delta,
    /// Hours with more or older waiting work than the overflow rule allows.
    pub overflow_hours: Delta,
    /// Missed deadlines.
    pub missed: Delta,
    /// Tasks that nobody could do.
    pub nobody: Delta,
}

impl Effect {
    /// Better in something, worse in nothing.
    pub fn helps(&self) -> bool {
        let all = [self.waiting_hours, self.overflow_hours, self.missed, self.nobody];
        all.iter().any(Delta::is_better) && !all.iter().any(Delta::is_worse)
    }

    /// Better in something, be it by luck.
    pub fn promises(&self) -> bool {
        let all = [self.waiting_hours, self.overflow_hours, self.missed, self.nobody];
        all.iter().any(|delta| delta.change() < 0.0)
    }

    /// Hours of waiting saved in a week, everything counted as such.
    pub fn worth(&self, days: u32) -> f64 {
        let saved = |delta: &Delta| if delta.certain { -delta.change() } else { 0.0 };
        let all = saved(&self.waiting_hours)
            + OVERFLOW * saved(&self.overflow_hours)
            + MISSED * (saved(&self.missed) + saved(&self.nobody));
        all * 7.0 / f64::from(days.max(1))
    }
}

/// Compares the same runs before and after a change.
pub fn effect(before: &[Outcome], after: &[Outcome]) -> Effect {
    let delta = |of: fn(&Outcome) -> f64, floor: f64| {
        let figures = |all: &[Outcome]| all.iter().map(of).collect::<Vec<_>>();
        Delta::of(&figures(before), &figures(after), floor)
    };
    Effect {
        waiting_hours: delta(|one| one.total.waiting_hours, 1.0),
        overflow_hours: delta(|one| one.overflow_hours.into(), 1.0),
        missed: delta(|one| one.total.missed.into(), 1.0),
        nobody: delta(|one| one.nobody.into(), 1.0),
    }
}

/// Mean; 0 of nothing.
pub fn mean(all: &[f64]) -> f64 {
    if all.is_empty() { 0.0 } else { all.iter().sum::<f64>() / count(all.len()) }
}

fn count(many: usize) -> f64 {
    u32::try_from(many).map_or(f64::MAX, f64::from)
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "figures that come out exactly")]
mod tests {
    use super::*;

    #[test]
    fn luck_is_not_an_effect_and_a_steady_difference_is() {
        let before = [100.0, 140.0, 80.0, 120.0];
        let steady = Delta::of(&before, &[90.0, 129.0, 71.0, 110.0], 1.0);
        assert!(steady.is_better() && steady.change() == -10.0, "{steady:?}");
        assert_eq!((steady.least, steady.most), (-11.0, -9.0));
        let luck = Delta::of(&before, &[140.0, 90.0, 120.0, 80.0], 1.0);
        assert!(!luck.certain, "{luck:?}");
        let tiny = Delta::of(&before, &[99.5, 139.5, 79.5, 119.5], 1.0);
        assert!(!tiny.certain, "{tiny:?}");
    }
}
