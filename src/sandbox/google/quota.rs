//! Quotas: units of Gmail and requests of Calendar, per user in any minute.

use super::problem::Problem;
use super::route::Route;
use super::setup::Quota;
use std::collections::{BTreeMap, VecDeque};

const MINUTE: i64 = 60_000;

#[derive(Debug)]
pub struct Meter {
    quota: Option<Quota>,
    /// (user, is Gmail) to (when, cost).
    spent: BTreeMap<(String, bool), VecDeque<(i64, u32)>>,
    refusals: u64,
    /// Most units and requests that any user spent in a minute.
    pub peak: (u32, u32),
}

impl Meter {
    pub fn new(quota: Option<Quota>) -> Self {
        Self { quota, spent: BTreeMap::new(), refusals: 0, peak: (0, 0) }
    }

    /// Every other refusal is a 403, the rest are 429s.
    pub fn refusal(&mut self) -> Problem {
        self.refusals += 1;
        Problem::too_many(self.refusals % 2 == 1)
    }

    pub fn admit(&mut self, user: &str, route: &Route, now: i64) -> Result<(), Problem> {
        let quota = self.quota.unwrap_or_default();
        let (gmail, cost) = (route.is_gmail(), route.cost(quota.get_cost));
        let most = if gmail { quota.gmail_units } else { quota.calendar_requests };
        let spent = self.spent.entry((user.to_owned(), gmail)).or_default();
        while spent.front().is_some_and(|(at, _)| *at <= now - MINUTE) {
            spent.pop_front();
        }
        let taken: u32 = spent.iter().map(|(_, cost)| cost).sum();
        if self.quota.is_some() && taken + cost > most {
            return Err(self.refusal());
        }
        spent.push_back((now, cost));
        let peak = if gmail { &mut self.peak.0 } else { &mut self.peak.1 };
        *peak = (*peak).max(taken + cost);
        Ok(())
    }
}
