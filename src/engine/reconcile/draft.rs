//! What a batch makes of the records that it touches, before it becomes a plan.

use super::normal::same;
use bytes::Bytes;
use model::{
    Canonical, ConnectionId, EventKind, ExternalRef, Field, Fields, GoneHow, Id, Kind, Linked, Links,
    Timestamp, Value, Version,
};
use std::borrow::Cow;

/// A canonical record at work.
#[derive(Debug)]
pub(super) struct Draft<'k> {
    pub id: Id,
    pub kind: Kind,
    /// As it was; `None` when it is new.
    pub before: Option<&'k Canonical>,
    /// The living sources, in order of joining.
    pub sources: Vec<Source<'k>>,
    /// The last source, when none lives any more.
    pub last: Option<Source<'k>>,
    /// How the last source went.
    pub gone: Option<GoneHow>,
    /// A value or the set of sources may differ from before.
    pub touched: bool,
    /// A link differs.
    pub relinked: bool,
    /// Made by a write of ours: its first sight is no news.
    pub ours: bool,
    /// Values that writes of ours put there.
    pub echoed: Vec<(Field, Value)>,
    /// News other than of fields, with who brought it.
    pub news: Vec<(EventKind, ConnectionId)>,
    /// News of links.
    pub link_news: Vec<(EventKind, ConnectionId)>,
    /// Who said the last word: a connection, or by the same type the name of a person or of the engine.
    pub by: ConnectionId,
}

/// What a living source says of a draft.
#[derive(Clone, Debug)]
pub(super) struct Source<'k> {
    pub reference: ExternalRef,
    pub modified: Timestamp,
    pub fields: Cow<'k, Fields>,
}

impl<'k> Draft<'k> {
    pub fn new(id: Id, kind: Kind, before: Option<&'k Canonical>, by: ConnectionId) -> Self {
        let sources =
            before.map_or_else(Vec::new, |before| before.sources.iter().map(Source::known).collect());
        Self {
            id,
            kind,
            before,
            sources,
            last: None,
            gone: None,
            touched: false,
            relinked: false,
            ours: false,
            echoed: Vec::new(),
            news: Vec::new(),
            link_news: Vec::new(),
            by,
        }
    }

    pub fn source(&mut self, reference: &ExternalRef) -> Option<&mut Source<'k>> {
        self.sources.iter_mut().find(|source| source.reference == *reference)
    }

    /// A record of this connection belongs to it.
    pub fn has(&self, connection: &ConnectionId) -> bool {
        self.sources.iter().any(|source| source.reference.connection == *connection)
    }

    /// It left every source.
    pub fn is_gone(&self) -> bool {
        self.sources.is_empty() && (self.gone.is_some() || self.before.is_some_and(|b| b.gone.is_some()))
    }

    /// How it left every source, if it did.
    pub fn how_gone(&self) -> Option<&GoneHow> {
        if !self.sources.is_empty() {
            return None;
        }
        self.gone.as_ref().or_else(|| self.before.and_then(|before| before.gone.as_ref()))
    }

    /// What some source says or said of it.
    pub fn said(&self) -> Option<&Fields> {
        let living = self.sources.first().or(self.last.as_ref()).map(|source| &*source.fields);
        living.or_else(|| self.before.map(|before| &before.fields))
    }

    /// Takes a source away; its values stay when it was the last.
    pub fn remove(&mut self, reference: &ExternalRef) -> Option<Source<'k>> {
        let at = self.sources.iter().position(|source| source.reference == *reference)?;
        let source = self.sources.remove(at);
        if self.sources.is_empty() {
            self.last = Some(source.clone());
        }
        self.touched = true;
        Some(source)
    }
}

impl<'k> Source<'k> {
    pub fn known(said: &'k model::SourceValues) -> Self {
        Self {
            reference: said.reference.clone(),
            modified: said.modified,
            fields: Cow::Borrowed(&said.fields),
        }
    }

    /// The given fields whose value differs from what this source said last.
    pub fn news<'f>(&self, seen: &'f Fields) -> Vec<(Field, &'f Value)> {
        seen.iter().filter(|(field, value)| !same(self.fields.get(*field), Some(value))).collect()
    }

    /// Takes newer values; what they do not speak of stays.
    pub fn overlay(&mut self, mut newer: Fields) {
        for (field, value) in self.fields.iter() {
            if newer.get(field).is_none() {
                newer.set(field, value.clone());
            }
        }
        self.fields = Cow::Owned(newer);
    }
}

/// A source's record at work.
#[derive(Debug)]
pub(super) struct Seat<'k> {
    pub reference: ExternalRef,
    /// Its draft.
    pub draft: usize,
    /// As it was; `None` when it is new.
    pub known: Option<&'k Linked>,
    pub version: Version,
    pub modified: Timestamp,
    pub raw: Option<Bytes>,
    /// Link sets that differ from before.
    pub links: Vec<Links>,
    /// How it stands now.
    pub gone: Option<GoneHow>,
    /// When it went, if it went in this batch.
    pub went: Option<Timestamp>,
    /// It is to be stored.
    pub stored: bool,
    /// It moved to this draft.
    pub moved: bool,
}

impl Seat<'_> {
    /// The links to a kind as they stand now.
    pub fn links_to(&self, to: Kind) -> Option<&Links> {
        let known = self.known.map_or(&[][..], |known| &known.links);
        self.links.iter().chain(known).find(|set| set.to == to)
    }
}
