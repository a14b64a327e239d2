//! Events that we make and move: once, under an id of ours, and not over a person's edit.

use crate::desk::{ANN, BEGIN, Desk, HOUR, TIMEOUT};
use connect::{Applied, Clock, Disposition, Effect, ErrorKind, Landing};
use model::{ExternalRef, Field, Intent, Kind, Timestamp, Value, Write, WriteKey};
use sandbox::google::{Booking, What};
use sandbox::{Actor, Fault, Rule};
use serde_json::json;
use std::time::Duration;

fn write(desk: &Desk, id: &str, intent: Intent, expects: Vec<(Field, Value)>) -> Write {
    let target = ExternalRef::new(&desk.connection, Kind::Meeting, id);
    let slot = format!("{intent:?}");
    let key = WriteKey::new(&desk.connection, intent.kind(), &target, "test", &slot, 0);
    Write { key, target, intent, expects, because: "a test says so".to_owned() }
}

fn follow_up(desk: &Desk) -> Write {
    let intent = Intent::CreateEvent {
        subject: "Follow up".to_owned(),
        body: "About the offer".to_owned(),
        start: at(24),
        end: at(25),
    };
    write(desk, ANN, intent, Vec::new())
}

fn at(hours: i64) -> Timestamp {
    Timestamp::from_millis(BEGIN + hours * HOUR)
}

fn shift(desk: &Desk, event: &str, expects: Vec<(Field, Value)>) -> Write {
    write(desk, &format!("{ANN}/{event}"), Intent::MoveEvent { start: at(48), end: at(49) }, expects)
}

fn booked(desk: &Desk) -> String {
    let booking = Booking { summary: "Call".into(), start: BEGIN + HOUR, minutes: 60, ..Booking::default() };
    desk.people().book(ANN, ANN, &booking)
}

async fn apply(desk: &Desk, write: &Write) -> Result<Applied, connect::Error> {
    desk.made().apply(&desk.cx(), write).await
}

async fn done(desk: &Desk, write: &Write) -> model::Receipt {
    match apply(desk, write).await.unwrap() {
        Applied::Done(receipt) => receipt,
        Applied::Moved(now) => panic!("moved: {now:?}"),
    }
}

fn inserted(desk: &Desk) -> usize {
    desk.people().deeds().iter().filter(|deed| deed.what == What::EventInserted).count()
}

