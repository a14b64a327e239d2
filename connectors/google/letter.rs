//! A mail as a record. Of its text at most the snippet is kept; what signals are looked for in goes along as
//! content and is dropped after that.

use crate::calls::message::{Message, Part};
use base64::{
    Engine,
    alphabet::URL_SAFE,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use bytes::Bytes;
use mail::Parts;
use model::{Change, ConnectionId, ExternalRef, Field, Kind, Observed, Timestamp, Value, Version};
use serde_json::json;

/// Google pads; not everything between does.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);
/// Most of a part that is looked at, in characters of base64: a multiple of four.
const MOST: usize = 256 * 1024;
/// Longest beginning of a mail that is kept, in characters.
const SNIPPET: usize = 200;
/// Deepest nesting of parts that is looked into.
const DEEPEST: usize = 20;
/// Parts that machines write for machines.
const REPORTS: [&str; 3] =
    ["message/delivery-status", "message/disposition-notification", "message/feedback-report"];

/// Label of drafts.
pub const DRAFT: &str = "DRAFT";
/// Labels of what was thrown away.
pub const DISCARDED: [&str; 2] = ["TRASH", "SPAM"];

impl Message {
    /// Has it one of these labels?
    pub fn is(&self, labels: &[&str]) -> bool {
        self.label_ids.iter().any(|label| labels.contains(&label.as_str()))
    }

    /// As a change; one that can't be understood is told as such.
    pub fn change(self, connection: &ConnectionId, signals: bool) -> Change {
        let reference = ExternalRef::new(connection, Kind::Email, self.id.as_str());
        let raw = self.raw();
        match self.observed(reference.clone(), signals, raw.clone()) {
            Ok(record) => Change::Seen(record),
            Err(reason) => Change::Unreadable { reference: Some(reference), reason, raw },
        }
    }

    fn observed(self, reference: ExternalRef, signals: bool, raw: Bytes) -> Result<Observed, String> {
        let arrived = self.internal_date.as_deref().and_then(|text| text.parse().ok());
        let arrived = arrived.map(Timestamp::from_millis).ok_or("internalDate is missing or no number")?;
        let payload = self.payload.as_ref().ok_or("payload is missing")?;
        let (text, report) =
            if signals { (payload.text(DEEPEST), payload.report(DEEPEST)) } else { (None, None) };
        let mut attachments = Vec::new();
        payload.files(&mut attachments, DEEPEST);
        let parts = Parts { text: text.as_deref(), attachments, report: report.as_deref() };
        let mut fields = mail::fields(&payload.header(), &parts).map_err(|error| error.to_string())?;
        // When it arrived is Google's own word; a sender's clock may be anything.
        fields.set(Field::At, Value::Time(arrived));
        fields.set(Field::Thread, Value::text(Some(&self.thread_id)));
        fields.set(Field::Body, Value::text(Some(&self.beginning())));
        Ok(Observed {
            reference,
            version: Version::Tag(self.history_id.into()),
            modified: arrived,
            marker: None,
            fields,
            links: Vec::new(),
            raw,
        })
    }

    fn beginning(&self) -> String {
        html_escape::decode_html_entities(&self.snippet).chars().take(SNIPPET).collect()
    }

    /// As it came, without its text.
    fn raw(&self) -> Bytes {
        let wanted =
            |name: &str| crate::calls::message::HEADERS.iter().any(|one| one.eq_ignore_ascii_case(name));
        let headers: Vec<_> = self
            .payload
            .iter()
            .flat_map(|payload| &payload.headers)
            .filter(|header| wanted(&header.name))
            .map(|header| json!({"name": header.name, "value": header.value}))
            .collect();
        let raw = json!({
            "id": self.id, "threadId": self.thread_id, "labelIds": self.label_ids, "snippet": self.beginning(),
            "internalDate": self.internal_date, "payload": {"headers": headers},
        });
        raw.to_string().into()
    }
}

impl Part {
    fn named(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
        found.map(|header| header.value.as_str())
    }

    /// Its header section; line breaks inside values are white space there.
    fn header(&self) -> Vec<u8> {
        let mut block = String::new();
        for header in &self.headers {
            let name: String = header.name.chars().filter(|c| !c.is_whitespace() && *c != ':').collect();
            let value = header.value.replace(['\r', '\n'], " ");
            block.extend([name.as_str(), ": ", value.as_str(), "\r\n"]);
        }
        block.push_str("\r\n");
        block.into_bytes()
    }

    fn bytes(&self) -> Vec<u8> {
        let data = self.body.data.as_bytes();
        LENIENT.decode(data.get(..data.len().min(MOST)).unwrap_or_default()).unwrap_or_default()
    }

    /// Its plain text, else its HTML as text. `depth` levels down.
    fn text(&self, depth: usize) -> Option<String> {
        self.of_type("text/plain", depth).or_else(|| self.of_type("text/html", depth))
    }

    fn of_type(&self, wanted: &str, depth: usize) -> Option<String> {
        if self.mime_type.eq_ignore_ascii_case(wanted)
            && self.filename.is_empty()
            && !self.body.data.is_empty()
        {
            let bytes = self.bytes();
            let charset = self.named("Content-Type").and_then(charset);
            // Google mostly hands out UTF-8 whatever the sender wrote in.
            let charset = charset.filter(|_| std::str::from_utf8(&bytes).is_err());
            return Some(mail::decode_text(&bytes, charset, None, wanted == "text/html"));
        }
        if depth == 0 || self.mime_type.eq_ignore_ascii_case("message/rfc822") {
            return None;
        }
        self.parts.iter().find_map(|part| part.of_type(wanted, depth - 1))
    }

    fn report(&self, depth: usize) -> Option<Vec<u8>> {
        if REPORTS.iter().any(|name| self.mime_type.eq_ignore_ascii_case(name)) {
            let own = self.bytes();
            // Sometimes taken apart into header sections.
            return Some(if own.is_empty() {
                self.parts.iter().flat_map(Self::header).collect()
            } else {
                own
            });
        }
        if depth == 0 { None } else { self.parts.iter().find_map(|part| part.report(depth - 1)) }
    }

    fn files(&self, names: &mut Vec<String>, depth: usize) {
        // A picture that the text shows in place is no attached file.
        let inline = self.named("Content-ID").is_some()
            && self.named("Content-Disposition").is_none_or(|how| how.trim_start().starts_with("inline"));
        if !self.filename.is_empty() && !inline {
            names.push(self.filename.clone());
        }
        if depth > 0 {
            for part in &self.parts {
                part.files(names, depth - 1);
            }
        }
    }
}

fn charset(content_type: &str) -> Option<&str> {
    let found = content_type.split(';').skip(1).find_map(|piece| {
        let (key, value) = piece.split_once('=')?;
        key.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"'))
    });
    found.filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(message: &serde_json::Value, signals: bool) -> Change {
        let message: Message = serde_json::from_value(message.clone()).unwrap();
        message.change(&"mail".into(), signals)
    }

    fn seen(message: &serde_json::Value, signals: bool) -> Observed {
        match read(message, signals) {
            Change::Seen(record) => record,
            other => panic!("{other:?}"),
        }
    }

    fn sample() -> serde_json::Value {
        json!({
            "id": "18c2", "threadId": "18c1", "labelIds": ["INBOX"], "historyId": "77",
            "snippet": "Tom &amp; I&#39;ll come", "internalDate": "1763812800000",
            "payload": {
                "mimeType": "multipart/mixed",
                "headers": [
                    {"name": "FROM", "value": "Bob <Bob@Acme.example>"},
                    {"name": "to", "value": "ann@sandbox.test"},
                    {"name": "Subject", "value": "Hi\r\nX-Injected: yes"},
                    {"name": "Message-Id", "value": "<1@acme.example>"},
                    {"name": "Date", "value": "Thu, 01 Jan 1970 00:00:00 +0000"},
                ],
                "parts": [
                    {"mimeType": "text/plain", "body": {"data": "U2Now7ZuLCB5ZXMgcGxlYXNl"}},
                    {"mimeType": "application/pdf", "filename": "Plan.pdf", "body": {"attachmentId": "x"}},
                ],
            },
        })
    }

    #[test]
    fn headers_in_any_spelling_and_the_time_of_arrival_are_read() {
        let record = seen(&sample(), false);
        assert_eq!(record.fields.text(Field::MessageId), Some("1@acme.example"));
        assert_eq!(record.fields.time(Field::At), Some(Timestamp::from_millis(1_763_812_800_000)));
        assert_eq!(record.fields.text(Field::Thread), Some("18c1"));
        assert_eq!(record.fields.text(Field::Body), Some("Tom & I'll come"));
        assert_eq!(record.fields.text(Field::Name), Some("Hi X-Injected: yes"), "a value makes no header");
    }

    #[test]
    fn text_is_read_only_for_signals_and_never_kept() {
        assert_eq!(seen(&sample(), false).fields.get(Field::Content), None);
        let record = seen(&sample(), true);
        assert_eq!(record.fields.text(Field::Content), Some("Schön, yes please"));
        assert_eq!(record.fields.list(Field::Attachments), ["Plan.pdf".into()]);
        let raw = std::str::from_utf8(&record.raw).unwrap();
        assert!(!raw.contains("U2Now7Zu") && !raw.contains("please"), "{raw}");
    }

    #[test]
    fn a_mail_without_a_time_is_told_as_unreadable_and_costs_only_itself() {
        let mut message = sample();
        message["internalDate"] = json!(null);
        assert!(matches!(read(&message, false), Change::Unreadable { reference: Some(_), .. }));
    }
}
