//! Small durable values: switches, counters, guesses that a person confirmed.

use crate::{Error, Held};
use async_trait::async_trait;
use model::{Timestamp, Write};

/// Named values. Secrets never go here.
#[async_trait]
pub trait Settings: Send + Sync {
    /// A value.
    async fn setting(&self, name: &str) -> Result<Option<String>, Error>;
    /// Sets a value; `None` removes it.
    async fn set_setting(&self, name: &str, value: Option<&str>) -> Result<(), Error>;
    /// All values whose name starts with `prefix`, by name.
    async fn settings(&self, prefix: &str) -> Result<Vec<(String, String)>, Error>;
    /// Sets values (`None` removes one) and puts the writes that were decided with them into the outbox, all or
    /// nothing: a cycle that keeps its place here never decides the same news twice.
    async fn keep(
        &self,
        held: &Held,
        values: Vec<(String, Option<String>)>,
        writes: Vec<Write>,
        now: Timestamp,
    ) -> Result<(), Error>;
    /// Adds to a durable counter (a day's requests to a vendor) and returns the new sum.
    async fn count(&self, name: &str, add: i64) -> Result<i64, Error>;
}