#[tokio::test]
async fn an_event_carries_our_key_and_nobody_gets_a_mail_about_it() {
    let desk = Desk::new();
    let write = follow_up(&desk);
    let receipt = done(&desk, &write).await;
    let moved = write_of(&desk, &receipt.reference.id);
    done(&desk, &moved).await;
    let deeds = desk.people().deeds();
    assert_eq!(deeds.len(), 2);
    assert!(deeds.iter().all(|deed| deed.text.contains(r#""sendUpdates":"none""#)));
    let full = desk.full(Kind::Meeting).await;
    let record = full.seen()[&receipt.reference.id.to_string()].clone();
    assert_eq!(record.marker, Some(write.key));
    assert_eq!(record.fields.time(Field::At), Some(at(48)));
}

fn write_of(desk: &Desk, id: &str) -> Write {
    shift(desk, id.rsplit_once('/').unwrap().1, Vec::new())
}

#[tokio::test]
async fn an_event_whose_answer_was_lost_is_found_and_not_made_again() {
    for fault in [Fault::TimeoutAfter, Fault::ResetAfter, Fault::Truncated, Fault::After(503), Fault::Html200]
    {
        let desk = Desk::new();
        let write = follow_up(&desk);
        desk.sandbox.inject(Rule::next(fault).on(http::Method::POST, "/events"));
        let error = apply(&desk, &write).await.unwrap_err();
        assert_eq!(error.disposition(Effect::Creates), Disposition::Verify, "{fault:?}");
        let landing = desk.made().find(&desk.cx(), &write, desk.clock.now()).await.unwrap();
        assert!(matches!(landing, Landing::Landed(_)), "{fault:?}: {landing:?}");
        // and even who sends again makes no second one
        assert!(done(&desk, &write).await.found);
        assert_eq!(inserted(&desk), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn an_id_whose_event_was_deleted_is_not_used_again() {
    let desk = Desk::new();
    let write = follow_up(&desk);
    let first = done(&desk, &write).await.reference.id;
    let event = first.rsplit_once('/').unwrap().1.to_owned();
    desk.people().cancel_event(ANN, ANN, &event);
    // when the same is decided to be sent again: insert says 409 and update would say 403
    let second = done(&desk, &write).await.reference.id;
    assert_ne!(first, second);
    let living = desk.people().events(ANN).into_iter().filter(|event| !event.cancelled);
    assert_eq!(living.map(|event| format!("{ANN}/{}", event.id)).collect::<Vec<_>>(), [second.to_string()]);
}

#[tokio::test]
async fn an_event_that_a_person_deleted_after_a_lost_answer_has_landed() {
    let desk = Desk::new();
    let write = follow_up(&desk);
    desk.sandbox.inject(Rule::next(Fault::TimeoutAfter).on(http::Method::POST, "/events"));
    apply(&desk, &write).await.unwrap_err();
    let event = desk.people().events(ANN)[0].id.clone();
    desk.people().cancel_event(ANN, ANN, &event);
    let landing = desk.made().find(&desk.cx(), &write, desk.clock.now()).await.unwrap();
    assert!(matches!(landing, Landing::Landed(receipt) if receipt.found));
}

#[tokio::test]
async fn an_effect_that_comes_late_is_waited_for() {
    let desk = Desk::new();
    let write = follow_up(&desk);
    let late = Fault::Late { delay_ms: 50_000 };
    desk.sandbox.inject(Rule::next(late).on(http::Method::POST, "/events"));
    let sent = desk.clock.now();
    apply(&desk, &write).await.unwrap_err();
    let again = match desk.made().find(&desk.cx(), &write, sent).await.unwrap() {
        Landing::Unknown { look_again: Some(again) } => again,
        other => panic!("{other:?} before it could be known"),
    };
    assert!(again >= sent + TIMEOUT);
    desk.clock.sleep_until(again).await;
    let landing = desk.made().find(&desk.cx(), &write, sent).await.unwrap();
    assert!(matches!(landing, Landing::Landed(_)), "{landing:?}");
    assert_eq!(inserted(&desk), 1);
}

#[tokio::test]
async fn an_edit_between_reading_and_writing_is_seen_by_the_etag() {
    // given somebody who edits right after we read, once
    for (patch, moves) in [
        (json!({"summary": "Renamed"}), true),
        (
            json!({"start": {"dateTime": "2025-11-23T15:00:00Z"}, "end": {"dateTime": "2025-11-23T16:00:00Z"}}),
            false,
        ),
    ] {
        let desk = Desk::new();
        let event = booked(&desk);
        let expects = vec![(Field::At, Value::Time(at(1)))];
        let (id, once) = (event.clone(), std::sync::Once::new());
        desk.on_answer(move |sandbox, path| {
            if path.ends_with(&id) {
                once.call_once(|| assert!(sandbox.google().edit_event(ANN, ANN, &id, &patch)));
            }
        });
        let applied = apply(&desk, &shift(&desk, &event, expects)).await.unwrap();
        // then another name does not matter, and another time is a person's decision
        assert_eq!(matches!(applied, Applied::Done(_)), moves, "{applied:?}");
        let now = desk.people().events(ANN)[0].clone();
        assert_eq!(now.start == at(48).as_millis(), moves);
        assert_eq!(now.json["summary"], if moves { "Renamed" } else { "Call" });
        let ours = desk.people().deeds().into_iter().filter(|deed| matches!(deed.actor, Actor::Api(_)));
        assert_eq!(ours.count(), usize::from(moves));
    }
}

#[tokio::test]
async fn a_time_between_seconds_is_known_again_although_google_keeps_whole_ones() {
    let desk = Desk::new();
    let event = booked(&desk);
    let half = Duration::from_millis(500);
    let intent = Intent::MoveEvent { start: at(48) + half, end: at(49) + half };
    let write = write(&desk, &format!("{ANN}/{event}"), intent, vec![(Field::At, Value::Time(at(1) + half))]);
    done(&desk, &write).await;
    done(&desk, &write).await;
    let landing = desk.made().find(&desk.cx(), &write, desk.clock.now()).await.unwrap();
    assert!(matches!(landing, Landing::Landed(_)));
    let ours = desk.people().deeds().into_iter().filter(|deed| matches!(deed.actor, Actor::Api(_)));
    assert_eq!(ours.count(), 1);
}

#[tokio::test]
async fn a_cancelled_event_is_not_moved() {
    let desk = Desk::new();
    let event = booked(&desk);
    desk.people().cancel_event(ANN, ANN, &event);
    let applied = apply(&desk, &shift(&desk, &event, Vec::new())).await.unwrap();
    assert!(matches!(applied, Applied::Moved(_)));
}

#[tokio::test]
async fn a_whole_day_moves_to_an_hour_and_attendees_stay() {
    let desk = Desk::new();
    let more = json!({"start": {"date": "2025-11-24"}, "end": {"date": "2025-11-25"},
        "attendees": [{"email": "bob@acme.example", "responseStatus": "accepted"}]});
    let booking = Booking { summary: "Day".into(), more: Some(more), ..Booking::default() };
    let event = desk.people().book(ANN, ANN, &booking);
    done(&desk, &shift(&desk, &event, Vec::new())).await;
    let now = desk.people().events(ANN)[0].json.clone();
    assert_eq!(now["attendees"][0]["email"], "bob@acme.example");
    assert!(now["start"].get("date").is_none() && now["start"].get("dateTime").is_some());
}

#[tokio::test]
async fn a_calendar_that_we_may_not_write_to_is_told_as_forbidden() {
    let desk = Desk::new();
    desk.people().add_calendar(ANN, "read@group.calendar.google.com", "reader");
    let intent = follow_up(&desk).intent;
    let write = write(&desk, "read@group.calendar.google.com", intent, Vec::new());
    let error = apply(&desk, &write).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Forbidden { missing: vec!["requiredAccessLevel".to_owned()] });
    assert!(desk.clock.now().since(at(0)) < Duration::from_secs(5));
}
