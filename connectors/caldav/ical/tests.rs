use super::*;
use crate::testing::shared;
use expand::Window;

fn zone(name: &str) -> Zone {
    Zone::named(name).unwrap()
}

fn event(lines: &str) -> String {
    let lines = lines.replace('|', "\r\n");
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:u\r\n{lines}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}

fn window(from: &str, to: &str) -> Window {
    Window { from: from.parse().unwrap(), to: to.parse().unwrap() }
}

fn starts(text: &str, from: &str, to: &str) -> Vec<String> {
    let object = Object::read(text, &zone("Europe/Berlin")).unwrap().unwrap();
    let found = object.occurrences(window(from, to)).unwrap();
    found.iter().map(|one| format!("{} {}", one.key, one.start.at)).collect()
}

#[test]
fn a_meeting_at_nine_stays_at_nine_over_a_change_of_the_clocks() {
    let text = event("DTSTART;TZID=Europe/Berlin:20261018T090000|RRULE:FREQ=WEEKLY;UNTIL=20261101T080000Z");
    assert_eq!(
        starts(&text, "2026-10-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        [
            "20261018T070000Z 2026-10-18T07:00:00Z",
            "20261025T080000Z 2026-10-25T08:00:00Z",
            "20261101T080000Z 2026-11-01T08:00:00Z"
        ]
    );
}

#[test]
fn occurrences_left_out_added_moved_and_cancelled_are_as_written() {
    let text = event(
        "DTSTART;TZID=Europe/Berlin:20260601T090000|DURATION:PT1H|RRULE:FREQ=DAILY;COUNT=6|\
         EXDATE;TZID=Europe/Berlin:20260602T090000|EXDATE;VALUE=DATE:20260603|RDATE:20260610T070000Z|END:VEVENT|\
         BEGIN:VEVENT|UID:u|RECURRENCE-ID:20260604T070000Z|DTSTART:20260604T120000Z|SUMMARY:moved|END:VEVENT|\
         BEGIN:VEVENT|UID:u|RECURRENCE-ID;TZID=Europe/Berlin:20260605T090000|DTSTART:20260605T070000Z|STATUS:CANCELLED",
    );
    let object = Object::read(&text, &Zone::UTC).unwrap().unwrap();
    let found = object.occurrences(window("2026-05-01T00:00:00Z", "2026-07-01T00:00:00Z")).unwrap();
    let told: Vec<_> = found
        .iter()
        .map(|one| (one.key.as_str(), one.start.at.to_string(), one.item.status.as_deref()))
        .collect();
    let expected = [
        ("20260601T070000Z", "2026-06-01T07:00:00Z", None),
        ("20260604T070000Z", "2026-06-04T12:00:00Z", None),
        ("20260605T070000Z", "2026-06-05T07:00:00Z", Some("CANCELLED")),
        ("20260606T070000Z", "2026-06-06T07:00:00Z", None),
        ("20260610T070000Z", "2026-06-10T07:00:00Z", None),
    ];
    assert_eq!(told, expected.map(|(key, at, status)| (key, at.to_owned(), status)));
}

#[test]
fn this_and_all_following_moves_those_that_follow_by_the_clock() {
    let text = event(
        "DTSTART;TZID=Europe/Berlin:20261012T090000|DTEND;TZID=Europe/Berlin:20261012T100000|RRULE:FREQ=WEEKLY;COUNT=4|\
         END:VEVENT|BEGIN:VEVENT|UID:u|RECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Europe/Berlin:20261019T090000|\
         DTSTART;TZID=Europe/Berlin:20261019T110000|DTEND;TZID=Europe/Berlin:20261019T113000",
    );
    assert_eq!(
        starts(&text, "2026-10-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        [
            "20261012T070000Z 2026-10-12T07:00:00Z",
            "20261019T070000Z 2026-10-19T09:00:00Z",
            "20261026T080000Z 2026-10-26T10:00:00Z",
            "20261102T080000Z 2026-11-02T10:00:00Z"
        ]
    );
}

