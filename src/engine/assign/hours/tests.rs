use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}
fn office(off: &[&str]) -> Calendar {
    let hours = Hours {
        zone: Some("Europe/Berlin".into()),
        days: vec![1, 2, 3, 4, 5],
        span: Some((9 * 60, 17 * 60)),
        off: off.iter().map(|day| (*day).into()).collect(),
        calendar: None,
    };
    Calendar::new(&hours, &TimeZone::UTC).unwrap()
}

#[test]
fn a_deadline_counts_only_hours_at_work() {
    let office = office(&["2025-11-27"]);
    for (now, allowed, due) in [
        // Within a day, across a night, across a weekend, across a day off; Berlin is one hour ahead.
        ("2025-11-25T09:00:00Z", 4, "2025-11-25T13:00:00Z"),
        ("2025-11-25T14:00:00Z", 4, "2025-11-26T10:00:00Z"),
        ("2025-11-28T14:00:00Z", 4, "2025-12-01T10:00:00Z"),
        ("2025-11-26T12:00:00Z", 8, "2025-11-28T12:00:00Z"),
        ("2025-11-22T12:00:00Z", 8, "2025-11-24T16:00:00Z"),
    ] {
        assert_eq!(office.due(at(now), allowed), at(due), "{now} + {allowed} h");
    }
}

#[test]
fn working_time_is_what_lies_within_shifts() {
    let office = office(&["2025-11-27"]);
    for (from, to, hours) in [
        ("2025-11-25T09:00:00Z", "2025-11-25T13:00:00Z", 4),
        ("2025-11-26T14:00:00Z", "2025-11-28T09:00:00Z", 3),
        ("2025-11-29T00:00:00Z", "2025-11-30T00:00:00Z", 0),
        ("2025-11-25T13:00:00Z", "2025-11-25T09:00:00Z", 0),
    ] {
        assert_eq!(office.worked(at(from), at(to)), HOUR * hours, "{from} to {to}");
    }
    let always = Calendar::new(&Hours::default(), &TimeZone::UTC).unwrap();
    assert_eq!(always.worked(at("2025-11-29T00:00:00Z"), at("2025-11-30T00:00:00Z")), HOUR * 24);
}

#[test]
fn the_day_on_which_the_clock_changes_has_its_real_length() {
    // Given somebody who works round the clock in Berlin, except on Christmas
    let hours =
        Hours { zone: Some("Europe/Berlin".into()), off: vec!["2025-12-25".into()], ..Hours::default() };
    let calendar = Calendar::new(&hours, &TimeZone::UTC).unwrap();
    // Then 24 h from midnight end an hour before midnight on the day with 25 hours
    assert_eq!(calendar.due(at("2025-10-25T22:00:00Z"), 24), at("2025-10-26T22:00:00Z"));
    assert_eq!(calendar.due(at("2025-12-24T22:00:00Z"), 2), at("2025-12-26T00:00:00Z"));
}

#[test]
fn open_means_at_work() {
    let office = office(&["2025-11-27"]);
    for (now, open) in [
        ("2025-11-25T07:59:59Z", false),
        ("2025-11-25T08:00:00Z", true),
        ("2025-11-25T16:00:00Z", false),
        ("2025-11-27T10:00:00Z", false),
        ("2025-11-29T10:00:00Z", false),
    ] {
        assert_eq!(office.is_open(at(now)), open, "{now}");
    }
    assert_eq!(office.opens_at(at("2025-11-29T10:00:00Z")), Some(at("2025-12-01T08:00:00Z")));
}

#[test]
fn an_absence_lasts_from_a_day_off_until_the_next_shift() {
    // given a Friday and a Monday off
    let office = office(&["2025-11-28", "2025-12-01"]);
    let back = Some(at("2025-12-02T08:00:00Z"));
    for (when, expected) in [
        ("2025-11-27T15:00:00Z", None),
        ("2025-11-28T10:00:00Z", back),
        ("2025-11-30T10:00:00Z", back),
        ("2025-12-01T10:00:00Z", back),
        ("2025-12-02T10:00:00Z", None),
        // An ordinary weekend is no absence.
        ("2025-11-23T10:00:00Z", None),
    ] {
        assert_eq!(office.back_after(at(when)), expected, "{when}");
    }
}

