//! One record's JSON, read in one pass into fields, without a tree.

use crate::fields::{How, Object};
use crate::text;
use bytes::Bytes;
use model::{
    ConnectionId, Currency, DealOutcome, ExternalRef, Field, Fields, Kind, Links, Money, Observed, Target,
    Timestamp, Value, Version, WriteKey,
};
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::{borrow::Cow, fmt, time::Duration};

/// A record that could be read.
#[derive(Debug)]
pub struct Seen {
    /// As everybody knows it. Its links are those that came with the record.
    pub record: Observed,
    /// Ids that were merged into it.
    pub merged: Vec<Box<str>>,
    /// When it was archived, if it is.
    pub archived: Option<Timestamp>,
    /// Kinds whose links came cut off: there are more than fit into a list answer.
    pub cut: Vec<Kind>,
}

/// A record that could not.
#[derive(Debug)]
pub struct Unread {
    /// Its id, when at least that could be read.
    pub id: Option<Box<str>>,
    /// What is wrong.
    pub reason: String,
    /// As it came.
    pub raw: Bytes,
}

/// Reads records of one object type at one connection.
#[derive(Clone, Copy)]
pub struct Reader<'r> {
    /// Their object type.
    pub object: &'r Object,
    /// Where they are.
    pub connection: &'r ConnectionId,
    /// Links were asked for with the record: what is not said is not linked.
    pub linked: bool,
}

impl Reader<'_> {
    /// Reads one record of an answer; `page` is the answer that `raw` is a slice of.
    pub fn read(&self, page: &Bytes, raw: &RawValue) -> Result<Seen, Unread> {
        let raw_bytes = page.slice_ref(raw.get().as_bytes());
        let mut draft = Draft::new(self);
        let mut json = serde_json::Deserializer::from_str(raw.get());
        let read = RecordSeed(&mut draft).deserialize(&mut json).map_err(|error| error.to_string());
        match read.and_then(|()| draft.check()) {
            Ok((id, modified)) => Ok(draft.finish(id, modified, raw_bytes)),
            Err(reason) => Err(Unread { id: draft.id.take(), reason, raw: raw_bytes }),
        }
    }
}

/// A record while it is read.
struct Draft<'r> {
    reader: &'r Reader<'r>,
    fields: Fields,
    id: Option<Box<str>>,
    modified: Option<Timestamp>,
    created: Option<Timestamp>,
    archived: bool,
    archived_at: Option<Timestamp>,
    links: Vec<Links>,
    cut: Vec<Kind>,
    merged: Vec<Box<str>>,
    key: Option<WriteKey>,
    amount: Option<Box<str>>,
    currency: Option<Currency>,
    pipeline: Option<Box<str>>,
    stage: Option<Box<str>>,
    closed: Option<bool>,
    won: Option<bool>,
    name: [Option<Box<str>>; 2],
    duration: Option<i64>,
}

impl<'r> Draft<'r> {
    fn new(reader: &'r Reader<'r>) -> Self {
        let links = if reader.linked { reader.object.links } else { &[] };
        Self {
            reader,
            fields: Fields::with_capacity(16),
            id: None,
            modified: None,
            created: None,
            archived: false,
            archived_at: None,
            links: links.iter().map(|to| Links { to: *to, targets: Vec::new() }).collect(),
            cut: Vec::new(),
            merged: Vec::new(),
            key: None,
            amount: None,
            currency: None,
            pipeline: None,
            stage: None,
            closed: None,
            won: None,
            name: [None, None],
            duration: None,
        }
    }

    fn check(&self) -> Result<(Box<str>, Timestamp), String> {
        let id = self.id.clone().ok_or("it has no id")?;
        let modified = self.modified.ok_or("it has no modification date")?;
        Ok((id, modified))
    }

    /// Takes one property; `None` is JSON's null, which means empty, as an empty text does.
    fn property(&mut self, how: How, value: Option<&str>) {
        let value = value.filter(|text| !text.is_empty());
        match how {
            How::Text(field) => {
                self.fields.set(field, Value::text(value));
            }
            How::Ref(field) => {
                self.fields.set(field, value.map_or(Value::Empty, |id| Value::Ref(id.into())));
            }
            How::Rich(field) => self.rich(field, value),
            How::Time(field) => self.typed(field, value, |text| instant(text).map(Value::Time)),
            How::Int(field) => self.typed(field, value, |text| whole(text).map(Value::Int)),
            How::Amount => self.amount = Some(value.unwrap_or_default().into()),
            How::Currency => self.currency = value.and_then(|code| code.parse().ok()),
            How::Pipeline => self.pipeline = value.map(Into::into),
            How::DealStage => self.stage = Some(value.unwrap_or_default().into()),
            How::Closed => self.closed = value.and_then(flag),
            How::ClosedWon => self.won = value.and_then(flag),
            How::First => self.part(0, Field::FirstName, value),
            How::Last => self.part(1, Field::LastName, value),
            How::Status => {
                self.fields.set(Field::Done, Value::Bool(value == Some("COMPLETED")));
            }
            How::Duration => self.duration = value.and_then(whole),
            How::Merged => {
                // Some lists carry a time behind each id: `123:1700000000000`.
                let ids = value.into_iter().flat_map(|list| list.split(';'));
                let ids = ids.filter_map(|part| part.split(':').next()).map(str::trim);
                self.merged.extend(ids.filter(|id| !id.is_empty()).map(Into::into));
            }
            How::Modified => self.modified = self.modified.or_else(|| value.and_then(instant)),
            How::Key => self.key = value.and_then(|key| key.parse().ok()).or(self.key),
            How::Kept => {}
        }
    }

