//! Durable state. Each method of a role trait is one whole transaction in domain terms; no transaction handle
//! and no SQL crosses this seam.
#![warn(missing_docs)]

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
pub mod error;
pub mod feeds;
pub mod leases;
pub mod outbox;
pub mod relations;
pub mod settings;
pub mod sqlite;
pub mod views;
pub mod work;

pub use error::Error;
pub use feeds::{Census, Feeds, Freshness, ParkedRow};
pub use leases::{Held, Leases};
pub use outbox::{Actor, Caps, Decision, Outbox, WriteFilter, WriteRow};
pub use relations::{Relations, Unrelated};
pub use settings::Settings;
pub use sqlite::{Exec, FolderLock, SqliteStore};
pub use views::{AgentFigures, Overview, Views};
pub use work::{Progressed, Work};

/// Everything together: what the daemon holds as `Arc<dyn Store>`.
pub trait Store: Leases + Feeds + Relations + Outbox + Work + Views + Settings + Send + Sync {}
impl<T: Leases + Feeds + Relations + Outbox + Work + Views + Settings + Send + Sync> Store for T {}
