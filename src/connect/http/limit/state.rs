//! What the limiter knows, behind its lock. Nothing here waits.

use super::{
    Bucket, BucketBudget, Budget, Permit,
    day::Day,
    headers::Spoken,
    pace::Pace,
    queue::{Place, Queue},
    window::Window,
};
use crate::Lane;
use model::Timestamp;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_hours(24);
/// A clock that goes back by more was set; less is what clocks do.
const STEP: Duration = Duration::from_secs(1);

/// A request arrives.
pub(super) enum Turn {
    Go(Permit),
    Wait(Place),
    /// Not today.
    Never(Timestamp),
}

/// A waiting request looks again.
pub(super) enum Again {
    Go(Permit),
    NotBefore(Timestamp),
    /// Not today.
    Never(Timestamp),
}

/// Everything.
pub(super) struct State {
    limits: Vec<Limit>,
    pub day: Day,
    queue: Queue,
    last: Timestamp,
}

struct Limit {
    name: &'static str,
    gate: Gate,
    held: Option<Timestamp>,
}

enum Gate {
    Window(Window),
    Pace(Pace),
}

impl State {
    pub fn new(buckets: Vec<Bucket>) -> Self {
        let (daily, short): (Vec<_>, Vec<_>) = buckets.into_iter().partition(|bucket| bucket.per >= DAY);
        let limits = short.iter().map(Limit::new).collect();
        let day = Day::new(daily.first().map(|bucket| u64::from(bucket.limit)));
        Self { limits, day, queue: Queue::default(), last: Timestamp::default() }
    }

    pub fn reserve(&mut self, percent: u32) {
        self.day.reserve(percent);
        for limit in &mut self.limits {
            match &mut limit.gate {
                Gate::Window(window) => window.reserve(percent),
                Gate::Pace(pace) => pace.reserve(percent),
            }
        }
    }

    pub fn enter(&mut self, bucket: &'static str, lane: Lane, now: Timestamp) -> Turn {
        self.settle(now);
        if let Err(until) = self.day.may(now) {
            return Turn::Never(until);
        }
        let Some(at) = self.find(bucket) else {
            self.day.count();
            return Turn::Go(Permit { bucket, beside: 0 });
        };
        if self.queue.waiting(at) == 0
            && let Ok(permit) = self.take(at, now)
        {
            return Turn::Go(permit);
        }
        Turn::Wait(self.queue.join(at, lane, now))
    }

    pub fn again(&mut self, place: &Place, now: Timestamp) -> Again {
        self.settle(now);
        if let Err(until) = self.day.may(now) {
            return Again::Never(until);
        }
        if !self.queue.is_first(place, now) {
            self.queue.call(place.bucket, now);
            return Again::NotBefore(now + DAY);
        }
        match self.take(place.bucket, now) {
            Ok(permit) => Again::Go(permit),
            Err(at) => Again::NotBefore(at),
        }
    }

    pub fn leave(&mut self, place: &Place) {
        self.queue.leave(place);
        self.queue.call(place.bucket, self.last);
    }

    pub fn observe(&mut self, permit: &Permit, speaks_of: &str, spoken: &Spoken, now: Timestamp) {
        self.settle(now);
        if spoken.daily.is_some() || spoken.daily_remaining.is_some() {
            self.day.learn(spoken.daily, spoken.daily_remaining, now);
        }
        for (at, limit) in self.limits.iter_mut().enumerate() {
            let (own, spoken_of) = (limit.name == permit.bucket, limit.name == speaks_of);
            if let (true, Gate::Window(window)) = (own, &mut limit.gate) {
                window.answered();
            }
            if spoken_of {
                limit.gate.learn(spoken, if own { permit.beside } else { 0 }, now);
            }
            if own || spoken_of {
                self.queue.call(at, now);
            }
        }
    }

