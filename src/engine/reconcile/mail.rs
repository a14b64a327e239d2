//! Mails and meetings in our form, and only that of them which may be kept.

use super::MailPolicy;
use crate::signals::Phrases;
use bytes::Bytes;
use model::{Field, Fields, Kind, Observed, Value};
use std::collections::HashSet;

/// Kind of what a service for signatures writes (`Field::Automatic`).
const NOTICE: &str = "notice";
/// Addresses taken from the text of such a notice.
const MOST_NAMED: usize = 20;
/// Characters kept of a text where bodies are not.
const SNIPPET: usize = 200;
/// Copies of one mail differ by no more than this; the same Message-ID on another day is another mail.
const ONE_MAIL: std::time::Duration = std::time::Duration::from_hours(24);

/// Brings a mail or meeting into our form: addresses and ids normalised, its content replaced by the phrases found
/// in it, its text cut. False when nothing of it may be stored. What is neither only loses its content.
pub(super) fn observation(seen: &mut Observed, policy: &MailPolicy) -> bool {
    let content = seen.fields.remove(Field::Content);
    if !matches!(seen.reference.kind, Kind::Email | Kind::Meeting) || seen.fields.is_empty() {
        return true;
    }
    let fields = &mut seen.fields;
    addresses(fields);
    if let Some(phrases) = policy.phrases.as_deref() {
        notice(fields, phrases, content.as_ref().and_then(Value::as_text));
    }
    if !policy.ignore.is_empty() && !without_ignored(fields, policy) {
        return false;
    }
    ids(fields);
    if let Some(thread) = fields.text(Field::Thread) {
        // Two mailboxes may use the same id for different conversations.
        let thread = format!("{}/{thread}", seen.reference.connection);
        fields.set(Field::Thread, Value::text(Some(&thread)));
    }
    if let Some(content) = content {
        let found = policy.phrases.as_ref().zip(content.as_text());
        let found = found.map_or_else(Vec::new, |(phrases, text)| phrases_in(fields, phrases, text));
        fields.set(Field::Phrases, Value::list(found));
    }
    if !policy.bodies {
        snippet(fields);
        seen.raw = Bytes::new();
    }
    true
}

/// What a service for signatures writes is neither a letter nor a newsletter. Where it says that everybody has
/// signed, whom its text names took part.
fn notice(fields: &mut Fields, phrases: &Phrases, content: Option<&str>) {
    let sender = fields.text(Field::Sender).unwrap_or_default();
    if !phrases.is_notary(sender) {
        return;
    }
    let hits = content.map(|text| phrases.find_in_notice(sender, text));
    fields.set(Field::Automatic, Value::Text(NOTICE.into()));
    let Some((text, hits)) = content.zip(hits) else {
        // A later look without the text leaves those whom it named.
        fields.remove(Field::Recipients);
        return;
    };
    if hits.is_empty() {
        return;
    }
    let words =
        text.split(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '(' | ')' | ',' | ';' | '"'));
    let named = words.filter(|word| word.contains('@')).map(|word| word.trim_matches(['.', ':', '\'']));
    let named = named.filter_map(model::address::normal).filter(|address| !phrases.is_notary(address));
    let mut all: Vec<Box<str>> = fields.list(Field::Recipients).to_vec();
    for address in named.take(MOST_NAMED) {
        if !all.contains(&address) {
            all.push(address);
        }
    }
    fields.set(Field::Recipients, Value::list(all));
}

/// `signal=phrase` of what is found. What a program wrote is nobody's word, apart from notices that are known.
fn phrases_in(fields: &Fields, phrases: &Phrases, content: &str) -> Vec<String> {
    let hits = if fields.text(Field::Automatic).unwrap_or_default().is_empty() {
        phrases.find(content)
    } else {
        phrases.find_in_notice(fields.text(Field::Sender).unwrap_or_default(), content)
    };
    hits.into_iter().map(|hit| format!("{}={}", hit.signal, hit.phrase)).collect()
}

fn addresses(fields: &mut Fields) {
    if let Some(sender) = fields.text(Field::Sender) {
        let clean = address(sender);
        fields.set(Field::Sender, Value::text(clean.as_deref()));
    }
    for field in [Field::Recipients, Field::Failed, Field::Accepted, Field::Declined] {
        list(fields, field, address);
    }
}

fn ids(fields: &mut Fields) {
    list(fields, Field::References, |id| message_id(id).map(Box::from));
    for field in [Field::MessageId, Field::Uid, Field::Occurrence] {
        if let Some(id) = fields.text(field) {
            let clean: Option<Box<str>> = message_id(id).map(Box::from);
            fields.set(field, Value::text(clean.as_deref()));
        }
    }
}

/// Brings each text of a list into its form; each is kept once, in the order of first mention.
fn list(fields: &mut Fields, field: Field, form: impl Fn(&str) -> Option<Box<str>>) {
    if fields.list(field).is_empty() {
        return;
    }
    let mut known = HashSet::new();
    let clean = fields.list(field).iter().filter_map(|text| form(text));
    let clean: Vec<_> = clean.filter(|text| known.insert(text.clone())).collect();
    fields.set(field, Value::list(clean));
}

/// `Ann <Ann@Acme.com>` and `mailto:ann@acme.com` as `ann@acme.com`.
fn address(text: &str) -> Option<Box<str>> {
    model::address::normal(
        text.rsplit_once('<').map_or(text, |(_, rest)| rest.split('>').next().unwrap_or(rest)),
    )
}

/// Without the angle brackets that some sources leave on.
fn message_id(text: &str) -> Option<&str> {
    let text = text.trim();
    let text = text.strip_prefix('<').unwrap_or(text);
    let text = text.strip_suffix('>').unwrap_or(text).trim();
    (!text.is_empty()).then_some(text)
}

/// Takes ignored addresses out. False when none but ignored people and we ourselves are left: their author is
/// ignored, or everybody else who took part.
fn without_ignored(fields: &mut Fields, policy: &MailPolicy) -> bool {
    let ignored = |address: &str| {
        policy.ignore.contains(address)
            || crate::relate::domains(address).any(|domain| policy.ignore.contains(domain))
    };
    if fields.text(Field::Sender).is_some_and(ignored) {
        return false;
    }
    let all =
        || fields.text(Field::Sender).into_iter().chain(fields.list(Field::Recipients).iter().map(|a| &**a));
    let others = || all().filter(|address| !policy.ours.has(address));
    if others().any(ignored) && others().all(ignored) {
        return false;
    }
    for field in [Field::Recipients, Field::Failed, Field::Accepted, Field::Declined] {
        list(fields, field, |address| (!ignored(address)).then(|| address.into()));
    }
    true
}

fn snippet(fields: &mut Fields) {
    let cut = fields.text(Field::Body).and_then(|body| {
        let (end, _) = body.char_indices().nth(SNIPPET)?;
        body.get(..end).map(str::to_owned)
    });
    if let Some(cut) = cut {
        fields.set(Field::Body, Value::text(Some(&cut)));
    }
}

/// Two mails with one Message-ID are one unless another wrote it or it was written on another day: some programs
/// use an id twice. Meetings have no such doubt.
pub(super) fn is_same(one: &Fields, other: &Fields) -> bool {
    if one.text(Field::Uid).or(other.text(Field::Uid)).is_some() {
        return true;
    }
    let senders = one.text(Field::Sender).zip(other.text(Field::Sender));
    let times = one.time(Field::At).zip(other.time(Field::At));
    senders.is_none_or(|(one, other)| one == other)
        && times.is_none_or(|(one, other)| one.since(other).max(other.since(one)) <= ONE_MAIL)
}
