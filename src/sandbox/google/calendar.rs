//! A calendar: events, their occurrences, and which change each had last.

use super::recur::expand;
use super::when::When;
use crate::clock::iso;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug)]
pub struct Event {
    pub id: String,
    pub start: When,
    pub end: When,
    /// Rules of a series; empty for a single event.
    pub recurrence: Vec<String>,
    /// Of an occurrence that differs from its series: the series and the beginning it should have had.
    pub of: Option<(String, When)>,
    /// What clients may set freely.
    pub body: Map<String, Value>,
    pub cancelled: bool,
    pub created: i64,
    pub updated: i64,
    pub sequence: i64,
    /// Number of its last change.
    pub changed: u64,
    /// Of a series: ids of all occurrences that anybody may have seen.
    pub ever: BTreeSet<String>,
}

#[derive(Debug)]
pub struct Calendar {
    pub id: String,
    pub summary: String,
    pub role: String,
    pub zone: String,
    pub primary: bool,
    pub events: BTreeMap<String, Event>,
    /// Number of the last change.
    pub version: u64,
    /// Sync tokens from before this change are no longer good.
    pub floor: u64,
}

/// An event as a list shows it.
#[derive(Clone, Debug)]
pub struct Row {
    pub id: String,
    pub changed: u64,
    pub cancelled: bool,
    pub start: i64,
    pub end: i64,
    pub json: Value,
}

impl Calendar {
    pub fn new(id: &str, summary: &str, role: &str, zone: &str) -> Self {
        Self {
            id: id.to_owned(),
            summary: summary.to_owned(),
            role: role.to_owned(),
            zone: zone.to_owned(),
            primary: role == "owner",
            events: BTreeMap::new(),
            version: 1,
            floor: 0,
        }
    }

    /// Stores a change of an event.
    pub fn put(&mut self, mut event: Event, at: i64) {
        self.version += 1;
        (event.changed, event.updated) = (self.version, at);
        if !event.recurrence.is_empty() && !event.cancelled {
            let ids = expand(&event.start, &event.recurrence);
            event.ever.extend(ids.iter().map(|start| format!("{}_{}", event.id, start.key())));
        }
        if event.cancelled && !event.recurrence.is_empty() {
            let of_it = |other: &&mut Event| other.of.as_ref().is_some_and(|(id, _)| *id == event.id);
            for other in self.events.values_mut().filter(of_it) {
                (other.cancelled, other.changed, other.updated) = (true, self.version, at);
            }
        }
        self.events.insert(event.id.clone(), event);
    }

    /// An event or an occurrence by its id, as an event that may be changed and put back.
    pub fn find(&self, id: &str) -> Option<Event> {
        if let Some(event) = self.events.get(id) {
            return Some(event.clone());
        }
        let (series, key) = id.rsplit_once('_')?;
        let series = self.events.get(series).filter(|event| !event.recurrence.is_empty())?;
        let start = expand(&series.start, &series.recurrence).into_iter().find(|start| start.key() == key);
        match start {
            Some(start) => Some(occurrence(series, &start)),
            // Was there once.
            None if series.ever.contains(id) => {
                Some(Event { cancelled: true, ..occurrence(series, &series.start) }).map(|mut gone| {
                    id.clone_into(&mut gone.id);
                    gone
                })
            }
            None => None,
        }
    }

    /// All that a list could show; `single`: occurrences instead of series.
    pub fn rows(&self, single: bool) -> Vec<Row> {
        let mut rows = Vec::new();
        for event in self.events.values() {
            if event.recurrence.is_empty() || !single {
                rows.push(self.row(event));
                continue;
            }
            let mut there = BTreeSet::new();
            if !event.cancelled {
                for start in expand(&event.start, &event.recurrence) {
                    let one = occurrence(event, &start);
                    there.insert(one.id.clone());
                    if !self.events.contains_key(&one.id) {
                        rows.push(self.row(&one));
                    }
                }
            }
            let gone = event.ever.iter().filter(|id| !there.contains(*id) && !self.events.contains_key(*id));
            rows.extend(gone.map(|id| {
                let key = id.rsplit_once('_').map_or("", |(_, key)| key);
                let json = json!({
                    "kind": "calendar#event", "id": id, "status": "cancelled", "etag": etag(event),
                    "recurringEventId": event.id, "originalStartTime": started(key),
                });
                Row { id: id.clone(), changed: event.changed, cancelled: true, start: 0, end: 0, json }
            }));
        }
        rows.sort_by(|one, other| one.id.cmp(&other.id));
        rows
    }

    pub fn row(&self, event: &Event) -> Row {
        Row {
            id: event.id.clone(),
            changed: event.changed,
            cancelled: event.cancelled,
            start: event.start.ms(&self.zone),
            end: event.end.ms(&self.zone),
            json: self.json(event),
        }
    }

    /// The resource.
    pub fn json(&self, event: &Event) -> Value {
        let status = if event.cancelled { "cancelled" } else { "confirmed" };
        let mut map = event.body.clone();
        let mut set = |name: &str, value: Value| {
            map.insert(name.to_owned(), value);
        };
        set("kind", "calendar#event".into());
        set("id", event.id.clone().into());
        set("etag", etag(event).into());
        if event.cancelled || event.body.get("status").is_none() {
            set("status", status.into());
        }
        set("created", iso(event.created).into());
        set("updated", iso(event.updated).into());
        set("sequence", event.sequence.into());
        set("start", event.start.json(&self.zone));
        set("end", event.end.json(&self.zone));
        if event.body.get("eventType").is_none() {
            set("eventType", "default".into());
        }
        set("htmlLink", format!("https://www.google.com/calendar/event?eid={}", event.id).into());
        if !event.recurrence.is_empty() {
            set("recurrence", event.recurrence.clone().into());
        }
        if let Some((series, original)) = &event.of {
            set("recurringEventId", series.clone().into());
            set("originalStartTime", original.json(&self.zone));
        }
        Value::Object(map)
    }
}

pub fn etag(event: &Event) -> String {
    format!("\"{}\"", event.changed * 2 + 3_000_000_000_000_000)
}

/// The beginning that the key of an occurrence tells.
fn started(key: &str) -> Value {
    let part = |from: usize, to: usize| key.get(from..to).unwrap_or_default();
    let day = format!("{}-{}-{}", part(0, 4), part(4, 6), part(6, 8));
    if key.len() == 8 {
        return json!({"date": day});
    }
    json!({"dateTime": format!("{day}T{}:{}:{}Z", part(9, 11), part(11, 13), part(13, 15))})
}

fn occurrence(series: &Event, start: &When) -> Event {
    Event {
        id: format!("{}_{}", series.id, start.key()),
        start: start.clone(),
        end: series.end.shifted(&series.start, start),
        recurrence: Vec::new(),
        of: Some((series.id.clone(), start.clone())),
        ever: BTreeSet::new(),
        ..series.clone()
    }
}