    /// All who wait for a bucket wait longer; then one goes first.
    pub fn hold(&mut self, bucket: &str, after: Option<Duration>, now: Timestamp) {
        self.settle(now);
        let Some(limit) = self.find(bucket).and_then(|at| self.limits.get_mut(at)) else { return };
        let until = now + after.unwrap_or(limit.gate.per());
        let first = limit.held.is_none_or(|held| held <= now);
        if first || limit.held.is_none_or(|held| held < until) {
            limit.held = Some(until);
            if let Gate::Window(window) = &mut limit.gate {
                window.doubt(until, first);
            }
        }
    }

    pub fn day_spent(&mut self, until: Option<Timestamp>, now: Timestamp) {
        self.settle(now);
        self.day.spend(until, now);
        // Those who wait are to hear of it now, one after the other.
        (0..self.limits.len()).for_each(|at| self.queue.call(at, now));
    }

    pub fn budget(&mut self, now: Timestamp) -> Budget {
        self.settle(now);
        let day = self.day.budget(now);
        let queue = &self.queue;
        let buckets = self.limits.iter_mut().enumerate();
        let buckets = buckets.map(|(at, limit)| limit.budget(queue.waiting(at), now)).collect();
        Budget { buckets, day }
    }

    fn take(&mut self, at: usize, now: Timestamp) -> Result<Permit, Timestamp> {
        let Some(limit) = self.limits.get_mut(at) else { return Err(now + SECOND) };
        if let Some(until) = limit.held.filter(|until| *until > now) {
            return Err(until);
        }
        limit.held = None;
        let beside = match &mut limit.gate {
            Gate::Window(window) => window.take(now).map(|()| window.beside()),
            Gate::Pace(pace) => pace.take(now).map(|()| 0),
        }?;
        self.day.count();
        Ok(Permit { bucket: limit.name, beside })
    }

    /// The bucket of that name. A name that nobody declared is a defect of the connector; it is held to the
    /// first limit rather than to none.
    fn find(&self, bucket: &str) -> Option<usize> {
        let found = self.limits.iter().position(|limit| limit.name == bucket);
        debug_assert!(found.is_some() || self.limits.is_empty(), "no limit is named {bucket}");
        found.or(if self.limits.is_empty() { None } else { Some(0) })
    }

    /// Follows a clock that was set back, so that what happened "in the future" does not block for so long.
    fn settle(&mut self, now: Timestamp) {
        let back = self.last.since(now);
        if back > STEP {
            self.day.shift(back);
            self.queue.shift(back);
            for limit in &mut self.limits {
                limit.held = limit.held.map(|until| until - back);
                match &mut limit.gate {
                    Gate::Window(window) => window.shift(back),
                    Gate::Pace(pace) => pace.shift(back),
                }
            }
        }
        if back > STEP || now > self.last {
            self.last = now;
        }
    }
}

impl Limit {
    fn new(bucket: &Bucket) -> Self {
        let gate = if bucket.per <= SECOND {
            Gate::Pace(Pace::new(bucket.limit, bucket.per))
        } else {
            Gate::Window(Window::new(bucket.limit, bucket.per))
        };
        Self { name: bucket.name, gate, held: None }
    }

    fn budget(&mut self, waiting: usize, now: Timestamp) -> BucketBudget {
        let (limit, used) = match &mut self.gate {
            Gate::Window(window) => (window.allowed(), window.used(now)),
            Gate::Pace(pace) => (pace.allowed(), 0),
        };
        let per_millis = u64::try_from(self.gate.per().as_millis()).unwrap_or(u64::MAX);
        let held_until = self.held.filter(|until| *until > now);
        BucketBudget { name: self.name, limit, per_millis, used, waiting, held_until }
    }
}

impl Gate {
    fn per(&self) -> Duration {
        match self {
            Self::Window(window) => window.per(),
            Self::Pace(pace) => pace.per(),
        }
    }

    fn learn(&mut self, spoken: &Spoken, beside: usize, now: Timestamp) {
        match self {
            Self::Window(window) => window.learn(spoken, beside, now),
            Self::Pace(pace) => {
                let per = spoken.interval_millis.map_or(pace.per(), Duration::from_millis);
                if let Some(max) = spoken.max {
                    pace.resize(max, per);
                }
            }
        }
    }
}