#[test]
fn whole_days_stay_dates_and_floating_times_count_in_the_connections_zone() {
    let day = event("DTSTART;VALUE=DATE:20260601|RRULE:FREQ=DAILY;COUNT=2");
    // The first day ends, exclusively, where the window begins.
    assert_eq!(
        starts(&day, "2026-06-02T00:00:00Z", "2026-07-01T00:00:00Z"),
        ["20260602 2026-06-02T00:00:00Z"]
    );
    let floating = event("DTSTART:20260601T090000|RRULE:FREQ=DAILY;COUNT=1");
    assert_eq!(
        starts(&floating, "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        ["20260601T070000Z 2026-06-01T07:00:00Z"]
    );
}

#[test]
fn an_endless_series_ends_at_the_window_and_a_start_outside_the_rule_counts() {
    let text = event("DTSTART:20000105T090000Z|RRULE:FREQ=WEEKLY;BYDAY=TU");
    assert_eq!(starts(&text, "2026-06-01T00:00:00Z", "2026-06-15T00:00:00Z").len(), 2);
    assert!(starts(&text, "2000-01-01T00:00:00Z", "2000-01-08T00:00:00Z")[0].starts_with("20000105"));
    let object =
        Object::read(&event("DTSTART:20000105T090000Z|RRULE:FREQ=SECONDLY"), &Zone::UTC).unwrap().unwrap();
    assert!(object.occurrences(window("2026-06-01T00:00:00Z", "2026-06-15T00:00:00Z")).is_err());
}

#[test]
fn people_and_privacy_are_read() {
    let text = event(
        "DTSTART:20260601T090000Z|CLASS:X-SECRET|TRANSP:TRANSPARENT|X-MICROSOFT-CDO-BUSYSTATUS:oof|SEQUENCE:3|\
         ORGANIZER;CN=\"Ek, Anna\":MAILTO:anna@x.example|ATTENDEE;PARTSTAT=ACCEPTED:mailto:bo@y.example|\
         ATTENDEE;CUTYPE=ROOM:mailto:room@x.example|ATTENDEE;EMAIL=cy@z.example:/principals/cy/",
    );
    let item = Object::read(&text, &Zone::UTC).unwrap().unwrap().master.unwrap();
    assert_eq!(item.organizer.as_deref(), Some("anna@x.example"));
    let people: Vec<_> =
        item.attendees.iter().map(|one| (one.address.as_str(), one.answer.as_str())).collect();
    assert_eq!(people, [("bo@y.example", "ACCEPTED"), ("cy@z.example", "")]);
    assert!(item.private && item.transparent);
    assert_eq!((item.busy.as_deref(), item.sequence), (Some("OOF"), 3));
}

#[test]
fn every_calendar_of_the_corpora_is_read_or_refused_with_a_reason() {
    let Some(folder) = shared("mailcal/ics") else { return };
    let (mut read, mut refused, mut other) = (0, std::collections::BTreeMap::new(), 0);
    for set in std::fs::read_dir(folder).unwrap() {
        for file in std::fs::read_dir(set.unwrap().path()).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            for one in resources(&String::from_utf8_lossy(&bytes)) {
                let found = Object::read(&one, &Zone::UTC).and_then(|object| match object {
                    None => Ok(false),
                    Some(object) => object
                        .occurrences(window("1990-01-01T00:00:00Z", "2030-01-01T00:00:00Z"))
                        .map(|_| true),
                });
                match found {
                    Ok(true) => read += 1,
                    Ok(false) => other += 1,
                    Err(why) => *refused.entry(why).or_insert(0) += 1,
                }
            }
        }
    }
    let total: usize = refused.values().sum();
    eprintln!("{read} objects read, {other} hold no event or task, {total} refused: {refused:#?}");
    assert!(refused.keys().all(|why| why.len() > 10));
    // Most of what is refused is whole files (a server keeps one event in one resource) and events without DTSTART.
    assert!(read > 2_000 && total * 8 < read, "{read} read, {total} refused");
}

/// The corpora are whole calendars; a server has one resource for each UID.
fn resources(text: &str) -> Vec<String> {
    let lines = edit::Lines::read(text);
    let mut by_uid: std::collections::BTreeMap<String, String> = std::collections::BTreeMap::new();
    for component in ["VEVENT", "VTODO"] {
        for nth in 0.. {
            let Some(part) = lines.part(component, nth) else { break };
            let uid = lines.get(&part, "UID").unwrap_or_else(|| format!("none {component} {nth}"));
            by_uid.entry(format!("{component} {uid}")).or_default().push_str(&lines.slice(&part));
        }
    }
    let zones: String =
        (0..).map_while(|nth| lines.part("VTIMEZONE", nth)).map(|part| lines.slice(&part)).collect();
    let mut all: Vec<String> = by_uid
        .into_values()
        .map(|parts| format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{zones}{parts}END:VCALENDAR\r\n"))
        .collect();
    // And the file as it is.
    all.push(text.to_owned());
    all
}
