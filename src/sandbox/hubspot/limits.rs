//! Request limits: a rolling window per app, a daily quota per account, searches per second per account.

use crate::clock::next_midnight;
use crate::config::Limits;
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};

/// Which limit refused a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    TenSecondly,
    Daily,
    SearchSecondly,
}

impl Over {
    /// The recorded bodies: search has a category and no policy, the others the reverse.
    pub fn body(self, correlation: &str) -> Value {
        let general = |message: &str, policy: &str| {
            json!({
                "status": "error", "message": message, "errorType": "RATE_LIMIT",
                "correlationId": correlation, "policyName": policy,
            })
        };
        match self {
            Self::TenSecondly => {
                general("You have reached your ten_secondly_rolling limit.", "TEN_SECONDLY_ROLLING")
            }
            Self::Daily => general("You have reached your daily limit.", "DAILY"),
            Self::SearchSecondly => json!({
                "status": "error", "message": "You have reached your secondly limit.",
                "correlationId": correlation, "category": "RATE_LIMITS",
            }),
        }
    }
}

#[derive(Debug)]
pub struct Limiter {
    limits: Option<Limits>,
    zone: String,
    /// Per app, the accepted requests of the last ten seconds.
    windows: BTreeMap<String, VecDeque<i64>>,
    searches: VecDeque<i64>,
    used_today: u32,
    day_ends: i64,
}

const WINDOW_MS: i64 = 10_000;

impl Limiter {
    pub fn new(limits: Option<Limits>, zone: &str) -> Self {
        Self {
            limits,
            zone: zone.to_owned(),
            windows: BTreeMap::new(),
            searches: VecDeque::new(),
            used_today: 0,
            day_ends: 0,
        }
    }

    /// Lets a request through or not. Searches don't count for the window; a refusal still costs from the day's quota.
    pub fn admit(&mut self, app: &str, search: bool, now: i64) -> Result<(), Over> {
        let Some(limits) = self.limits.clone() else { return Ok(()) };
        if now >= self.day_ends {
            self.used_today = 0;
            self.day_ends = next_midnight(now, &self.zone);
        }
        let daily_left = self.used_today < limits.daily;
        self.used_today = self.used_today.saturating_add(1);
        if !daily_left {
            return Err(Over::Daily);
        }
        let (sent, span, most, over) = if search {
            (&mut self.searches, 1000, limits.search_secondly, Over::SearchSecondly)
        } else {
            (
                self.windows.entry(app.to_owned()).or_default(),
                WINDOW_MS,
                limits.ten_secondly,
                Over::TenSecondly,
            )
        };
        while sent.front().is_some_and(|at| *at <= now - span) {
            sent.pop_front();
        }
        if sent.len() >= most as usize {
            return Err(over);
        }
        sent.push_back(now);
        Ok(())
    }

    /// The headers of an answer. Searches carry no burst headers; OAuth apps no daily ones.
    pub fn headers(&self, app: &str, search: bool, oauth: bool, now: i64) -> Vec<(&'static str, String)> {
        let Some(limits) = &self.limits else { return Vec::new() };
        let mut headers = Vec::new();
        if !oauth {
            headers.push(("x-hubspot-ratelimit-daily", limits.daily.to_string()));
            let left = limits.daily.saturating_sub(self.used_today);
            headers.push(("x-hubspot-ratelimit-daily-remaining", left.to_string()));
        }
        if search {
            return headers;
        }
        let sent = self.windows.get(app);
        let since = |ms: i64| {
            u32::try_from(sent.map_or(0, |s| s.iter().filter(|at| **at > now - ms).count()))
                .unwrap_or(u32::MAX)
        };
        let secondly = limits.ten_secondly / 10;
        for (name, value) in [
            ("x-hubspot-ratelimit-interval-milliseconds", 10_000),
            ("x-hubspot-ratelimit-max", limits.ten_secondly),
            ("x-hubspot-ratelimit-remaining", limits.ten_secondly.saturating_sub(since(WINDOW_MS))),
            ("x-hubspot-ratelimit-secondly", secondly),
            ("x-hubspot-ratelimit-secondly-remaining", secondly.saturating_sub(since(1000))),
        ] {
            headers.push((name, value.to_string()));
        }
        headers
    }

    pub fn daily(&self) -> (u32, u32, i64) {
        (self.used_today, self.limits.as_ref().map_or(u32::MAX, |l| l.daily), self.day_ends)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_rolls_and_is_not_a_bucket() {
        // given 190 requests at one instant
        let mut limiter = Limiter::new(Some(Limits::default()), "UTC");
        assert!((0..190).all(|_| limiter.admit("a", false, 5_000).is_ok()));
        // then no more until ten seconds later, however slowly one asks
        assert_eq!(limiter.admit("a", false, 14_999), Err(Over::TenSecondly));
        assert_eq!(limiter.admit("a", false, 15_000), Ok(()));
        // and another app has its own window
        assert_eq!(limiter.admit("b", false, 5_001), Ok(()));
    }

    #[test]
    fn refused_requests_cost_from_the_daily_quota() {
        let limits = Limits { daily: 5, search_secondly: 4, ..Limits::default() };
        let mut limiter = Limiter::new(Some(limits), "UTC");
        assert!((0..4).all(|_| limiter.admit("a", true, 0).is_ok()));
        assert_eq!(limiter.admit("a", true, 0), Err(Over::SearchSecondly));
        assert_eq!(limiter.admit("a", true, 2_000), Err(Over::Daily));
        assert_eq!(limiter.admit("a", true, 86_400_000), Ok(()));
    }
}
