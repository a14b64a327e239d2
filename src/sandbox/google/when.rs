//! Times of events: a day, or an instant with a zone.

use super::problem::Problem;
use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};
use serde_json::{Value, json};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    Day(Date),
    At(i64, String),
}

pub fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap_or(TimeZone::UTC)
}

impl When {
    /// `{date}` or `{dateTime, timeZone}`; `usual` is the calendar's zone.
    pub fn read(value: &Value, usual: &str) -> Result<Self, Problem> {
        let text = |name: &str| value.get(name).and_then(Value::as_str);
        let wrong = || Problem::invalid("Invalid start or end time.");
        let named = text("timeZone").unwrap_or(usual);
        if TimeZone::get(named).is_err() {
            return Err(Problem::invalid(format!("Invalid time zone definition: {named}")));
        }
        match (text("date"), text("dateTime")) {
            (Some(date), None) => Ok(Self::Day(date.parse().map_err(|_| wrong())?)),
            (None, Some(at)) => {
                let instant = at.parse::<Timestamp>().ok().or_else(|| {
                    let local: jiff::civil::DateTime = at.parse().ok()?;
                    Some(local.to_zoned(zone(named)).ok()?.timestamp())
                });
                let millis = instant.ok_or_else(wrong)?.as_second() * 1000;
                Ok(Self::At(millis, named.to_owned()))
            }
            _ => Err(wrong()),
        }
    }

    /// As shown in a calendar of zone `shown`.
    pub fn json(&self, shown: &str) -> Value {
        match self {
            Self::Day(date) => json!({"date": date.to_string()}),
            Self::At(ms, own) => {
                let at = Timestamp::from_millisecond(*ms).unwrap_or_default().to_zoned(zone(shown));
                let offset =
                    if at.offset().is_zero() { "Z".to_owned() } else { at.strftime("%:z").to_string() };
                json!({"dateTime": format!("{}{offset}", at.strftime("%Y-%m-%dT%H:%M:%S")), "timeZone": own})
            }
        }
    }

    /// The instant, for windows and order.
    pub fn ms(&self, usual: &str) -> i64 {
        match self {
            Self::At(ms, _) => *ms,
            Self::Day(date) => date.to_zoned(zone(usual)).map_or(0, |day| day.timestamp().as_millisecond()),
        }
    }

    /// What names an occurrence.
    pub fn key(&self) -> String {
        match self {
            Self::Day(date) => date.strftime("%Y%m%d").to_string(),
            Self::At(ms, _) => {
                let at = Timestamp::from_millisecond(*ms).unwrap_or_default().to_zoned(TimeZone::UTC);
                at.strftime("%Y%m%dT%H%M%SZ").to_string()
            }
        }
    }

    /// So many days later by the wall clock of its zone.
    pub fn later(&self, days: i64) -> Self {
        match self {
            Self::Day(date) => Self::Day(date.saturating_add(days.days())),
            Self::At(ms, name) => {
                let at = Timestamp::from_millisecond(*ms).unwrap_or_default().to_zoned(zone(name));
                Self::At(at.saturating_add(days.days()).timestamp().as_millisecond(), name.clone())
            }
        }
    }

    /// The end that belongs to another beginning.
    pub fn shifted(&self, from: &Self, to: &Self) -> Self {
        match (self, from, to) {
            (Self::Day(end), Self::Day(from), Self::Day(to)) => {
                Self::Day(to.saturating_add((*end - *from).get_days().days()))
            }
            (Self::At(end, zone), Self::At(from, _), Self::At(to, _)) => {
                Self::At(to + (end - from), zone.clone())
            }
            _ => self.clone(),
        }
    }
}
