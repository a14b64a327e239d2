//! What went wrong for others with Google Calendar, in reading.

use crate::desk::{ANN, BEGIN, Desk, HOUR};
use model::{Field, Kind, Pass, Timestamp};
use sandbox::google::{Booking, Setup};
use serde_json::{Value, json};

const OTHER: &str = "team@group.calendar.google.com";

fn booking(n: i64) -> Booking {
    Booking { summary: format!("Call {n}"), start: BEGIN + n * HOUR, minutes: 30, ..Booking::default() }
}

fn weekly(rule: &str) -> Booking {
    Booking { rule: Some(rule.to_owned()), ..booking(24) }
}

fn id(event: &str) -> String {
    format!("{ANN}/{event}")
}

fn with(more: Value) -> Booking {
    Booking { more: Some(more), ..booking(24) }
}

#[tokio::test]
async fn an_expired_sync_token_reads_that_calendar_again_and_tells_what_was_cancelled_meanwhile() {
    let desk = Desk::new();
    desk.people().add_calendar(ANN, OTHER, "writer");
    let kept = desk.people().book(ANN, ANN, &booking(1));
    let cancelled = desk.people().book(ANN, ANN, &booking(2));
    desk.people().book(ANN, OTHER, &booking(3));
    let first = desk.full(Kind::Meeting).await;
    assert_eq!((first.seen().len(), first.complete), (3, true));
    // when one is cancelled and every token expires
    desk.people().cancel_event(ANN, ANN, &cancelled);
    desk.people().expire_sync_tokens(ANN);
    let news = desk.news(Kind::Meeting, &first.cursor).await;
    // then nothing is swallowed: all are read again, the cancelled one as cancelled
    let seen = news.seen();
    assert_eq!(seen.len(), 3);
    assert_eq!(seen[&id(&cancelled)].fields.text(Field::Status), Some("cancelled"));
    assert_eq!(seen[&id(&kept)].fields.text(Field::Status), Some("confirmed"));
    assert!(!news.complete);
    assert!(desk.news(Kind::Meeting, &news.cursor).await.changes.is_empty());
}

#[tokio::test]
async fn what_was_cancelled_and_forgotten_is_found_gone_by_the_census() {
    let desk = Desk::new();
    let cancelled = desk.people().book(ANN, ANN, &booking(2));
    desk.full(Kind::Meeting).await;
    desk.people().cancel_event(ANN, ANN, &cancelled);
    desk.people().forget_cancelled(ANN);
    let census = desk.pass(Kind::Meeting, &Pass::Census, None).await.unwrap();
    assert!(census.complete && census.there().is_empty());
    let these = Pass::These(vec![id(&cancelled).into()]);
    assert_eq!(desk.pass(Kind::Meeting, &these, None).await.unwrap().gone(), [id(&cancelled)]);
}

#[tokio::test]
async fn a_cancelled_meeting_keeps_what_was_known_of_it() {
    let desk = Desk::new();
    let event = desk.people().book(ANN, ANN, &booking(2));
    let first = desk.full(Kind::Meeting).await;
    desk.people().cancel_event(ANN, ANN, &event);
    let news = desk.news(Kind::Meeting, &first.cursor).await;
    let fields = &news.seen()[&id(&event)].fields;
    assert_eq!(fields.text(Field::Status), Some("cancelled"));
    assert!(fields.get(Field::At).is_none() && fields.get(Field::Name).is_none(), "only what is certain");
}

