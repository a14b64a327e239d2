//! A limit of N requests in any window of a given length, as the vendor counts them.

use super::{headers::Spoken, less};
use model::Timestamp;
use std::{collections::VecDeque, time::Duration};

/// Requests may reach the vendor closer together than they left us; this much closer is allowed for.
const MARGIN: Duration = Duration::from_millis(50);
/// The margin doubles with each 429 up to this.
const WIDEST_MARGIN: Duration = Duration::from_millis(400);
/// A first request that got no answer by then no longer keeps the others waiting.
const PROBE_PATIENCE: Duration = Duration::from_secs(2);

/// A sliding log.
pub(super) struct Window {
    limit: u32,
    reserve: u32,
    per: Duration,
    margin: Duration,
    /// When we sent, oldest first.
    log: VecDeque<Timestamp>,
    /// Requests that the vendor counts and we did not send (an earlier process of ours, a second one), each
    /// with the latest instant at which it may have been.
    foreign: VecDeque<Timestamp>,
    trust: Trust,
}

/// How much we know of the vendor's count.
enum Trust {
    /// Nothing yet: an earlier process may have filled the window a moment ago.
    Nothing,
    /// Nothing of what happened before `from`; until that has left the window, one request at a time goes.
    Probing { from: Timestamp, last: Option<Timestamp>, out: bool },
    /// The log is right.
    Log,
}

impl Window {
    pub fn new(limit: u32, per: Duration) -> Self {
        let (log, foreign) = (VecDeque::new(), VecDeque::new());
        Self { limit, reserve: 0, per, margin: MARGIN, log, foreign, trust: Trust::Nothing }
    }

    pub fn reserve(&mut self, percent: u32) {
        self.reserve = percent;
    }

    /// The vendor's limit less the reserve, at least one.
    pub fn allowed(&self) -> u32 {
        less(self.limit, self.reserve)
    }

    pub fn per(&self) -> Duration {
        self.per
    }

    /// Requests in the present window, ours and others'.
    pub fn used(&mut self, now: Timestamp) -> usize {
        self.forget(now);
        self.log.len() + self.foreign.len()
    }

    /// Takes a place, or says when to ask again.
    pub fn take(&mut self, now: Timestamp) -> Result<(), Timestamp> {
        self.probe(now)?;
        if self.used(now) >= self.allowed() as usize {
            let oldest = [self.log.front(), self.foreign.front()].into_iter().flatten().min();
            return Err(oldest.copied().unwrap_or(now) + self.per + self.margin);
        }
        if let Trust::Probing { last, out, .. } = &mut self.trust {
            (*last, *out) = (Some(now), true);
        }
        self.log.push_back(now);
        Ok(())
    }

    /// While the vendor's count is unknown: one request at a time, and no faster than the limit allows for long.
    fn probe(&mut self, now: Timestamp) -> Result<(), Timestamp> {
        match self.trust {
            Trust::Log => Ok(()),
            Trust::Nothing => {
                self.trust = Trust::Probing { from: now, last: None, out: false };
                Ok(())
            }
            Trust::Probing { from, last, out } => {
                let until = from + self.per + self.margin;
                let wait = if out { PROBE_PATIENCE } else { self.per / self.allowed() };
                let next = last.map_or(from, |last| last + wait).min(until);
                if now >= until {
                    self.trust = Trust::Log;
                }
                if now >= next { Ok(()) } else { Err(next) }
            }
        }
    }

    /// Requests of ours that the vendor may count now.
    pub fn beside(&self) -> usize {
        self.log.len()
    }

    /// An answer came, or none will come.
    pub fn answered(&mut self) {
        if let Trust::Probing { out, .. } = &mut self.trust {
            *out = false;
        }
    }

    /// Takes over what the vendor says. `beside`: our requests in its window when the answered one was sent.
    pub fn learn(&mut self, spoken: &Spoken, beside: usize, now: Timestamp) {
        if let Some(millis) = spoken.interval_millis {
            self.per = Duration::from_millis(millis);
        }
        if let Some(max) = spoken.max {
            self.limit = max;
        }
        self.forget(now);
        let Some(remaining) = spoken.remaining else { return };
        let counted = self.limit.saturating_sub(remaining) as usize;
        let others = counted.saturating_sub(beside.max(self.log.len()));
        while self.foreign.len() > others {
            self.foreign.pop_front();
        }
        self.foreign.resize(others, now);
        // An answer that was under way before a hold says nothing of the time after it.
        if !matches!(self.trust, Trust::Probing { from, .. } if now < from) {
            self.trust = Trust::Log;
        }
    }

    /// The vendor counts differently than we do: keep `further` off, and begin with one request after `from`.
    pub fn doubt(&mut self, from: Timestamp, further: bool) {
        if further {
            self.margin = (self.margin * 2).min(WIDEST_MARGIN);
        }
        self.trust = Trust::Probing { from, last: None, out: false };
    }

    /// The clock was set back by this much.
    pub fn shift(&mut self, back: Duration) {
        for at in self.log.iter_mut().chain(&mut self.foreign) {
            *at = *at - back;
        }
        if let Trust::Probing { from, last, .. } = &mut self.trust {
            (*from, *last) = (*from - back, last.map(|last| last - back));
        }
    }

    fn forget(&mut self, now: Timestamp) {
        let keep = self.per + self.margin;
        for list in [&mut self.log, &mut self.foreign] {
            while list.front().is_some_and(|at| *at + keep <= now) {
                list.pop_front();
            }
        }
    }
}
