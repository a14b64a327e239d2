//! A limit per second or less, spread evenly: a burst at the start of one second beside one at the end of the
//! second before would be twice the limit.

use super::less;
use governor::{
    Quota, RateLimiter,
    clock::Clock,
    middleware::NoOpMiddleware,
    nanos::Nanos,
    state::{InMemoryState, NotKeyed},
};
use model::Timestamp;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

type Cells = RateLimiter<NotKeyed, InMemoryState, Ticks, NoOpMiddleware<Nanos>>;

/// A clock for `governor` that shows what it was last set to.
#[derive(Clone, Default)]
struct Ticks(Arc<AtomicU64>);

impl Clock for Ticks {
    type Instant = Nanos;
    fn now(&self) -> Nanos {
        Nanos::new(self.0.load(Ordering::Relaxed))
    }
}

/// An even pace.
pub(super) struct Pace {
    limit: u32,
    reserve: u32,
    per: Duration,
    ticks: Ticks,
    zero: Option<Timestamp>,
    cells: Cells,
}

impl Pace {
    pub fn new(limit: u32, per: Duration) -> Self {
        let ticks = Ticks::default();
        let cells = cells(limit, 0, per, &ticks);
        Self { limit: limit.max(1), reserve: 0, per, ticks, zero: None, cells }
    }

    pub fn reserve(&mut self, percent: u32) {
        self.reserve = percent;
        self.cells = cells(self.limit, percent, self.per, &self.ticks);
    }

    /// The vendor changed its limit.
    pub fn resize(&mut self, limit: u32, per: Duration) {
        if limit != self.limit || per != self.per {
            (self.limit, self.per) = (limit, per);
            self.reserve(self.reserve);
        }
    }

    /// The vendor's limit less the reserve, at least one.
    pub fn allowed(&self) -> u32 {
        less(self.limit, self.reserve)
    }

    pub fn per(&self) -> Duration {
        self.per
    }

    /// Takes a place, or says when the next is free.
    pub fn take(&mut self, now: Timestamp) -> Result<(), Timestamp> {
        let zero = *self.zero.get_or_insert(now);
        let ticks = u64::try_from(now.since(zero).as_nanos()).unwrap_or(u64::MAX);
        self.ticks.0.store(ticks, Ordering::Relaxed);
        self.cells.check().map_err(|not_yet| {
            let wait = not_yet.wait_time_from(self.ticks.now());
            // Timestamps are whole milliseconds: round up, or the waiter comes back too early.
            now + (wait + Duration::from_micros(999))
        })
    }

    /// The clock was set back by this much.
    pub fn shift(&mut self, back: Duration) {
        self.zero = self.zero.map(|zero| zero - back);
    }
}

/// One request per share of the window, and 1 % more for those that travel faster than the one before.
fn cells(limit: u32, reserve: u32, per: Duration, ticks: &Ticks) -> Cells {
    let share = (per + per / 100) * 100 / (limit.max(1) * (100 - reserve));
    let quota = Quota::with_period(share.max(Duration::from_nanos(1)));
    RateLimiter::direct_with_clock(quota.expect("a period is never zero"), ticks.clone())
}
