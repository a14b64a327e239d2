//! From events and tasks to records.

use crate::ical::{Component, Item, Object, compose, expand::Occurrence};
use bytes::Bytes;
use connect::marker;
use model::{ExternalRef, Field, Fields, Observed, Timestamp, Value, Version, WriteKey};

/// Longest body kept, in bytes.
const BODY: usize = 64 << 10;

/// What the record of an object, or of one occurrence of it, is made of.
pub struct Source<'a> {
    /// Its name.
    pub reference: ExternalRef,
    /// The object.
    pub object: &'a Object,
    /// What is written of it.
    pub item: &'a Item,
    /// Which occurrence it is.
    pub occurrence: Option<&'a Occurrence<'a>>,
    /// Entity tag of the object.
    pub tag: &'a str,
    /// The object's text; kept for single records only, and never of private ones.
    pub raw: Bytes,
    /// Now.
    pub now: Timestamp,
}

impl Source<'_> {
    /// The record. Of a private one only the time is kept, and what is needed to know it again.
    pub fn observed(self) -> Observed {
        let (item, private) = (self.item, self.item.private);
        let (marker, body) = described(item);
        let marker = marker.or_else(|| compose::key_of(&self.object.uid));
        let mut fields = self.times();
        fields.set(Field::Uid, Value::text(Some(&self.object.uid)));
        fields.set(Field::Sequence, Value::Int(item.sequence));
        fields.set(Field::Name, shown(private, item.summary.as_deref()));
        fields.set(Field::Body, shown(private, body.as_deref()));
        fields.set(Field::CreatedAt, item.created.map_or(Value::Empty, time));
        match self.object.component {
            Component::Event => event_fields(&mut fields, item),
            Component::Todo => {
                fields.set(Field::Done, Value::Bool(item.done));
            }
        }
        fields.set(Field::Status, Value::text(Some(status(self.object.component, item))));
        let modified = item.modified.map_or(self.now, stamp);
        let raw = if private || self.occurrence.is_some() { Bytes::new() } else { self.raw };
        let version = if self.tag.is_empty() { Version::At(modified) } else { Version::Tag(self.tag.into()) };
        Observed { reference: self.reference, version, modified, marker, fields, links: Vec::new(), raw }
    }

    fn times(&self) -> Fields {
        let mut fields = Fields::with_capacity(20);
        let item = self.item;
        let start = self.occurrence.map(|one| &one.start).or(item.start.as_ref());
        match self.object.component {
            Component::Event => {
                let end = self.occurrence.map(|one| one.end);
                let end = end.or_else(|| item.start.as_ref()?.at.checked_add(item.length()).ok());
                let key = self.occurrence.map(|one| one.key.as_str());
                fields.set(Field::At, start.map_or(Value::Empty, |start| time(start.at)));
                fields.set(Field::EndAt, end.map_or(Value::Empty, time));
                fields.set(Field::AllDay, Value::Bool(start.is_some_and(|start| start.date)));
                fields.set(Field::Occurrence, Value::text(key));
            }
            Component::Todo => {
                let due = item.end.as_ref().or(start);
                fields.set(Field::At, due.map_or(Value::Empty, |due| time(due.at)));
            }
        }
        fields
    }
}

fn event_fields(fields: &mut Fields, item: &Item) {
    let people = |answer: Option<&str>| {
        let asked = item
            .attendees
            .iter()
            .filter(|one| !item.private && answer.is_none_or(|answer| one.answer == answer));
        Value::list(asked.map(|one| one.address.as_str()))
    };
    fields.set(Field::Sender, shown(item.private, item.organizer.as_deref()));
    fields.set(Field::Recipients, people(None));
    fields.set(Field::Accepted, people(Some("ACCEPTED")));
    fields.set(Field::Declined, people(Some("DECLINED")));
    fields.set(Field::Availability, Value::text(Some(availability(item))));
}

/// The write that its description names, and the description without it.
fn described(item: &Item) -> (Option<WriteKey>, Option<String>) {
    let Some(text) = &item.description else { return (None, None) };
    let (key, body) = marker::split(text);
    let cut = (0..=BODY.min(body.len())).rev().find_map(|at| body.get(..at)).unwrap_or_default();
    (key, Some(cut.to_owned()))
}

fn shown(private: bool, text: Option<&str>) -> Value {
    Value::text(text.filter(|_| !private))
}