#[tokio::test]
async fn a_series_is_its_occurrences_and_never_its_rule() {
    let desk = Desk::new();
    let series = desk.people().book(ANN, ANN, &weekly("RRULE:FREQ=WEEKLY;COUNT=3"));
    let first = desk.full(Kind::Meeting).await;
    let seen = first.seen();
    assert_eq!(seen.len(), 3);
    assert!(!seen.contains_key(&id(&series)));
    let occurrences: Vec<_> =
        seen.values().map(|record| record.fields.text(Field::Occurrence).unwrap()).collect();
    assert_eq!(occurrences, ["20251123T120000Z", "20251130T120000Z", "20251207T120000Z"]);
    let uids: std::collections::BTreeSet<_> =
        seen.values().map(|record| record.fields.text(Field::Uid)).collect();
    assert_eq!(uids.len(), 1, "one series, one UID");
    // when one of them is cancelled
    let second = format!("{series}_20251130T120000Z");
    assert!(desk.people().cancel_event(ANN, ANN, &second));
    let news = desk.news(Kind::Meeting, &first.cursor).await;
    let seen = news.seen();
    assert_eq!(seen.keys().collect::<Vec<_>>(), [&id(&second)]);
    assert_eq!(seen[&id(&second)].fields.text(Field::Status), Some("cancelled"));
}

#[tokio::test]
async fn an_endless_series_ends_at_the_horizon_and_comes_into_view_as_time_goes_on() {
    let desk = Desk::with(Setup::with(&[ANN]), &json!({"horizon_days": 30}));
    desk.people().book(ANN, ANN, &weekly("RRULE:FREQ=WEEKLY"));
    let first = desk.full(Kind::Meeting).await;
    assert_eq!(first.seen().len(), 5, "730 are there");
    let quiet = desk.news(Kind::Meeting, &first.cursor).await;
    assert!(quiet.changes.is_empty());
    desk.clock.0.advance(14 * 24 * HOUR);
    let news = desk.news(Kind::Meeting, &quiet.cursor).await;
    assert_eq!(news.seen().len(), 2, "two more weeks");
    let census = desk.pass(Kind::Meeting, &Pass::Census, None).await.unwrap();
    assert_eq!(census.there().len(), 7);
    assert!(desk.news(Kind::Meeting, &news.cursor).await.changes.is_empty());
}

#[tokio::test]
async fn whole_days_stay_days_and_their_end_is_exclusive() {
    let desk = Desk::new();
    let day = with(json!({"start": {"date": "2026-03-29"}, "end": {"date": "2026-03-30"}}));
    let event = desk.people().book(ANN, ANN, &day);
    let full = desk.full(Kind::Meeting).await;
    let fields = &full.seen()[&id(&event)].fields;
    assert_eq!(fields.bool(Field::AllDay), Some(true));
    let at = |text: &str| Some(Timestamp::parse(text).unwrap());
    assert_eq!(fields.time(Field::At), at("2026-03-29T00:00:00Z"), "whatever the calendar's zone");
    assert_eq!(fields.time(Field::EndAt), at("2026-03-30T00:00:00Z"));
}

#[tokio::test]
async fn of_a_private_event_only_its_times_are_kept() {
    let desk = Desk::new();
    let event = Booking {
        attendees: vec![("doctor@clinic.example".into(), "accepted".into())],
        ..with(json!({"summary": "Doctor", "description": "secret", "visibility": "private"}))
    };
    let event = desk.people().book(ANN, ANN, &event);
    let full = desk.full(Kind::Meeting).await;
    let seen = full.seen();
    let record = seen[&id(&event)];
    for field in [Field::Name, Field::Body, Field::Sender, Field::Recipients, Field::Accepted] {
        assert!(record.fields.get(field).unwrap().is_empty(), "{field:?}");
    }
    assert!(record.fields.time(Field::At).is_some());
    let raw = std::str::from_utf8(&record.raw).unwrap();
    assert!(!raw.contains("secret") && !raw.contains("Doctor") && !raw.contains("clinic"), "{raw}");
}

#[tokio::test]
async fn absences_and_places_to_work_are_time_and_not_meetings_with_people() {
    let desk = Desk::new();
    let mut expected = Vec::new();
    for (kind, transparency, told) in [
        ("outOfOffice", "opaque", "out_of_office"),
        ("workingLocation", "transparent", "free"),
        ("focusTime", "opaque", "busy"),
        ("default", "transparent", "free"),
        ("default", "opaque", "busy"),
    ] {
        let event = with(json!({"eventType": kind, "transparency": transparency}));
        expected.push((id(&desk.people().book(ANN, ANN, &event)), kind, told));
    }
    let full = desk.full(Kind::Meeting).await;
    for (event, kind, told) in expected {
        let fields = &full.seen()[&event].fields;
        assert_eq!(fields.text(Field::Availability), Some(told), "{kind}");
        assert_eq!(fields.get(Field::Sender).unwrap().is_empty(), kind != "default", "{kind}");
    }
}

