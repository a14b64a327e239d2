//! Mails and meetings: what is to be linked, and what they were found to belong to.

use crate::{Error, Held};
use async_trait::async_trait;
use model::{
    Timestamp,
    work::{ActivityView, Related},
};

/// From a mail or meeting to the deal that it belongs to. A committed page queues what is new or changed, and
/// whatever it may concern when an address, a domain, an association or a deal's outcome changed.
#[async_trait]
pub trait Relations: Send + Sync {
    /// Passes changes around past activities on to the queue, at most some hundred activities per change and
    /// call; returns whether there is more to pass on.
    async fn spread(&self, held: &Held, now: Timestamp) -> Result<bool, Error>;
    /// Queued activities whose time has come, at most `most`.
    async fn unrelated(&self, now: Timestamp, most: usize) -> Result<Unrelated, Error>;
    /// Queues every activity once more: who we are has changed.
    async fn relate_all(&self, held: &Held, now: Timestamp) -> Result<(), Error>;
    /// Commits what was decided on them: links, events and marks; clears the marks given. Later mails of a
    /// conversation whose earlier one moved are queued again.
    async fn commit_related(
        &self,
        held: &Held,
        related: Vec<(Related, i64)>,
        now: Timestamp,
    ) -> Result<(), Error>;
}

/// Activities to be linked.
#[derive(Clone, Debug, Default)]
pub struct Unrelated {
    /// Each with its mark: one that rose meanwhile is not cleared.
    pub views: Vec<(ActivityView, i64)>,
    /// When the next one is due, when none is now.
    pub next: Option<Timestamp>,
}
