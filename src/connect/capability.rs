//! What a kind of connector can do, and what one account grants.

use crate::http::limit::{Bucket, HeaderNames};
use model::{Stream, Timestamp, WriteKind};
use serde::Serialize;

/// What a kind of connector is.
#[derive(Clone, Debug, Default)]
pub struct Descriptor {
    /// Vendor's name as configuration spells it (`hubspot`).
    pub vendor: &'static str,
    /// What it can do.
    pub capabilities: Capabilities,
    /// The vendor's published limits, before any header has spoken.
    pub limits: Vec<Bucket>,
    /// How the vendor's headers speak of its limits; empty where they don't.
    pub headers: HeaderNames,
    /// How long after it happened a write may stay invisible to a consistent read.
    pub visibility_lag: std::time::Duration,
}

/// What a kind of connector can do.
#[derive(Clone, Debug, Default)]
pub struct Capabilities {
    /// Streams that can be read, and how deletions are learnt.
    pub reads: Vec<(Stream, Deletes)>,
    /// Writes that can be done, and how each avoids being done twice.
    pub writes: Vec<(WriteKind, Dedupe)>,
}

/// How a write avoids being done twice.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Dedupe {
    /// The operation is idempotent by itself (sets a value).
    Idempotent,
    /// The vendor takes our key and refuses a second one.
    NativeKey,
    /// The vendor upserts by an external id of ours.
    UpsertByExternalId,
    /// A marker in the record, looked for after a lost answer.
    MarkerSearch,
    /// Sent at most once; after a lost answer nobody can find out.
    AtMostOnce,
}

/// How deletions of a stream are learnt.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Deletes {
    /// The increments report them.
    Reported,
    /// Only a census finds them.
    BySweep,
    /// Records of this stream are never deleted, or nobody can know.
    Unknown,
}

/// Who we are at a connection and what is granted there.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Account {
    /// The account's own name or id for people (`HubSpot portal 123`).
    pub name: String,
    /// IANA zone of the account, when it says.
    pub zone: Option<String>,
    /// The account's currency, when it says.
    pub currency: Option<model::Currency>,
    /// One line per stream and write kind.
    pub grants: Vec<Grant>,
    /// Requests left today, and of how many, when it says.
    pub budget: Option<(u64, u64)>,
    /// Records per stream, when the vendor tells cheaply: what a backfill has to read.
    pub sizes: Vec<(Stream, u64)>,
    /// Its clock, for skew.
    pub clock: Option<Timestamp>,
}

/// Whether something is granted.
#[derive(Clone, Debug, Serialize)]
pub struct Grant {
    /// `read deals`, `write tasks`.
    pub what: String,
    /// The stream that is read, when it is about reading.
    pub stream: Option<Stream>,
    /// Granted?
    pub granted: bool,
    /// What is missing (the vendor's scope names) and what to do.
    pub missing: Option<String>,
}
