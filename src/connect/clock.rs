//! Time as a dependency: connectors and limits wait and look at the clock only through this.

use async_trait::async_trait;
use model::Timestamp;

/// A clock that can also wait. The runtime has the only implementation that reads real time.
#[async_trait]
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
    /// Returns once `at` has come; at once when it is past.
    async fn sleep_until(&self, at: Timestamp);
}
