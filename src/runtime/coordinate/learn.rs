//! Track records from results: adjusted for how hard each deal was, faded with time.

use super::Coordinate;
use crate::rules::Rules;
use anyhow::Context;
use engine::{
    coordinate::{Case, records},
    flow::in_currency,
};
use model::{Timestamp, work::TrackRecord};
use std::time::Duration;
use store::OutcomeRow;

/// Records are computed anew at most this often.
const EVERY: Duration = Duration::from_secs(3_600);
/// Results older than so many half-lives say nothing.
const HALF_LIVES: u32 = 6;
const DAY: u64 = 86_400;

impl Coordinate {
    /// Computes track records anew when results came in; true when something changed.
    pub(super) async fn learn(&mut self, rules: &Rules, now: Timestamp) -> anyhow::Result<bool> {
        if self.learnt.is_some_and(|(at, _)| now.since(at) < EVERY) {
            return Ok(false);
        }
        let half_life = Duration::from_secs(DAY * u64::from(rules.config.roster.rules.half_life_days.max(1)));
        let rows =
            self.shared.store.outcomes(now - half_life * HALF_LIVES).await.context("reading results")?;
        let before = self.learnt.replace((now, rows.len())).map(|(_, count)| count);
        if before == Some(rows.len()) || rows.is_empty() {
            return Ok(false);
        }
        let cases: Vec<Case> = rows.into_iter().map(|row| case(rules, row)).collect();
        let records: Vec<(_, _, TrackRecord)> = records(&cases, now, half_life, true);
        let held = &self.shared.held;
        self.shared.store.set_records(held, records, now).await.context("keeping track records")?;
        Ok(true)
    }
}

/// A result with how hard it was, the coarsest trait first. The deal's end counts half where it is known.
fn case(rules: &Rules, row: OutcomeRow) -> Case {
    let amount = row.amount.and_then(|amount| in_currency(amount, &rules.flow).ok());
    let major = amount.map(|amount| amount.minor / 10_i64.pow(rules.flow.currency.exponent()));
    let size = match major {
        None => "unknown",
        Some(..10_000) => "small",
        Some(10_000..50_000) => "middle",
        Some(_) => "large",
    };
    let buyer = match row.enterprise {
        Some(true) => "enterprise",
        Some(false) => "other",
        None => "unknown",
    };
    let age = match row.age.map(|age| age.as_secs() / DAY) {
        None => "unknown",
        Some(..14) => "fresh",
        Some(14..45) => "usual",
        Some(_) => "stale",
    };
    let segment = row.segment.unwrap_or_else(|| "unknown".into());
    let own = if row.success { 1.0 } else { 0.0 };
    let success = match row.deal_won {
        Some(true) => f64::midpoint(own, 1.0),
        Some(false) => f64::midpoint(own, 0.0),
        None => own,
    };
    let traits = vec![size.into(), buyer.into(), age.into(), segment];
    Case { task: row.task, agent: row.agent, action: row.action, at: row.at, success, traits }
}
