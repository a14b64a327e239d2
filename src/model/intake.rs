//! What passes between store and engine when observations are reconciled: the engine asks with [`Key`]s, the
//! store answers with [`Known`], the engine plans an [`Intake`], the store commits it as one transaction.

use crate::{
    ConnectionId, Cursor, Event, ExternalRef, Fields, GoneHow, Id, Kind, Links, PassKind, Receipt, Stream,
    Timestamp, Version, Write, WriteKey, WriteState,
};
use bytes::Bytes;
use std::collections::HashMap;

/// Something the engine wants to know.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Key {
    /// Is this record of a source linked, and what do we know of it? The answer brings the canonical record
    /// and the unsettled writes whose target it is.
    Ref(ExternalRef),
    /// Which canonical records carry this match key?
    Match(MatchKey),
    /// A canonical record.
    Canonical(Id),
    /// The write with this key, in whatever state.
    Marker(WriteKey),
}

/// What identifies a record across sources, besides its external id.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum MatchKey {
    /// A contact's normalised address.
    Email(Box<str>),
    /// A company's registrable domain.
    Domain(Box<str>),
    /// An owner's normalised address.
    OwnerEmail(Box<str>),
    /// A mail's Message-ID: one mail seen in two mailboxes is one record.
    Message(Box<str>),
    /// A meeting's `UID` and, after a blank, its occurrence: one meeting in two calendars is one record.
    Event(Box<str>),
}

impl MatchKey {
    /// Kind of the records that it identifies.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Email(_) => Kind::Contact,
            Self::Domain(_) => Kind::Company,
            Self::OwnerEmail(_) => Kind::Owner,
            Self::Message(_) => Kind::Email,
            Self::Event(_) => Kind::Meeting,
        }
    }
    /// The key's text.
    pub fn text(&self) -> &str {
        match self {
            Self::Email(text)
            | Self::Domain(text)
            | Self::OwnerEmail(text)
            | Self::Message(text)
            | Self::Event(text) => text,
        }
    }
}

/// The store's answers. Absence of a key that was asked for means: not known.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Answers to [`Key::Ref`].
    pub links: HashMap<ExternalRef, Linked>,
    /// Answers to [`Key::Match`], ids in order.
    pub matches: HashMap<MatchKey, Vec<Id>>,
    /// Canonical records of all links and matches above and answers to [`Key::Canonical`].
    pub records: HashMap<Id, Canonical>,
    /// Writes of ours that may explain what was seen, in outbox order.
    pub in_flight: Vec<InFlight>,
}

impl Known {
    /// Adds the answers to further keys; outbox rows are kept once, in their order.
    pub fn absorb(&mut self, more: Self) {
        let Self { links, matches, records, in_flight } = more;
        self.links.extend(links);
        self.matches.extend(matches);
        self.records.extend(records);
        self.in_flight.extend(in_flight);
        self.in_flight.sort_by_key(|one| one.row);
        self.in_flight.dedup_by_key(|one| one.row);
    }
}

/// A source's record that we have seen before.
#[derive(Clone, Debug)]
pub struct Linked {
    /// The canonical record that it belongs to.
    pub record: Id,
    /// The version stored.
    pub version: Version,
    /// Its links as stored.
    pub links: Vec<Links>,
    /// How it went, if it did. A merged reference redirects for good.
    pub gone: Option<GoneHow>,
}

/// A canonical record with what each source says of it.
#[derive(Clone, Debug)]
pub struct Canonical {
    /// Identity.
    pub id: Id,
    /// Kind.
    pub kind: Kind,
    /// The reconciled fields.
    pub fields: Fields,
    /// What each living source says, in order of joining. With one source its values are the canonical ones.
    pub sources: Vec<SourceValues>,
    /// When the deal or lead entered its present stage, when known.
    pub stage_since: Option<Timestamp>,
    /// Set when every source's record is gone.
    pub gone: Option<GoneHow>,
}

/// One source's view of a record.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceValues {
    /// The source's record.
    pub reference: ExternalRef,
    /// When the source changed it.
    pub modified: Timestamp,
    /// Its mapped fields.
    pub fields: Fields,
}

/// An outbox row that is not final, or was done lately: what an observation may echo.
#[derive(Clone, Debug)]
pub struct InFlight {
    /// Outbox row.
    pub row: i64,
    /// The write.
    pub write: Write,
    /// Where it stands.
    pub state: WriteState,
}

/// One page, reconciled: everything that one transaction writes.
#[derive(Clone, Debug, Default)]
pub struct Intake {
    /// Canonical records to insert or replace.
    pub records: Vec<RecordRow>,
    /// Records of sources to insert or replace.
    pub sources: Vec<SourceRow>,
    /// Source records that went.
    pub gone: Vec<(ExternalRef, GoneHow, Timestamp)>,
    /// Source records to link to another canonical record (merges); what was linked to `0` is linked to `1`.
    pub relinks: Vec<(ExternalRef, Id)>,
    /// Census marks: these exist at the source.
    pub exists: Vec<ExternalRef>,
    /// Echoes recognised: outbox rows that are thereby known to be done.
    pub settled: Vec<(i64, Receipt)>,
    /// Domain events, in order.
    pub events: Vec<Event>,
    /// Records that could not be taken.
    pub parked: Vec<Parked>,
    /// Canonical deals and contacts whose progress is to be looked at.
    pub dirty: Vec<Id>,
    /// Cursors after this page, and whether their streams are caught up now. (The end of a full pass removes
    /// its own cursor and sets that of the increments.)
    pub positions: Vec<Position>,
}

/// Where a pass stands after a page.
#[derive(Clone, Debug, PartialEq)]
pub struct Position {
    /// Connection.
    pub connection: ConnectionId,
    /// Stream.
    pub stream: Stream,
    /// Pass.
    pub pass: PassKind,
    /// Cursor to go on from; `None` removes the row (the pass is over).
    pub cursor: Option<Cursor>,
    /// Set when the pass reached its end: the stream is as fresh as this instant.
    pub caught_up: Option<Timestamp>,
    /// The pass proved that it listed everything.
    pub complete: bool,
}

/// A canonical record as it is to be stored.
#[derive(Clone, Debug)]
pub struct RecordRow {
    /// The record; `sources` is stored as provenance only where there are two or more.
    pub record: Canonical,
    /// True on first sight: a plain insert.
    pub new: bool,
    /// All its match keys; `None` leaves them as they are.
    pub match_keys: Option<Vec<MatchKey>>,
}

/// A source's record as it is to be stored.
#[derive(Clone, Debug)]
pub struct SourceRow {
    /// Which.
    pub reference: ExternalRef,
    /// Canonical record.
    pub record: Id,
    /// Version.
    pub version: Version,
    /// Source's modification time.
    pub modified: Timestamp,
    /// The vendor's JSON; `None` leaves what is stored (an observation of links only).
    pub raw: Option<Bytes>,
    /// Link sets to replace, per kind; other kinds stay.
    pub links: Vec<Links>,
    /// True on first sight: a plain insert.
    pub new: bool,
}

/// A record that was put aside.
#[derive(Clone, Debug)]
pub struct Parked {
    /// Connection.
    pub connection: ConnectionId,
    /// Stream.
    pub stream: Stream,
    /// The vendor's id when it could be read.
    pub id: Option<Box<str>>,
    /// What is wrong.
    pub reason: String,
    /// As it came.
    pub raw: Bytes,
}
