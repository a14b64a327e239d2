//! The right to change things, as a value.

use crate::Error;
use async_trait::async_trait;
use model::Timestamp;

/// Witness that the daemon's lease is held. Only [`Leases::acquire`] makes one; every acquisition raises the
/// epoch, and each method that takes `&Held` compares epochs inside its transaction.
#[derive(Debug)]
pub struct Held {
    name: Box<str>,
    epoch: i64,
}

impl Held {
    pub(crate) fn new(name: &str, epoch: i64) -> Self {
        Self { name: name.into(), epoch }
    }
    /// The same witness for a job that outlives the caller's borrow; it never leaves the store.
    pub(crate) fn copy(&self) -> Self {
        Self { name: self.name.clone(), epoch: self.epoch }
    }
    /// Lease.
    pub fn name(&self) -> &str {
        &self.name
    }
    /// Epoch.
    pub const fn epoch(&self) -> i64 {
        self.epoch
    }
}

/// Leases and what is put right after a crash.
#[async_trait]
pub trait Leases: Send + Sync {
    /// Takes a lease. On SQLite an OS lock on the data folder has proved the predecessor dead, so it is taken
    /// over at once and never expires.
    async fn acquire(&self, name: &str, now: Timestamp) -> Result<Held, Error>;
    /// Turns each `Sending` write of a lower epoch into `Verify` (it may have happened). Returns how many.
    async fn recover(&self, held: &Held, now: Timestamp) -> Result<u64, Error>;
    /// A number that changes when another process committed something (`PRAGMA data_version`).
    async fn foreign_commits(&self) -> Result<i64, Error>;
}
