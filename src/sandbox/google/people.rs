//! What people do in their mailboxes and calendars: past the API, its quotas and its faults.

use super::access;
use super::calendar::Calendar;
use super::hub::{Call, Google};
use super::journal::{Deed, What};
use super::letter::Letter;
use super::mailbox::{hex, number};
use super::{events, mailbox::Mail};
use crate::core::Sandbox;
use crate::hubspot::request::Ask;
use crate::journal::Actor;
use bytes::Bytes;
use http::{Method, Request};
use serde_json::{Value, json};

/// A meeting to be booked.
#[derive(Clone, Debug, Default)]
pub struct Booking {
    pub summary: String,
    /// Epoch ms.
    pub start: i64,
    pub minutes: i64,
    /// Addresses with their answers (`accepted`, `declined`, `needsAction`).
    pub attendees: Vec<(String, String)>,
    /// Empty: the user.
    pub organizer: String,
    /// `RRULE:..`, for a series.
    pub rule: Option<String>,
    /// Further properties of the resource.
    pub more: Option<Value>,
}

/// A mail for tests to compare with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailShot {
    pub id: String,
    pub thread: String,
    pub labels: Vec<String>,
    /// Without brackets.
    pub message_id: String,
    pub subject: String,
    pub from: String,
    pub at: i64,
}

impl MailShot {
    /// Neither a draft nor thrown away.
    pub fn counts(&self) -> bool {
        !self.labels.iter().any(|label| matches!(label.as_str(), "DRAFT" | "SPAM" | "TRASH"))
    }
}

/// An event or occurrence for tests to compare with.
#[derive(Clone, Debug)]
pub struct EventShot {
    pub calendar: String,
    pub id: String,
    pub cancelled: bool,
    pub start: i64,
    pub end: i64,
    /// The resource.
    pub json: Value,
}

/// The people of the Google account; see [`Sandbox::google`].
#[derive(Clone, Copy)]
pub struct People<'a> {
    sandbox: &'a Sandbox,
    /// Set for what lies in the past and is no effect.
    seed: Option<i64>,
}

impl Sandbox {
    /// People of the Google account; nothing happens where the configuration has none.
    pub fn google(&self) -> People<'_> {
        People { sandbox: self, seed: None }
    }
    /// The same at another time, for what was there before; not journalled.
    pub(crate) fn google_before(&self, at: i64) -> People<'_> {
        People { sandbox: self, seed: Some(at) }
    }
}

