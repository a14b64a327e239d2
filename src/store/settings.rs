//! Small durable values: switches, counters, guesses that a person confirmed.

use crate::Error;
use async_trait::async_trait;

/// Named values. Secrets never go here.
#[async_trait]
pub trait Settings: Send + Sync {
    /// A value.
    async fn setting(&self, name: &str) -> Result<Option<String>, Error>;
    /// Sets a value; `None` removes it.
    async fn set_setting(&self, name: &str, value: Option<&str>) -> Result<(), Error>;
    /// All values whose name starts with `prefix`, by name.
    async fn settings(&self, prefix: &str) -> Result<Vec<(String, String)>, Error>;
    /// Adds to a durable counter (a day's requests to a vendor) and returns the new sum.
    async fn count(&self, name: &str, add: i64) -> Result<i64, Error>;
}
