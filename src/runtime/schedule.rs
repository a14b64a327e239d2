//! When something recurring is due, computed from when it last began: a missed run is caught up once, runs
//! never overlap, and neither DST nor a clock that jumps loses or doubles one.

use crate::settings::Every;
use jiff::tz::TimeZone;
use model::Timestamp;
use std::{fmt, time::Duration};

/// A recurrence in a zone.
#[derive(Clone)]
pub struct Schedule {
    /// How often.
    pub every: Every,
    /// Zone of its cron expression.
    pub zone: TimeZone,
}

impl Schedule {
    /// When it is due, given when it last began: at once when it never did, and when the last time lies in
    /// the future (the clock was set back).
    pub fn due(&self, last: Option<Timestamp>, now: Timestamp) -> Timestamp {
        match last.filter(|last| *last <= now) {
            Some(last) => self.every.next_after(last, &self.zone),
            None => now,
        }
    }

    /// The usual pause; twice this without a run is stale.
    pub fn usual(&self, now: Timestamp) -> Duration {
        self.every.usual(now, &self.zone)
    }
}

impl fmt::Debug for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.every)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }
    fn schedule(every: &str, zone: &str) -> Schedule {
        Schedule { every: every.parse().unwrap(), zone: TimeZone::get(zone).unwrap() }
    }

    #[test]
    fn a_missed_run_is_caught_up_once() {
        // given a nightly run that was last done twelve days ago
        let nightly = schedule("0 3 * * *", "Europe/Berlin");
        let (last, now) = (at("2026-11-10T02:00:00Z"), at("2026-11-22T15:00:00Z"));
        // then it is overdue, and after one run due at the next ordinary time
        assert!(nightly.due(Some(last), now) < now);
        assert_eq!(nightly.due(Some(now), now), at("2026-11-23T02:00:00Z"));
    }

    #[test]
    fn the_hour_that_does_not_exist_and_the_one_that_comes_twice_run_once() {
        let nightly = schedule("30 2 * * *", "Europe/Berlin");
        // 2026-03-29 02:30 does not exist in Berlin, 2026-10-25 02:30 exists twice
        for from in ["2026-03-27T12:00:00Z", "2026-10-23T12:00:00Z"] {
            let (mut last, mut runs) = (at(from), 0);
            while last < at(from) + Duration::from_secs(4 * 86_400) {
                last = nightly.due(Some(last), last);
                runs += 1;
            }
            assert_eq!(runs, 5, "{from}");
        }
    }

    #[test]
    fn a_clock_set_back_does_not_put_a_schedule_to_sleep() {
        let every = schedule("15m", "UTC");
        let now = at("2026-11-22T15:00:00Z");
        assert_eq!(every.due(Some(now + Duration::from_secs(86_400)), now), now);
        assert_eq!(every.due(Some(now), now), now + Duration::from_secs(900));
    }
}
