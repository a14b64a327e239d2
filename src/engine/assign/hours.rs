//! Working hours: who is at work, when a deadline in business hours falls, when a week begins.

use jiff::{
    ToSpan,
    civil::{Date, Weekday},
    tz::TimeZone,
};
use model::{
    Timestamp,
    work::{Capacity, Hours, Window},
};
use std::time::Duration;

const HOUR: Duration = Duration::from_hours(1);
const MINUTES_PER_DAY: u16 = 24 * 60;
/// A deadline further off than this is no deadline.
const HORIZON_DAYS: u32 = 3_660;
/// How far back an absence is looked for.
const ABSENCE_DAYS: u32 = 31;
/// Share of a limit that an agent on its first day back may take per hour: a working day's, a working week's.
const DAY_HOURS: u32 = 8;
const WEEK_HOURS: u32 = 40;
/// What an agent without limit counts as having.
const USUAL_LIMIT: u32 = 20;

/// An agent's working hours, with the zone looked up.
#[derive(Clone, Debug)]
pub struct Calendar {
    zone: TimeZone,
    /// By weekday, Monday first.
    days: [bool; 7],
    /// Minutes after midnight.
    span: (u16, u16),
    off: Vec<Date>,
}

/// What holds of an agent's hours from one instant until another.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Phase {
    pub open: bool,
    pub first_day_back: bool,
    pub from: Timestamp,
    pub until: Timestamp,
}

impl Phase {
    /// Says nothing of any instant outside.
    pub fn covers(&self, now: Timestamp) -> bool {
        self.from <= now && now < self.until
    }
}

/// Looks up an IANA zone.
pub fn zone(name: &str) -> Result<TimeZone, String> {
    TimeZone::get(name).map_err(|_| format!("{name:?} is no time zone: a name such as Europe/Berlin or UTC"))
}

/// Monday 00:00 in the organisation's zone, of the week that `now` is in.
pub fn week_start(now: Timestamp, zone: &TimeZone) -> Timestamp {
    let date = now.to_jiff().to_zoned(zone.clone()).date();
    let monday = date.saturating_sub(i64::from(date.weekday().to_monday_zero_offset()).days());
    midnight(monday, zone).unwrap_or(now)
}

/// When a task is due that `allowed` business hours are given for. `organisation` is the zone of those that
/// name none.
pub fn due(
    now: Timestamp,
    hours: &Hours,
    organisation: &TimeZone,
    allowed: u32,
) -> Result<Timestamp, String> {
    Calendar::new(hours, organisation).map(|calendar| calendar.due(now, allowed))
}

impl Calendar {
    /// Reads configured hours; the error names what is wrong.
    pub fn new(hours: &Hours, organisation: &TimeZone) -> Result<Self, String> {
        let zone = hours.zone.as_deref().map_or_else(|| Ok(organisation.clone()), zone)?;
        let mut days = [hours.days.is_empty(); 7];
        for day in &hours.days {
            let slot = usize::from(*day).checked_sub(1).and_then(|at| days.get_mut(at));
            *slot.ok_or_else(|| format!("{day} is no weekday: 1 (Monday) to 7 (Sunday)"))? = true;
        }
        let span = hours.span.unwrap_or((0, MINUTES_PER_DAY));
        if span.0 >= span.1 || span.1 > MINUTES_PER_DAY {
            return Err("working hours end after they begin, on the same day".to_owned());
        }
        let off =
            hours.off.iter().map(|day| day.parse().map_err(|_| format!("{day:?} is no date: YYYY-MM-DD")));
        Ok(Self { zone, days, span, off: off.collect::<Result<_, _>>()? })
    }

    /// What holds at `now` and until when.
    pub(super) fn phase(&self, now: Timestamp) -> Phase {
        if self.is_always_open() {
            return Phase {
                open: true,
                first_day_back: false,
                from: now,
                until: Timestamp::from_millis(i64::MAX),
            };
        }
        let date = self.date(now);
        let tomorrow = date.tomorrow().ok().and_then(|day| midnight(day, &self.zone)).unwrap_or(now);
        let edges = self.shift(date).into_iter().flat_map(|(from, to)| [from, to]).chain([tomorrow]);
        let until = edges.filter(|edge| *edge > now).min().unwrap_or(now);
        let (open, first_day_back) = (self.is_open(now), self.is_first_day_back(now));
        Phase { open, first_day_back, from: now, until }
    }

