//! Recurrence rules on wall-clock time (RFC 5545, 3.3.10): the `rrule` crate walks, and where its reading of the
//! standard differs from libical's (whose table of expected instances is the test) the rule is put in other words
//! first. Zones are put on afterwards, so a meeting at nine stays at nine over a change of the clocks.

use jiff::{ToSpan, civil, tz::TimeZone};
use rrule::RRuleSet;
use std::collections::BTreeMap;

/// Most steps from the first occurrence to the end of the window: a rule that needs more is refused. It is hourly
/// for eleven years, and a moment's work.
const MOST_STEPS: usize = 100_000;

/// A rule with the start that completes it.
pub struct Rule {
    parts: BTreeMap<String, String>,
    start: civil::DateTime,
    until: Option<civil::DateTime>,
    count: Option<usize>,
    weeks: Option<Weeks>,
}

/// `BYWEEKNO`, which `rrule` reads by calendar years: a yearly rule becomes a weekly one with this filter.
struct Weeks {
    numbers: Vec<i64>,
    interval: i64,
    wkst: i64,
    year: i64,
}

impl Rule {
    /// Reads a rule. `until` is its `UNTIL` on the wall clock of the start, which replaces the one in the text;
    /// `dates` says that the start is a date without a time.
    pub fn new(
        text: &str,
        start: civil::DateTime,
        dates: bool,
        until: Option<civil::DateTime>,
    ) -> Result<Self, String> {
        let mut parts = BTreeMap::new();
        for part in text.split(';').filter(|part| !part.is_empty()) {
            let (name, value) =
                part.split_once('=').ok_or_else(|| format!("{part:?} is no part of a rule"))?;
            parts.insert(name.trim().to_ascii_uppercase(), value.trim().to_ascii_uppercase());
        }
        parts.remove("UNTIL");
        let count = parts.remove("COUNT").map(|count| count.parse().map_err(|_| format!("COUNT={count}")));
        if dates {
            for name in ["BYHOUR", "BYMINUTE", "BYSECOND"] {
                parts.remove(name);
            }
        }
        let mut rule = Self { parts, start, until, count: count.transpose()?, weeks: None };
        rule.reword()?;
        Ok(rule)
    }

    fn has(&self, name: &str) -> bool {
        self.parts.contains_key(name)
    }

    fn reword(&mut self) -> Result<(), String> {
        let yearly = self.parts.get("FREQ").is_some_and(|freq| freq == "YEARLY");
        let by_day_of = self.has("BYMONTHDAY") || self.has("BYYEARDAY");
        if yearly && self.has("BYWEEKNO") && !by_day_of && !self.has("BYSETPOS") {
            if !self.has("BYDAY") {
                self.parts.insert("BYDAY".into(), day_name(self.start.date()).into());
            }
            let numbers = self.parts.remove("BYWEEKNO").unwrap_or_default();
            let interval = self.parts.remove("INTERVAL").unwrap_or_else(|| "1".into());
            let wkst = self.wkst();
            let mut weeks = Weeks {
                numbers: numbers.split(',').filter_map(|number| number.parse().ok()).collect(),
                interval: interval.parse().map_err(|_| format!("INTERVAL={interval}"))?,
                wkst,
                year: week(self.start.date(), wkst).0,
            };
            if weeks.interval < 1 {
                return Err(format!("INTERVAL={interval}"));
            }
            let days = self.parts.get("BYDAY").map(String::as_str).unwrap_or_default();
            // A start that is no instance itself counts by its calendar year.
            if !weeks.hold(self.start.date())
                || !days.split(',').any(|day| day == day_name(self.start.date()))
            {
                weeks.year = i64::from(self.start.year());
            }
            self.weeks = Some(weeks);
            self.parts.insert("FREQ".into(), "WEEKLY".into());
        } else if yearly && self.has("BYMONTHDAY") && !self.has("BYMONTH") && !self.has("BYDAY") {
            self.parts.insert("BYMONTH".into(), self.start.month().to_string());
        }
        Ok(())
    }