    /// A value that isn't what its type says is no news of the field: it neither stops the stream nor empties it.
    fn typed(&mut self, field: Field, value: Option<&str>, read: impl Fn(&str) -> Option<Value>) {
        let value = value.map_or(Some(Value::Empty), read);
        if let Some(value) = value {
            self.fields.set(field, value);
        }
    }

    fn rich(&mut self, field: Field, value: Option<&str>) {
        let (key, body) = text::body(value.unwrap_or_default());
        self.key = self.key.or(key);
        self.fields.set(field, Value::text(Some(&body)));
    }

    fn part(&mut self, at: usize, field: Field, value: Option<&str>) {
        if let Some(slot) = self.name.get_mut(at) {
            *slot = Some(value.unwrap_or_default().trim().into());
        }
        self.fields.set(field, Value::text(value));
    }

    fn finish(mut self, id: Box<str>, modified: Timestamp, raw: Bytes) -> Seen {
        self.compose();
        if let Some(created) = self.created {
            self.fields.set(Field::CreatedAt, Value::Time(created));
        }
        for links in &mut self.links {
            tidy(&mut links.targets);
        }
        self.merged.sort();
        self.merged.dedup();
        self.merged.retain(|one| *one != id);
        let record = Observed {
            reference: ExternalRef::new(self.reader.connection, self.reader.object.kind, id),
            version: Version::At(modified),
            modified,
            marker: self.key,
            fields: self.fields,
            links: self.links,
            raw,
        };
        let archived = self.archived.then(|| self.archived_at.unwrap_or(modified));
        Seen { record, merged: self.merged, archived, cut: self.cut }
    }

    /// Fields that need several properties.
    fn compose(&mut self) {
        if let Some(amount) = &self.amount {
            let value = if amount.is_empty() {
                Some(Value::Empty)
            } else {
                Money::parse(amount, self.currency).map(Value::Money)
            };
            if let Some(value) = value {
                self.fields.set(Field::Amount, value);
            }
        }
        if let Some(stage) = &self.stage {
            let pipeline = self.pipeline.as_deref().unwrap_or_default();
            let value =
                if stage.is_empty() { Value::Empty } else { Value::Text(source_stage(pipeline, stage)) };
            self.fields.set(Field::SourceStage, value);
        }
        let outcome = match (self.closed, self.won) {
            (_, Some(true)) => Some(DealOutcome::Won),
            (Some(true), _) => Some(DealOutcome::Lost),
            (Some(false), _) => Some(DealOutcome::Open),
            (None, _) => None,
        };
        if let Some(outcome) = outcome {
            self.fields.set(Field::Outcome, Value::Outcome(outcome));
        }
        if let [Some(first), Some(last)] = &self.name {
            let gap = if first.is_empty() || last.is_empty() { "" } else { " " };
            let name = [&**first, gap, &**last].concat();
            self.fields.set(Field::Name, Value::text(Some(&name)));
        }
        if let (Some(at), Some(duration)) = (self.fields.time(Field::At), self.duration) {
            let end = at + Duration::from_millis(u64::try_from(duration).unwrap_or_default());
            self.fields.set(Field::EndAt, Value::Time(end));
        }
    }

    fn link(&mut self, to: Kind, id: Box<str>, primary: bool) {
        if let Some(links) = self.links.iter_mut().find(|links| links.to == to) {
            links.targets.push(Target { id, primary });
        }
    }
}

/// Sorts by id; the same record comes once per type of association, and primary wins.
pub fn tidy(targets: &mut Vec<Target>) {
    targets.sort_by(|a, b| (&a.id, b.primary).cmp(&(&b.id, a.primary)));
    targets.dedup_by(|later, first| later.id == first.id);
}

/// `pipeline/stage`, as our field holds it.
pub fn source_stage(pipeline: &str, stage: &str) -> Box<str> {
    [pipeline, "/", stage].concat().into()
}

