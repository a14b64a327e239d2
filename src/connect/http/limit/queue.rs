//! Who waits, in which order: by lane, then by arrival. Who has waited long moves up a lane, so that even a
//! steady stream of writes cannot keep a backfill out for good.

use crate::Lane;
use model::Timestamp;
use std::{sync::Arc, time::Duration};
use tokio::sync::Notify;

/// After each of these a waiter counts as one lane more urgent.
const PATIENCE: Duration = Duration::from_secs(30);

/// A place in the queue.
pub(super) struct Place {
    number: u64,
    pub bucket: usize,
    bell: Arc<Notify>,
}

impl Place {
    /// Returns when it may be this one's turn; a call that came before is not lost.
    pub async fn called(&self) {
        self.bell.notified().await;
    }
}

struct Waiter {
    number: u64,
    bucket: usize,
    lane: Lane,
    since: Timestamp,
    bell: Arc<Notify>,
}

impl Waiter {
    fn urgency(&self, now: Timestamp) -> (u64, u64) {
        let lane = match self.lane {
            Lane::Write => 0,
            Lane::Increment => 1,
            Lane::Backfill => 2_u64,
        };
        let patience = now.since(self.since).as_secs() / PATIENCE.as_secs();
        (lane.saturating_sub(patience), self.number)
    }
}

/// The one queue in front of all buckets.
#[derive(Default)]
pub(super) struct Queue {
    waiters: Vec<Waiter>,
    next: u64,
}

impl Queue {
    pub fn join(&mut self, bucket: usize, lane: Lane, since: Timestamp) -> Place {
        let (number, bell) = (self.next, Arc::new(Notify::new()));
        self.next += 1;
        self.waiters.push(Waiter { number, bucket, lane, since, bell: bell.clone() });
        Place { number, bucket, bell }
    }

    pub fn leave(&mut self, place: &Place) {
        self.waiters.retain(|waiter| waiter.number != place.number);
    }

    pub fn is_first(&self, place: &Place, now: Timestamp) -> bool {
        self.first(place.bucket, now).is_some_and(|first| first.number == place.number)
    }

    /// Tells the first who waits for a bucket to look again.
    pub fn call(&self, bucket: usize, now: Timestamp) {
        if let Some(first) = self.first(bucket, now) {
            first.bell.notify_one();
        }
    }

    pub fn waiting(&self, bucket: usize) -> usize {
        self.waiters.iter().filter(|waiter| waiter.bucket == bucket).count()
    }

    pub fn shift(&mut self, back: Duration) {
        for waiter in &mut self.waiters {
            waiter.since = waiter.since - back;
        }
    }

    fn first(&self, bucket: usize, now: Timestamp) -> Option<&Waiter> {
        let here = self.waiters.iter().filter(|waiter| waiter.bucket == bucket);
        here.min_by_key(|waiter| waiter.urgency(now))
    }
}
