//! Durable state. Each method of a role trait is one whole transaction in domain terms; no transaction handle
//! and no SQL crosses this seam.
#![warn(missing_docs)]

pub mod access;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
pub mod coordination;
pub mod error;
pub mod feeds;
pub mod leases;
pub mod orders;
pub mod outbox;
pub mod relations;
pub mod settings;
pub mod sqlite;
pub mod talk;
pub mod views;
pub mod work;

pub use access::{Access, Answered};
pub use coordination::{Agenda, Coordinated, Coordination, OutcomeRow, Push, Pushed, TakeBack};
pub use error::{Error, Refusal};
pub use feeds::{Census, Feeds, Freshness, ParkedRow};
pub use leases::{Held, Leases};
pub use orders::{CarriedOut, Orders};
pub use outbox::{Actor, Caps, Decision, Outbox, WriteFilter, WriteRow};
pub use relations::{Relations, Unrelated};
pub use settings::Settings;
pub use sqlite::{Exec, FolderLock, SqliteStore};
pub use talk::{CaseFilter, Effect, Kept, MessageFilter, Raise, Said, Talk, Undelivered};
pub use views::{AgentFigures, Overview, Past, Views};
pub use work::{Placing, Progressed, TaskFilter, Work};

/// Everything together: what the daemon holds as `Arc<dyn Store>`.
pub trait Store:
    Leases
    + Feeds
    + Relations
    + Outbox
    + Work
    + Orders
    + Talk
    + Coordination
    + Access
    + Views
    + Settings
    + Send
    + Sync
{
}
impl<
    T: Leases
        + Feeds
        + Relations
        + Outbox
        + Work
        + Orders
        + Talk
        + Coordination
        + Access
        + Views
        + Settings
        + Send
        + Sync,
> Store for T
{
}
