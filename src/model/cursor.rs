//! Where a stream stands, and the ways to walk it.

use serde::{Deserialize, Serialize};

/// A connector's own note of where it stopped. Opaque to everyone else; stored with the page it follows.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Cursor {
    /// Layout of `body`; a connector that does not know it starts a full pass.
    pub version: u16,
    /// JSON, written and read only by the connector.
    pub body: String,
}

impl Cursor {
    /// Writes a body.
    pub fn write<T: Serialize>(version: u16, body: &T) -> Self {
        Self { version, body: serde_json::to_string(body).unwrap_or_default() }
    }
    /// Reads the body back; `None` when it is of another version or unreadable: then a full pass is due.
    pub fn read<'a, T: Deserialize<'a>>(&'a self, version: u16) -> Option<T> {
        if self.version == version { serde_json::from_str(&self.body).ok() } else { None }
    }
}

/// How to walk a stream.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Pass {
    /// Everything, from the beginning: the backfill, and the repair after an expired cursor.
    Full,
    /// What changed since the cursor.
    Since,
    /// Ids only, all of them: proves completeness and finds what is gone.
    Census,
    /// One slice of all records, read in full: finds changes that move no modification time.
    Audit {
        /// Which slice, from 0.
        slice: u32,
        /// Out of how many.
        of: u32,
    },
    /// Just these ids of the vendor.
    These(Vec<Box<str>>),
}

impl Pass {
    /// The kind, which with connection and stream names the cursor's row.
    pub const fn kind(&self) -> PassKind {
        match self {
            Self::Full => PassKind::Full,
            Self::Since => PassKind::Since,
            Self::Census => PassKind::Census,
            Self::Audit { .. } => PassKind::Audit,
            Self::These(_) => PassKind::These,
        }
    }
}

/// A [`Pass`] without its data.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PassKind {
    /// See [`Pass::Full`].
    Full,
    /// See [`Pass::Since`].
    Since,
    /// See [`Pass::Census`].
    Census,
    /// See [`Pass::Audit`].
    Audit,
    /// See [`Pass::These`].
    These,
}

impl PassKind {
    /// Name as stored and shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Since => "since",
            Self::Census => "census",
            Self::Audit => "audit",
            Self::These => "these",
        }
    }
}
