//! What servers and people do, on a real Radicale.

use crate::kit::{Kit, event, server};
use connect::{Applied, ErrorKind};
use model::{Change, Field, Intent, Kind, Observed, Pass, Timestamp, Value};
use serde_json::json;
use std::{collections::BTreeSet, time::Duration};

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn seen(changes: &[Change]) -> Vec<&Observed> {
    fn one(change: &Change) -> Option<&Observed> {
        match change {
            Change::Seen(seen) => Some(seen),
            Change::Gone(_) | Change::Exists(_) | Change::Unreadable { .. } => None,
        }
    }
    changes.iter().filter_map(one).collect()
}

fn ids(changes: &[Change]) -> BTreeSet<String> {
    seen(changes).iter().map(|one| one.reference.id.to_string()).collect()
}

fn gone(changes: &[Change]) -> BTreeSet<String> {
    let gone = |change: &Change| match change {
        Change::Gone(gone) => Some(gone.reference.id.to_string()),
        Change::Seen(_) | Change::Exists(_) | Change::Unreadable { .. } => None,
    };
    changes.iter().filter_map(gone).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_radicale_is_read_and_written_as_people_would_expect() {
    let Some(server) = server(3_600) else { return };
    calendars_are_found_from_every_address(Kit::new(&server).await).await;
    a_changed_series_is_told_by_its_occurrences(Kit::new(&server).await).await;
    one_bad_object_costs_that_object(Kit::new(&server).await).await;
    a_moved_event_keeps_what_is_not_ours(Kit::new(&server).await).await;
    one_occurrence_is_moved_alone(Kit::new(&server).await).await;
    targets_elsewhere_are_refused(Kit::new(&server).await).await;
    the_window_moves_with_time(Kit::new(&server).await).await;
}

async fn calendars_are_found_from_every_address(kit: Kit<'_>) {
    let path = format!("{}a.ics", kit.calendar);
    kit.server.put(&path, &event("a", "DTSTART:20261201T100000Z")).await;
    let (calendar, mut kit) = (kit.calendar.clone(), kit);
    for address in ["/", "/anna/", calendar.as_str(), "/no/such/place/"] {
        kit = kit.at(address);
        let account = kit.connector().check(&kit.cx()).await.unwrap();
        assert!(
            account.name.contains("/anna/") && account.grants.iter().all(|grant| grant.granted),
            "{account:?}"
        );
        let (changes, _) = kit.walk(Kind::Meeting, &Pass::Full, None).await;
        assert!(ids(&changes).contains(&path), "{address}");
    }
    // when: only some calendars are wanted
    let name = calendar.trim_end_matches('/').rsplit('/').next().unwrap().to_owned();
    let one = kit.at("/anna/");
    let only = one.with(&json!({"calendars": [format!("/anna/{name}")]}));
    let page = only.poll(&one.cx(), Kind::Meeting, &Pass::Full, None).await.unwrap();
    assert_eq!(ids(&page.changes), BTreeSet::from([path]));
    let none = one.with(&json!({"calendars": ["nowhere"]}));
    assert_eq!(none.check(&one.cx()).await.unwrap_err().kind, ErrorKind::Config);
}

async fn a_changed_series_is_told_by_its_occurrences(kit: Kit<'_>) {
    let path = format!("{}s.ics", kit.calendar);
    let put = async |lines: &str| kit.server.put(&path, &event("s", lines)).await;
    let key = |day: &str| format!("{path}#202612{day}T100000Z");
    put("DTSTART:20261201T100000Z|DTEND:20261201T110000Z|SUMMARY:x").await;
    let (all, cursor) = kit.walk(Kind::Meeting, &Pass::Full, None).await;
    assert_eq!(ids(&all), BTreeSet::from([path.clone()]));
    // when: the single event becomes a series
    put("DTSTART:20261201T100000Z|DTEND:20261201T110000Z|SUMMARY:x|RRULE:FREQ=DAILY;COUNT=3").await;
    let (changes, cursor) = kit.walk(Kind::Meeting, &Pass::Since, Some(cursor)).await;
    assert_eq!(ids(&changes), ["01", "02", "03"].map(key).into());
    assert_eq!(gone(&changes), BTreeSet::from([path.clone()]));
    // and: one occurrence is taken out
    put("DTSTART:20261201T100000Z|DTEND:20261201T110000Z|SUMMARY:y|RRULE:FREQ=DAILY;COUNT=3|EXDATE:20261202T100000Z").await;
    let (changes, cursor) = kit.walk(Kind::Meeting, &Pass::Since, Some(cursor)).await;
    assert_eq!((ids(&changes), gone(&changes)), (["01", "03"].map(key).into(), [key("02")].into()));
    // and: it is single again, then deleted
    put("DTSTART:20261201T100000Z|SUMMARY:y").await;
    let (changes, cursor) = kit.walk(Kind::Meeting, &Pass::Since, Some(cursor)).await;
    assert_eq!((ids(&changes), gone(&changes)), ([path.clone()].into(), ["01", "03"].map(key).into()));
    kit.server.delete(&path).await;
    let (changes, cursor) = kit.walk(Kind::Meeting, &Pass::Since, Some(cursor)).await;
    assert_eq!((ids(&changes), gone(&changes)), ([].into(), [path.clone()].into()));
    let (nothing, _) = kit.walk(Kind::Meeting, &Pass::Since, Some(cursor)).await;
    assert!(nothing.is_empty(), "{nothing:?}");
}

async fn one_bad_object_costs_that_object(kit: Kit<'_>) {
    let path = |name: &str| format!("{}{name}.ics", kit.calendar);
    kit.server.put(&path("good"), &event("good", "DTSTART:20261201T100000Z")).await;
    let endless = "DTSTART:20200101T100000Z|CLASS:PRIVATE|RRULE:FREQ=SECONDLY";
    kit.server.put(&path("bad"), &event("bad", endless)).await;
    let (changes, _) = kit.walk(Kind::Meeting, &Pass::Full, None).await;
    assert_eq!(ids(&changes), [path("good")].into());
    let bad = changes.iter().find_map(|change| match change {
        Change::Unreadable { reference, reason, raw } => {
            Some((reference.clone().unwrap(), reason.clone(), raw.len()))
        }
        Change::Seen(_) | Change::Gone(_) | Change::Exists(_) => None,
    });
    let (reference, reason, kept) = bad.unwrap();
    assert_eq!(*reference.id, path("bad"));
    assert!(reason.contains("repeats more than") && kept == 0, "{reason} {kept}");
}

async fn a_moved_event_keeps_what_is_not_ours(kit: Kit<'_>) {
    let path = format!("{}m.ics", kit.calendar);
    let lines = "SUMMARY:Demo|DTSTART;TZID=Europe/Berlin:20261201T100000|DURATION:PT1H|SEQUENCE:4|X-THEIRS;X-P=\"a;b\":kept|\
        ORGANIZER:mailto:anna@x.example|ATTENDEE;PARTSTAT=ACCEPTED:mailto:bo@y.example|BEGIN:VALARM|ACTION:DISPLAY|\
        DESCRIPTION:soon|TRIGGER:-PT15M|END:VALARM";
    kit.server.put(&path, &event("m", lines)).await;
    let target = kit.reference(Kind::Meeting, &path);
    let (start, end) = (at("2026-12-03T14:00:00Z"), at("2026-12-03T14:30:00Z"));
    let expects = vec![(Field::At, Value::Time(at("2026-12-01T09:00:00Z")))];
    let write = kit.write(target.clone(), Intent::MoveEvent { start, end }, expects);
    for again in [false, true] {
        let applied = kit.connector().apply(&kit.cx(), &write).await.unwrap();
        assert!(matches!(applied, Applied::Done(receipt) if receipt.found == again));
    }
    let (_, text) = kit.server.ask("GET", &path, "").await;
    for kept in [
        "DTSTART;TZID=Europe/Berlin:20261203T150000",
        "DTEND;TZID=Europe/Berlin:20261203T153000",
        "SEQUENCE:5",
        "TRIGGER:-PT15M",
        "kept",
    ] {
        assert!(text.contains(kept), "{kept} in {text}");
    }
    assert!(!text.contains("DURATION"), "{text}");
    // Nobody is invited by the server.
    assert_eq!(text.matches("SCHEDULE-AGENT=CLIENT").count(), 2, "{text}");
    // when: a person had moved it meanwhile
    let late = vec![(Field::At, Value::Time(at("2026-12-01T09:00:00Z")))];
    let (start, end) = (at("2026-12-04T14:00:00Z"), at("2026-12-04T14:30:00Z"));
    let write = kit.write(target, Intent::MoveEvent { start, end }, late);
    let applied = kit.connector().apply(&kit.cx(), &write).await.unwrap();
    let Applied::Moved(now) = applied else { panic!("written over a person's change") };
    assert_eq!(now.fields.time(Field::At), Some(at("2026-12-03T14:00:00Z")));
}

async fn one_occurrence_is_moved_alone(kit: Kit<'_>) {
    let path = format!("{}o.ics", kit.calendar);
    let lines = "DTSTART;TZID=Europe/Berlin:20261201T100000|DTEND;TZID=Europe/Berlin:20261201T110000|RRULE:FREQ=DAILY;COUNT=3";
    kit.server.put(&path, &event("o", lines)).await;
    let target = kit.reference(Kind::Meeting, &format!("{path}#20261202T090000Z"));
    for hour in ["14", "16"] {
        let (start, end) =
            (at(&format!("2026-12-02T{hour}:00:00Z")), at(&format!("2026-12-02T{hour}:30:00Z")));
        let write = kit.write(target.clone(), Intent::MoveEvent { start, end }, Vec::new());
        let applied = kit.connector().apply(&kit.cx(), &write).await.unwrap();
        assert!(matches!(applied, Applied::Done(_)));
        let (changes, _) = kit.walk(Kind::Meeting, &Pass::Full, None).await;
        let times: Vec<_> = seen(&changes).iter().map(|one| one.fields.time(Field::At).unwrap()).collect();
        assert_eq!(times, [at("2026-12-01T09:00:00Z"), start, at("2026-12-03T09:00:00Z")]);
    }
    // As Python sees it.
    let listed = kit.server.run(&["list", &kit.calendar, "2026-11-01", "2027-01-01"]).unwrap();
    assert!(
        listed.contains("20261202T160000Z") && !listed.contains("20261202T090000Z\", \"20261202T09"),
        "{listed}"
    );
    // when: an occurrence that the series does not have
    let none = kit.reference(Kind::Meeting, &format!("{path}#20270101T090000Z"));
    let intent = Intent::MoveEvent { start: at("2026-12-02T14:00:00Z"), end: at("2026-12-02T15:00:00Z") };
    let error = kit.connector().apply(&kit.cx(), &kit.write(none, intent, Vec::new())).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound);
}

