//! The header section, field by field.

use mail_parser::{Addr, Address, DateTime, HeaderName, HeaderValue, Message};
use model::{Timestamp, address};
use std::collections::BTreeSet;

/// Longest subject kept, in characters.
const SUBJECT: usize = 500;
/// Most addresses of recipients kept.
const RECIPIENTS: usize = 500;
/// Most ids of a conversation kept, and the longest id in bytes (RFC 5322: a line has at most 998).
const REFERENCES: (usize, usize) = (50, 998);

/// The header of a mail.
pub(crate) struct Header<'m>(&'m Message<'m>);

impl<'m> Header<'m> {
    /// `None` when the mail has none: no line with a name and a colon.
    pub fn new(message: &'m Message<'m>) -> Option<Self> {
        let named = |header: &mail_parser::Header<'_>| {
            let (start, end) = (header.offset_field as usize, header.offset_start as usize);
            message.raw_message.get(start..end).is_some_and(|name| name.ends_with(b":"))
        };
        message.parts.first().filter(|root| root.headers.iter().any(named)).map(|_| Self(message))
    }

    fn all(&self, name: HeaderName<'static>) -> impl Iterator<Item = &'m HeaderValue<'m>> {
        let root = self.0.parts.first();
        let headers = root.into_iter().flat_map(|root| &root.headers);
        headers.filter(move |header| header.name == name).map(|header| &header.value)
    }

    /// A field's text as sent, unfolded and trimmed; the first of several. `name` in any case.
    pub fn raw(&self, name: &str) -> Option<String> {
        let root = self.0.parts.first()?;
        let header = root.headers.iter().find(|header| header.name().eq_ignore_ascii_case(name))?;
        let (start, end) = (header.offset_start as usize, header.offset_end as usize);
        let text = String::from_utf8_lossy(self.0.raw_message.get(start..end)?);
        Some(text.split_ascii_whitespace().collect::<Vec<_>>().join(" "))
    }

    /// True when the mail has such a field.
    pub fn has(&self, name: &str) -> bool {
        self.0
            .parts
            .first()
            .is_some_and(|root| root.headers.iter().any(|one| one.name().eq_ignore_ascii_case(name)))
    }

    /// Type and subtype of the mail in lower case, and a parameter of it.
    pub fn content_type(&self, parameter: &str) -> (String, Option<String>) {
        let found = self.all(HeaderName::ContentType).find_map(HeaderValue::as_content_type);
        found.map_or_else(Default::default, |found| {
            let subtype = found.c_subtype.as_deref().unwrap_or_default();
            let name = format!("{}/{subtype}", found.c_type).to_lowercase();
            (name, found.attribute(parameter).map(str::to_lowercase))
        })
    }

    /// The subject, decoded, on one line.
    pub fn subject(&self) -> Option<String> {
        let text = self.all(HeaderName::Subject).find_map(HeaderValue::as_text)?;
        Some(text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(SUBJECT).collect())
    }

    /// The author's address: the first of From, else Sender.
    pub fn sender(&self) -> Option<Box<str>> {
        let from = self.all(HeaderName::From).chain(self.all(HeaderName::Sender));
        from.filter_map(HeaderValue::as_address).flat_map(addresses).find_map(address)
    }

    /// The author's display name in lower case.
    pub fn sender_name(&self) -> String {
        let mut from = self.all(HeaderName::From).filter_map(HeaderValue::as_address).flat_map(addresses);
        from.find_map(|one| one.name.as_deref()).unwrap_or_default().to_lowercase()
    }

    /// Addresses of To and Cc, each once, in their order.
    pub fn recipients(&self) -> Vec<Box<str>> {
        let fields = self.all(HeaderName::To).chain(self.all(HeaderName::Cc));
        let found = fields.filter_map(HeaderValue::as_address).flat_map(addresses).filter_map(address);
        let mut seen = BTreeSet::new();
        found.filter(|one| seen.insert(one.clone())).take(RECIPIENTS).collect()
    }

    /// The Message-ID without angle brackets, its case kept; space inside it is none of it (RFC 5322, 4.5.4).
    pub fn message_id(&self) -> Option<Box<str>> {
        let id = texts(self.all(HeaderName::MessageId)).find(|id| id.contains('@') || is_id(id))?;
        let id: String = id.split_whitespace().collect();
        is_id(&id).then(|| id.into())
    }

    /// What the mail answers, oldest first: References, then what In-Reply-To adds. Of very long conversations the
    /// first mail and the newest are kept.
    pub fn references(&self) -> Vec<Box<str>> {
        let (most, _) = REFERENCES;
        let answered = ids(self.all(HeaderName::InReplyTo)).filter(|id| id.contains('@'));
        let own = self.message_id();
        let mut seen = BTreeSet::new();
        let all = ids(self.all(HeaderName::References)).chain(answered);
        let mut found: Vec<Box<str>> =
            all.filter(|id| Some(*id) != own.as_deref() && seen.insert(*id)).map(Box::from).collect();
        if found.len() > most {
            found.drain(1..=found.len() - most);
        }
        found
    }

    /// When it was sent by its own account, if that is a real instant between 1980 and 2100.
    pub fn date(&self) -> Option<Timestamp> {
        instant(self.all(HeaderName::Date).find_map(HeaderValue::as_datetime)?)
    }
}