#[test]
fn an_absence_by_the_minute_takes_its_time_out_of_a_day() {
    // given a Tuesday with two hours out of office in the middle, and the Thursday wholly so, in two pieces
    let away = [
        ("2025-11-27T06:00:00Z", "2025-11-27T12:00:00Z"),
        ("2025-11-25T10:00:00Z", "2025-11-25T12:00:00Z"),
        ("2025-11-27T11:00:00Z", "2025-11-27T16:00:00Z"),
    ];
    let away = away.map(|(from, to)| (at(from), at(to)));
    let office = office(&[]).away(&away);
    // then nobody is there in between
    for (now, open) in [
        ("2025-11-25T09:59:59Z", true),
        ("2025-11-25T10:00:00Z", false),
        ("2025-11-25T12:00:00Z", true),
        ("2025-11-27T10:00:00Z", false),
        ("2025-11-27T15:59:59Z", false),
    ] {
        assert_eq!(office.is_open(at(now)), open, "{now}");
        assert_eq!(office.phase(at(now)).open, open, "{now}");
    }
    // deadlines are as much later
    assert_eq!(office.due(at("2025-11-25T09:00:00Z"), 2), at("2025-11-25T13:00:00Z"));
    assert_eq!(office.due(at("2025-11-26T15:00:00Z"), 2), at("2025-11-28T09:00:00Z"));
    let day = (at("2025-11-25T00:00:00Z"), at("2025-11-26T00:00:00Z"));
    assert_eq!(office.worked(day.0, day.1), HOUR * 6);
    // and only the whole day is a day off, with the hours around it
    let long = [(at("2025-11-26T12:00:00Z"), at("2025-11-28T10:00:00Z"))];
    let long = self::office(&[]).away(&long);
    for due in ["2025-11-26T13:00:00Z", "2025-11-27T09:00:00Z", "2025-11-28T09:00:00Z"] {
        assert_eq!(long.back_after(at(due)), Some(at("2025-11-28T10:00:00Z")), "{due}");
    }
    assert_eq!(long.back_after(at("2025-11-26T11:00:00Z")), None);
    assert_eq!(office.back_after(at("2025-11-25T11:00:00Z")), None);
    assert_eq!(office.back_after(at("2025-11-27T09:00:00Z")), Some(at("2025-11-28T08:00:00Z")));
    assert!(office.is_first_day_back(at("2025-11-28T09:00:00Z")));
    assert!(!office.is_first_day_back(at("2025-11-26T09:00:00Z")));
}

#[test]
fn who_works_round_the_clock_can_be_away_as_well() {
    let away = [(at("2025-11-25T10:00:00Z"), at("2025-11-26T10:00:00Z"))];
    let always = Calendar::new(&Hours::default(), &TimeZone::UTC).unwrap().away(&away);
    assert!(!always.is_open(at("2025-11-25T23:00:00Z")) && always.is_open(at("2025-11-26T10:00:00Z")));
    assert_eq!(always.opens_at(at("2025-11-25T12:00:00Z")), Some(at("2025-11-26T10:00:00Z")));
}

#[test]
fn a_phase_lasts_until_something_changes() {
    let office = office(&["2025-11-27"]);
    for (now, open, back, until) in [
        ("2025-11-26T03:00:00Z", false, false, "2025-11-26T08:00:00Z"),
        ("2025-11-26T08:00:00Z", true, false, "2025-11-26T16:00:00Z"),
        ("2025-11-26T16:00:00Z", false, false, "2025-11-26T23:00:00Z"),
        ("2025-11-27T10:00:00Z", false, false, "2025-11-27T23:00:00Z"),
        ("2025-11-27T23:00:00Z", false, true, "2025-11-28T08:00:00Z"),
        ("2025-11-28T08:00:00Z", true, true, "2025-11-28T16:00:00Z"),
    ] {
        let phase = office.phase(at(now));
        assert_eq!((phase.open, phase.first_day_back, phase.until), (open, back, at(until)), "{now}");
        assert!(phase.covers(at(now)) && !phase.covers(at(until)));
    }
}

#[test]
fn a_week_begins_on_monday_in_the_zone_of_the_organisation() {
    let auckland = zone("Pacific/Auckland").unwrap();
    // Sunday evening in UTC is Monday morning in Auckland.
    assert_eq!(week_start(at("2025-11-23T20:00:00Z"), &auckland), at("2025-11-23T11:00:00Z"));
    assert_eq!(week_start(at("2025-11-23T20:00:00Z"), &TimeZone::UTC), at("2025-11-17T00:00:00Z"));
}

#[test]
fn the_first_day_back_is_the_workday_after_days_off() {
    let office = office(&["2025-11-20", "2025-11-21"]);
    assert!(office.is_first_day_back(at("2025-11-24T10:00:00Z")));
    assert!(!office.is_first_day_back(at("2025-11-25T10:00:00Z")));
    assert!(!office.is_first_day_back(at("2025-11-21T10:00:00Z")));
}

#[test]
fn wrong_hours_say_what_is_wrong() {
    let wrong = [
        Hours { zone: Some("Europe/Berln".into()), ..Hours::default() },
        Hours { days: vec![0], ..Hours::default() },
        Hours { span: Some((600, 600)), ..Hours::default() },
        Hours { off: vec!["1.1.2026".into()], ..Hours::default() },
    ];
    for hours in wrong {
        assert!(Calendar::new(&hours, &TimeZone::UTC).is_err(), "{hours:?}");
    }
}
