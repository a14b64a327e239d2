//! For tests: a clock over tokio's paused time.

use crate::Clock;
use async_trait::async_trait;
use model::Timestamp;
use std::time::Duration;

/// Time that passes only while everybody waits. Made inside a runtime that is paused.
pub struct Paused(tokio::time::Instant);

/// When every test begins.
pub const BEGIN: Timestamp = Timestamp::from_millis(1_763_797_200_000);

impl Paused {
    pub fn new() -> Self {
        Self(tokio::time::Instant::now())
    }
}

#[async_trait]
impl Clock for Paused {
    fn now(&self) -> Timestamp {
        BEGIN + self.0.elapsed()
    }
    async fn sleep_until(&self, at: Timestamp) {
        tokio::time::sleep_until(self.0 + at.since(BEGIN)).await;
    }
}

/// A paused runtime, for tests that make several.
pub fn run<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.unwrap().block_on(work)
}

/// Sleeps for so long.
pub async fn nap(clock: &Paused, millis: u64) {
    clock.sleep_until(clock.now() + Duration::from_millis(millis)).await;
}
