//! What a connector's test brings, and walks through its streams.

use super::Faults;
use crate::{Connector, Cx, Deletes, Position};
use async_trait::async_trait;
use model::{Change, Cursor, Kind, Pass, Stream, Write, WriteKind};
use std::{collections::BTreeSet, sync::Arc, time::Duration};

/// After this much time a source's indexes have caught up and a connector's guards are past.
pub(super) const SETTLE: Duration = Duration::from_mins(2);
const MOST_PAGES: usize = 2_000;

/// A record whose links changed and nothing else.
#[derive(Clone, Debug)]
pub struct Linked {
    /// Stream of the record.
    pub stream: Stream,
    /// The record.
    pub id: String,
    /// Kind of the record that it is linked to now.
    pub to: Kind,
    /// That record.
    pub to_id: String,
}

/// A source with a connector on it. What is done to the source here is done behind the connector's back.
#[async_trait]
pub trait Rig: Send + Sync {
    /// A new instance, as after a restart.
    fn connector(&self) -> Arc<dyn Connector>;
    /// The transport that [`Rig::cx`] uses.
    fn faults(&self) -> &Faults;
    /// What calls run in.
    fn cx(&self) -> Cx<'_>;
    /// Texts that must never be shown.
    fn secrets(&self) -> Vec<String>;
    /// Lets time pass, for connector and source.
    async fn advance(&self, by: Duration);
    /// Ids of a stream's living records, by the source's own account.
    async fn ids(&self, stream: Stream) -> BTreeSet<String>;
    /// Makes `count` records at one instant; empty where the rig can't.
    async fn create(&self, stream: Stream, count: usize) -> Vec<String>;
    /// Changes these records at one instant.
    async fn edit(&self, stream: Stream, ids: &[String]);
    /// Deletes a record.
    async fn delete(&self, stream: Stream, id: &str);
    /// Links a record to another without changing it; `None` where the source has no such thing.
    async fn link(&self) -> Option<Linked>;
    /// A write of this kind on a target of its own, whose expectations are true and whose value is new.
    async fn write(&self, kind: WriteKind) -> Write;
    /// Makes the first expectation of a write untrue, to another value than the write sets.
    async fn disturb(&self, write: &Write);
    /// How often a write has happened: records with its marker, or 1 when the value is set, else 0.
    async fn effects(&self, write: &Write) -> usize;
}

/// A pass from beginning to end.
pub(super) struct Walk {
    pub changes: Vec<Change>,
    pub cursor: Cursor,
    pub complete: bool,
}

impl Walk {
    /// Ids of records seen or said to exist.
    pub fn ids(&self) -> BTreeSet<String> {
        ids(&self.changes)
    }
    /// Ids of records said to be gone.
    pub fn gone(&self) -> BTreeSet<String> {
        let gone = self.changes.iter().filter_map(|change| match change {
            Change::Gone(gone) => Some(gone.reference.id.to_string()),
            Change::Seen(_) | Change::Exists(_) | Change::Unreadable { .. } => None,
        });
        gone.collect()
    }
}

/// Ids of records seen or said to exist.
pub(super) fn ids(changes: &[Change]) -> BTreeSet<String> {
    let there = changes.iter().filter_map(|change| match change {
        Change::Seen(record) => Some(record.reference.id.to_string()),
        Change::Exists(reference) => Some(reference.id.to_string()),
        Change::Gone(_) | Change::Unreadable { .. } => None,
    });
    there.collect()
}

/// Walks a stream, each page with a new instance of the connector and twice, as after a crash before the commit.
pub(super) async fn walk(
    rig: &impl Rig,
    stream: Stream,
    pass: &Pass,
    from: Option<&Cursor>,
) -> Result<Walk, String> {
    let (mut changes, mut from, mut passed) = (Vec::new(), from.cloned(), BTreeSet::new());
    for pages in 1..MOST_PAGES {
        let place =
            |error: &dyn std::fmt::Display| format!("{stream} {} page {pages}: {error}", pass.kind().name());
        let page = rig.connector().poll(&rig.cx(), stream, pass, from.as_ref()).await;
        let page = page.map_err(|error| place(&error))?;
        let again = rig.connector().poll(&rig.cx(), stream, pass, from.as_ref()).await;
        let again = again.map_err(|error| place(&error))?;
        if ids(&page.changes) != ids(&again.changes) {
            return Err(place(&"read again after a restart it holds other records"));
        }
        changes.extend(page.changes);
        match page.position {
            Position::CaughtUp { cursor, complete } => return Ok(Walk { changes, cursor, complete }),
            Position::More(cursor) if !passed.insert(cursor.body.clone()) => {
                return Err(place(&"its cursor came before: the walk has no end"));
            }
            Position::More(cursor) => from = Some(cursor),
        }
    }
    Err(format!("{stream} {}: no end after {MOST_PAGES} pages", pass.kind().name()))
}

/// The streams that the connector reads.
pub(super) fn streams(rig: &impl Rig) -> Vec<(Stream, Deletes)> {
    rig.connector().describe().capabilities.reads.clone()
}
