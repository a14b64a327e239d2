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
const ABSENCE_DAYS: usize = 31;
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
    /// Absences by the minute, in order and apart.
    away: Vec<(Timestamp, Timestamp)>,
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
        Ok(Self { zone, days, span, off: off.collect::<Result<_, _>>()?, away: Vec::new() })
    }

    /// With these absences, in any order.
    #[must_use]
    pub fn away(mut self, absences: &[(Timestamp, Timestamp)]) -> Self {
        let mut absences: Vec<_> = absences.iter().copied().filter(|(from, to)| from < to).collect();
        absences.sort_unstable();
        for (from, to) in absences {
            match self.away.last_mut() {
                Some((_, end)) if from <= *end => *end = to.max(*end),
                _ => self.away.push((from, to)),
            }
        }
        self
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
        let edges = self.shifts_of(date).flat_map(|(from, to)| [from, to]).chain([tomorrow]);
        let until = edges.filter(|edge| *edge > now).min().unwrap_or(now);
        let (open, first_day_back) = (self.is_open(now), self.is_first_day_back(now));
        Phase { open, first_day_back, from: now, until }
    }

    /// At work now?
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.is_always_open() || { self.shifts_of(self.date(now)).any(|(from, to)| from <= now && now < to) }
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
        !self.off.is_empty() || !self.away.is_empty()
    }

    /// When it is back from the absence that `at` falls into: a day off, days without work that follow one, or the
    /// hours around it for which it is away as well. `None` where it falls into none, or nobody ever comes back.
    pub fn back_after(&self, at: Timestamp) -> Option<Timestamp> {
        let around = self.away.iter().find(|(from, to)| *from <= at && at < *to);
        if around.is_some_and(|(from, to)| self.has_day_off(self.date(*from), self.date(*to))) {
            return self.opens_at(at);
        }
        let mut day = self.date(at);
        for _ in 0..ABSENCE_DAYS {
            if self.is_off(day) {
                return self.opens_at(at);
            }
            if self.is_workday(day.weekday()) {
                return None;
            }
            day = day.yesterday().ok()?;
        }
        None
    }

    fn has_day_off(&self, from: Date, to: Date) -> bool {
        let days = std::iter::successors(Some(from), |day| day.tomorrow().ok().filter(|next| *next <= to));
        days.take(ABSENCE_DAYS).any(|day| self.is_off(day))
    }

    /// Is this the first day at work after days off?
    pub fn is_first_day_back(&self, now: Timestamp) -> bool {
        let today = self.date(now);
        if !self.has_days_off() || self.is_off(today) {
            return false;
        }
        let mut day = today;
        for _ in 0..ABSENCE_DAYS {
            let Ok(before) = day.yesterday() else { return false };
            if self.is_workday(before.weekday()) {
                return self.is_off(before);
            }
            day = before;
        }
        false
    }

    fn is_always_open(&self) -> bool {
        !self.has_days_off() && self.days.iter().all(|day| *day) && self.span == (0, MINUTES_PER_DAY)
    }

    fn date(&self, at: Timestamp) -> Date {
        at.to_jiff().to_zoned(self.zone.clone()).date()
    }

    fn is_workday(&self, weekday: Weekday) -> bool {
        let at = usize::try_from(weekday.to_monday_zero_offset()).unwrap_or_default();
        self.days.get(at).copied().unwrap_or_default()
    }

    /// A day off: one that is configured, or a workday on which it is away all the time.
    fn is_off(&self, date: Date) -> bool {
        self.off.contains(&date) || (self.is_workday(date.weekday()) && self.shifts_of(date).next().is_none())
    }

    /// Shifts from the day of `now` on.
    fn shifts(&self, now: Timestamp) -> impl Iterator<Item = (Timestamp, Timestamp)> {
        let mut date = Some(self.date(now));
        (0..HORIZON_DAYS)
            .map_while(move |_| {
                let day = date?;
                date = day.tomorrow().ok();
                Some(self.shifts_of(day))
            })
            .flatten()
    }

    /// A day's work without the absences in it, in order.
    fn shifts_of(&self, date: Date) -> impl Iterator<Item = (Timestamp, Timestamp)> {
        let shift = self.shift(date);
        let first = shift.map_or(0, |(begin, _)| self.away.partition_point(|(_, to)| *to <= begin));
        let mut absences = self.away.get(first..).unwrap_or_default().iter().copied();
        let mut left = shift;
        std::iter::from_fn(move || {
            let (mut from, end) = left.take()?;
            for (gone, back) in absences.by_ref() {
                if gone >= end {
                    break;
                }
                if from < gone {
                    left = (back < end).then_some((back, end));
                    return Some((from, gone));
                }
                from = back;
            }
            (from < end).then_some((from, end))
        })
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
mod tests;
