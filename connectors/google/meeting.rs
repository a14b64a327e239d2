//! An event as a record.

use jiff::{civil::Date, tz::TimeZone};
use model::{
    Change, ConnectionId, ExternalRef, Field, Fields, Kind, Observed, Timestamp, Value, Version, WriteKey,
};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Longest part of a description that is kept beside the record, in characters.
const DESCRIPTION: usize = 200;
/// The private property that carries our key.
pub const KEY: &str = "so_key";

/// An event as it comes; of a cancelled one only the id is certain.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    pub id: String,
    #[serde(default)]
    pub etag: String,
    #[serde(default)]
    pub status: String,
    updated: Option<String>,
    created: Option<String>,
    summary: Option<String>,
    description: Option<String>,
    start: Option<When>,
    end: Option<When>,
    #[serde(rename = "iCalUID")]
    uid: Option<String>,
    recurring_event_id: Option<String>,
    original_start_time: Option<When>,
    organizer: Option<Person>,
    creator: Option<Person>,
    attendees: Option<Vec<Person>>,
    #[serde(default)]
    attendees_omitted: bool,
    #[serde(default)]
    sequence: i64,
    #[serde(default)]
    transparency: String,
    #[serde(default)]
    visibility: String,
    #[serde(default)]
    #[serde(rename = "eventType")]
    sort: String,
    #[serde(default)]
    recurrence: Vec<String>,
    #[serde(default)]
    extended_properties: Properties,
}

/// `{date}` or `{dateTime, timeZone}`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct When {
    date: Option<Date>,
    date_time: Option<String>,
    time_zone: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Person {
    #[serde(default)]
    email: String,
    #[serde(default)]
    response_status: String,
    /// A room.
    #[serde(default)]
    resource: bool,
}

#[derive(Deserialize, Default)]
struct Properties {
    #[serde(default)]
    private: BTreeMap<String, String>,
}

impl When {
    /// Days stay days: midnight in UTC stands for the whole day, whatever zone anybody is in.
    fn at(&self) -> Option<Timestamp> {
        if let Some(date) = self.date {
            let midnight = date.to_zoned(TimeZone::UTC).ok()?;
            return Some(Timestamp::from_millis(midnight.timestamp().as_millisecond()));
        }
        let text = self.date_time.as_deref()?;
        if let Ok(at) = Timestamp::parse(text) {
            return Some(at);
        }
        let zone = TimeZone::get(self.time_zone.as_deref()?).ok()?;
        let local: jiff::civil::DateTime = text.parse().ok()?;
        Some(Timestamp::from_millis(local.to_zoned(zone).ok()?.timestamp().as_millisecond()))
    }

    /// What names an occurrence: `20261122T090000Z` or `20261122`.
    fn name(&self) -> Option<String> {
        if let Some(date) = self.date {
            return Some(date.strftime("%Y%m%d").to_string());
        }
        Some(self.at()?.to_jiff().strftime("%Y%m%dT%H%M%SZ").to_string())
    }
}

impl Person {
    /// Calendars of groups and rooms have addresses too, and are nobody.
    fn address(&self) -> Option<&str> {
        let nobody = ["@group.calendar.google.com", "@resource.calendar.google.com", "unknownorganizer@"];
        let person = !self.email.is_empty() && !nobody.iter().any(|part| self.email.contains(part));
        (person && !self.resource).then_some(self.email.as_str())
    }
}

impl Event {
    pub fn is_cancelled(&self) -> bool {
        self.status == "cancelled"
    }
    /// The rule of a series, which is no meeting itself.
    pub fn is_series(&self) -> bool {
        !self.recurrence.is_empty()
    }
    /// Does the write's key stand in it?
    pub fn carries(&self, key: WriteKey) -> bool {
        self.key() == Some(key)
    }
    fn key(&self) -> Option<WriteKey> {
        self.extended_properties.private.get(KEY)?.parse().ok()
    }
    /// An occurrence of a series that begins, and was to begin, after this.
    pub fn is_beyond(&self, horizon: Timestamp) -> bool {
        let later = |when: &Option<When>| when.as_ref().and_then(When::at).is_none_or(|at| at > horizon);
        self.recurring_event_id.is_some()
            && (self.start.is_some() || self.original_start_time.is_some())
            && later(&self.start)
            && later(&self.original_start_time)
    }
    /// Beginning and end.
    pub fn times(&self) -> (Option<Timestamp>, Option<Timestamp>) {
        let at = |when: &Option<When>| when.as_ref().and_then(When::at);
        (at(&self.start), at(&self.end))
    }
    /// When the source last changed it.
    pub fn modified(&self) -> Option<Timestamp> {
        self.updated.as_deref().and_then(|text| Timestamp::parse(text).ok())
    }

    /// As a change.
    pub fn change(&self, reference: ExternalRef, raw: &str, now: Timestamp) -> Change {
        match self.observed(reference.clone(), raw, now) {
            Ok(record) => Change::Seen(record),
            Err(reason) => Change::Unreadable {
                reference: Some(reference),
                reason: reason.to_owned(),
                raw: self.kept(raw).into(),
            },
        }
    }