    /// At work now?
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.is_always_open() || {
            let date = self.date(now);
            self.shift(date).is_some_and(|(from, to)| from <= now && now < to)
        }
    }

    /// When it is at work next, `now` itself included; `None` when never.
    pub fn opens_at(&self, now: Timestamp) -> Option<Timestamp> {
        self.shifts(now).find(|(_, to)| *to > now).map(|(from, _)| from.max(now))
    }

    /// `allowed` business hours after `now`.
    pub fn due(&self, now: Timestamp, allowed: u32) -> Timestamp {
        self.due_in(now, HOUR * allowed)
    }

    /// The instant by which so much working time has passed since `now`.
    pub fn due_in(&self, now: Timestamp, allowed: Duration) -> Timestamp {
        let mut left = allowed;
        if self.is_always_open() {
            return now + left;
        }
        for (from, to) in self.shifts(now) {
            let from = from.max(now);
            let room = to.since(from);
            if left <= room {
                return from + left;
            }
            left -= room;
        }
        now + allowed
    }

    /// Working time between two instants.
    pub fn worked(&self, from: Timestamp, to: Timestamp) -> Duration {
        if self.is_always_open() {
            return to.since(from);
        }
        let shifts = self.shifts(from).take_while(|(begins, _)| *begins < to);
        shifts.map(|(begins, ends)| ends.min(to).since(begins.max(from))).sum()
    }

    /// Hours at work in a week without days off.
    pub fn hours_a_week(&self) -> f64 {
        let days = self.days.iter().filter(|day| **day).fold(0.0, |count, _| count + 1.0);
        days * f64::from(self.span.1 - self.span.0) / 60.0
    }

    /// Are there days off at all?
    pub const fn has_days_off(&self) -> bool {
        !self.off.is_empty()
    }

    /// When it is back from the absence that `at` falls into: a day off, or days without work that follow one.
    /// `None` where it falls into none, or nobody ever comes back.
    pub fn back_after(&self, at: Timestamp) -> Option<Timestamp> {
        let mut day = self.date(at);
        for _ in 0..ABSENCE_DAYS {
            if self.off.contains(&day) {
                return self.opens_at(at);
            }
            if self.is_workday(day.weekday()) {
                return None;
            }
            day = day.yesterday().ok()?;
        }
        None
    }

    /// Is this the first day at work after days off?
    pub fn is_first_day_back(&self, now: Timestamp) -> bool {
        let today = self.date(now);
        if self.off.is_empty() || self.off.contains(&today) {
            return false;
        }
        let mut day = today;
        for _ in 0..ABSENCE_DAYS {
            let Ok(before) = day.yesterday() else { return false };
            if self.is_workday(before.weekday()) {
                return self.off.contains(&before);
            }
            day = before;
        }
        false
    }

    fn is_always_open(&self) -> bool {
        self.off.is_empty() && self.days.iter().all(|day| *day) && self.span == (0, MINUTES_PER_DAY)
    }

    fn date(&self, at: Timestamp) -> Date {
        at.to_jiff().to_zoned(self.zone.clone()).date()
    }

    fn is_workday(&self, weekday: Weekday) -> bool {
        let at = usize::try_from(weekday.to_monday_zero_offset()).unwrap_or_default();
        self.days.get(at).copied().unwrap_or_default()
    }

    /// Shifts from the day of `now` on.
    fn shifts(&self, now: Timestamp) -> impl Iterator<Item = (Timestamp, Timestamp)> {
        let mut date = Some(self.date(now));
        (0..HORIZON_DAYS)
            .map_while(move |_| {
                let day = date?;
                date = day.tomorrow().ok();
                Some(self.shift(day))
            })
            .flatten()
    }

    /// Beginning and end of a day's work; `None` on a day off.
    fn shift(&self, date: Date) -> Option<(Timestamp, Timestamp)> {
        if !self.is_workday(date.weekday()) || self.off.contains(&date) {
            return None;
        }
        Some((self.at(date, self.span.0)?, self.at(date, self.span.1)?))
    }

    /// A wall-clock minute of a day; one that the clock skips is the first after the gap.
    fn at(&self, date: Date, minute: u16) -> Option<Timestamp> {
        if minute == MINUTES_PER_DAY {
            return midnight(date.tomorrow().ok()?, &self.zone);
        }
        let (hour, minute) = (i8::try_from(minute / 60).ok()?, i8::try_from(minute % 60).ok()?);
        let instant = self.zone.to_timestamp(date.at(hour, minute, 0, 0)).ok()?;
        Some(Timestamp::from_millis(instant.as_millisecond()))
    }
}

