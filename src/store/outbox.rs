//! What goes out: intended writes and their fate.

use crate::{Error, Held};
use async_trait::async_trait;
use model::{ConnectionId, Delivery, Mode, SettledAs, Timestamp, Write, WriteKey, WriteKind, WriteState};
use std::collections::BTreeMap;

/// The way out. Rows get in by the commits of `Feeds` and `Work`, together with the decision that caused them.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// Takes due writes and marks them `Sending`, durably (synchronous=FULL), before any call. `Verify` rows
    /// that are due come with `look_first` and stay `Verify`. Looks at mode, caps and the kill switch inside
    /// the transaction; never two deliveries of one target at a time, and those in order of decision. Rows are
    /// born `Proposed`; in `auto` they go out from there, in `propose` once approved, in `observe` never.
    async fn claim(
        &self,
        held: &Held,
        now: Timestamp,
        most: usize,
        modes: &BTreeMap<ConnectionId, Mode>,
        caps: &Caps,
    ) -> Result<Vec<Delivery>, Error>;
    /// Marks a `Verify` row that was found absent as `Sending` again, durably, right before it is sent.
    async fn resend(&self, held: &Held, row: i64, now: Timestamp) -> Result<(), Error>;
    /// Records what became of a delivery, with its event; a created task is linked to ours.
    /// A row that an echo settled meanwhile stays `Done`.
    async fn settle(&self, held: &Held, row: i64, outcome: SettledAs, now: Timestamp) -> Result<(), Error>;
    /// When the next waiting write becomes due; `None` when nothing waits or writes are paused. It may lie in the
    /// past for a write that mode, cap or an earlier write of its target holds back: after an empty claim wait for
    /// a nudge or an interval.
    async fn next_due(&self) -> Result<Option<Timestamp>, Error>;
    /// Writes by filter, newest first.
    async fn writes(&self, filter: &WriteFilter, most: usize) -> Result<Vec<WriteRow>, Error>;
    /// A person's decision on rows; rows whose state does not allow it are left. Returns those changed.
    async fn decide(
        &self,
        actor: &Actor,
        rows: &[i64],
        what: Decision,
        now: Timestamp,
    ) -> Result<Vec<i64>, Error>;
    /// The kill switch: no claim while paused; kept across restarts.
    async fn pause_writes(&self, actor: &Actor, paused: bool, now: Timestamp) -> Result<(), Error>;
    /// Is it on, since when, by whom?
    async fn writes_paused(&self) -> Result<Option<(Timestamp, String)>, Error>;
}

/// On whose behalf something is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor(pub String);

/// Most writes of a kind that one daemon run may send, per connection; a kind that is absent is unlimited.
/// What is beyond waits as `Proposed`. A person's approval lifts the cap for that write.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caps(pub BTreeMap<(ConnectionId, WriteKind), u32>);

/// What a person decides on a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// `Proposed` may go out.
    Approve,
    /// `Refused`, `Moved`, `Unknown` or `Retry`: try again now.
    Retry,
    /// Not to be done.
    Skip,
}

/// Which writes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WriteFilter {
    /// States by name; empty means all.
    pub states: Vec<Box<str>>,
    /// Only this connection.
    pub connection: Option<ConnectionId>,
    /// Only this row.
    pub row: Option<i64>,
    /// Only this key.
    pub key: Option<WriteKey>,
}

/// A write as shown.
#[derive(Clone, Debug, PartialEq)]
pub struct WriteRow {
    /// Row.
    pub row: i64,
    /// The write.
    pub write: Write,
    /// Where it stands.
    pub state: WriteState,
    /// Attempts so far.
    pub attempts: u32,
    /// When it was decided.
    pub decided: Timestamp,
    /// Last change of state.
    pub changed: Timestamp,
    /// The vendor's or our last words on it.
    pub note: Option<String>,
    /// What it created or changed, once known.
    pub receipt: Option<model::Receipt>,
}
