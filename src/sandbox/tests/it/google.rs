//! Gmail and Calendar over their API.

use crate::desk::{Desk, NOON};
use http::Method;
use sandbox::google::{Booking, Letter, Quota, Setup};
use sandbox::team::Size;
use sandbox::world::Weights;
use sandbox::{Config, World};
use serde_json::{Value, json};

pub const ANN: &str = "ann@sandbox.test";
const HOUR: i64 = 3_600_000;

fn desk(setup: Setup) -> Desk {
    let mut desk = Desk::new(&Config { google: Some(setup), ..Config::plain(1) });
    desk.token = desk.sandbox.google().token(ANN);
    desk
}

fn plain() -> Desk {
    desk(Setup::plain(&[ANN]))
}

fn letter(n: usize) -> Letter {
    Letter {
        from: "Bob <bob@acme.example>".to_owned(),
        to: vec![ANN.to_owned()],
        subject: format!("Question {n}"),
        text: "Is it <b>ready</b> & when?".to_owned(),
        id: format!("q{n}@acme.example"),
        ..Letter::default()
    }
}

fn list(body: &Value, name: &str) -> Vec<Value> {
    body[name].as_array().cloned().unwrap_or_default()
}

#[test]
fn a_mail_is_shown_in_each_format() {
    let desk = plain();
    let id = desk.sandbox.google().mail(ANN, &letter(1), &["INBOX", "UNREAD"]);
    let get = |query: &str| desk.get(&format!("/gmail/v1/users/me/messages/{id}?{query}")).json();
    let full = get("format=full");
    assert_eq!(full["payload"]["body"]["data"], "SXMgaXQgPGI-cmVhZHk8L2I-ICYgd2hlbj8=");
    assert_eq!(full["snippet"], "Is it &lt;b&gt;ready&lt;/b&gt; &amp; when?");
    assert_eq!(full["internalDate"], NOON.to_string());
    let some = get("format=metadata&metadataHeaders=subject&metadataHeaders=From");
    let names: Vec<Value> =
        list(&some["payload"], "headers").iter().map(|header| header["name"].clone()).collect();
    assert_eq!(names, ["From", "Subject"]);
    assert!(some["payload"].get("body").is_none() && get("format=minimal").get("payload").is_none());
}

#[test]
fn mails_are_listed_newest_first_page_by_page_without_what_was_thrown_away() {
    let desk = plain();
    let ids: Vec<String> = (0..7)
        .map(|n| {
            desk.clock.advance(1000);
            desk.sandbox.google().mail(ANN, &letter(n), &["INBOX"])
        })
        .collect();
    desk.sandbox.google().label(ANN, &ids[3], &["TRASH"], &[]);
    let (mut seen, mut page) = (Vec::new(), String::new());
    loop {
        let body = desk.get(&format!("/gmail/v1/users/me/messages?maxResults=2{page}")).json();
        seen.extend(list(&body, "messages").iter().map(|m| m["id"].as_str().unwrap().to_owned()));
        // A new mail does not move the pages that follow.
        desk.sandbox.google().mail(ANN, &letter(99), &["INBOX"]);
        let Some(token) = body["nextPageToken"].as_str() else { break };
        page = format!("&pageToken={token}");
    }
    let expected: Vec<String> = ids.iter().rev().filter(|id| **id != ids[3]).cloned().collect();
    assert_eq!(seen, expected);
}

#[test]
fn history_tells_each_step_and_is_forgotten_with_a_404() {
    let desk = plain();
    let start = desk.get("/gmail/v1/users/me/profile").json()["historyId"].as_str().unwrap().to_owned();
    let id = desk.sandbox.google().mail(ANN, &letter(1), &["INBOX"]);
    desk.sandbox.google().label(ANN, &id, &["TRASH"], &["INBOX"]);
    desk.sandbox.google().delete_mail(ANN, &id);
    let path = format!("/gmail/v1/users/me/history?startHistoryId={start}");
    let body = desk.get(&path).json();
    let steps: Vec<String> = list(&body, "history")
        .iter()
        .map(|entry| entry.as_object().unwrap().keys().find(|key| key.len() > 8).unwrap().clone())
        .collect();
    assert_eq!(steps, ["messagesAdded", "labelsAdded", "labelsRemoved", "messagesDeleted"]);
    let last = body["historyId"].as_str().unwrap();
    let none = desk.get(&format!("/gmail/v1/users/me/history?startHistoryId={last}")).json();
    assert!(none.get("history").is_none() && none["historyId"] == last);
    desk.sandbox.google().expire_history(ANN);
    let gone = desk.get(&path);
    assert_eq!((gone.status, &gone.json()["error"]["errors"][0]["reason"]), (404, &json!("notFound")));
}

