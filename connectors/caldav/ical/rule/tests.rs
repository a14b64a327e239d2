use super::*;
use crate::testing::shared;

fn at(text: &str) -> civil::DateTime {
    let text = text.trim().trim_end_matches('Z');
    if text.contains('T') {
        civil::DateTime::strptime("%Y%m%dT%H%M%S", text).unwrap()
    } else {
        civil::Date::strptime("%Y%m%d", text).unwrap().at(0, 0, 0, 0)
    }
}

/// What the table says of a rule, and what we find.
fn agrees(rule: &str, start: &str, expected: &str) -> Result<(), String> {
    let until = rule.split(';').find_map(|part| part.strip_prefix("UNTIL=")).map(|until| {
        let day = if until.contains('T') || !start.contains('T') { 0 } else { 86_399 };
        at(until).saturating_add(jiff::Span::new().seconds(day))
    });
    let expected: Vec<_> = expected.split(',').map(at).collect();
    let bounded = rule.contains("UNTIL=") || rule.contains("COUNT=");
    let end = if bounded { civil::DateTime::MAX } else { *expected.last().unwrap() };
    let found = Rule::new(rule, at(start), !start.contains('T'), until)?.instances(end)?;
    if found == expected { Ok(()) } else { Err(format!("expected {expected:?}, found {found:?}")) }
}

#[test]
fn all_rules_of_libicals_table_that_anybody_implements_have_its_instances() {
    let Some(table) = shared("mailcal/ics/libical/icalrecur_test.txt") else { return };
    let table = String::from_utf8(std::fs::read(table).unwrap()).unwrap();
    let (mut rule, mut start, mut agreed, mut left_out, mut wrong) = ("", "", 0, Vec::new(), Vec::new());
    for line in table.lines() {
        if let Some(text) = line.strip_prefix("RRULE:") {
            rule = text;
        } else if let Some(text) = line.strip_prefix("DTSTART:") {
            start = text;
        } else if let Some(expected) = line.strip_prefix("INSTANCES:") {
            if expected.contains("UNIMPLEMENTED") {
                left_out.push(rule);
                continue;
            }
            match agrees(rule, start, expected) {
                Ok(()) => agreed += 1,
                Err(why) => wrong.push(format!("{rule} from {start}: {why}")),
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), agreed + wrong.len(), wrong.join("\n"));
    // The one left out: a day of the month within a numbered week, which libical refuses as well.
    assert_eq!(
        (agreed, left_out.as_slice()),
        (145, &["FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=30;BYWEEKNO=1;UNTIL=20320101"][..])
    );
}

#[test]
fn a_rule_that_never_happens_or_never_ends_is_no_trap() {
    let start = at("20200101T000000");
    let end = at("20261231T000000");
    let never = Rule::new("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", start, false, None).unwrap();
    assert_eq!(never.instances(end).unwrap(), []);
    let always = Rule::new("FREQ=SECONDLY", start, false, None).unwrap();
    assert!(always.instances(end).unwrap_err().contains("repeats more than"));
    let short = Rule::new("FREQ=SECONDLY;COUNT=3", start, false, None).unwrap();
    assert_eq!(short.instances(end).unwrap().len(), 3);
}

#[test]
fn a_rule_that_is_none_says_so() {
    for text in [
        "",
        "FREQ",
        "FREQ=FORTNIGHTLY",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;COUNT=x",
        "FREQ=WEEKLY;BYDAY=XX",
    ] {
        let start = at("20260101T090000");
        let found =
            Rule::new(text, start, false, None).and_then(|rule| rule.instances(at("20260201T000000")));
        assert!(found.as_ref().is_err_and(|why| !why.is_empty()) || found == Ok(vec![]), "{text}: {found:?}");
    }
}
