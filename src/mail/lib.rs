//! Mails read into fields: addresses, conversation, what kind of mail it is, and what its author wrote.
//!
//! Pure, and total: any bytes give fields or a reason. The parsing of RFC 5322 and MIME is mail-parser's; what is
//! ours is the judgement: which date can be believed, who wrote (a person or a machine), which part of a text is new.
#![warn(missing_docs)]

mod automatic;
mod header;
mod html;
mod notice;
mod quote;
mod report;
mod text;

pub use quote::new_text;
pub use text::decode_text;

use header::Header;
use mail_parser::{MessageParser, MimeHeaders, PartType};
use model::{Field, Fields, Value};

/// Longest content kept, in bytes of UTF-8.
pub const CONTENT: usize = 8 * 1024;
/// Most names of attached files kept, and the longest name in characters.
const FILES: (usize, usize) = (50, 200);
/// How much of a body is looked at, in bytes: quotes and signatures may make most of it.
const BODY: usize = 256 * 1024;

/// What is known of a mail besides its header.
#[derive(Clone, Default)]
pub struct Parts<'a> {
    /// Its text (decoded, HTML turned into text: see [`decode_text`]); `None` when it was not fetched.
    pub text: Option<&'a str>,
    /// Names of attached files.
    pub attachments: Vec<String>,
    /// The machine-readable part of a report as it stands in the mail: `message/delivery-status` (RFC 3464),
    /// `message/disposition-notification` (RFC 8098) or `message/feedback-report` (RFC 5965).
    pub report: Option<&'a [u8]>,
}

/// Why a mail gives no fields.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Unreadable {
    /// No bytes, or blank ones only.
    #[error("the mail is empty")]
    Empty,
    /// There is text, and no line of a header in it.
    #[error("the mail has no header")]
    NoHeader,
    /// Offsets into a mail are 32 bits wide.
    #[error("the mail is larger than 4 GiB")]
    TooLarge,
}

/// Fields of a mail from its header section and whatever is known of its body: `Name` (subject), `Sender`,
/// `Recipients`, `MessageId`, `References`, `At`, `Automatic`, `Failed`, and, where they were fetched, `Attachments`
/// and `Content`. `At` is absent when the Date header can't be believed: the caller knows when the mail arrived.
pub fn fields(header: &[u8], parts: &Parts<'_>) -> Result<Fields, Unreadable> {
    let header = checked(header)?;
    let parsed = MessageParser::default().parse_headers(header).ok_or(Unreadable::NoHeader)?;
    let header = Header::new(&parsed).ok_or(Unreadable::NoHeader)?;
    Ok(put_together(&header, parts))
}

/// Fields of a whole mail. A mail that was cut off somewhere in its body gives what there is.
pub fn message(raw: &[u8]) -> Result<Fields, Unreadable> {
    let raw = checked(raw)?;
    let parsed = MessageParser::default().parse(raw).ok_or(Unreadable::NoHeader)?;
    let header = Header::new(&parsed).ok_or(Unreadable::NoHeader)?;
    let text = text::body(&parsed);
    let report = parsed.parts.iter().find(|part| report::is_report(part)).and_then(|part| match &part.body {
        PartType::Text(text) | PartType::Html(text) => Some(text.as_bytes()),
        PartType::Binary(bytes) | PartType::InlineBinary(bytes) => Some(bytes.as_ref()),
        PartType::Message(_) | PartType::Multipart(_) => None,
    });
    let attachments = parsed.attachments().filter(|part| !is_decoration(part)).filter_map(|part| {
        part.attachment_name().map(str::trim).filter(|name| !name.is_empty()).map(String::from)
    });
    let parts = Parts { text: Some(&text), attachments: attachments.collect(), report };
    Ok(put_together(&header, &parts))
}

/// A picture that the HTML shows in place (a logo in a signature) is no attached file.
fn is_decoration(part: &mail_parser::MessagePart<'_>) -> bool {
    let inline = part.content_disposition().is_none_or(|how| how.c_type.eq_ignore_ascii_case("inline"));
    inline && part.content_id().is_some()
}

fn checked(raw: &[u8]) -> Result<&[u8], Unreadable> {
    if raw.len() >= u32::MAX as usize {
        return Err(Unreadable::TooLarge);
    }
    let raw = raw.trim_ascii_start();
    if raw.is_empty() {
        return Err(Unreadable::Empty);
    }
    // The line that separates mails in an mbox is no header.
    let envelope = raw.starts_with(b"From ") || raw.starts_with(b">From ");
    let line = raw.iter().position(|byte| *byte == b'\n').filter(|_| envelope);
    Ok(line.and_then(|end| raw.get(end + 1..)).unwrap_or(raw))
}

fn put_together(header: &Header<'_>, parts: &Parts<'_>) -> Fields {
    let mut fields = Fields::with_capacity(10);
    fields.set(Field::Name, Value::text(header.subject().as_deref()));
    if let Some(at) = header.date() {
        fields.set(Field::At, Value::Time(at));
    }
    let sender = header.sender();
    fields.set(Field::Sender, Value::text(sender.as_deref()));
    fields.set(Field::Recipients, Value::list(header.recipients()));
    fields.set(Field::MessageId, Value::text(header.message_id().as_deref()));
    fields.set(Field::References, Value::list(header.references()));
    let (automatic, failed) = automatic::judge(header, parts);
    fields.set(Field::Automatic, Value::text(automatic.map(automatic::Automatic::name)));
    fields.set(Field::Failed, Value::list(failed));
    if parts.text.is_some() || !parts.attachments.is_empty() {
        let (most, longest) = FILES;
        let names =
            parts.attachments.iter().take(most).map(|name| name.chars().take(longest).collect::<String>());
        fields.set(Field::Attachments, Value::list(names));
    }
    if let Some(text) = parts.text {
        let new = new_text(text::head(text, BODY));
        fields.set(Field::Content, Value::text(Some(text::head(&new, CONTENT))));
    }
    fields
}