#[test]
fn a_sync_token_tells_changes_and_deletions_and_expires_with_a_410() {
    let desk = plain();
    let book = |n: i64| {
        let booking = Booking {
            summary: format!("Call {n}"),
            start: NOON + n * HOUR,
            minutes: 30,
            ..Booking::default()
        };
        desk.sandbox.google().book(ANN, ANN, &booking)
    };
    let ids: Vec<String> = (0..5).map(book).collect();
    let base = "/calendar/v3/calendars/primary/events?singleEvents=true&maxResults=2";
    let (mut path, mut seen) = (base.to_owned(), Vec::new());
    let token = loop {
        let body = desk.get(&path).json();
        seen.extend(list(&body, "items"));
        match body["nextPageToken"].as_str() {
            Some(page) => path = format!("{base}&pageToken={page}"),
            None => break body["nextSyncToken"].as_str().unwrap().to_owned(),
        }
    };
    assert_eq!(seen.len(), 5);
    desk.sandbox.google().cancel_event(ANN, ANN, &ids[0]);
    let later = book(9);
    let path = format!("{base}&syncToken={token}");
    let news: Vec<(Value, Value)> = list(&desk.get(&path).json(), "items")
        .into_iter()
        .map(|item| (item["id"].clone(), item["status"].clone()))
        .collect();
    assert_eq!(news, [(json!(ids[0]), json!("cancelled")), (json!(later), json!("confirmed"))]);
    let refused = desk.get(&format!("{path}&timeMin=2026-01-01T00:00:00Z"));
    assert_eq!(refused.status, 400);
    desk.sandbox.google().expire_sync_tokens(ANN);
    let gone = desk.get(&path);
    assert_eq!(
        (gone.status, &gone.json()["error"]["errors"][0]["reason"]),
        (410, &json!("fullSyncRequired"))
    );
}

#[test]
fn a_client_id_is_taken_once_even_after_deletion_and_edits_are_conditional() {
    let desk = plain();
    let path = "/calendar/v3/calendars/primary/events";
    let body = json!({"id": "abcde01", "summary": "Call",
        "start": {"dateTime": "2025-11-25T09:00:00Z"}, "end": {"dateTime": "2025-11-25T09:30:00Z"}});
    let made = desk.post(path, &body);
    assert_eq!(
        (made.status, made.json()["start"]["dateTime"].clone()),
        (200, json!("2025-11-25T10:00:00+01:00"))
    );
    assert_eq!(desk.post(path, &body).status, 409);
    let edit = |tag: &str| {
        let request = http::Request::builder()
            .method(Method::PATCH)
            .uri(format!("https://x{path}/abcde01?sendUpdates=none"))
            .header("authorization", format!("Bearer {}", desk.token))
            .header("if-match", tag)
            .body(json!({"summary": "Longer"}).to_string().into())
            .unwrap();
        crate::desk::now(desk.sandbox.call(request)).unwrap().status().as_u16()
    };
    assert_eq!(edit(made.header("etag").unwrap()), 200);
    assert_eq!(edit(made.header("etag").unwrap()), 412);
    assert_eq!(desk.delete(&format!("{path}/abcde01")).status, 204);
    assert_eq!(desk.delete(&format!("{path}/abcde01")).status, 410);
    assert_eq!(desk.get(&format!("{path}/abcde01")).json()["status"], "cancelled");
    assert_eq!(desk.post(path, &body).status, 409, "its id stays taken");
    assert_eq!(desk.post(path, &json!({"id": "with-dash"})).status, 400);
}