/// Outlook says by a property of its own what an event means for the time; elsewhere it takes time or does not.
fn availability(item: &Item) -> &'static str {
    match item.busy.as_deref() {
        Some("OOF") => "out_of_office",
        Some("FREE") => "free",
        Some("BUSY" | "TENTATIVE") => "busy",
        Some(_) | None if item.transparent => "free",
        Some(_) | None => "busy",
    }
}

fn status(component: Component, item: &Item) -> &'static str {
    match (component, item.status.as_deref()) {
        (_, Some("CANCELLED")) => "cancelled",
        (Component::Event, Some("TENTATIVE")) => "tentative",
        (Component::Event | Component::Todo, _) => "confirmed",
    }
}

fn stamp(at: jiff::Timestamp) -> Timestamp {
    Timestamp::from_millis(at.as_millisecond())
}

fn time(at: jiff::Timestamp) -> Value {
    Value::Time(stamp(at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ical::zone::Zone;
    use model::{ConnectionId, Kind};

    fn observed(component: &str, lines: &str) -> Observed {
        let text = format!(
            "BEGIN:VCALENDAR\r\nBEGIN:{component}\r\nUID:u\r\n{lines}END:{component}\r\nEND:VCALENDAR\r\n"
        );
        let object = Object::read(&text, &Zone::UTC).unwrap().unwrap();
        let source = Source {
            reference: ExternalRef::new(&ConnectionId::from("cal"), Kind::Meeting, "/c/a.ics"),
            item: object.master.as_ref().unwrap(),
            object: &object,
            occurrence: None,
            tag: "\"1\"",
            raw: Bytes::copy_from_slice(text.as_bytes()),
            now: Timestamp::default(),
        };
        source.observed()
    }

    #[test]
    fn of_a_private_event_only_the_time_is_kept() {
        for class in ["PRIVATE", "CONFIDENTIAL", "X-OWN"] {
            let lines = format!(
                "DTSTART:20260601T100000Z\r\nDTEND:20260601T110000Z\r\nCLASS:{class}\r\nSUMMARY:Surgery\r\n\
                 DESCRIPTION:Surgery\r\nORGANIZER:mailto:surgery@x.example\r\nATTENDEE;PARTSTAT=ACCEPTED:mailto:surgery@y.example\r\n"
            );
            let seen = observed("VEVENT", &lines);
            assert!(
                seen.fields.iter().all(|(_, value)| !value.to_string().to_lowercase().contains("surgery"))
            );
            assert!(seen.raw.is_empty());
            assert_eq!(seen.fields.time(Field::At).unwrap().to_string(), "2026-06-01T10:00:00.000Z");
        }
    }

    #[test]
    fn a_meeting_says_who_comes_and_what_it_means_for_the_time() {
        let seen = observed(
            "VEVENT",
            "DTSTART;VALUE=DATE:20260601\r\nSUMMARY:Fair\r\nTRANSP:TRANSPARENT\r\nSTATUS:TENTATIVE\r\n\
             ATTENDEE;PARTSTAT=DECLINED:mailto:a@x.example\r\nATTENDEE;PARTSTAT=ACCEPTED:mailto:b@x.example\r\n",
        );
        assert_eq!(seen.fields.list(Field::Recipients).len(), 2);
        assert_eq!(seen.fields.list(Field::Declined), ["a@x.example".into()]);
        assert_eq!(seen.fields.text(Field::Availability), Some("free"));
        assert_eq!(seen.fields.text(Field::Status), Some("tentative"));
        assert_eq!(seen.fields.bool(Field::AllDay), Some(true));
        // The end of a whole day is the next midnight, exclusively.
        assert_eq!(seen.fields.time(Field::EndAt).unwrap().to_string(), "2026-06-02T00:00:00.000Z");
        let away = observed("VEVENT", "DTSTART:20260601T100000Z\r\nX-MICROSOFT-CDO-BUSYSTATUS:OOF\r\n");
        assert_eq!(away.fields.text(Field::Availability), Some("out_of_office"));
    }

    #[test]
    fn a_task_is_due_and_done() {
        let seen = observed("VTODO", "DUE;VALUE=DATE:20260601\r\nSUMMARY:Call\r\nSTATUS:COMPLETED\r\n");
        assert_eq!(seen.fields.bool(Field::Done), Some(true));
        assert_eq!(seen.fields.time(Field::At).unwrap().to_string(), "2026-06-01T00:00:00.000Z");
        assert_eq!(observed("VTODO", "SUMMARY:x\r\n").fields.get(Field::At), Some(&Value::Empty));
    }
}