    fn wkst(&self) -> i64 {
        let names = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];
        let wkst = self.parts.get("WKST").and_then(|day| names.iter().position(|name| name == day));
        i64::try_from(wkst.unwrap_or_default()).unwrap_or_default()
    }

    /// Where the walk begins: positions within a week count from the week's first day, not from the start.
    fn origin(&self) -> civil::DateTime {
        let weekly = self.parts.get("FREQ").is_some_and(|freq| freq == "WEEKLY");
        if weekly && self.has("BYSETPOS") && self.has("BYDAY") {
            let back = (i64::from(self.start.weekday().to_monday_zero_offset()) - self.wkst()).rem_euclid(7);
            self.start.checked_sub(back.days()).unwrap_or(self.start)
        } else {
            self.start
        }
    }

    /// All instances up to and including `end`, in order. The start itself is among them only when the rule says so.
    pub fn instances(&self, end: civil::DateTime) -> Result<Vec<civil::DateTime>, String> {
        let end = self.until.map_or(end, |until| until.min(end));
        if end < self.start || self.count == Some(0) {
            return Ok(Vec::new());
        }
        let parts: Vec<_> = self.parts.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let text = format!("DTSTART:{}\nRRULE:{}", self.origin().strftime("%Y%m%dT%H%M%SZ"), parts.join(";"));
        let set: RRuleSet = text.parse().map_err(|error: rrule::RRuleError| error.to_string())?;
        let mut found = Vec::new();
        for (step, instance) in set.limit().into_iter().enumerate() {
            if step >= MOST_STEPS {
                return Err(format!("it repeats more than {MOST_STEPS} times before the window's end"));
            }
            let Some(wall) = wall(instance.timestamp()).filter(|wall| *wall <= end) else { break };
            if wall >= self.start && self.weeks.as_ref().is_none_or(|weeks| weeks.hold(wall.date())) {
                found.push(wall);
                if self.count == Some(found.len()) {
                    break;
                }
            }
        }
        Ok(found)
    }
}

impl Weeks {
    fn hold(&self, date: civil::Date) -> bool {
        let (year, number, of) = week(date, self.wkst);
        let listed = self.numbers.iter().any(|wanted| *wanted == number || of + 1 + wanted == number);
        listed && (year - self.year).rem_euclid(self.interval) == 0
    }
}

/// Week-year, number of the week, and number of weeks in that year, for weeks that begin on `wkst` (Monday is 0):
/// the first week is the first with four days in the year.
fn week(date: civil::Date, wkst: i64) -> (i64, i64, i64) {
    let first = |year: i64| {
        let january = civil::Date::new(i16::try_from(year).unwrap_or(i16::MAX).clamp(-9990, 9990), 1, 4);
        let january = january.unwrap_or(civil::Date::ZERO);
        let back = (i64::from(january.weekday().to_monday_zero_offset()) - wkst).rem_euclid(7);
        january.checked_sub(back.days()).unwrap_or(january)
    };
    let days =
        |from: civil::Date, to: civil::Date| i64::from(from.until(to).map_or(0, |span| span.get_days()));
    let mut year = i64::from(date.year());
    if date < first(year) {
        year -= 1;
    } else if date >= first(year + 1) {
        year += 1;
    }
    (year, days(first(year), date) / 7 + 1, days(first(year), first(year + 1)) / 7)
}

fn day_name(date: civil::Date) -> &'static str {
    match date.weekday() {
        civil::Weekday::Monday => "MO",
        civil::Weekday::Tuesday => "TU",
        civil::Weekday::Wednesday => "WE",
        civil::Weekday::Thursday => "TH",
        civil::Weekday::Friday => "FR",
        civil::Weekday::Saturday => "SA",
        civil::Weekday::Sunday => "SU",
    }
}

fn wall(seconds: i64) -> Option<civil::DateTime> {
    Some(jiff::Timestamp::from_second(seconds).ok()?.to_zoned(TimeZone::UTC).datetime())
}

#[cfg(test)]
mod tests;
