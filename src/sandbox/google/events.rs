//! The endpoints of Calendar.

use super::calendar::{Calendar, Event, Row, etag};
use super::gmail::body;
use super::hub::{Call, User};
use super::journal::What;
use super::problem::Problem;
use super::recur;
use super::when::When;
use crate::clock::iso;
use crate::hubspot::reply::Reply;
use crate::hubspot::request::Ask;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

type Answer = Result<Reply, Problem>;

/// What page and sync tokens remember.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Token {
    /// Changes up to this one are told when the list is at its end.
    upto: u64,
    /// Only changes after this one.
    since: Option<u64>,
    /// Last id of the page before.
    after: String,
    single: bool,
    deleted: bool,
    min: Option<i64>,
    max: Option<i64>,
}

impl Token {
    fn read(text: &str) -> Option<Self> {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
    }
    fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }
}

/// Not allowed beside a sync token.
const ALONE: [&str; 7] =
    ["iCalUID", "orderBy", "privateExtendedProperty", "q", "sharedExtendedProperty", "timeMin", "timeMax"];

pub fn calendars(user: &User) -> Reply {
    let items: Vec<Value> = user
        .calendars
        .values()
        .map(|calendar| {
            let mut entry = json!({
                "kind": "calendar#calendarListEntry", "id": calendar.id, "etag": "\"1\"",
                "summary": calendar.summary, "timeZone": calendar.zone, "accessRole": calendar.role,
                "selected": true, "defaultReminders": [],
            });
            if let (true, Some(map)) = (calendar.primary, entry.as_object_mut()) {
                map.insert("primary".to_owned(), true.into());
            }
            entry
        })
        .collect();
    Reply::json(
        200,
        &json!({
            "kind": "calendar#calendarList", "etag": "\"1\"", "items": items, "nextSyncToken": "CAL",
        }),
    )
}

pub fn list(calendar: &Calendar, ask: &Ask, now: i64) -> Answer {
    let most = match ask.one("maxResults") {
        Some(text) => text.parse::<usize>().map_err(|_| Problem::parameter("maxResults", "Invalid value"))?,
        None => 250,
    };
    let place = place(calendar, ask)?;
    let filtered = |row: &Row| match place.since {
        Some(since) => row.changed > since && (row.cancelled || in_window(row, &place)),
        None if row.cancelled => place.deleted,
        None => in_window(row, &place),
    };
    let keys: Vec<(&str, &str)> =
        ask.many("privateExtendedProperty").iter().filter_map(|pair| pair.split_once('=')).collect();
    let held = |row: &Row| {
        let own = row.json.get("extendedProperties").and_then(|all| all.get("private"));
        let has = |(key, value): &(&str, &str)| {
            own.and_then(|own| own.get(*key)).and_then(Value::as_str) == Some(*value)
        };
        keys.iter().all(has)
    };
    let mut rows = calendar.rows(place.single);
    rows.retain(|row| row.id > place.after && filtered(row) && held(row));
    let more = rows.len() > most.clamp(1, 2500);
    rows.truncate(most.clamp(1, 2500));
    let last = rows.last().map(|row| row.id.clone()).unwrap_or_default();
    let items: Vec<Value> = rows.into_iter().map(|row| row.json).collect();
    let mut answer = json!({
        "kind": "calendar#events", "etag": format!("\"p{}\"", calendar.version), "summary": calendar.summary,
        "updated": iso(now), "timeZone": calendar.zone, "accessRole": calendar.role, "defaultReminders": [],
        "items": items,
    });
    if let Some(map) = answer.as_object_mut() {
        if more {
            map.insert("nextPageToken".to_owned(), Token { after: last, ..place }.text().into());
        } else if keys.is_empty() && ask.one("orderBy").is_none() {
            let token = Token { since: Some(place.upto), after: String::new(), ..place };
            map.insert("nextSyncToken".to_owned(), token.text().into());
        }
    }
    Ok(Reply::json(200, &answer))
}

