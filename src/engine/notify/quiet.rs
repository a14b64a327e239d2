//! Hours in which nobody is disturbed.

use jiff::{civil::Date, tz::TimeZone};
use model::Timestamp;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Quiet hours by the wall clock, every day; written `20:00-07:00`, from the first minute up to but not
/// including the last.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Quiet {
    /// Minutes after midnight.
    from: u16,
    /// Minutes after midnight.
    to: u16,
}

impl Quiet {
    /// When the quiet that `at` falls into is over; `None` where it is not quiet.
    pub fn until(self, at: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let local = at.to_jiff().to_zoned(zone.clone());
        let minute = u16::try_from(local.hour()).ok()? * 60 + u16::try_from(local.minute()).ok()?;
        let over_night = self.from > self.to;
        let (evening, morning) = (minute >= self.from, minute < self.to);
        let quiet = if over_night { evening || morning } else { evening && morning };
        if !quiet {
            return None;
        }
        let today = local.date();
        let day = if over_night && evening { today.tomorrow().ok()? } else { today };
        self.end(day, at, zone)
    }

    /// The end on a day: a minute that the clock skips is the first after the gap; of one that comes twice it is
    /// the first that is still to come.
    fn end(self, day: Date, at: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let (hour, minute) = (i8::try_from(self.to / 60).ok()?, i8::try_from(self.to % 60).ok()?);
        let when = zone.to_ambiguous_timestamp(day.at(hour, minute, 0, 0));
        let instant = |found: Result<jiff::Timestamp, _>| {
            found.ok().map(|found| Timestamp::from_millis(found.as_millisecond()))
        };
        let first = instant(when.compatible())?;
        if first > at { Some(first) } else { instant(when.later()) }
    }
}

impl fmt::Display for Quiet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, to } = self;
        write!(f, "{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, to / 60, to % 60)
    }
}

impl fmt::Debug for Quiet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Quiet {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} are no quiet hours: write 20:00-07:00");
        let (from, to) = text.split_once('-').ok_or_else(wrong)?;
        let quiet = Self { from: minutes(from).ok_or_else(wrong)?, to: minutes(to).ok_or_else(wrong)? };
        if quiet.from == quiet.to { Err(wrong()) } else { Ok(quiet) }
    }
}

impl TryFrom<String> for Quiet {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Quiet> for String {
    fn from(quiet: Quiet) -> Self {
        quiet.to_string()
    }
}

/// `HH:MM` in minutes after midnight.
fn minutes(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(':')?;
    let (hour, minute) = (hour.parse::<u16>().ok()?, minute.parse::<u16>().ok()?);
    (hour < 24 && minute < 60).then_some(hour * 60 + minute)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn until(quiet: &str, at: &str) -> Option<String> {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let at = Timestamp::parse(at).unwrap();
        quiet.parse::<Quiet>().unwrap().until(at, &zone).map(|end| end.to_string())
    }

    #[test]
    fn quiet_ends_by_the_wall_clock_whatever_the_clock_does() {
        for (quiet, at, end) in [
            // Winter in Berlin: one hour ahead.
            ("20:00-07:00", "2026-01-10T18:59:00Z", None),
            ("20:00-07:00", "2026-01-10T19:00:00Z", Some("2026-01-11T06:00:00.000Z")),
            ("20:00-07:00", "2026-01-11T05:59:59Z", Some("2026-01-11T06:00:00.000Z")),
            ("20:00-07:00", "2026-01-11T06:00:00Z", None),
            ("12:00-13:30", "2026-01-10T11:30:00Z", Some("2026-01-10T12:30:00.000Z")),
            ("12:00-13:30", "2026-01-10T12:30:00Z", None),
            // The clocks go forward in the night: seven o'clock comes an hour earlier.
            ("20:00-07:00", "2026-03-28T20:00:00Z", Some("2026-03-29T05:00:00.000Z")),
            // Half past two does not exist that night.
            ("20:00-02:30", "2026-03-28T20:00:00Z", Some("2026-03-29T01:30:00.000Z")),
            // The clocks go back: half past two comes twice.
            ("20:00-02:30", "2026-10-24T20:00:00Z", Some("2026-10-25T00:30:00.000Z")),
            ("20:00-02:30", "2026-10-25T01:10:00Z", Some("2026-10-25T01:30:00.000Z")),
            ("20:00-07:00", "2026-10-24T20:00:00Z", Some("2026-10-25T06:00:00.000Z")),
        ] {
            assert_eq!(until(quiet, at).as_deref(), end, "{quiet} at {at}");
        }
    }

    #[test]
    fn quiet_hours_read_back_and_nonsense_is_refused() {
        assert_eq!("20:00 - 7:05".parse::<Quiet>().unwrap().to_string(), "20:00-07:05");
        for text in ["", "20:00", "20:00-20:00", "25:00-07:00", "20-7", "20:00-24:00"] {
            assert!(text.parse::<Quiet>().is_err(), "{text:?}");
        }
    }
}
