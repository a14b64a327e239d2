//! Values with a form of their own: durations, schedules, shares, zones.

use super::read::leaf;
use croner::{Cron, parser::CronParser, parser::Seconds};
use jiff::{SignedDuration, tz::TimeZone};
use model::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use std::{fmt, str::FromStr, time::Duration};

/// A length of time, written `30s`, `15m`, `6h`, `1h 30m`, `7d`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub Duration);

impl Span {
    /// So many seconds.
    pub const fn seconds(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }
}

impl FromStr for Span {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let why = || format!("{text:?} is not a length of time: write 30s, 15m, 6h or 7d");
        let days = text.trim().strip_suffix('d').and_then(|days| days.trim().parse::<u32>().ok());
        if let Some(days) = days {
            return Ok(Self(Duration::from_secs(u64::from(days) * 86_400)));
        }
        let length = text.parse::<SignedDuration>().map_err(|_| why())?;
        Duration::try_from(length).map(Self).map_err(|_| why())
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, millis) = (self.0.as_secs(), self.0.subsec_millis());
        if seconds > 0 && seconds.is_multiple_of(86_400) {
            return write!(f, "{}d", seconds / 86_400);
        }
        let parts = [(seconds / 3600, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")];
        let mut said = false;
        for (number, unit) in parts.into_iter().filter(|(number, _)| *number > 0) {
            write!(f, "{}{number}{unit}", if said { " " } else { "" })?;
            said = true;
        }
        match (said, millis) {
            (true, 0) => Ok(()),
            (false, 0) => f.write_str("0s"),
            (_, millis) => write!(f, "{}{millis}ms", if said { " " } else { "" }),
        }
    }
}

/// How often something happens: every so long, or at the times of a cron expression in the organisation's zone.
#[derive(Clone)]
pub enum Every {
    /// This long after the last one.
    Interval(Span),
    /// Five fields (minute, hour, day, month, weekday), or six with seconds in front.
    Cron(Box<Cron>),
}

impl Every {
    /// Every so many seconds.
    pub const fn seconds(seconds: u64) -> Self {
        Self::Interval(Span::seconds(seconds))
    }

    /// When the next one is due after one that began at `last`: strictly later, however the clocks are changed.
    /// An expression that never comes again gives the end of time.
    pub fn next_after(&self, last: Timestamp, zone: &TimeZone) -> Timestamp {
        match self {
            Self::Interval(Span(length)) => last + (*length).max(Duration::from_millis(1)),
            Self::Cron(cron) => {
                let from = last.to_jiff().to_zoned(zone.clone());
                cron.find_next_occurrence(&from, false).map_or(Timestamp::from_millis(i64::MAX), |at| {
                    Timestamp::from_millis(at.timestamp().as_millisecond())
                })
            }
        }
    }

    /// The usual distance between two: what staleness is judged by.
    pub fn usual(&self, from: Timestamp, zone: &TimeZone) -> Duration {
        match self {
            Self::Interval(Span(length)) => *length,
            Self::Cron(_) => {
                let first = self.next_after(from, zone);
                self.next_after(first, zone).since(first)
            }
        }
    }
}

impl FromStr for Every {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        if text.split_whitespace().count() < 5 && !text.trim_start().starts_with('@') {
            return match text.parse::<Span>() {
                Ok(Span(length)) if length < Duration::from_millis(100) => {
                    Err(format!("{text:?} is too often: at least 100ms"))
                }
                Ok(span) => Ok(Self::Interval(span)),
                Err(_) => Err(format!(
                    "{text:?} is neither a length of time (30s, 15m, 6h) nor a cron expression (`0 3 * * *`)"
                )),
            };
        }
        let parser = CronParser::builder().seconds(Seconds::Optional).build();
        let cron = parser.parse(text).map_err(|error| format!("cron expression {text:?}: {error}"))?;
        Ok(Self::Cron(Box::new(cron)))
    }
}

impl fmt::Display for Every {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Interval(span) => fmt::Display::fmt(span, f),
            Self::Cron(cron) => f.write_str(cron.pattern.as_str()),
        }
    }
}
impl PartialEq for Every {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

/// A part of the whole, 0 to 1.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
pub struct Share(pub f64);

/// A time zone by its IANA name.
#[derive(Clone)]
pub struct Zone(pub TimeZone);

impl FromStr for Zone {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let zone = TimeZone::get(text);
        zone.map(Self).map_err(|_| format!("{text:?} is not a time zone: write one such as Europe/Berlin"))
    }
}
impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.iana_name().unwrap_or("UTC"))
    }
}
impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let share = f64::deserialize(from)?;
        if (0.0..=1.0).contains(&share) {
            Ok(Self(share))
        } else {
            Err(D::Error::custom(format!("{share} is not a share: 0 to 1")))
        }
    }
}
impl Serialize for Share {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_f64(self.0)
    }
}
impl fmt::Debug for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
impl JsonSchema for Share {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Share".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "number", "minimum": 0, "maximum": 1 })
    }
}

/// Types that are written as text.
macro_rules! textual {
    ($($type:ident: $example:literal),*) => { $(
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                String::deserialize(from)?.parse().map_err(D::Error::custom)
            }
        }
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
        impl JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "examples": [$example] })
            }
        }
    )* };
}
pub(super) use textual;

textual!(Span: "30s", Every: "15m", Zone: "Europe/Berlin");
leaf!(Span, Every, Share, Zone, Option<Every>);
