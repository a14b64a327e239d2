//! What a connector saw.

use crate::{ExternalRef, Fields, Links, Timestamp, WriteKey};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// One thing seen at a source.
#[derive(Clone, Debug)]
pub enum Change {
    /// The record as it is now.
    Seen(Observed),
    /// The record is no longer there.
    Gone(Gone),
    /// Seen in a census: it exists; nothing else is said.
    Exists(ExternalRef),
    /// It could not be understood; it is parked with this reason and the stream goes on.
    Unreadable {
        /// The record, when at least its id could be read.
        reference: Option<ExternalRef>,
        /// What is wrong, where in the record.
        reason: String,
        /// As it came, secrets redacted.
        raw: Bytes,
    },
}

/// Which version of a record was seen; only equality counts.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Version {
    /// The source's modification time.
    At(Timestamp),
    /// An entity tag, a sequence number.
    Tag(Box<str>),
}

/// A record as one source has it now.
#[derive(Clone)]
pub struct Observed {
    /// The record.
    pub reference: ExternalRef,
    /// Its version.
    pub version: Version,
    /// When the source last changed it (source clock).
    pub modified: Timestamp,
    /// The key of the write of ours that made it, if it carries one.
    pub marker: Option<WriteKey>,
    /// Mapped fields that this answer speaks of.
    pub fields: Fields,
    /// Links that this answer speaks of, a complete set per kind; a kind that is absent was not asked for.
    pub links: Vec<Links>,
    /// The vendor's JSON as it came; empty when the answer held only links.
    pub raw: Bytes,
}

impl std::fmt::Debug for Observed {
    // Names and sizes only: the fields are customers' data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Observed")
            .field("reference", &self.reference)
            .field("version", &self.version)
            .field("fields", &self.fields.len())
            .field("raw_bytes", &self.raw.len())
            .finish_non_exhaustive()
    }
}

/// A record that left its source.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Gone {
    /// Which.
    pub reference: ExternalRef,
    /// How we know.
    pub how: GoneHow,
    /// When, by the source if it says, else when we saw it.
    pub at: Timestamp,
}

/// How a record went, told apart because each means something else to the user.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GoneHow {
    /// The source lists it as archived; it can come back.
    Archived,
    /// The source says it is deleted.
    Deleted,
    /// Merged into another record of the same source, whose id redirects for good.
    Merged {
        /// The survivor's id.
        into: Box<str>,
    },
    /// Absent from a listing that proved complete.
    Absent,
    /// We may no longer see it.
    NoAccess,
}