async fn targets_elsewhere_are_refused(kit: Kit<'_>) {
    let intent = || Intent::CreateEvent {
        subject: "x".into(),
        body: String::new(),
        start: at("2026-12-02T14:00:00Z"),
        end: at("2026-12-02T15:00:00Z"),
    };
    let deal = kit.reference(Kind::Deal, "7");
    let error = kit.connector().apply(&kit.cx(), &kit.write(deal, intent(), Vec::new())).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Invalid);
    let other =
        model::ExternalRef::new(&model::ConnectionId::from("crm"), Kind::Meeting, kit.calendar.as_str());
    let error = kit.connector().apply(&kit.cx(), &kit.write(other, intent(), Vec::new())).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Invalid);
    let nowhere = kit.reference(Kind::Meeting, "/anna/nowhere/");
    let error =
        kit.connector().apply(&kit.cx(), &kit.write(nowhere, intent(), Vec::new())).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound);
    // The target may be the calendar or anything in it.
    let beside = kit.reference(Kind::Meeting, &format!("{}any.ics#20261201", kit.calendar));
    let Applied::Done(made) =
        kit.connector().apply(&kit.cx(), &kit.write(beside, intent(), Vec::new())).await.unwrap()
    else {
        panic!("moved")
    };
    assert!(made.reference.id.starts_with(&kit.calendar));
}

