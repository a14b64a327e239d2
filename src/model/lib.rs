//! The words of the domain: plain values that every other crate shares.
//!
//! * **connection**: one account at one outside system (a HubSpot portal, an Odoo database).
//! * **record**: one thing we know (a company, a deal), put together from what each connection says of it.
//! * **agent**: whoever does work: a person, a queue, a program.
//! * **write**: one intended change at a connection; it waits in the **outbox**.
//!
//! Nothing here does I/O, reads a clock or draws chance.
#![warn(missing_docs)]

pub mod address;
pub mod change;
pub mod cursor;
pub mod event;
pub mod hash;
pub mod id;
pub mod intake;
pub mod money;
pub mod record;
pub mod stage;
pub mod time;
pub mod work;
pub mod write;

pub use change::{Change, Gone, GoneHow, Observed, Version};
pub use cursor::{Cursor, Pass, PassKind};
pub use event::{Event, EventKind};
pub use id::{AgentId, ConnectionId, Id, MessageId};
pub use intake::{
    Canonical, InFlight, Intake, Key, Known, Linked, MatchKey, Parked, RecordRow, SourceRow, SourceValues,
};
pub use money::{Currency, Money};
pub use record::{ExternalRef, Field, Fields, Kind, Links, Stream, Target, Value};
pub use stage::{Outcome as DealOutcome, Stage};
pub use time::Timestamp;
pub use write::{Delivery, Intent, Mode, Receipt, SettledAs, Write, WriteKey, WriteKind, WriteState};