#[tokio::test]
async fn answers_of_attendees_are_told_and_rooms_are_nobody() {
    let desk = Desk::new();
    let event = with(json!({"attendees": [
        {"email": ANN, "responseStatus": "accepted", "self": true},
        {"email": "bob@acme.example", "responseStatus": "accepted"},
        {"email": "carl@acme.example", "responseStatus": "declined"},
        {"email": "dora@acme.example", "responseStatus": "needsAction"},
        {"email": "c_1@resource.calendar.google.com", "responseStatus": "accepted", "resource": true},
    ]}));
    let event = desk.people().book(ANN, ANN, &event);
    let first = desk.full(Kind::Meeting).await;
    let fields = first.seen()[&id(&event)].fields.clone();
    assert_eq!(fields.text(Field::Sender), Some(ANN));
    let three = ["bob@acme.example", "carl@acme.example", "dora@acme.example"].map(Into::into);
    assert_eq!(fields.list(Field::Recipients), three);
    assert_eq!(fields.list(Field::Accepted), [ANN, "bob@acme.example"].map(Into::into));
    assert_eq!(fields.list(Field::Declined), ["carl@acme.example".into()]);
    // when the list is cut short by Google, who is not in it is not called away
    desk.people().edit_event(ANN, ANN, &event, &json!({"attendeesOmitted": true, "attendees": []}));
    let news = desk.news(Kind::Meeting, &first.cursor).await;
    assert!(news.seen()[&id(&event)].fields.get(Field::Recipients).is_none());
}

#[tokio::test]
async fn a_calendar_that_comes_is_read_and_one_that_goes_is_found_by_the_census() {
    let desk = Desk::new();
    desk.people().book(ANN, ANN, &booking(1));
    let first = desk.full(Kind::Meeting).await;
    desk.people().add_calendar(ANN, OTHER, "writer");
    desk.people().add_calendar(ANN, "holidays@group.v.calendar.google.com", "reader");
    let there = format!("{OTHER}/{}", desk.people().book(ANN, OTHER, &booking(2)));
    let news = desk.news(Kind::Meeting, &first.cursor).await;
    assert_eq!(news.seen().into_keys().collect::<Vec<_>>(), std::slice::from_ref(&there));
    desk.people().remove_calendar(ANN, OTHER);
    let later = desk.news(Kind::Meeting, &news.cursor).await;
    assert!(later.changes.is_empty());
    let census = desk.pass(Kind::Meeting, &Pass::Census, None).await.unwrap();
    assert!(census.complete && !census.there().contains(&there));
    let asked = Pass::These(vec![there.as_str().into()]);
    assert_eq!(desk.pass(Kind::Meeting, &asked, None).await.unwrap().gone(), [there]);
}

#[tokio::test]
async fn a_meeting_booked_while_the_pages_are_read_is_not_lost() {
    let desk = Desk::new();
    for n in 0..450 {
        desk.people().book(ANN, ANN, &booking(n));
    }
    let count = std::sync::atomic::AtomicI64::new(1_000);
    desk.on_answer(move |sandbox, path| {
        if path.ends_with("/events") {
            let n = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            sandbox.google().book(ANN, ANN, &booking(n));
        }
    });
    let full = desk.full(Kind::Meeting).await;
    *desk.after.lock().unwrap() = None;
    let news = desk.news(Kind::Meeting, &full.cursor).await;
    let known: std::collections::BTreeSet<String> =
        full.seen().into_keys().chain(news.seen().into_keys()).collect();
    assert_eq!(known.len(), desk.people().events(ANN).len());
}