impl People<'_> {
    fn hub<T: Default>(&self, act: impl FnOnce(&mut Google) -> T) -> T {
        let now = self.sandbox.now();
        self.sandbox.lock(now).google.as_mut().map(act).unwrap_or_default()
    }

    fn act<T: Default>(&self, user: &str, act: impl FnOnce(&mut Call<'_>) -> T) -> T {
        let (actor, at) = match self.seed {
            Some(at) => (Actor::Seed, at),
            None => (Actor::World, self.sandbox.now()),
        };
        self.hub(|hub| hub.call(user, actor, at).map(|mut call| act(&mut call)).unwrap_or_default())
    }

    pub fn add_user(&self, address: &str) {
        self.hub(|hub| hub.add_user(address));
    }
    pub fn users(&self) -> Vec<String> {
        self.hub(|hub| hub.users.keys().cloned().collect())
    }
    /// A token that does not expire.
    pub fn token(&self, user: &str) -> String {
        access::fixed(user)
    }
    /// The refresh token of a user's grant.
    pub fn refresh_token(&self, user: &str) -> String {
        access::refresh(user)
    }

    /// A mail arrives, or is sent by the user (`SENT`). Gives its id.
    pub fn mail(&self, user: &str, letter: &Letter, labels: &[&str]) -> String {
        self.act(user, |call| {
            let id = hex(call.user.mailbox.add(letter.raw(call.at), labels, None, call.at));
            call.note(What::MailArrived, "", &id, String::new());
            id
        })
    }
    /// False where nothing differed.
    pub fn label(&self, user: &str, id: &str, add: &[&str], remove: &[&str]) -> bool {
        self.act(user, |call| number(id).is_some_and(|id| call.user.mailbox.label(id, add, remove)))
    }
    /// Deletes for good.
    pub fn delete_mail(&self, user: &str, id: &str) -> bool {
        self.act(user, |call| number(id).is_some_and(|id| call.user.mailbox.delete(id)))
    }
    /// History ids known so far are too old from now on.
    pub fn expire_history(&self, user: &str) {
        self.act(user, |call| call.user.mailbox.forget());
    }
    pub fn mails(&self, user: &str) -> Vec<MailShot> {
        self.act(user, |call| call.user.mailbox.mails.values().map(shot).collect())
    }

    pub fn add_calendar(&self, user: &str, id: &str, role: &str) {
        let zone = self.hub(|hub| hub.setup.time_zone.clone());
        self.act(user, |call| {
            let calendar = Calendar { primary: false, ..Calendar::new(id, id, role, &zone) };
            call.user.calendars.insert(id.to_owned(), calendar);
        });
    }
    pub fn remove_calendar(&self, user: &str, id: &str) {
        self.act(user, |call| drop(call.user.calendars.remove(id)));
    }
    /// Books a meeting; gives its id, empty where it can't be.
    pub fn book(&self, user: &str, calendar: &str, booking: &Booking) -> String {
        let at = |ms: i64| json!({"dateTime": crate::clock::iso(ms)});
        let mut body = json!({
            "summary": booking.summary, "start": at(booking.start),
            "end": at(booking.start + booking.minutes * 60_000),
        });
        if let Some(map) = body.as_object_mut() {
            if let Some(Value::Object(more)) = &booking.more {
                map.extend(more.clone());
            }
            if !booking.attendees.is_empty() {
                let one = |(email, answer): &(String, String)| json!({"email": email, "responseStatus": answer, "self": email == user});
                map.insert("attendees".to_owned(), booking.attendees.iter().map(one).collect());
            }
            if !booking.organizer.is_empty() {
                map.insert("organizer".to_owned(), json!({"email": booking.organizer}));
            }
            if let Some(rule) = &booking.rule {
                map.insert("recurrence".to_owned(), json!([rule]));
            }
        }
        let reply = self.act(user, |call| events::insert(call, &ask(&body), calendar).ok());
        let made: Option<Value> = reply.and_then(|reply| serde_json::from_slice(&reply.body).ok());
        made.and_then(|made| made.get("id").and_then(Value::as_str).map(str::to_owned)).unwrap_or_default()
    }
    /// Changes an event or an occurrence by a merge patch.
    pub fn edit_event(&self, user: &str, calendar: &str, id: &str, patch: &Value) -> bool {
        self.act(user, |call| events::change(call, &ask(patch), calendar, id, false).is_ok())
    }
    pub fn cancel_event(&self, user: &str, calendar: &str, id: &str) -> bool {
        self.act(user, |call| events::delete(call, &ask(&Value::Null), calendar, id).is_ok())
    }
    /// Sync tokens given so far are too old from now on.
    pub fn expire_sync_tokens(&self, user: &str) {
        self.act(user, |call| {
            for calendar in call.user.calendars.values_mut() {
                calendar.version += 1;
                calendar.floor = calendar.version;
            }
        });
    }
    /// Cancelled events are forgotten, as Google does after some weeks.
    pub fn forget_cancelled(&self, user: &str) {
        self.act(user, |call| {
            for calendar in call.user.calendars.values_mut() {
                calendar.events.retain(|_, event| !event.cancelled || event.of.is_some());
            }
        });
    }
    /// Events and occurrences of all calendars, cancelled ones too.
    pub fn events(&self, user: &str) -> Vec<EventShot> {
        self.act(user, |call| {
            let calendars = call.user.calendars.values();
            let all = calendars.flat_map(|calendar| {
                calendar.rows(true).into_iter().map(|row| EventShot {
                    calendar: calendar.id.clone(),
                    id: row.id,
                    cancelled: row.cancelled,
                    start: row.start,
                    end: row.end,
                    json: row.json,
                })
            });
            all.collect()
        })
    }

    /// What was done so far, by clients and by people.
    pub fn deeds(&self) -> Vec<Deed> {
        self.hub(|hub| hub.deeds.clone())
    }
    /// Most Gmail units and Calendar requests that a user spent in a minute.
    pub fn peak(&self) -> (u32, u32) {
        self.hub(|hub| hub.meter.peak)
    }
}

fn shot(mail: &Mail) -> MailShot {
    let header = |name: &str| mail.part.header(name).unwrap_or_default().to_owned();
    MailShot {
        id: hex(mail.id),
        thread: hex(mail.thread),
        labels: mail.labels.iter().cloned().collect(),
        message_id: header("Message-ID").trim_matches(['<', '>']).to_owned(),
        subject: header("Subject"),
        from: header("From"),
        at: mail.at,
    }
}

fn ask(body: &Value) -> Ask {
    let request = Request::builder().method(Method::POST).uri("/calendar/v3/people").body(Bytes::new());
    let mut ask = Ask::of(&request.unwrap_or_default());
    ask.body = body.to_string().into();
    ask
}
