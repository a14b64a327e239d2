//! A connection's request budget: the vendor's windows, what its headers say of them, the day's allowance, and
//! who goes first.
//!
//! A window is a log of the last send instants, because a token bucket of N lets nearly 2 N through in its
//! first window. Per-second limits are paced evenly by `governor`. All waiters stand in one queue.

mod day;
mod headers;
mod pace;
mod queue;
mod state;
#[cfg(test)]
mod tests;
mod window;

pub use day::{DayBudget, DaySoFar};
pub use headers::HeaderNames;

use crate::{Clock, Descriptor, Error, ErrorKind, Lane};
use http::response::Parts;
use model::Timestamp;
use queue::Place;
use serde::Serialize;
use state::{State, Turn};
use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// Waiting is cut into pieces of this length, so that a clock set back cannot hold a request for a day.
const LONGEST_NAP: Duration = Duration::from_secs(15);

/// One limit of a vendor.
#[derive(Clone, Debug)]
pub struct Bucket {
    /// Calls name it (`general`, `search`). A bucket of a day or more needs no call to name it: it counts all
    /// calls, so list one only where it holds for every account and leave the rest to the headers.
    pub name: &'static str,
    /// Most requests in `per`.
    pub limit: u32,
    /// Window.
    pub per: Duration,
}

/// Admits requests under all limits of a connection, most urgent lane first. Without buckets it admits at once.
pub struct Limiter {
    state: Mutex<State>,
    headers: HeaderNames,
}

/// One admitted request.
#[derive(Debug)]
pub struct Permit {
    bucket: &'static str,
    /// Requests of ours that the vendor may have counted in its window at that moment, this one included.
    beside: usize,
}

/// What a connection has left, for status.
#[derive(Clone, Debug, Serialize)]
pub struct Budget {
    /// One line per limit shorter than a day.
    pub buckets: Vec<BucketBudget>,
    /// The day's allowance.
    pub day: DayBudget,
}

/// What a limit has left.
#[derive(Clone, Debug, Serialize)]
pub struct BucketBudget {
    /// Its name.
    pub name: &'static str,
    /// Requests per window that we allow ourselves: the vendor's limit less the reserve.
    pub limit: u32,
    /// Length of the window in milliseconds.
    pub per_millis: u64,
    /// Requests in the present window.
    pub used: usize,
    /// Requests that wait for it.
    pub waiting: usize,
    /// Nothing goes before this: the vendor told us to slow down.
    pub held_until: Option<Timestamp>,
}

impl Limiter {
    /// Begins with the vendor's published limits; a window counts as full until an answer says otherwise, so
    /// the first request goes alone.
    pub fn new(buckets: Vec<Bucket>) -> Self {
        Self { state: Mutex::new(State::new(buckets)), headers: HeaderNames::default() }
    }

    /// The limits and header names of a kind of connector; `reserve` percent of each limit are left to the
    /// other programs that work on the same account.
    pub fn of(descriptor: &Descriptor, reserve: u32) -> Self {
        Self::new(descriptor.limits.clone()).with_headers(descriptor.headers.clone()).with_reserve(reserve)
    }

    /// Says which headers speak of the limits.
    #[must_use]
    pub fn with_headers(mut self, headers: HeaderNames) -> Self {
        self.headers = headers;
        self
    }

    /// Leaves `percent` (at most 90) of every limit to others.
    #[must_use]
    pub fn with_reserve(self, percent: u32) -> Self {
        self.lock().reserve(percent.min(90));
        self
    }

    /// Sets the IANA zone in whose midnight the vendor renews the day's allowance; false when it is unknown,
    /// and then it stays what it was (UTC at first).
    pub fn set_day_zone(&self, zone: &str) -> bool {
        self.lock().day.set_zone(zone)
    }

    /// Waits until a request may go. An exhausted day is [`ErrorKind::DailyLimit`] at once: nobody waits for
    /// midnight in here. Dropping the future gives the place in the queue to the next.
    pub async fn admit(&self, bucket: &'static str, lane: Lane, clock: &dyn Clock) -> Result<Permit, Error> {
        let place = match self.lock().enter(bucket, lane, clock.now()) {
            Turn::Go(permit) => return Ok(permit),
            Turn::Never(until) => return Err(spent(until)),
            Turn::Wait(place) => Leave { limiter: self, place },
        };
        let mut until = None;
        loop {
            if let Some(at) = until {
                tokio::select! {
                    () = clock.sleep_until(at) => {}
                    () = place.place.called() => {}
                }
            }
            let now = clock.now();
            match self.lock().again(&place.place, now) {
                state::Again::Go(permit) => return Ok(permit),
                state::Again::Never(until) => return Err(spent(until)),
                state::Again::NotBefore(at) => until = Some(at.min(now + LONGEST_NAP)),
            }
        }
    }

    /// Learns from the headers of an answer.
    #[expect(clippy::needless_pass_by_value, reason = "a permit is spent once")]
    pub fn observe(&self, permit: Permit, parts: &Parts, now: Timestamp) {
        let spoken = self.headers.read(&parts.headers);
        self.lock().observe(&permit, self.headers.bucket, &spoken, now);
    }

    /// The request that `permit` admitted got no answer.
    #[expect(clippy::needless_pass_by_value, reason = "a permit is spent once")]
    pub fn lost(&self, permit: Permit, now: Timestamp) {
        self.lock().observe(&permit, self.headers.bucket, &headers::Spoken::default(), now);
    }

    /// Learns from a refusal: a 429 holds everyone who waits for this bucket.
    pub fn refused(&self, bucket: &'static str, kind: &ErrorKind, now: Timestamp) {
        match kind {
            ErrorKind::RateLimited { after } => self.lock().hold(bucket, *after, now),
            ErrorKind::DailyLimit { until } => self.lock().day_spent(*until, now),
            _ => {}
        }
    }

    /// Requests sent since the vendor's last midnight, as far as we know.
    pub fn used_today(&self, now: Timestamp) -> u64 {
        self.lock().day.used(now)
    }

    /// The day's count, to be stored with the connection and given back to [`Limiter::restore`].
    pub fn day(&self, now: Timestamp) -> DaySoFar {
        self.lock().day.so_far(now)
    }

    /// Goes on with a stored count; one of an earlier day is ignored.
    pub fn restore(&self, day: DaySoFar, now: Timestamp) {
        self.lock().day.restore(day, now);
    }

    /// What is left, for status.
    pub fn budget(&self, now: Timestamp) -> Budget {
        self.lock().budget(now)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A limit less a share in percent, at least one.
fn less(limit: u32, percent: u32) -> u32 {
    let rest = u64::from(limit) * u64::from(100 - percent.min(100)) / 100;
    u32::try_from(rest).unwrap_or(u32::MAX).max(1)
}

fn spent(until: Timestamp) -> Error {
    let detail = format!("the day's requests are used up; it goes on at {until}");
    Error::unsent(ErrorKind::DailyLimit { until: Some(until) }, detail)
}

/// Leaves the queue when the waiter goes away, admitted or cancelled, and calls the next.
struct Leave<'a> {
    limiter: &'a Limiter,
    place: Place,
}

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.limiter.lock().leave(&self.place);
    }
}
