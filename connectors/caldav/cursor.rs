//! Where a walk over calendars stands.

use crate::ical::expand::{Window, instant};
use jiff::SignedDuration;
use model::{Cursor, Timestamp};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, time::Duration};

/// Layout of the body.
const VERSION: u16 = 1;
/// Most series of a calendar whose occurrences are remembered; what becomes of those of others is found by the census.
const MOST_SERIES: usize = 5_000;
/// Most entity tags that are remembered for a server that can't sync; a larger calendar is read anew when it changes.
pub const MOST_TAGS: usize = 20_000;

/// A place in a walk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Place {
    /// The window of occurrences lies around this instant.
    pub laid: Option<Timestamp>,
    /// It was laid anew in this pass: all series are read again.
    pub rolling: bool,
    /// What is known of each calendar, by path.
    pub marks: BTreeMap<String, Mark>,
    /// Where this pass is; `None` between passes.
    pub at: Option<At>,
    /// The last of single records that were asked for.
    pub asked: Option<Box<str>>,
}

/// What is known of a calendar.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mark {
    /// Sync token up to which it was read.
    pub token: Option<String>,
    /// Its tag when it was read.
    pub ctag: Option<String>,
    /// Entity tags of its objects, where the server can't sync.
    pub tags: Option<BTreeMap<Box<str>, Box<str>>>,
    /// Its series, with the occurrences that were reported.
    pub series: BTreeMap<Box<str>, String>,
}

/// A place within a calendar.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct At {
    /// The calendar.
    pub path: String,
    /// What is done there.
    pub work: Work,
    /// Objects up to this name are done.
    pub after: Box<str>,
    /// What the mark becomes when the work is done: as of its beginning, so that what changes meanwhile comes next.
    pub token: Option<String>,
    /// See `token`.
    pub ctag: Option<String>,
}

/// What is done in a calendar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    /// Nothing more: on to the next.
    #[default]
    Next,
    /// All its objects.
    All,
    /// What changed.
    Delta,
    /// Its series, since the window moved.
    Roll,
}

impl Place {
    /// Reads a cursor; `None` when it is none of ours.
    pub fn read(cursor: &Cursor) -> Option<Self> {
        cursor.read(VERSION)
    }
    /// Writes it.
    pub fn write(&self) -> Cursor {
        Cursor::write(VERSION, self)
    }
    /// The window of occurrences.
    pub fn window(&self, now: Timestamp, past_days: u32, future_days: u32) -> Window {
        let days = |days: u32| Duration::from_secs(u64::from(days) * 86_400);
        let laid = self.laid.unwrap_or(now);
        Window { from: (laid - days(past_days)).to_jiff(), to: (laid + days(future_days)).to_jiff() }
    }
}

impl Mark {
    /// Remembers the reported occurrences of a series.
    pub fn remember(&mut self, name: &str, keys: &[String]) {
        if self.series.len() < MOST_SERIES || self.series.contains_key(name) {
            self.series.insert(name.into(), pack(keys));
        }
    }
    /// The reported occurrences of a series, no longer remembered.
    pub fn forget(&mut self, name: &str) -> Option<Vec<String>> {
        self.series.remove(name).map(|packed| unpack(&packed))
    }
}

/// Names of occurrences in few bytes: the first, then the distances in seconds with how often each comes in a row.
/// Names of mixed shape are written out.
fn pack(keys: &[String]) -> String {
    let date = keys.first().is_some_and(|key| key.len() == 8);
    let at: Option<Vec<i64>> = keys
        .iter()
        .map(|key| instant(key).filter(|_| (key.len() == 8) == date).map(jiff::Timestamp::as_second))
        .collect();
    let Some(at) = at else { return format!("k{}", keys.join(",")) };
    let mut runs: Vec<(i64, u32)> = Vec::new();
    for (before, after) in at.iter().zip(at.iter().skip(1)) {
        match runs.last_mut() {
            Some((step, count)) if *step == after - before => *count += 1,
            _ => runs.push((after - before, 1)),
        }
    }
    let first = at.first().map(ToString::to_string).unwrap_or_default();
    let runs = runs.iter().map(|(step, count)| format!(",{step}*{count}"));
    runs.fold(format!("{}{first}", if date { 'd' } else { 't' }), |all, run| all + &run)
}

fn unpack(packed: &str) -> Vec<String> {
    let Some((shape, rest)) = packed.split_at_checked(1).filter(|(_, rest)| !rest.is_empty()) else {
        return Vec::new();
    };
    if shape == "k" {
        return rest.split(',').map(str::to_owned).collect();
    }
    let format = if shape == "d" { "%Y%m%d" } else { "%Y%m%dT%H%M%SZ" };
    let mut pieces = rest.split(',');
    let first = pieces.next().and_then(|first| first.parse().ok());
    let Some(mut at) = first.and_then(|second| jiff::Timestamp::from_second(second).ok()) else {
        return Vec::new();
    };
    let mut keys = vec![at.strftime(format).to_string()];
    let runs = pieces.filter_map(|run| {
        let (step, count) = run.split_once('*')?;
        Some((step.parse().ok()?, count.parse::<u32>().ok()?))
    });
    for (step, count) in runs {
        for _ in 0..count {
            let Ok(next) = at.checked_add(SignedDuration::from_secs(step)) else { return keys };
            at = next;
            keys.push(at.strftime(format).to_string());
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_year_of_working_days_is_a_few_hundred_bytes() {
        let day = |n: i64| jiff::Timestamp::from_second(1_767_225_600 + n * 86_400).unwrap();
        let days = (0..455).map(day).filter(|day| {
            ![6, 7].contains(&day.to_zoned(jiff::tz::TimeZone::UTC).weekday().to_monday_one_offset())
        });
        let keys: Vec<_> = days.map(|day| day.strftime("%Y%m%dT%H%M%SZ").to_string()).collect();
        let packed = pack(&keys);
        assert!(packed.len() < 1_500, "{} for {}", packed.len(), keys.len());
        assert_eq!(unpack(&packed), keys);
    }

    #[test]
    fn a_cursor_of_another_layout_is_none() {
        assert_eq!(Place::read(&Cursor { version: 9, body: "{}".into() }), None);
        assert_eq!(Place::read(&Cursor { version: VERSION, body: "]".into() }), None);
        let place = Place { asked: Some("x".into()), ..Place::default() };
        assert_eq!(Place::read(&place.write()), Some(place));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn packed_names_come_back(seconds in proptest::collection::btree_set(0_i64..4_000_000_000, 0..60), mixed in any::<bool>()) {
            let named = |(nth, second): (usize, i64)| {
                let at = jiff::Timestamp::from_second(second).unwrap();
                at.strftime(if mixed && nth % 3 == 0 { "%Y%m%d" } else { "%Y%m%dT%H%M%SZ" }).to_string()
            };
            let keys: Vec<String> = seconds.into_iter().enumerate().map(named).collect();
            prop_assert_eq!(unpack(&pack(&keys)), keys);
        }
    }
}
