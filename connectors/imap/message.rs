//! A message as the server gave it, as a change of ours.

use crate::{
    reference,
    structure::{self, Part},
    wire::Value,
};
use bytes::Bytes;
use model::{Change, ConnectionId, ExternalRef, Field, Fields, Kind, Observed, Timestamp, Version};
use serde_json::json;

/// Characters of a text that are kept where bodies are switched off.
const SNIPPET: usize = 200;
/// Bytes of a text that are kept where bodies are switched on.
pub const BODY: usize = 64 * 1024;

/// Where messages come from, and what is kept of them.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    pub connection: &'a ConnectionId,
    /// Escaped.
    pub folder: &'a str,
    pub validity: u32,
    /// Keep whole texts.
    pub bodies: bool,
}

impl Source<'_> {
    /// The message's name.
    pub fn reference(&self, uid: u32) -> ExternalRef {
        ExternalRef::new(self.connection, Kind::Email, reference::id(self.folder, self.validity, uid))
    }
}

/// What was fetched of a message.
#[derive(Default)]
pub struct Fetched {
    pub uid: u32,
    pub flags: Vec<String>,
    /// `INTERNALDATE`: when the server got it.
    pub arrived: Option<Timestamp>,
    pub size: Option<u64>,
    /// Its header, cut off where it is absurdly long.
    pub header: Option<Bytes>,
    pub parts: Vec<Part>,
    /// Beginnings of parts by their paths.
    pub sections: Vec<(String, Bytes)>,
}

impl Fetched {
    /// Reads a message's items, in whatever order they came.
    pub fn read(uid: u32, items: &[(String, Value)]) -> Self {
        let mut fetched = Self { uid, ..Self::default() };
        for (name, value) in items {
            match name.as_str() {
                "FLAGS" => fetched.flags = flags(value),
                "INTERNALDATE" => fetched.arrived = value.text().and_then(time),
                "RFC822.SIZE" => fetched.size = value.number(),
                "BODYSTRUCTURE" => fetched.parts = structure::parts(value),
                name if name.starts_with("BODY[HEADER]") => fetched.header = value.bytes().cloned(),
                name => fetched.sections.extend(section(name).zip(value.bytes().cloned())),
            }
        }
        fetched
    }

    /// Drafts are nobody's mail yet.
    pub fn is_draft(&self) -> bool {
        self.flags.iter().any(|flag| flag.eq_ignore_ascii_case("\\Draft"))
    }

    /// Paths of the parts that are wanted and did not come.
    pub fn missing(&self) -> Vec<String> {
        let wanted = structure::text(&self.parts).into_iter().chain(structure::report(&self.parts));
        let paths = wanted.map(|part| part.path.clone());
        paths.filter(|path| !self.sections.iter().any(|(come, _)| come == path)).collect()
    }

    /// The message as a change; one that can't be read is parked.
    pub fn change(&self, from: &Source<'_>, now: Timestamp) -> Change {
        let reference = from.reference(self.uid);
        let Some(header) = &self.header else {
            let reason = "the server gave no header".to_owned();
            return Change::Unreadable { reference: Some(reference), reason, raw: Bytes::new() };
        };
        let text = self.text();
        let report = structure::report(&self.parts).and_then(|part| self.section(&part.path));
        let parts = mail::Parts {
            text: text.as_deref(),
            attachments: structure::files(&self.parts),
            report: report.map(Bytes::as_ref),
        };
        match mail::fields(header, &parts) {
            Ok(mut fields) => {
                self.complete(&mut fields, text.as_deref().filter(|_| from.bodies));
                Change::Seen(Observed {
                    reference,
                    version: self.version(),
                    modified: self.arrived.or_else(|| fields.time(Field::At)).unwrap_or(now),
                    marker: None,
                    fields,
                    links: Vec::new(),
                    raw: self.raw(from, header),
                })
            }
            Err(why) => Change::Unreadable {
                reference: Some(reference),
                reason: why.to_string(),
                raw: header.clone(),
            },
        }
    }

    /// What is known besides the header: when it came, and the text or its beginning.
    fn complete(&self, fields: &mut Fields, whole: Option<&str>) {
        if let Some(arrived) = self.arrived {
            fields.set(Field::CreatedAt, model::Value::Time(arrived));
            if fields.time(Field::At).is_none() {
                fields.set(Field::At, model::Value::Time(arrived));
            }
        }
        let body = match whole {
            Some(text) => Some(text.get(..text.floor_char_boundary(BODY)).unwrap_or(text).to_owned()),
            None => fields.text(Field::Content).map(|text| text.chars().take(SNIPPET).collect()),
        };
        if let Some(body) = body {
            fields.set(Field::Body, model::Value::text(Some(body.trim())));
        }
    }

    fn text(&self) -> Option<String> {
        let part = structure::text(&self.parts)?;
        let bytes = self.section(&part.path)?;
        let html = part.kind == "text/html";
        Some(mail::decode_text(bytes, part.charset.as_deref(), part.encoding.as_deref(), html))
    }

    fn section(&self, path: &str) -> Option<&Bytes> {
        self.sections.iter().find(|(of, _)| of == path).map(|(_, bytes)| bytes)
    }