fn midnight(date: Date, zone: &TimeZone) -> Option<Timestamp> {
    let instant = zone.to_timestamp(date.at(0, 0, 0, 0)).ok()?;
    Some(Timestamp::from_millis(instant.as_millisecond()))
}

/// Least time between two tasks for an agent that is just back: its limit spread over a working day or week.
pub fn ramp_interval(capacity: Option<&Capacity>) -> Duration {
    let (limit, hours) = match capacity {
        Some(Capacity { limit, window: Window::Concurrent, .. }) => (*limit, DAY_HOURS),
        Some(Capacity { limit, window: Window::Week, .. }) => (*limit, WEEK_HOURS),
        None => (USUAL_LIMIT, DAY_HOURS),
    };
    HOUR / limit.div_ceil(hours).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }
    fn office(off: &[&str]) -> Calendar {
        let hours = Hours {
            zone: Some("Europe/Berlin".into()),
            days: vec![1, 2, 3, 4, 5],
            span: Some((9 * 60, 17 * 60)),
            off: off.iter().map(|day| (*day).into()).collect(),
        };
        Calendar::new(&hours, &TimeZone::UTC).unwrap()
    }

    #[test]
    fn a_deadline_counts_only_hours_at_work() {
        let office = office(&["2025-11-27"]);
        for (now, allowed, due) in [
            // Within a day, across a night, across a weekend, across a day off; Berlin is one hour ahead.
            ("2025-11-25T09:00:00Z", 4, "2025-11-25T13:00:00Z"),
            ("2025-11-25T14:00:00Z", 4, "2025-11-26T10:00:00Z"),
            ("2025-11-28T14:00:00Z", 4, "2025-12-01T10:00:00Z"),
            ("2025-11-26T12:00:00Z", 8, "2025-11-28T12:00:00Z"),
            ("2025-11-22T12:00:00Z", 8, "2025-11-24T16:00:00Z"),
        ] {
            assert_eq!(office.due(at(now), allowed), at(due), "{now} + {allowed} h");
        }
    }

    #[test]
    fn working_time_is_what_lies_within_shifts() {
        let office = office(&["2025-11-27"]);
        for (from, to, hours) in [
            ("2025-11-25T09:00:00Z", "2025-11-25T13:00:00Z", 4),
            ("2025-11-26T14:00:00Z", "2025-11-28T09:00:00Z", 3),
            ("2025-11-29T00:00:00Z", "2025-11-30T00:00:00Z", 0),
            ("2025-11-25T13:00:00Z", "2025-11-25T09:00:00Z", 0),
        ] {
            assert_eq!(office.worked(at(from), at(to)), HOUR * hours, "{from} to {to}");
        }
        let always = Calendar::new(&Hours::default(), &TimeZone::UTC).unwrap();
        assert_eq!(always.worked(at("2025-11-29T00:00:00Z"), at("2025-11-30T00:00:00Z")), HOUR * 24);
    }

    #[test]
    fn the_day_on_which_the_clock_changes_has_its_real_length() {
        // Given somebody who works round the clock in Berlin, except on Christmas
        let hours =
            Hours { zone: Some("Europe/Berlin".into()), off: vec!["2025-12-25".into()], ..Hours::default() };
        let calendar = Calendar::new(&hours, &TimeZone::UTC).unwrap();
        // Then 24 h from midnight end an hour before midnight on the day with 25 hours
        assert_eq!(calendar.due(at("2025-10-25T22:00:00Z"), 24), at("2025-10-26T22:00:00Z"));
        assert_eq!(calendar.due(at("2025-12-24T22:00:00Z"), 2), at("2025-12-26T00:00:00Z"));
    }

    #[test]
    fn open_means_at_work() {
        let office = office(&["2025-11-27"]);
        for (now, open) in [
            ("2025-11-25T07:59:59Z", false),
            ("2025-11-25T08:00:00Z", true),
            ("2025-11-25T16:00:00Z", false),
            ("2025-11-27T10:00:00Z", false),
            ("2025-11-29T10:00:00Z", false),
        ] {
            assert_eq!(office.is_open(at(now)), open, "{now}");
        }
        assert_eq!(office.opens_at(at("2025-11-29T10:00:00Z")), Some(at("2025-12-01T08:00:00Z")));
    }

    #[test]
    fn an_absence_lasts_from_a_day_off_until_the_next_shift() {
        // given a Friday and a Monday off
        let office = office(&["2025-11-28", "2025-12-01"]);
        let back = Some(at("2025-12-02T08:00:00Z"));
        for (when, expected) in [
            ("2025-11-27T15:00:00Z", None),
            ("2025-11-28T10:00:00Z", back),
            ("2025-11-30T10:00:00Z", back),
            ("2025-12-01T10:00:00Z", back),
            ("2025-12-02T10:00:00Z", None),
            // An ordinary weekend is no absence.
            ("2025-11-23T10:00:00Z", None),
        ] {
            assert_eq!(office.back_after(at(when)), expected, "{when}");
        }
    }

    #[test]
    fn a_phase_lasts_until_something_changes() {
        let office = office(&["2025-11-27"]);
        for (now, open, back, until) in [
            ("2025-11-26T03:00:00Z", false, false, "2025-11-26T08:00:00Z"),
            ("2025-11-26T08:00:00Z", true, false, "2025-11-26T16:00:00Z"),
            ("2025-11-26T16:00:00Z", false, false, "2025-11-26T23:00:00Z"),
            ("2025-11-27T10:00:00Z", false, false, "2025-11-27T23:00:00Z"),
            ("2025-11-27T23:00:00Z", false, true, "2025-11-28T08:00:00Z"),
            ("2025-11-28T08:00:00Z", true, true, "2025-11-28T16:00:00Z"),
        ] {
            let phase = office.phase(at(now));
            assert_eq!((phase.open, phase.first_day_back, phase.until), (open, back, at(until)), "{now}");
            assert!(phase.covers(at(now)) && !phase.covers(at(until)));
        }
    }

    #[test]
    fn a_week_begins_on_monday_in_the_zone_of_the_organisation() {
        let auckland = zone("Pacific/Auckland").unwrap();
        // Sunday evening in UTC is Monday morning in Auckland.
        assert_eq!(week_start(at("2025-11-23T20:00:00Z"), &auckland), at("2025-11-23T11:00:00Z"));
        assert_eq!(week_start(at("2025-11-23T20:00:00Z"), &TimeZone::UTC), at("2025-11-17T00:00:00Z"));
    }

    #[test]
    fn the_first_day_back_is_the_workday_after_days_off() {
        let office = office(&["2025-11-20", "2025-11-21"]);
        assert!(office.is_first_day_back(at("2025-11-24T10:00:00Z")));
        assert!(!office.is_first_day_back(at("2025-11-25T10:00:00Z")));
        assert!(!office.is_first_day_back(at("2025-11-21T10:00:00Z")));
    }

    #[test]
    fn wrong_hours_say_what_is_wrong() {
        let wrong = [
            Hours { zone: Some("Europe/Berln".into()), ..Hours::default() },
            Hours { days: vec![0], ..Hours::default() },
            Hours { span: Some((600, 600)), ..Hours::default() },
            Hours { off: vec!["1.1.2026".into()], ..Hours::default() },
        ];
        for hours in wrong {
            assert!(Calendar::new(&hours, &TimeZone::UTC).is_err(), "{hours:?}");
        }
    }
}
