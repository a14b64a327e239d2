//! The only place that reads the wall clock, monotonic time and chance.
#![expect(clippy::disallowed_methods, reason = "the one place where time comes from")]

use async_trait::async_trait;
use connect::Clock;
use model::Timestamp;
use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// The machine's clock. It may jump: waiting looks at it again every few seconds, so a jump forward ends a
/// wait soon after and a jump back does not freeze one.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

/// Longest uninterrupted sleep; bounds how late a clock jump is noticed.
const LOOK_AGAIN: Duration = Duration::from_secs(15);

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    async fn sleep_until(&self, at: Timestamp) {
        let wanted = at.since(self.now());
        let begun = tokio::time::Instant::now();
        loop {
            let (by_clock, by_count) = (at.since(self.now()), wanted.saturating_sub(begun.elapsed()));
            let left = by_clock.min(by_count);
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left.min(LOOK_AGAIN)).await;
        }
    }
}

/// Chance from the operating system, for secrets that are used once.
pub fn chance() -> anyhow::Result<[u8; 64]> {
    let mut chance = [0; 64];
    getrandom::fill(&mut chance).map_err(|error| anyhow::anyhow!("no randomness: {error}"))?;
    Ok(chance)
}

/// A clock for tests and simulation: a base plus tokio's (paused) time. It can be set, as a machine's can.
#[derive(Debug)]
pub struct VirtualClock {
    base: Timestamp,
    begun: tokio::time::Instant,
    ahead: AtomicI64,
}

impl VirtualClock {
    /// Begins at `base`. Call inside a runtime whose time is paused.
    pub fn starting(base: Timestamp) -> Self {
        Self { base, begun: tokio::time::Instant::now(), ahead: AtomicI64::new(0) }
    }
    /// What it would show had it never been set.
    pub fn true_time(&self) -> Timestamp {
        self.base + self.begun.elapsed()
    }
    /// Sets it forward or back by so many milliseconds.
    pub fn jump(&self, millis: i64) {
        self.ahead.fetch_add(millis, Ordering::Relaxed);
    }
}

#[async_trait]
impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.true_time().as_millis() + self.ahead.load(Ordering::Relaxed))
    }

    async fn sleep_until(&self, at: Timestamp) {
        tokio::time::sleep(at.since(self.now())).await;
    }
}

/// A seed from the machine, for the daemon's dice; tests give their own.
pub fn seed() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    std::collections::hash_map::RandomState::new().build_hasher().finish()
}
