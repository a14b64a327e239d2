//! The parts of a mail (`BODYSTRUCTURE`), read without trust: whatever is missing or misplaced is just not known.

use crate::wire::Value;
use mail_parser::{MessageParser, MimeHeaders};

/// A part without parts.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Part {
    /// By which it is fetched: `1.2`.
    pub path: String,
    /// `text/plain`.
    pub kind: String,
    /// Of a text.
    pub charset: Option<String>,
    /// `base64`, `quoted-printable`.
    pub encoding: Option<String>,
    /// `attachment`, `inline`.
    pub disposition: Option<String>,
    /// Name of the file.
    pub name: Option<String>,
}

impl Part {
    /// The text of the mail may be here.
    fn is_text(&self) -> bool {
        let attached = self.disposition.as_deref() == Some("attachment");
        matches!(self.kind.as_str(), "text/plain" | "text/html") && !attached
    }
    /// What a machine reports to machines.
    fn is_report(&self) -> bool {
        matches!(
            self.kind.as_str(),
            "message/delivery-status" | "message/disposition-notification" | "message/feedback-report"
        )
    }
    /// Pictures that a text shows in place (a logo in a signature) are no attached files.
    fn is_file(&self) -> bool {
        let shown = self.disposition.as_deref() != Some("attachment") && self.kind.starts_with("image/");
        self.name.is_some() && !shown
    }
}

/// The part that holds the text: the first one; alternatives begin with the plainest (RFC 2046, 5.1.4).
pub fn text(parts: &[Part]) -> Option<&Part> {
    parts.iter().find(|part| part.is_text())
}

/// The part that machines read.
pub fn report(parts: &[Part]) -> Option<&Part> {
    parts.iter().find(|part| part.is_report())
}

/// Names of attached files.
pub fn files(parts: &[Part]) -> Vec<String> {
    parts.iter().filter(|part| part.is_file()).filter_map(|part| part.name.clone()).collect()
}

/// All parts in order.
pub fn parts(structure: &Value) -> Vec<Part> {
    let mut parts = Vec::new();
    collect(structure, "", &mut parts);
    parts
}

fn collect(value: &Value, path: &str, parts: &mut Vec<Part>) {
    let inside: Vec<&Value> = value.list().iter().take_while(|one| matches!(one, Value::List(_))).collect();
    if inside.is_empty() {
        let path = if path.is_empty() { "1" } else { path };
        parts.extend(leaf(value.list(), path));
        return;
    }
    for (at, one) in inside.into_iter().enumerate() {
        let number = at + 1;
        let path = if path.is_empty() { number.to_string() } else { format!("{path}.{number}") };
        collect(one, &path, parts);
    }
}

fn leaf(words: &[Value], path: &str) -> Option<Part> {
    let lower = |at: usize| words.get(at).and_then(Value::lower);
    let kind = format!("{}/{}", lower(0)?, lower(1)?);
    let parameters = words.get(2).map(Value::list).unwrap_or_default();
    let disposition = words.iter().skip(7).map(Value::list).find(|list| {
        list.first().and_then(Value::lower).is_some_and(|how| how == "attachment" || how == "inline")
    });
    let disposition = disposition.unwrap_or_default();
    let file = disposition.get(1).map(Value::list).unwrap_or_default();
    Some(Part {
        path: path.to_owned(),
        kind,
        charset: parameter(parameters, "charset"),
        encoding: lower(5),
        disposition: disposition.first().and_then(Value::lower),
        name: name(parameters, file),
    })
}

fn parameter(pairs: &[Value], wanted: &str) -> Option<String> {
    let pair =
        pairs.chunks_exact(2).find(|pair| pair.first().and_then(Value::lower).as_deref() == Some(wanted))?;
    pair.last()?.text().map(str::to_owned)
}

/// The name of a file, which may be spread over several parameters and encoded in two ways (RFC 2231, 2047):
/// written as headers again, it is read by whoever knows how.
fn name(kind: &[Value], disposition: &[Value]) -> Option<String> {
    if kind.is_empty() && disposition.is_empty() {
        return None;
    }
    let kind = format!("Content-Type: application/octet-stream{}", written(kind));
    let disposition = format!("Content-Disposition: attachment{}", written(disposition));
    let header = format!("{kind}\r\n{disposition}\r\n\r\n");
    let parsed = MessageParser::default().parse(header.as_bytes())?;
    let name = parsed.attachment_name()?.trim();
    (!name.is_empty()).then(|| name.to_owned())
}

