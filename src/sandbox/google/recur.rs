//! Rules of recurring events, as far as the sandbox's people use them: every so many days or weeks, with a count,
//! a last day, or no end.

use super::problem::Problem;
use super::when::When;

/// An endless rule is expanded so far, as Google does for lists without an end.
const MOST: usize = 730;

struct Rule {
    days: i64,
    count: usize,
    until: Option<String>,
}

fn rule(lines: &[String]) -> Result<Rule, Problem> {
    let unknown = || Problem::invalid("Invalid recurrence rule.");
    let text = lines.iter().find_map(|line| line.strip_prefix("RRULE:")).ok_or_else(unknown)?;
    let mut rule = Rule { days: 0, count: MOST, until: None };
    let mut step = 1;
    for part in text.split(';') {
        match part.split_once('=').ok_or_else(unknown)? {
            ("FREQ", "DAILY") => rule.days = 1,
            ("FREQ", "WEEKLY") => rule.days = 7,
            ("INTERVAL", n) => step = n.parse().map_err(|_| unknown())?,
            ("COUNT", n) => rule.count = n.parse::<usize>().map_err(|_| unknown())?.min(MOST),
            ("UNTIL", day) => rule.until = Some(day.to_owned()),
            _ => return Err(unknown()),
        }
    }
    rule.days *= step;
    if rule.days > 0 { Ok(rule) } else { Err(unknown()) }
}

pub fn check(lines: &[String]) -> Result<(), Problem> {
    if lines.is_empty() { Ok(()) } else { rule(lines).map(drop) }
}

/// Beginnings of all occurrences.
pub fn expand(start: &When, lines: &[String]) -> Vec<When> {
    let Ok(rule) = rule(lines) else { return vec![start.clone()] };
    let all = (0..rule.count).map(|n| start.later(i64::try_from(n).unwrap_or(0) * rule.days));
    match rule.until {
        Some(until) => {
            let day = |when: &When| when.key().get(..8).map(str::to_owned);
            let last = until.get(..8).map(str::to_owned);
            all.take_while(|when| day(when) <= last).collect()
        }
        None => all.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_weekly_meeting_keeps_its_hour_when_the_clocks_change() {
        let start = json!({"dateTime": "2026-10-20T09:00:00+02:00", "timeZone": "Europe/Berlin"});
        let start = When::read(&start, "UTC").unwrap();
        let all = expand(&start, &["RRULE:FREQ=WEEKLY;COUNT=2".to_owned()]);
        let keys: Vec<String> = all.iter().map(When::key).collect();
        assert_eq!(keys, ["20261020T070000Z", "20261027T080000Z"]);
    }
}