/// An instant in the three forms that HubSpot uses; a plain day is its UTC midnight.
pub fn instant(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if text.len() == 10 && text.as_bytes().get(4) == Some(&b'-') {
        return Timestamp::parse(&format!("{text}T00:00:00Z")).ok();
    }
    if text.contains('-') && text.contains(':') {
        return Timestamp::parse(text).ok();
    }
    whole(text).map(Timestamp::from_millis)
}

/// A whole number; HubSpot writes some as `12.0` or `1.7E12`.
fn whole(text: &str) -> Option<i64> {
    text.trim().parse().ok().or_else(|| Money::parse(text, "JPY".parse().ok()).map(|m| m.minor))
}

fn flag(text: &str) -> Option<bool> {
    match text {
        "true" | "True" => Some(true),
        "false" | "False" => Some(false),
        _ => None,
    }
}

struct RecordSeed<'d, 'r>(&'d mut Draft<'r>);

impl<'de> DeserializeSeed<'de> for RecordSeed<'_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for RecordSeed<'_, '_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let draft = self.0;
        while let Some(key) = map.next_key::<Text<'de>>()? {
            match &*key.0 {
                "id" => draft.id = map.next_value::<Text<'de>>()?.filled().map(Into::into),
                "properties" => map.next_value_seed(Properties(draft))?,
                "createdAt" => draft.created = map.next_value::<Text<'de>>()?.time()?,
                "updatedAt" => draft.modified = map.next_value::<Text<'de>>()?.time()?.or(draft.modified),
                "archived" => draft.archived = map.next_value()?,
                "archivedAt" => draft.archived_at = map.next_value::<Text<'de>>()?.time()?,
                "associations" => map.next_value_seed(Associations(draft))?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

struct Properties<'d, 'r>(&'d mut Draft<'r>);

impl<'de> DeserializeSeed<'de> for Properties<'_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Properties<'_, '_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("properties")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut at = 0;
        while let Some(key) = map.next_key::<Text<'de>>()? {
            match self.0.reader.object.how_next(&mut at, &key.0) {
                None | Some(How::Kept) => {
                    map.next_value::<IgnoredAny>()?;
                }
                Some(how) => {
                    let value = map.next_value::<Text<'de>>()?;
                    self.0.property(how, value.filled());
                }
            }
        }
        Ok(())
    }
}

/// `{companies: {results: [{id, type}], paging?}}`
struct Associations<'d, 'r>(&'d mut Draft<'r>);

impl<'de> DeserializeSeed<'de> for Associations<'_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Associations<'_, '_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("associations")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<Text<'de>>()? {
            let part: Inline<'de> = map.next_value()?;
            let Ok(to) = key.0.parse::<Kind>() else { continue };
            if part.paging.is_some() {
                self.0.cut.push(to);
            }
            for one in part.results {
                let primary =
                    has_primary(self.0.reader.object.kind, to) && !one.r#type.0.ends_with("_unlabeled");
                let id = one.id.filled().ok_or_else(|| A::Error::custom("an association has no id"))?;
                self.0.link(to, id.into(), primary);
            }
        }
        Ok(())
    }
}

/// Only these pairs have a primary type beside the unlabelled one.
pub fn has_primary(from: Kind, to: Kind) -> bool {
    to == Kind::Company && matches!(from, Kind::Contact | Kind::Deal)
}

#[derive(serde::Deserialize)]
struct Inline<'a> {
    #[serde(borrow, default)]
    results: Vec<InlineOne<'a>>,
    paging: Option<IgnoredAny>,
}

#[derive(serde::Deserialize)]
struct InlineOne<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow, default)]
    r#type: Text<'a>,
}

/// Text that is borrowed where it has no escapes. Numbers and flags are taken for their text, null, lists and
/// objects for none: a value of the wrong type must not stop the stream.
#[derive(Default)]
pub struct Text<'a>(pub Cow<'a, str>);

impl Text<'_> {
    /// The text; `None` when empty.
    pub fn filled(&self) -> Option<&str> {
        Some(&*self.0).filter(|text| !text.is_empty())
    }
    fn time<E: serde::de::Error>(&self) -> Result<Option<Timestamp>, E> {
        let Some(text) = self.filled() else { return Ok(None) };
        instant(text).map(Some).ok_or_else(|| E::custom(format!("{text:?} is no instant")))
    }
}

impl<'de: 'a, 'a> serde::Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(TextVisitor).map(Text)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Cow<'de, str>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text")
    }
    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }
    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
    fn visit_bool<E>(self, yes: bool) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(if yes { "true" } else { "false" }))
    }
    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Cow::Owned(number.to_string()))
    }
    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Cow::Owned(number.to_string()))
    }
    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Cow::Owned(number.to_string()))
    }
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(""))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Cow::Borrowed(""))
    }
    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Cow::Borrowed(""))
    }
}

#[cfg(test)]
mod tests;
