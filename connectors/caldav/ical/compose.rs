//! New objects, and the lines that a change puts in.

use super::{Component, When, edit::fold};
use connect::marker;
use jiff::Timestamp;
use model::WriteKey;

/// Whose objects these are; the part of `UID` behind the `@`.
const DOMAIN: &str = "sales-orchestrator.invalid";
const PREFIX: &str = "so-";
/// Longest description written, in characters.
const BODY: usize = 60_000;

/// What a new object says.
pub struct New<'a> {
    /// The write that makes it.
    pub key: WriteKey,
    /// Now.
    pub now: Timestamp,
    /// One line.
    pub subject: &'a str,
    /// Plain text.
    pub body: &'a str,
    /// Its times and state, one content line each.
    pub lines: Vec<String>,
}

/// The name of the object that a write makes: the same however often it is sent.
pub fn object_name(key: WriteKey) -> String {
    format!("{PREFIX}{key}.ics")
}

/// `UID` of the object that a write makes.
pub fn uid(key: WriteKey) -> String {
    format!("{PREFIX}{key}@{DOMAIN}")
}

/// The write that made an object with this `UID`.
pub fn key_of(uid: &str) -> Option<WriteKey> {
    uid.strip_suffix(DOMAIN)?.strip_suffix('@')?.strip_prefix(PREFIX)?.parse().ok()
}

impl New<'_> {
    /// The object.
    pub fn write(&self, component: Component) -> String {
        let name = component.name();
        let description = escaped(&marker::append(self.body, self.key, BODY));
        let mut lines = vec![
            "BEGIN:VCALENDAR".to_owned(),
            "VERSION:2.0".to_owned(),
            "PRODID:-//sales-orchestrator//EN".to_owned(),
            format!("BEGIN:{name}"),
            format!("UID:{}", uid(self.key)),
            format!("DTSTAMP:{}", utc(self.now)),
            format!("SUMMARY:{}", escaped(self.subject)),
            format!("DESCRIPTION:{description}"),
        ];
        lines.extend(self.lines.iter().cloned());
        lines.extend([format!("END:{name}"), "END:VCALENDAR".to_owned()]);
        lines.iter().map(|line| fold(line)).collect()
    }
}

/// An instant in UTC as iCalendar writes it.
pub fn utc(at: Timestamp) -> String {
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// A property with a time: in the zone that its old line names, else in UTC; a date where `when` is one.
pub fn timed(name: &str, when: &When, zone_of: Option<&str>) -> String {
    if when.date {
        return format!("{name};VALUE=DATE:{}", when.wall.strftime("%Y%m%d"));
    }
    match zone_of.and_then(zone_parameter) {
        Some(zone) => format!("{name};TZID={zone}:{}", when.wall.strftime("%Y%m%dT%H%M%S")),
        None => format!("{name}:{}", utc(when.at)),
    }
}

/// The value of `TZID` in a content line, quoted as it is there.
pub fn zone_parameter(line: &str) -> Option<&str> {
    let at = line.to_ascii_uppercase().find(";TZID=")? + ";TZID=".len();
    let rest = line.get(at..)?;
    let end = match rest.strip_prefix('"') {
        Some(quoted) => quoted.find('"')? + 2,
        None => rest.find([';', ':'])?,
    };
    rest.get(..end)
}

/// Text as a value (RFC 5545, 3.3.11): nothing in it can begin another property.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for char in text.chars() {
        match char {
            '\\' | ';' | ',' => out.extend(['\\', char]),
            '\n' => out.push_str("\\n"),
            char if char.is_control() && char != '\t' => {}
            char => out.push(char),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ical::{Object, zone::Zone};

    fn key() -> WriteKey {
        "00c0ffee00c0ffee00c0ffee00c0ffee".parse().unwrap()
    }

    #[test]
    fn what_is_written_reads_back_whatever_the_text_holds() {
        let (subject, body) = ("Call; \\now, \"Ek\"\r\nEND:VEVENT", "one\ntwo; three, ".repeat(20));
        let lines = vec!["DTSTART:20260601T100000Z".to_owned(), "DTEND:20260601T110000Z".to_owned()];
        let new = New { key: key(), now: Timestamp::UNIX_EPOCH, subject, body: &body, lines };
        let object = Object::read(&new.write(Component::Event), &Zone::UTC).unwrap().unwrap();
        let item = object.master.unwrap();
        assert_eq!(item.summary.as_deref(), Some("Call; \\now, \"Ek\"\nEND:VEVENT"));
        let (found, text) = marker::split(item.description.as_deref().unwrap());
        assert_eq!((found, text.as_ref()), (Some(key()), body.trim_end()));
        assert_eq!(key_of(&object.uid), Some(key()));
    }

    #[test]
    fn the_zone_of_a_line_is_kept_as_it_is_written() {
        assert_eq!(zone_parameter("DTSTART;TZID=Europe/Berlin:20260601T100000"), Some("Europe/Berlin"));
        assert_eq!(zone_parameter("DTSTART;TZID=\"a: b\";X=1:20260601T100000"), Some("\"a: b\""));
        assert_eq!(zone_parameter("DTSTART:20260601T100000Z"), None);
    }

    #[test]
    fn a_foreign_uid_is_nobodys_key() {
        assert_eq!(key_of("so-00c0ffee00c0ffee00c0ffee00c0ffee@elsewhere.example"), None);
        assert_eq!(key_of("abc"), None);
    }
}