fn addresses<'m>(value: &'m Address<'m>) -> Box<dyn Iterator<Item = &'m Addr<'m>> + 'm> {
    match value {
        Address::List(list) => Box::new(list.iter()),
        Address::Group(groups) => Box::new(groups.iter().flat_map(|group| &group.addresses)),
    }
}

/// An address in normal form. Where somebody wrote the address as the display name, that one counts.
fn address(one: &Addr<'_>) -> Option<Box<str>> {
    let given = one.address.as_deref().and_then(address::normal);
    given.or_else(|| one.name.as_deref().and_then(address::normal))
}

fn texts<'m>(values: impl Iterator<Item = &'m HeaderValue<'m>>) -> impl Iterator<Item = &'m str> {
    let texts = values.flat_map(|value| match value {
        HeaderValue::Text(text) => std::slice::from_ref(text),
        HeaderValue::TextList(texts) => texts.as_slice(),
        _ => &[],
    });
    texts.map(|text| text.trim().trim_start_matches('<').trim_end_matches('>').trim())
}

fn ids<'m>(values: impl Iterator<Item = &'m HeaderValue<'m>>) -> impl Iterator<Item = &'m str> {
    texts(values).filter(|id| is_id(id))
}

fn is_id(text: &str) -> bool {
    let (_, longest) = REFERENCES;
    !text.is_empty() && text.len() <= longest && !text.contains(|c: char| c.is_whitespace() || c.is_control())
}

fn instant(date: &DateTime) -> Option<Timestamp> {
    let small = |number: u8| i8::try_from(number).ok();
    // A leap second is the second before it.
    let second = small(date.second.min(59)).filter(|_| date.second <= 60)?;
    let (hour, minute) = (small(date.hour)?, small(date.minute)?);
    let year = i16::try_from(date.year).ok().filter(|year| (1980..=2100).contains(year))?;
    let local =
        jiff::civil::DateTime::new(year, small(date.month)?, small(date.day)?, hour, minute, second, 0)
            .ok()?;
    if date.tz_hour > 23 || date.tz_minute > 59 {
        return None;
    }
    let ahead = (i32::from(date.tz_hour) * 60 + i32::from(date.tz_minute)) * 60;
    let zone = jiff::tz::Offset::from_seconds(if date.tz_before_gmt { -ahead } else { ahead }).ok()?;
    zone.to_timestamp(local).ok().map(|at| Timestamp::from_millis(at.as_millisecond()))
}
