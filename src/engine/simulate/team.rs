//! A team's work by its targets, for those without a past: so many leads, calls and proposals a week.

use super::scenario::Arrival;
use crate::{
    assign::{Roster, week_start},
    dice::Dice,
    flow::{self, ActionSpec, Each, Per, StageBook, segment_tasks},
};
use jiff::tz::TimeZone;
use model::{Id, Stage, Timestamp, work::Subject};
use serde::Serialize;
use std::time::Duration;

const DAY: Duration = Duration::from_hours(24);
/// Work arrives on five days, within these hours.
const WORKDAYS: u64 = 5;
const FROM_HOUR: u64 = 8;
const HOURS: u64 = 10;

/// What enters each stage in a week.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Rates {
    /// Leads to reach out to.
    pub leads: f64,
    /// Share of them that reply.
    pub replies: f64,
    /// Share of them with whom a meeting is booked.
    pub meetings: f64,
    /// Deals that enter qualification.
    pub discovery: f64,
    /// Share of those that get a demonstration.
    pub demos: f64,
    /// Deals that enter proposal.
    pub proposals: f64,
    /// Share of those that are negotiated.
    pub accepted: f64,
    /// Share of those that are closed.
    pub won: f64,
    /// Share of enterprise deals.
    pub enterprise: f64,
    /// Share of deals with anything else that a condition asks for (a competitor, a revision).
    pub conditional: f64,
}

impl Rates {
    /// By the agents' targets, with what is usual where none is set.
    pub fn of(roster: &Roster) -> Self {
        let target = |metric: &str, usual: f64| {
            let metrics = roster.agents.iter().filter(|agent| agent.enabled).flat_map(|agent| &agent.metrics);
            let found = metrics.filter(|target| &*target.metric == metric).map(|target| target.target);
            let sum: f64 = found.sum();
            if sum > 0.0 { sum } else { usual }
        };
        let leads = target("outreach_per_week", 500.0);
        Self {
            leads,
            replies: target("response_rate", 0.10).min(1.0),
            meetings: (target("meetings_booked_per_week", 25.0) / leads).min(1.0),
            discovery: target("discovery_calls_per_week", 20.0),
            demos: target("demo_completion", 0.80).min(1.0),
            proposals: target("proposals_per_week", 15.0),
            accepted: target("proposal_acceptance", 0.50).min(1.0),
            won: target("win_rate", 0.40).min(1.0),
            enterprise: 0.1,
            conditional: 0.3,
        }
    }

    /// How many enter a stage in a week.
    fn entering(&self, stage: Stage) -> f64 {
        match stage {
            Stage::Awareness => 0.0,
            Stage::LeadGeneration => self.leads,
            Stage::Qualification => self.discovery,
            Stage::Demonstration => self.discovery * self.demos,
            Stage::Proposal => self.proposals,
            Stage::Negotiation => self.proposals * self.accepted,
            Stage::Close => self.proposals * self.accepted * self.won,
        }
    }

    /// How likely an action of a deal or lead is.
    fn share(&self, action: &ActionSpec, enterprise: bool) -> f64 {
        let reads =
            |name: &str| action.when.as_ref().is_some_and(|when| when.reads().any(|read| read == name));
        match (&action.when, action.each) {
            (_, Some(Each::LostMeeting)) => 0.0,
            (_, Some(Each::Reply)) => self.replies,
            (_, Some(Each::HeldMeeting)) => self.demos,
            (None, None) => 1.0,
            (Some(_), None) if reads("signal.enterprise") => f64::from(u8::from(enterprise)),
            (Some(_), None) if reads("signal.positive_intent") => self.meetings,
            (Some(_), None) => self.conditional,
        }
    }
}

/// The work of some weeks by these rates, for the stages as configured. Deals of different stages are different
/// deals. Weeks begin in `zone`.
pub fn team(
    book: &StageBook,
    rates: &Rates,
    zone: &TimeZone,
    (start, days): (Timestamp, u32),
    seed: u64,
) -> Vec<Arrival> {
    let mut maker = Maker { book, rates, dice: Dice::seeded(seed), arrivals: Vec::new() };
    let end = start + DAY * days;
    let mut week = week_start(start, zone);
    while week < end {
        maker.week(week, zone);
        week = week_start(week + DAY * 8, zone);
    }
    let mut arrivals = maker.arrivals;
    arrivals.retain(|arrival| start <= arrival.task.arrived && arrival.task.arrived < end);
    arrivals.sort_by_key(|arrival| (arrival.task.arrived, arrival.task.id));
    arrivals
}

struct Maker<'b> {
    book: &'b StageBook,
    rates: &'b Rates,
    dice: Dice,
    arrivals: Vec<Arrival>,
}

impl Maker<'_> {
    fn week(&mut self, week: Timestamp, zone: &TimeZone) {
        let tasks = segment_tasks(self.book, week, week);
        self.arrivals.extend(tasks.into_iter().map(|task| Arrival { task, enterprise: None }));
        for stage in &self.book.stages {
            let expected = self.rates.entering(stage.stage);
            let actions: Vec<_> = stage
                .actions
                .iter()
                .chain(&stage.supports)
                .filter(|action| action.per == Per::Record)
                .collect();
            for number in 0..self.whole(expected) {
                let id = Id::derived(&["entry", &week.to_string(), stage.stage.name(), &number.to_string()]);
                let deal = stage.stage > Stage::LeadGeneration;
                let subject = if deal { Subject::Deal(id) } else { Subject::Lead(id) };
                let (at, enterprise) = (self.at(week, zone), self.happens(self.rates.enterprise));
                for action in &actions {
                    if self.happens(self.rates.share(action, enterprise)) {
                        let primary = Some(&stage.primary);
                        let cause = ("simulated", "simulated".to_owned());
                        let task = flow::task(&subject, "", stage.stage, primary, action, cause, at);
                        self.arrivals.push(Arrival { task, enterprise: Some(enterprise) });
                    }
                }
            }
        }
    }

    fn happens(&mut self, share: f64) -> bool {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share is within 0 and 1"
        )]
        let limit = (share.clamp(0.0, 1.0) * 1_000_000.0).round() as u64;
        self.dice.below(1_000_000) < limit
    }

    /// A whole number that is `expected` on average.
    fn whole(&mut self, expected: f64) -> u32 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "few enough")]
        let whole = expected.max(0.0).floor() as u32;
        whole + u32::from(self.happens(expected.fract()))
    }

    /// An instant within working hours of the week.
    fn at(&mut self, week: Timestamp, zone: &TimeZone) -> Timestamp {
        let day = self.dice.below(WORKDAYS);
        let minute = FROM_HOUR * 60 + self.dice.below(HOURS * 60);
        let seconds = self.dice.below(60);
        let date = week.to_jiff().to_zoned(zone.clone()).date();
        let days = jiff::Span::new().days(i64::try_from(day).unwrap_or_default());
        let midnight =
            date.checked_add(days).ok().and_then(|date| zone.to_timestamp(date.at(0, 0, 0, 0)).ok());
        let midnight = midnight.map_or(week, |at| Timestamp::from_millis(at.as_millisecond()));
        midnight + Duration::from_secs(minute * 60 + seconds)
    }
}
