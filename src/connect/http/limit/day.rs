//! The day's allowance, renewed at the vendor's midnight. All calls count, refused ones too.

use jiff::{ToSpan, tz::TimeZone};
use model::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

const DAY: Duration = Duration::from_hours(24);
/// The longest day of a zone that changes its clocks, with room.
const LONGEST_DAY: Duration = Duration::from_hours(26);
/// Before that, a forecast would be guessing.
const FORECAST_AFTER: Duration = Duration::from_mins(10);

/// The count of a day, as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DaySoFar {
    /// When the day ends.
    pub resets: Timestamp,
    /// Requests of ours.
    pub used: u64,
    /// The allowance, when known.
    pub limit: Option<u64>,
    /// What the vendor says is left, when it says.
    pub left: Option<u64>,
}

/// The day for status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DayBudget {
    /// The allowance less the reserve, when there is one.
    pub limit: Option<u64>,
    /// Requests of ours.
    pub used: u64,
    /// Left for us.
    pub left: Option<u64>,
    /// When it is renewed.
    pub resets: Timestamp,
    /// Requests of ours by the end of the day at the pace so far; `None` early in the day.
    pub forecast: Option<u64>,
}

/// The day.
pub(super) struct Day {
    zone: TimeZone,
    reserve: u32,
    limit: Option<u64>,
    left: Option<u64>,
    used: u64,
    /// Begin and end; `None` before the first look at the clock.
    span: Option<(Timestamp, Timestamp)>,
    /// The vendor refused: nothing goes before.
    spent: Option<Timestamp>,
}

impl Day {
    pub fn new(limit: Option<u64>) -> Self {
        Self { zone: TimeZone::UTC, reserve: 0, limit, left: None, used: 0, span: None, spent: None }
    }

    pub fn reserve(&mut self, percent: u32) {
        self.reserve = percent;
    }

    pub fn set_zone(&mut self, name: &str) -> bool {
        let Ok(zone) = TimeZone::get(name) else { return false };
        if zone != self.zone {
            self.zone = zone;
            self.span = None;
        }
        true
    }

    /// Counts a request, or says when the next may go.
    pub fn may(&mut self, now: Timestamp) -> Result<(), Timestamp> {
        let (_, end) = self.roll(now);
        if let Some(until) = self.spent {
            return Err(until);
        }
        if self.left_for_us() == Some(0) { Err(end) } else { Ok(()) }
    }

    pub fn count(&mut self) {
        self.used += 1;
        self.left = self.left.map(|left| left.saturating_sub(1));
    }

    pub fn learn(&mut self, limit: Option<u64>, left: Option<u64>, now: Timestamp) {
        self.roll(now);
        self.limit = limit.or(self.limit);
        self.left = left.or(self.left);
    }

    /// The vendor says that the day is used up.
    pub fn spend(&mut self, until: Option<Timestamp>, now: Timestamp) {
        let (_, end) = self.roll(now);
        self.spent = Some(until.filter(|until| *until > now).unwrap_or(end).min(now + LONGEST_DAY));
    }

    pub fn used(&mut self, now: Timestamp) -> u64 {
        self.roll(now);
        self.used
    }

    pub fn so_far(&mut self, now: Timestamp) -> DaySoFar {
        let (_, resets) = self.roll(now);
        DaySoFar { resets, used: self.used, limit: self.limit, left: self.left }
    }

    pub fn restore(&mut self, day: DaySoFar, now: Timestamp) {
        if day.resets > now && day.resets <= now + LONGEST_DAY {
            self.span = Some((day.resets - DAY, day.resets));
            (self.used, self.left) = (self.used + day.used, day.left);
            self.limit = day.limit.or(self.limit);
        }
    }

    pub fn budget(&mut self, now: Timestamp) -> DayBudget {
        let (begin, resets) = self.roll(now);
        let (gone, whole) = (now.since(begin), resets.since(begin));
        let forecast = (gone >= FORECAST_AFTER)
            .then(|| u128::from(self.used) * whole.as_millis() / gone.as_millis().max(1))
            .and_then(|n| u64::try_from(n).ok());
        let limit = self.limit.map(|limit| limit - self.kept(limit));
        DayBudget { limit, used: self.used, left: self.left_for_us(), resets, forecast }
    }

    pub fn shift(&mut self, back: Duration) {
        self.spent = self.spent.map(|until| until - back);
    }

