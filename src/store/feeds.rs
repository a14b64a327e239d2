//! What comes in: cursors, records, census marks, parked records, freshness.

use crate::{Error, Held};
use async_trait::async_trait;
use model::{ConnectionId, Cursor, ExternalRef, Intake, Key, Known, PassKind, Stream, Timestamp};

/// The way in.
#[async_trait]
pub trait Feeds: Send + Sync {
    /// Where a pass of a stream stopped; `None` when it never began or is over.
    async fn cursor(
        &self,
        connection: &ConnectionId,
        stream: Stream,
        pass: PassKind,
    ) -> Result<Option<Cursor>, Error>;
    /// Answers all keys, one query per kind of key.
    async fn known(&self, keys: &[Key]) -> Result<Known, Error>;
    /// Commits one page (or several joined into one): records, links, events, settled echoes, parked records,
    /// dirty marks, cursor and freshness, all or nothing.
    async fn commit_page(&self, held: &Held, page: Intake, now: Timestamp) -> Result<(), Error>;
    /// Forgets old marks and begins a census of a stream; `Intake::exists` marks from then on.
    async fn begin_census(
        &self,
        held: &Held,
        connection: &ConnectionId,
        stream: Stream,
        now: Timestamp,
    ) -> Result<(), Error>;
    /// How the census stands: what we know of as living and first saw before it began, and what of that is
    /// unmarked (at most `most` listed).
    async fn census(
        &self,
        connection: &ConnectionId,
        stream: Stream,
        most: usize,
    ) -> Result<Option<Census>, Error>;
    /// Freshness of every stream that was ever polled, by connection and stream.
    async fn freshness(&self) -> Result<Vec<Freshness>, Error>;
    /// Notes that polling a stream failed (or, with `None`, works again): shown by status, cleared by a
    /// committed page.
    async fn note_trouble(
        &self,
        held: &Held,
        connection: &ConnectionId,
        stream: Stream,
        trouble: Option<&str>,
        now: Timestamp,
    ) -> Result<(), Error>;
    /// Parked records, newest first.
    async fn parked(&self, most: usize) -> Result<Vec<ParkedRow>, Error>;
    /// Asks for parked records to be read again: they wait in `These` until the next poll of their stream
    /// takes them. Returns how many.
    async fn retry_parked(&self, rows: &[i64]) -> Result<u64, Error>;
    /// Vendor ids of parked records waiting to be read again, at most `most`; a committed page that contains
    /// one removes it from the parked.
    async fn to_reread(
        &self,
        connection: &ConnectionId,
        stream: Stream,
        most: usize,
    ) -> Result<Vec<Box<str>>, Error>;
}

/// How a census stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Census {
    /// When it began.
    pub began: Timestamp,
    /// Records first seen before it began and not gone.
    pub alive: u64,
    /// How many of those are unmarked.
    pub absent: u64,
    /// The unmarked ones, at most as many as asked for.
    pub missing: Vec<ExternalRef>,
    /// Marked ids that we have no record of: the gap.
    pub unknown: Vec<ExternalRef>,
}

/// How fresh a stream is.
#[derive(Clone, Debug, PartialEq)]
pub struct Freshness {
    /// Connection.
    pub connection: ConnectionId,
    /// Stream.
    pub stream: Stream,
    /// The model shows this stream as of this instant; `None` before the first catch-up.
    pub as_of: Option<Timestamp>,
    /// When the first backfill ended.
    pub first_caught_up: Option<Timestamp>,
    /// Living records.
    pub records: u64,
    /// Records that the last census found and we lacked.
    pub gap: Option<u64>,
    /// Last time a page was committed.
    pub last_page: Option<Timestamp>,
    /// What is wrong, with the time it began.
    pub trouble: Option<(String, Timestamp)>,
}

/// A record that was put aside.
#[derive(Clone, Debug)]
pub struct ParkedRow {
    /// Row.
    pub row: i64,
    /// Connection.
    pub connection: ConnectionId,
    /// Stream.
    pub stream: Stream,
    /// Vendor's id when known.
    pub id: Option<Box<str>>,
    /// What is wrong.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
    /// As it came.
    pub raw: bytes::Bytes,
    /// Waits to be read again.
    pub retrying: bool,
}
