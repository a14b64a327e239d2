//! The options of a Google connection, and the shipped costs that they may override.

use connect::{Error, ErrorKind, Options, http::limit::Bucket};
use jiff::{civil::Date, tz::TimeZone};
use model::Timestamp;
use serde::Deserialize;
use std::time::Duration;

const MINUTE: Duration = Duration::from_mins(1);
/// Reading single mails.
pub const MAIL: &str = "mail";
/// Listing mails and what changed among them.
pub const LIST: &str = "mail_list";
/// Everything in calendars.
pub const CALENDAR: &str = "calendar";

/// As the connection's section spells them.
#[derive(Deserialize, Debug)]
#[serde(default, deny_unknown_fields)]
struct Extra {
    /// Gmail's units per user and minute.
    units_per_minute: Option<u32>,
    /// Units of reading one message.
    message_units: Option<u32>,
    /// Messages that are read at the same time.
    parallel: usize,
    /// Only mails and meetings from this day on (`2026-01-31`); everything when absent.
    since: Option<Date>,
    /// How far ahead occurrences of series are read.
    horizon_days: u32,
    /// Read the text of mails in memory, for signals. It is never stored whole.
    signals: bool,
    /// Ids of the calendars to read; those that the user may write to when empty.
    calendars: Vec<String>,
}

impl Default for Extra {
    fn default() -> Self {
        Self {
            units_per_minute: None,
            message_units: None,
            parallel: 8,
            since: None,
            horizon_days: 180,
            signals: false,
            calendars: Vec::new(),
        }
    }
}

/// What `config/providers/google.toml` says of costs.
#[derive(Deserialize)]
struct Shipped {
    gmail: Gmail,
    calendar: Calendar,
}
#[derive(Deserialize)]
struct Gmail {
    units_per_minute: u32,
    message: u32,
    list: u32,
}
#[derive(Deserialize)]
struct Calendar {
    requests_per_minute: u32,
}

/// The options, checked.
#[derive(Debug)]
pub struct Settings {
    /// See [`Extra::parallel`].
    pub parallel: usize,
    /// See [`Extra::since`].
    pub since: Option<Timestamp>,
    /// See [`Extra::horizon_days`].
    pub horizon: Duration,
    /// See [`Extra::signals`].
    pub signals: bool,
    /// See [`Extra::calendars`].
    pub calendars: Vec<String>,
    /// The budget, as requests of each sort.
    pub limits: Vec<Bucket>,
}

impl Settings {
    /// Reads the options of a connection beside the shipped facts.
    pub fn read(options: &Options, provider: &str) -> Result<Self, Error> {
        let wrong = |why: String| Error::unsent(ErrorKind::Config, format!("{}: {why}", options.connection));
        let extra = serde_json::Value::Object(options.extra.clone());
        let extra: Extra = serde_json::from_value(extra).map_err(|error| wrong(error.to_string()))?;
        let shipped: Shipped = toml::from_str(provider).map_err(|error| wrong(error.to_string()))?;
        let units = extra.units_per_minute.unwrap_or(shipped.gmail.units_per_minute);
        let message = extra.message_units.unwrap_or(shipped.gmail.message);
        if message == 0 || units < 10 * message {
            return Err(wrong("units_per_minute must allow ten messages, each of at least one unit".into()));
        }
        if !(1..=50).contains(&extra.parallel) {
            return Err(wrong("parallel must be between 1 and 50".into()));
        }
        if !(14..=730).contains(&extra.horizon_days) {
            return Err(wrong("horizon_days must be between 14 and 730".into()));
        }
        // A tenth of the units is for lists; together they never cost more than there is.
        let lists = units / 10;
        let bucket = |name, limit| Bucket { name, limit, per: MINUTE };
        Ok(Self {
            parallel: extra.parallel,
            since: extra.since.and_then(midnight),
            horizon: Duration::from_secs(u64::from(extra.horizon_days) * 86_400),
            signals: extra.signals,
            calendars: extra.calendars,
            limits: vec![
                bucket(MAIL, (units - lists) / message),
                bucket(LIST, (lists / shipped.gmail.list.max(1)).max(1)),
                bucket(CALENDAR, shipped.calendar.requests_per_minute),
            ],
        })
    }
}

fn midnight(day: Date) -> Option<Timestamp> {
    let at = day.to_zoned(TimeZone::UTC).ok()?;
    Some(Timestamp::from_millis(at.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(extra: &serde_json::Value) -> Result<Settings, Error> {
        let options = Options {
            connection: "mail".into(),
            extra: extra.as_object().cloned().unwrap(),
            timeout: Duration::from_secs(30),
        };
        Settings::read(&options, crate::MAKER.provider)
    }

    fn limits(extra: &serde_json::Value) -> Vec<u32> {
        read(extra).unwrap().limits.iter().map(|bucket| bucket.limit).collect()
    }

    #[test]
    fn requests_of_all_sorts_together_cost_no_more_than_the_units() {
        assert_eq!(limits(&json!({})), [270, 120, 600]);
        // an older project
        assert_eq!(limits(&json!({"units_per_minute": 15_000, "message_units": 5})), [2_700, 300, 600]);
    }

    #[test]
    fn mistakes_are_told_with_the_connection_and_the_option() {
        for (extra, told) in [
            (json!({"signal": true}), "signal"),
            (json!({"units_per_minute": 10}), "units_per_minute"),
            (json!({"parallel": 0}), "parallel"),
            (json!({"horizon_days": 5}), "horizon_days"),
            (json!({"since": "soon"}), "mail: "),
        ] {
            let error = read(&extra).unwrap_err();
            assert_eq!(error.kind, ErrorKind::Config);
            assert!(error.detail.contains(told), "{}", error.detail);
        }
    }
}