    /// A mail never changes; its flags do.
    fn version(&self) -> Version {
        Version::Tag(self.kept_flags().join(" ").into())
    }

    /// `\Recent` is about sessions, not about the message.
    fn kept_flags(&self) -> Vec<&str> {
        let kept =
            self.flags.iter().map(String::as_str).filter(|flag| !flag.eq_ignore_ascii_case("\\Recent"));
        let mut kept: Vec<&str> = kept.collect();
        kept.sort_unstable();
        kept
    }

    fn raw(&self, from: &Source<'_>, header: &Bytes) -> Bytes {
        let raw = json!({
            "folder": crate::wire::utf7::decode(&reference::unescape(from.folder)),
            "uid": self.uid,
            "flags": self.kept_flags(),
            "size": self.size,
            "header": String::from_utf8_lossy(header),
        });
        raw.to_string().into()
    }
}

fn flags(value: &Value) -> Vec<String> {
    value.list().iter().filter_map(|flag| flag.text().map(str::to_owned)).collect()
}

/// The path in `BODY[1.2]<0>`.
fn section(name: &str) -> Option<String> {
    let (path, _) = name.strip_prefix("BODY[")?.split_once(']')?;
    Some(path.to_owned())
}

/// `22-Nov-2026 08:00:58 +0000`; the day may have a space before it.
fn time(text: &str) -> Option<Timestamp> {
    let at = jiff::fmt::strtime::parse("%d-%b-%Y %H:%M:%S %z", text.trim()).ok()?.to_timestamp().ok()?;
    Some(Timestamp::from_millis(at.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Data, Response, response};

    const HEADER: &str = "From: Ann <Ann@Acme.example>\r\nTo: us@x.test\r\nSubject: Offer\r\nMessage-ID: <m1@acme.example>\r\n\r\n";

    fn fetched(items: &str) -> Fetched {
        let answer = response::read(&Bytes::from(format!("* 1 FETCH ({items})\r\n"))).unwrap();
        let Response::Data(Data::Message(items)) = answer else { panic!("no message") };
        Fetched::read(7, &items)
    }
    fn change(items: &str, bodies: bool) -> Change {
        let connection = ConnectionId::from("mail");
        let from = Source { connection: &connection, folder: "Entw&APw-rfe", validity: 9, bodies };
        fetched(items).change(&from, Timestamp::default())
    }
    fn seen(items: &str, bodies: bool) -> Observed {
        match change(items, bodies) {
            Change::Seen(observed) => observed,
            other => panic!("{other:?}"),
        }
    }
    fn with_text(text: &str) -> String {
        format!(
            "INTERNALDATE \" 1-Jun-2026 10:00:00 +0200\" FLAGS (\\Seen \\Recent) RFC822.SIZE 400 \
             BODYSTRUCTURE (\"text\" \"plain\" (\"charset\" \"utf-8\") NIL NIL \"8bit\" 5 1) \
             BODY[HEADER]<0> {{{}}}\r\n{HEADER} BODY[1]<0> {{{}}}\r\n{text} UID 7",
            HEADER.len(),
            text.len()
        )
    }

    #[test]
    fn a_message_is_its_header_its_arrival_and_the_beginning_of_its_text() {
        let observed = seen(&with_text(&"word ".repeat(100)), false);
        assert_eq!(&*observed.reference.id, "Entw&APw-rfe/9/7");
        assert_eq!(observed.modified.to_string(), "2026-06-01T08:00:00.000Z");
        assert_eq!(observed.version, Version::Tag("\\Seen".into()));
        assert_eq!(observed.fields.text(Field::MessageId), Some("m1@acme.example"));
        assert_eq!(
            observed.fields.time(Field::At),
            Some(observed.modified),
            "without a Date it is when it came"
        );
        assert!(observed.fields.text(Field::Body).unwrap().chars().count() <= 200);
        let raw: serde_json::Value = serde_json::from_slice(&observed.raw).unwrap();
        assert_eq!((&raw["folder"], &raw["size"]), (&json!("Entwürfe"), &json!(400)));
        assert!(!raw.to_string().contains("word"), "no text is stored with the header");
    }

    #[test]
    fn whole_texts_are_kept_only_where_they_are_switched_on() {
        let observed = seen(&with_text(&"é".repeat(40_000)), true);
        assert_eq!(observed.fields.text(Field::Body).unwrap().len(), BODY);
    }

    #[test]
    fn a_part_elsewhere_is_asked_for_and_a_draft_is_told() {
        let nested = r#"FLAGS (\dRAFT) BODYSTRUCTURE ((("text" "plain" NIL NIL NIL "7bit" 1 1) "alternative")("message" "delivery-status" NIL NIL NIL "7bit" 9) "report") BODY[1]<0> {1}
x"#.replace('\n', "\r\n");
        let fetched = fetched(&nested);
        assert!(fetched.is_draft());
        assert_eq!(fetched.missing(), ["1.1", "2"]);
    }

    #[test]
    fn a_message_without_a_readable_header_is_parked_alone() {
        assert!(matches!(change("FLAGS ()", false), Change::Unreadable { reference: Some(_), .. }));
        let blank = "BODY[HEADER]<0> {2}\r\n\r\n";
        assert!(matches!(change(blank, false), Change::Unreadable { .. }));
    }
}