    /// As a record.
    pub fn observed(
        &self,
        reference: ExternalRef,
        raw: &str,
        now: Timestamp,
    ) -> Result<Observed, &'static str> {
        let fields = if self.is_cancelled() { self.cancelled() } else { self.living()? };
        let modified = self.modified();
        Ok(Observed {
            reference,
            version: Version::Tag(self.etag.as_str().into()),
            modified: modified.unwrap_or(now),
            marker: self.key(),
            fields,
            links: Vec::new(),
            raw: self.kept(raw).into(),
        })
    }

    fn named(&self, fields: &mut Fields) {
        if let Some(uid) = self.uid.as_deref() {
            fields.set(Field::Uid, Value::text(Some(uid)));
            let occurrence = self.original_start_time.as_ref().and_then(When::name);
            let occurrence = occurrence.filter(|_| self.recurring_event_id.is_some());
            fields.set(Field::Occurrence, Value::text(occurrence.as_deref()));
        }
    }

    /// Only what is certain: everything else stays as it was known.
    fn cancelled(&self) -> Fields {
        let mut fields = Fields::default();
        self.named(&mut fields);
        fields.set(Field::Status, Value::text(Some("cancelled")));
        fields
    }

    fn living(&self) -> Result<Fields, &'static str> {
        let (start, end) = self.times();
        let start = start.ok_or("start is missing or no time")?;
        let mut fields = Fields::with_capacity(16);
        self.named(&mut fields);
        fields.set(Field::At, Value::Time(start));
        fields.set(Field::EndAt, end.map_or(Value::Empty, Value::Time));
        let created = self.created.as_deref().and_then(|text| Timestamp::parse(text).ok());
        fields.set(Field::CreatedAt, created.map_or(Value::Empty, Value::Time));
        let status = if self.status == "tentative" { "tentative" } else { "confirmed" };
        fields.set(Field::Status, Value::text(Some(status)));
        fields.set(Field::Sequence, Value::Int(self.sequence));
        fields.set(Field::AllDay, Value::Bool(self.start.as_ref().is_some_and(|when| when.date.is_some())));
        fields.set(Field::Availability, Value::text(Some(self.availability())));
        self.people(&mut fields);
        let open = !self.is_private();
        fields.set(Field::Name, Value::text(self.summary.as_deref().filter(|_| open)));
        fields.set(Field::Body, Value::text(self.description.as_deref().filter(|_| open)));
        Ok(fields)
    }

    /// Of a private event nothing but its times is kept.
    fn is_private(&self) -> bool {
        matches!(self.visibility.as_str(), "private" | "confidential")
    }

    fn availability(&self) -> &'static str {
        match self.sort.as_str() {
            "outOfOffice" => "out_of_office",
            "workingLocation" | "birthday" => "free",
            _ if self.transparency == "transparent" => "free",
            _ => "busy",
        }
    }

    fn people(&self, fields: &mut Fields) {
        // A place to work, a birthday or time for oneself is no meeting with anybody.
        let meeting = matches!(self.sort.as_str(), "" | "default" | "fromGmail");
        let open = meeting && !self.is_private();
        let organizer = self.organizer.as_ref().and_then(Person::address);
        let sender = organizer.or_else(|| self.creator.as_ref().and_then(Person::address));
        fields.set(Field::Sender, Value::text(sender.filter(|_| open)));
        if self.attendees_omitted && open {
            // The list is not whole: who is not in it may still come.
            return;
        }
        let attendees = self.attendees.as_deref().unwrap_or_default().iter();
        let attendees: Vec<(&str, &str)> = attendees
            .filter(|_| open)
            .filter_map(|person| Some((person.address()?, person.response_status.as_str())))
            .collect();
        let those = |answer: &str| {
            Value::list(attendees.iter().filter(|(_, said)| *said == answer).map(|(email, _)| *email))
        };
        let others = attendees.iter().map(|(email, _)| *email).filter(|email| Some(*email) != sender);
        fields.set(Field::Recipients, Value::list(others));
        fields.set(Field::Accepted, those("accepted"));
        fields.set(Field::Declined, those("declined"));
    }

    /// The resource as it came, without what is private and without long texts.
    fn kept(&self, raw: &str) -> String {
        let Ok(mut resource) = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(raw) else {
            return String::new();
        };
        if self.is_private() {
            let names = ["id", "etag", "status", "start", "end", "updated", "visibility", "iCalUID"];
            resource.retain(|name, _| names.contains(&name.as_str()));
        }
        if let Some(serde_json::Value::String(text)) = resource.get_mut("description") {
            *text = text.chars().take(DESCRIPTION).collect();
        }
        serde_json::Value::Object(resource).to_string()
    }
}

/// `calendar/event`; ids of events have no slash.
pub fn reference(connection: &ConnectionId, calendar: &str, id: &str) -> ExternalRef {
    ExternalRef::new(connection, Kind::Meeting, format!("{calendar}/{id}"))
}

/// The two parts of a meeting's id.
pub fn split(id: &str) -> Option<(&str, &str)> {
    id.rsplit_once('/').filter(|(calendar, event)| !calendar.is_empty() && !event.is_empty())
}