async fn the_window_moves_with_time(kit: Kit<'_>) {
    use connect::Clock;
    let path = format!("{}w.ics", kit.calendar);
    kit.server.put(&path, &event("w", "DTSTART:20260101T100000Z|RRULE:FREQ=WEEKLY")).await;
    let (all, cursor) = kit.walk(Kind::Meeting, &Pass::Full, None).await;
    let (none, cursor) = kit.walk(Kind::Meeting, &Pass::Since, Some(cursor)).await;
    assert!(none.is_empty());
    // when: weeks pass in which nothing changes at the server
    kit.clock.sleep_until(kit.clock.now() + Duration::from_secs(15 * 86_400)).await;
    let (rolled, cursor) = kit.walk(Kind::Meeting, &Pass::Since, Some(cursor)).await;
    // then: later occurrences are told, and none is said to be gone
    let new: BTreeSet<_> = ids(&rolled).difference(&ids(&all)).cloned().collect();
    assert_eq!((new.len(), gone(&rolled).len()), (2, 0), "{new:?}");
    let (none, _) = kit.walk(Kind::Meeting, &Pass::Since, Some(cursor)).await;
    assert!(none.is_empty());
    // and: one that has left the window is still there when it is asked for
    let old = Pass::These(vec![
        format!("{path}#20260101T100000Z").into(),
        format!("{path}#20260102T100000Z").into(),
    ]);
    let (asked, _) = kit.walk(Kind::Meeting, &old, None).await;
    assert_eq!(ids(&asked), [format!("{path}#20260101T100000Z")].into());
    assert_eq!(gone(&asked), [format!("{path}#20260102T100000Z")].into());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_token_that_the_server_forgot_costs_a_new_reading_of_that_calendar() {
    let Some(server) = server(1) else { return };
    let kit = Kit::new(&server).await;
    let path = |name: &str| format!("{}{name}.ics", kit.calendar);
    kit.server.put(&path("a"), &event("a", "DTSTART:20261201T100000Z|RRULE:FREQ=DAILY;COUNT=2")).await;
    kit.server.put(&path("b"), &event("b", "DTSTART:20261201T100000Z")).await;
    let (_, cursor) = kit.walk(Kind::Meeting, &Pass::Full, None).await;
    // when: the token gets too old, and the next changes make the server forget it
    for name in ["c", "d"] {
        std::thread::sleep(Duration::from_millis(2_100));
        kit.server.put(&path(name), &event(name, "DTSTART:20261201T100000Z")).await;
        kit.server.ask("REPORT", &kit.calendar, "<sync-collection xmlns=\"DAV:\"><sync-token/><sync-level>1</sync-level><prop/></sync-collection>").await;
    }
    kit.server.delete(&path("a")).await;
    let (changes, cursor) = kit.walk(Kind::Meeting, &Pass::Since, Some(cursor)).await;
    // then: everything that is there, and what is known to be lost
    assert_eq!(ids(&changes), ["b", "c", "d"].map(path).into());
    let lost = ["01", "02"].map(|day| format!("{}#202612{day}T100000Z", path("a")));
    assert_eq!(gone(&changes), lost.into());
    let (none, _) = kit.walk(Kind::Meeting, &Pass::Since, Some(cursor)).await;
    assert!(none.is_empty(), "{none:?}");
}