/// Where a list begins: at its first page, after a page, or after a sync token.
fn place(calendar: &Calendar, ask: &Ask) -> Result<Token, Problem> {
    let time = |name: &'static str| match ask.one(name) {
        Some(text) => text
            .parse::<jiff::Timestamp>()
            .map(|at| Some(at.as_millisecond()))
            .map_err(|_| Problem::parameter(name, "Invalid time")),
        None => Ok(None),
    };
    let (single, deleted) = (ask.flag("singleEvents"), ask.flag("showDeleted"));
    let upto = calendar.version;
    let sync = match ask.one("syncToken") {
        Some(text) => {
            if let Some(name) = ALONE.into_iter().find(|name| ask.one(name).is_some()) {
                return Err(Problem::parameter(name, format!("Sync token cannot be used with {name}.")));
            }
            let token = Token::read(text)
                .ok_or_else(|| Problem::parameter("syncToken", "Invalid sync token value."))?;
            if token.since.is_none_or(|since| since < calendar.floor) {
                return Err(expired());
            }
            if token.single != single {
                return Err(Problem::parameter("syncToken", "Sync token used with other parameters."));
            }
            Some(Token { upto, ..token })
        }
        None => None,
    };
    let Some(page) = ask.one("pageToken") else {
        let fresh = || {
            Ok(Token {
                upto,
                single,
                deleted,
                min: time("timeMin")?,
                max: time("timeMax")?,
                ..Token::default()
            })
        };
        return sync.map_or_else(fresh, Ok);
    };
    let token = Token::read(page).filter(|token| token.single == single && !token.after.is_empty());
    let token = token.ok_or_else(|| Problem::parameter("pageToken", "Invalid page token value."))?;
    if token.since.is_some() != sync.is_some() {
        return Err(Problem::parameter("pageToken", "Page token used with other parameters."));
    }
    Ok(token)
}

fn expired() -> Problem {
    let text = "Sync token is no longer valid, a full sync is required.";
    Problem { parameter: Some("syncToken"), ..Problem::new(410, "calendar", "fullSyncRequired", text) }
}

/// `timeMin` looks at the end, `timeMax` at the beginning, both exclusive.
fn in_window(row: &Row, place: &Token) -> bool {
    place.min.is_none_or(|min| row.end > min) && place.max.is_none_or(|max| row.start < max)
}

pub fn get(calendar: &Calendar, id: &str) -> Answer {
    Ok(shown(calendar, &find(calendar, id)?))
}

fn shown(calendar: &Calendar, event: &Event) -> Reply {
    Reply::json(200, &calendar.json(event)).with("etag", etag(event))
}

fn find(calendar: &Calendar, id: &str) -> Result<Event, Problem> {
    calendar.find(id).ok_or_else(|| Problem::not_found("Not Found"))
}

pub fn instances(calendar: &Calendar, id: &str) -> Answer {
    find(calendar, id)?;
    let of_it = |row: &Row| row.json.get("recurringEventId").and_then(Value::as_str) == Some(id);
    let rows = calendar.rows(true).into_iter().filter(|row| of_it(row) && !row.cancelled);
    let items: Vec<Value> = rows.map(|row| row.json).collect();
    Ok(Reply::json(200, &json!({"kind": "calendar#events", "timeZone": calendar.zone, "items": items})))
}

fn writable(calendar: &Calendar) -> Result<(), Problem> {
    if matches!(calendar.role.as_str(), "owner" | "writer") {
        return Ok(());
    }
    let text = "You need to have writer access to this calendar.";
    Err(Problem::new(403, "calendar", "requiredAccessLevel", text))
}

pub fn insert(call: &mut Call<'_>, ask: &Ask, calendar: &str) -> Answer {
    let given: Value = body(ask)?;
    let user = call.user.address.clone();
    let (made, at) = (call.made(), call.at);
    let place = call.calendar(calendar)?;
    writable(place)?;
    let mut map = given.as_object().cloned().unwrap_or_default();
    let id = match map.remove("id") {
        Some(Value::String(id)) => id,
        _ => format!("{made:026x}"),
    };
    let allowed = |c: char| c.is_ascii_digit() || ('a'..='v').contains(&c);
    if !(5..=1024).contains(&id.len()) || !id.chars().all(allowed) {
        return Err(Problem::invalid("Invalid resource id value."));
    }
    // Also one that was deleted keeps its id.
    if place.events.contains_key(&id) {
        return Err(Problem::new(409, "global", "duplicate", "The requested identifier already exists."));
    }
    map.entry("iCalUID").or_insert_with(|| format!("{id}@google.com").into());
    let myself = json!({"email": user, "self": true});
    map.entry("organizer").or_insert_with(|| myself.clone());
    map.entry("creator").or_insert(myself);
    let zone = place.zone.clone();
    let event = Event {
        start: When::read(map.get("start").unwrap_or(&Value::Null), &zone)?,
        end: When::read(map.get("end").unwrap_or(&Value::Null), &zone)?,
        recurrence: rules(&map)?,
        of: None,
        body: map,
        cancelled: false,
        created: at,
        updated: at,
        sequence: 0,
        changed: 0,
        ever: BTreeSet::new(),
        id: id.clone(),
    };
    checked(&event, &zone)?;
    place.put(cleared(event), at);
    done(call, ask, calendar, &id, What::EventInserted)
}