#[test]
fn a_series_is_shown_as_occurrences_and_one_of_them_can_be_cancelled() {
    let desk = plain();
    let rule = Some("RRULE:FREQ=WEEKLY;COUNT=3".to_owned());
    let booking = Booking { summary: "Weekly".into(), start: NOON, minutes: 30, rule, ..Booking::default() };
    let id = desk.sandbox.google().book(ANN, ANN, &booking);
    let base = "/calendar/v3/calendars/primary/events?singleEvents=true";
    let first = desk.get(base).json();
    let items = list(&first, "items");
    assert_eq!(items.len(), 3);
    assert!(items.iter().all(|item| item["recurringEventId"] == id));
    let second = items[1]["id"].as_str().unwrap();
    assert!(desk.sandbox.google().cancel_event(ANN, ANN, second));
    let path = format!("{base}&syncToken={}", first["nextSyncToken"].as_str().unwrap());
    let news = list(&desk.get(&path).json(), "items");
    assert_eq!((news.len(), &news[0]["id"], &news[0]["status"]), (1, &json!(second), &json!("cancelled")));
    assert!(desk.sandbox.google().cancel_event(ANN, ANN, &id));
    assert_eq!(list(&desk.get(&path).json(), "items").len(), 3, "each occurrence is cancelled");
}

#[test]
fn units_are_counted_per_method_and_refused_in_two_ways() {
    let quota = Some(Quota { gmail_units: 60, calendar_requests: 2, get_cost: 20 });
    let desk = desk(Setup { quota, ..Setup::plain(&[ANN]) });
    let id = desk.sandbox.google().mail(ANN, &letter(1), &["INBOX"]);
    let get = || desk.get(&format!("/gmail/v1/users/me/messages/{id}?format=minimal")).status;
    assert_eq!([get(), get(), get(), get(), get()], [200, 200, 200, 403, 429]);
    let list = || desk.get("/calendar/v3/users/me/calendarList").status;
    assert_eq!([list(), list(), list()], [200, 200, 403]);
    desk.clock.advance(60_000);
    assert_eq!((get(), list()), (200, 200));
}

#[test]
fn tokens_expire_and_are_renewed() {
    let mut desk = plain();
    let renew = |desk: &Desk| {
        let form = format!(
            "grant_type=refresh_token&client_id=sandbox-client&client_secret=sandbox-secret&refresh_token={}",
            desk.sandbox.google().refresh_token(ANN).replace('/', "%2F")
        );
        desk.raw(Method::POST, "/token", form.into()).unwrap().json()
    };
    desk.token = renew(&desk)["access_token"].as_str().unwrap().to_owned();
    assert_eq!(desk.get("/gmail/v1/users/me/profile").json()["emailAddress"], ANN);
    desk.clock.advance(3_600_000);
    assert_eq!(desk.get("/gmail/v1/users/me/profile").status, 401);
    desk.token = renew(&desk)["access_token"].as_str().unwrap().to_owned();
    assert_eq!(desk.get("/gmail/v1/users/me/profile").status, 200);
}

#[test]
fn the_world_writes_mails_to_the_people_of_its_deals_and_one_seed_gives_one_history() {
    let run = || {
        let config = Config { google: Some(Setup { alive: true, ..Setup::default() }), ..Config::plain(3) };
        let desk = Desk::new(&config);
        desk.sandbox.populate(&Size::small());
        desk.sandbox.populate_mail(60);
        let mut world = World::new(&desk.sandbox, 5, Weights::default());
        for _ in 0..40 {
            desk.clock.advance(60_000);
            world.step(5);
        }
        let google = desk.sandbox.google();
        let mails: Vec<_> = google.users().iter().flat_map(|user| google.mails(user)).collect();
        let events: usize = google.users().iter().map(|user| google.events(user).len()).sum();
        let known = mails
            .iter()
            .filter(|mail| desk.sandbox.find(sandbox::Kind::Contact, "email", &mail.from).is_some());
        (mails.clone(), events, known.count(), google.deeds().len())
    };
    let (mails, events, known, deeds) = run();
    assert!(
        mails.len() > 100 && events > 10 && known > 10 && deeds > 100,
        "{} {events} {known} {deeds}",
        mails.len()
    );
    let talks: std::collections::BTreeSet<&String> = mails.iter().map(|mail| &mail.thread).collect();
    assert!(talks.len() < mails.len(), "no mail answers another");
    assert_eq!(run(), (mails, events, known, deeds));
}