    fn kept(&self, limit: u64) -> u64 {
        limit / 100 * u64::from(self.reserve)
    }

    fn left_for_us(&self) -> Option<u64> {
        let counted = || self.limit.map(|limit| limit.saturating_sub(self.used));
        let left = self.left.or_else(counted)?;
        Some(left.saturating_sub(self.kept(self.limit.unwrap_or_default())))
    }

    /// Begins the day that `now` is in, if it is another than the one counted.
    fn roll(&mut self, now: Timestamp) -> (Timestamp, Timestamp) {
        if self.spent.is_some_and(|until| until <= now) {
            (self.spent, self.left) = (None, None);
        }
        match self.span {
            Some((begin, end)) if now < end && end <= now + LONGEST_DAY => (begin, end),
            before => {
                if before.is_some_and(|(_, end)| now >= end) {
                    (self.used, self.left) = (0, None);
                }
                let span = day_of(now, &self.zone).unwrap_or((now, now + DAY));
                self.span = Some(span);
                span
            }
        }
    }
}

/// The calendar day of an instant in a zone; `None` at the ends of time.
fn day_of(now: Timestamp, zone: &TimeZone) -> Option<(Timestamp, Timestamp)> {
    let begin = now.to_jiff().to_zoned(zone.clone()).start_of_day().ok()?;
    let end = begin.checked_add(1.day()).ok()?.start_of_day().ok()?;
    let stamp = |at: &jiff::Zoned| Timestamp::from_millis(at.timestamp().as_millisecond());
    Some((stamp(&begin), stamp(&end)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn the_day_ends_at_midnight_in_the_vendors_zone_across_a_change_of_clocks() {
        // Given an account in New York, on the day when clocks are set back there
        let mut day = Day::new(Some(10));
        assert!(day.set_zone("America/New_York"));
        let now = at("2026-11-01T12:00:00Z");
        // When ten requests have gone
        for _ in 0..10 {
            day.may(now).unwrap();
            day.count();
        }
        // Then the next waits for local midnight, 25 hours after the last one
        assert_eq!(day.may(now), Err(at("2026-11-02T05:00:00Z")));
        assert_eq!(day.may(at("2026-11-02T05:00:00Z")), Ok(()));
        assert_eq!(day.used(at("2026-11-02T05:00:00Z")), 0);
    }

    #[test]
    fn what_the_vendor_says_is_left_counts_more_than_our_own_count_and_the_reserve_stays() {
        let now = at("2026-11-22T12:00:00Z");
        let mut day = Day::new(None);
        day.reserve(10);
        day.learn(Some(1_000), Some(101), now);
        assert_eq!(day.may(now), Ok(()));
        day.count();
        assert_eq!(day.may(now), Err(at("2026-11-23T00:00:00Z")));
    }

    #[test]
    fn a_stored_count_goes_on_and_one_of_yesterday_does_not() {
        let (noon, later) = (at("2026-11-22T12:00:00Z"), at("2026-11-22T13:00:00Z"));
        let mut before = Day::new(Some(100));
        before.may(noon).unwrap();
        before.count();
        let stored = before.so_far(noon);

        let mut same_day = Day::new(Some(100));
        same_day.restore(stored, later);
        assert_eq!(same_day.used(later), 1);

        let mut next_day = Day::new(Some(100));
        next_day.restore(stored, at("2026-11-23T00:00:01Z"));
        assert_eq!(next_day.used(at("2026-11-23T00:00:01Z")), 0);
    }

    #[test]
    fn a_refused_day_parks_until_the_reset_even_when_the_count_says_otherwise() {
        let now = at("2026-11-22T12:00:00Z");
        let mut day = Day::new(Some(100));
        day.spend(None, now);
        assert_eq!(day.may(now), Err(at("2026-11-23T00:00:00Z")));
        assert_eq!(day.may(at("2026-11-23T00:00:00Z")), Ok(()));
    }

    #[test]
    fn the_forecast_is_linear_in_the_day() {
        let mut day = Day::new(Some(1_000));
        let six = at("2026-11-22T06:00:00Z");
        for _ in 0..100 {
            day.may(six).unwrap();
            day.count();
        }
        assert_eq!(day.budget(six).forecast, Some(400));
        assert_eq!(day.budget(six).left, Some(900));
    }
}