fn written(pairs: &[Value]) -> String {
    let mut written = String::new();
    for pair in pairs.chunks_exact(2) {
        let [name, value] = pair else { continue };
        let (Some(name), Some(value)) = (name.lower(), value.bytes()) else { continue };
        if !name.starts_with("name") && !name.starts_with("filename") {
            continue;
        }
        let value = String::from_utf8_lossy(value).replace(['\r', '\n', '\0'], " ");
        if name.ends_with('*') {
            let value = value.replace([';', ' ', '"'], "_");
            written.extend(["; ", &name, "=", &value]);
        } else {
            let value = value.replace('\\', "\\\\").replace('"', "\\\"");
            written.extend(["; ", &name, "=\"", &value, "\""]);
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::value::Words;
    use bytes::Bytes;

    fn of(structure: &str) -> Vec<Part> {
        parts(&Words::new(Bytes::from(structure.to_owned())).next().unwrap())
    }

    const ALTERNATIVE: &str = r#"((("text" "plain" ("charset" "utf-8") NIL NIL "quoted-printable" 120 4 NIL NIL NIL NIL)("text" "html" ("charset" "utf-8") NIL NIL "base64" 900 9 NIL NIL NIL NIL) "alternative" ("boundary" "x") NIL NIL NIL)("image" "png" ("name" "logo.png") "<c1>" NIL "base64" 99 NIL ("inline" ("filename" "logo.png")) NIL NIL)("application" "pdf" ("name" "=?utf-8?Q?Angebot_f=C3=BCr_Acme.pdf?=") NIL NIL "base64" 4000 NIL ("attachment" ("filename*0*" "utf-8''Angebot%20f%C3%BCr%20" "filename*1*" "Acme.pdf")) NIL NIL) "mixed" ("boundary" "y") NIL NIL NIL)"#;

    #[test]
    fn text_and_files_are_found_in_a_mixed_mail() {
        let parts = of(ALTERNATIVE);
        let paths: Vec<_> = parts.iter().map(|part| part.path.as_str()).collect();
        assert_eq!(paths, ["1.1", "1.2", "2", "3"]);
        let text = text(&parts).unwrap();
        assert_eq!((text.path.as_str(), text.charset.as_deref()), ("1.1", Some("utf-8")));
        assert_eq!(text.encoding.as_deref(), Some("quoted-printable"));
        assert_eq!(files(&parts), ["Angebot für Acme.pdf"]);
    }

    #[test]
    fn a_mail_of_one_part_is_its_part_1() {
        let parts = of(r#"("TEXT" "HTML" ("CHARSET" "iso-8859-1") NIL NIL "8BIT" 10 1)"#);
        assert_eq!(
            text(&parts).map(|part| (part.path.as_str(), part.kind.as_str())),
            Some(("1", "text/html"))
        );
    }

    #[test]
    fn the_part_for_machines_is_found_in_a_bounce_and_the_returned_mail_is_no_text() {
        let bounce = r#"(("text" "plain" NIL NIL NIL "7bit" 10 1)("message" "delivery-status" NIL NIL NIL "7bit" 300)("message" "rfc822" NIL NIL NIL "7bit" 900 ("date" "s" NIL NIL NIL NIL NIL NIL NIL "<m@x>") ("text" "plain" NIL NIL NIL "7bit" 3 1) 20) "report" ("report-type" "delivery-status"))"#;
        let parts = of(bounce);
        assert_eq!(parts.len(), 3);
        assert_eq!(report(&parts).map(|part| part.path.as_str()), Some("2"));
    }

    #[test]
    fn nil_where_a_string_belongs_costs_nothing_but_that_string() {
        // iCloud and mail.ru answer so; readers that keep to the grammar lose the connection over it.
        let parts = of(
            r#"(("TEXT" "PLAIN" NIL NIL NIL NIL 12 NIL)(NIL NIL NIL NIL NIL "BASE64" 5)("IMAGE" NIL) "MIXED")"#,
        );
        assert_eq!(text(&parts).map(|part| part.path.as_str()), Some("1"));
        assert!(of("NIL").is_empty() && of("()").is_empty() && of("(NIL)").is_empty());
    }
}
