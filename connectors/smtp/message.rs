//! A notification as a mail: the same write gives the same bytes, whenever it is sent.

use connect::{Error, ErrorKind};
use lettre::{
    Address, Message,
    message::{
        Mailbox, MultiPart, SinglePart,
        header::{HeaderName, HeaderValue},
    },
};
use model::{Intent, Timestamp, Write};
use std::time::{Duration, SystemTime};

/// Longest subject, in characters.
const LONGEST_SUBJECT: usize = 200;

/// Whom mails come from.
#[derive(Clone)]
pub(crate) struct Senders {
    from: Mailbox,
    reply_to: Option<Mailbox>,
}

impl Senders {
    /// Reads `address` or `Name <address>`; the error names the option.
    pub fn read(from: &str, reply_to: Option<&str>) -> Result<Self, String> {
        let mailbox = |option: &str, text: &str| {
            let wrong = || format!("options.{option}: {text:?} is neither an address nor `Name <address>`");
            let read: Mailbox = text.parse().map_err(|_| wrong())?;
            let email = address(read.email.as_ref()).ok_or_else(wrong)?;
            Ok::<_, String>(Mailbox { email, ..read })
        };
        let reply_to = reply_to.map(|text| mailbox("reply_to", text)).transpose()?;
        Ok(Self { from: mailbox("from", from)?, reply_to })
    }

    /// The envelope's sender: bounces come back to it.
    pub fn address(&self) -> &Address {
        &self.from.email
    }
}

/// A mail ready to be handed in.
pub(crate) struct Mail {
    pub to: Address,
    /// Its Message-ID with brackets.
    pub id: String,
    pub bytes: Vec<u8>,
}

/// Builds the mail of a `Notify`.
pub(crate) fn build(senders: &Senders, write: &Write) -> Result<Mail, Error> {
    let wrong = |what: String| Error::unsent(ErrorKind::Invalid, what);
    let Intent::Notify { to, subject, text, html, at, insist: _ } = &write.intent else {
        return Err(wrong(format!("{} is no mail", write.intent.kind())));
    };
    let to = address(to).ok_or_else(|| wrong("the recipient's address is none".to_owned()))?;
    let id = format!("<{}@{}>", write.key, senders.from.email.domain());
    let mut builder = Message::builder()
        .message_id(Some(id.clone()))
        .date(date(*at))
        .from(senders.from.clone())
        .to(Mailbox::new(None, to.clone()))
        .subject(one_line(subject));
    if let Some(reply_to) = &senders.reply_to {
        builder = builder.reply_to(reply_to.clone());
    }
    // RFC 3834, and what Exchange understands: no holiday notice comes back, no other machine answers.
    for (name, value) in [
        (HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated"),
        (HeaderName::new_from_ascii_str("X-Auto-Response-Suppress"), "All"),
    ] {
        builder = builder.raw_header(HeaderValue::new(name, value.to_owned()));
    }
    let message = match html {
        None => builder.singlepart(SinglePart::plain(text.trim_end().to_owned())),
        Some(html) => {
            let both = MultiPart::alternative().boundary(format!("={}", write.key));
            builder.multipart(
                both.singlepart(SinglePart::plain(text.trim_end().to_owned()))
                    .singlepart(SinglePart::html(html.clone())),
            )
        }
    };
    let bytes = message.map_err(|error| wrong(format!("it can't be made a mail: {error}")))?.formatted();
    Ok(Mail { to, id, bytes })
}

/// An address as it goes on the wire, its domain in ASCII; `None` where there is none, or one that only servers
/// with SMTPUTF8 could take.
fn address(text: &str) -> Option<Address> {
    let address: Address = text.trim().parse().ok()?;
    let plain = |char: char| char.is_ascii_graphic() && !matches!(char, '<' | '>');
    let domain = match address.domain() {
        literal if literal.starts_with('[') => literal.to_owned(),
        name => url::Host::parse(name).ok()?.to_string(),
    };
    let address = Address::new(address.user(), domain).ok()?;
    address.to_string().chars().all(plain).then_some(address)
}

/// Text of foreign origin stays one line: what would end a header does not get through.
fn one_line(text: &str) -> String {
    let clean: String = text.chars().map(|char| if char.is_control() { ' ' } else { char }).collect();
    let words: Vec<&str> = clean.split_whitespace().collect();
    words.join(" ").chars().take(LONGEST_SUBJECT).collect()
}

fn date(at: Timestamp) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(at.as_millis()).unwrap_or_default())
}

/// The bytes between `DATA` and the final dot: every line ends in CRLF (a bare CR or LF could end the mail early
/// at another server), leading dots are doubled (RFC 5321, 4.5.2).
pub(crate) fn transparent(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + message.len() / 32 + 2);
    let mut rest = message;
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n')).unwrap_or(rest.len());
        let (line, tail) = rest.split_at(end);
        if line.first() == Some(&b'.') {
            out.push(b'.');
        }
        out.extend_from_slice(line);
        out.extend_from_slice(b"\r\n");
        rest = tail.strip_prefix(b"\r\n").or_else(|| tail.get(1..)).unwrap_or_default();
    }
    out
}

#[cfg(test)]
mod tests;
