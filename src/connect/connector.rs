//! The trait that every connector implements.

use crate::{Account, Cx, Descriptor, Error};
use async_trait::async_trait;
use model::{Change, Cursor, Observed, Pass, Receipt, Stream, Timestamp, Write};
use std::sync::Arc;

/// One vendor's API as streams of changes and writes.
#[async_trait]
pub trait Connector: Send + Sync {
    /// What this kind can do.
    fn describe(&self) -> &Descriptor;
    /// Who are we, what is granted here. Reads only.
    async fn check(&self, cx: &Cx<'_>) -> Result<Account, Error>;
    /// One page of a pass. `from` is the cursor of the page before, or of the last finished pass for
    /// [`Pass::Since`]; `None` begins. A cursor that can't be read or has expired is answered with
    /// [`crate::ErrorKind::CursorExpired`], upon which the caller begins a full pass.
    async fn poll(
        &self,
        cx: &Cx<'_>,
        stream: Stream,
        pass: &Pass,
        from: Option<&Cursor>,
    ) -> Result<Page, Error>;
    /// Does a write: reads the target first where `write.expects` says so.
    async fn apply(&self, cx: &Cx<'_>, write: &Write) -> Result<Applied, Error>;
    /// Did a write that was sent at `sent` land? `Absent` only from a consistent read (archived included,
    /// never a search index) and only after `sent` + request timeout + visibility lag.
    async fn find(&self, cx: &Cx<'_>, write: &Write, sent: Timestamp) -> Result<Landing, Error>;
    /// Returns when polling is worthwhile; never, where the vendor pushes nothing.
    async fn watch(&self, _cx: &Cx<'_>, _stream: Stream) {
        std::future::pending::<()>().await;
    }
}

/// One page of a stream.
#[derive(Clone, Debug)]
pub struct Page {
    /// What was seen, in the vendor's order.
    pub changes: Vec<Change>,
    /// Where to go on.
    pub position: Position,
}

/// Where a pass stands after a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Position {
    /// There is more.
    More(Cursor),
    /// The pass is at its end.
    CaughtUp {
        /// From where the next increment begins. After a full pass this is the first cursor of `Since`.
        cursor: Cursor,
        /// The pass listed everything there is; only then may absence mean deletion.
        complete: bool,
    },
}

/// What came of applying a write.
#[derive(Clone, Debug)]
pub enum Applied {
    /// It happened.
    Done(Receipt),
    /// The target is no longer as the decision expected: nothing was written.
    Moved(Box<Observed>),
}

/// What came of looking for a write whose answer was lost.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Landing {
    /// It is there.
    Landed(Receipt),
    /// It is certainly not there: it may be sent again.
    Absent,
    /// Can't be said yet.
    Unknown {
        /// When to look again; `None` when nobody can ever find out.
        look_again: Option<Timestamp>,
    },
}

/// How a connector is made: one line per vendor in `main.rs`.
#[derive(Clone, Copy)]
pub struct Maker {
    /// Vendor's name as configuration spells it.
    pub vendor: &'static str,
    /// The vendor's facts, `config/providers/<vendor>.toml`, embedded.
    pub provider: &'static str,
    /// Makes one for a connection.
    pub make: fn(&Options) -> Result<Arc<dyn Connector>, Error>,
}

/// What a connector is told about its connection.
#[derive(Clone, Debug)]
pub struct Options {
    /// The connection's name: goes into every reference.
    pub connection: model::ConnectionId,
    /// Vendor-specific options of the connection's section, as JSON; an unknown one is an error.
    pub extra: serde_json::Map<String, serde_json::Value>,
    /// How long a request may take.
    pub timeout: std::time::Duration,
}