fn rules(map: &Map<String, Value>) -> Result<Vec<String>, Problem> {
    let lines = map.get("recurrence").and_then(Value::as_array).cloned().unwrap_or_default();
    let lines: Vec<String> = lines.iter().filter_map(|line| line.as_str().map(str::to_owned)).collect();
    recur::check(&lines)?;
    Ok(lines)
}

fn checked(event: &Event, zone: &str) -> Result<(), Problem> {
    if event.end.ms(zone) < event.start.ms(zone) {
        return Err(Problem::new(400, "calendar", "timeRangeEmpty", "The specified time range is empty."));
    }
    Ok(())
}

/// Without what the resource shows from elsewhere.
fn cleared(mut event: Event) -> Event {
    for name in [
        "kind",
        "id",
        "etag",
        "created",
        "updated",
        "sequence",
        "start",
        "end",
        "recurrence",
        "recurringEventId",
        "originalStartTime",
        "htmlLink",
    ] {
        event.body.remove(name);
    }
    if event.body.get("status").and_then(Value::as_str) == Some("confirmed") {
        event.body.remove("status");
    }
    event
}

fn done(call: &mut Call<'_>, ask: &Ask, calendar: &str, id: &str, what: What) -> Answer {
    let place = call.calendar(calendar)?;
    let event = find(place, id)?;
    let (reply, own) = (shown(place, &event), place.id.clone());
    let told = ask.one("sendUpdates").unwrap_or("(default)");
    let text = json!({"sendUpdates": told, "event": place.json(&event)}).to_string();
    call.note(what, &own, id, text);
    Ok(reply)
}

/// PATCH (`whole` false) and PUT, under `If-Match` where one is sent.
pub fn change(call: &mut Call<'_>, ask: &Ask, calendar: &str, id: &str, whole: bool) -> Answer {
    let given: Value = body(ask)?;
    let at = call.at;
    let place = call.calendar(calendar)?;
    writable(place)?;
    let mut event = find(place, id)?;
    if event.cancelled {
        return Err(Problem::new(403, "global", "forbidden", "Forbidden"));
    }
    if ask.if_match.as_ref().is_some_and(|tag| tag != "*" && *tag != etag(&event)) {
        return Err(Problem::new(412, "global", "conditionNotMet", "Precondition Failed"));
    }
    let zone = place.zone.clone();
    let mut now = if whole { json!({}) } else { place.json(&event) };
    merge(&mut now, &given);
    let mut map = now.as_object().cloned().unwrap_or_default();
    if whole {
        for name in ["iCalUID", "organizer", "creator"] {
            if let Some(value) = event.body.get(name) {
                map.insert(name.to_owned(), value.clone());
            }
        }
    }
    let start = When::read(map.get("start").unwrap_or(&Value::Null), &zone)?;
    let end = When::read(map.get("end").unwrap_or(&Value::Null), &zone)?;
    let recurrence = rules(&map)?;
    if (&start, &end, &recurrence) != (&event.start, &event.end, &event.recurrence) {
        event.sequence += 1;
    }
    event = Event { start, end, recurrence, body: map, ..event };
    if event.body.get("status").and_then(Value::as_str) == Some("cancelled") {
        event.cancelled = true;
    }
    checked(&event, &zone)?;
    place.put(cleared(event), at);
    done(call, ask, calendar, id, What::EventUpdated)
}

/// Merge patch (RFC 7396): null removes, arrays are replaced whole.
fn merge(into: &mut Value, from: &Value) {
    let (Some(map), Some(given)) = (into.as_object_mut(), from.as_object()) else {
        from.clone_into(into);
        return;
    };
    for (name, value) in given {
        if value.is_null() {
            map.remove(name);
        } else {
            merge(map.entry(name.as_str()).or_insert_with(|| json!({})), value);
        }
    }
}

pub fn delete(call: &mut Call<'_>, ask: &Ask, calendar: &str, id: &str) -> Answer {
    let at = call.at;
    let place = call.calendar(calendar)?;
    writable(place)?;
    let event = find(place, id)?;
    if event.cancelled {
        return Err(Problem::new(410, "global", "deleted", "Resource has been deleted"));
    }
    place.put(Event { cancelled: true, ..event }, at);
    done(call, ask, calendar, id, What::EventDeleted)?;
    Ok(Reply::empty())
}
