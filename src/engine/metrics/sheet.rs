//! The inputs made ready: every case once, with the agent that it counts for.

use super::{
    Figure, Metric, closing,
    life::Life,
    outreach::{self, Booking, Touch},
    pipeline::{self, Demo, Talk},
    proposals::{self, Proposal},
    reported,
};
use crate::flow::{FlowPolicy, StageBook, Standing, in_currency, stands};
use model::{
    AgentId, Currency, Field, Id, Money, Stage, Timestamp,
    work::{MetricInputs, MetricSpan},
};
use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

pub(super) const DAY: Duration = Duration::from_hours(24);
pub(super) const WEEK: Duration = Duration::from_hours(7 * 24);
/// Over which rates are formed.
pub(super) const QUARTER: Duration = Duration::from_hours(90 * 24);
/// Time to answer that everybody gets.
pub(super) const ANSWER: Duration = Duration::from_hours(14 * 24);
pub(super) const YEAR: Duration = Duration::from_hours(365 * 24);

/// How far back metrics look.
pub fn span(now: Timestamp) -> MetricSpan {
    let recent = now - QUARTER - ANSWER;
    MetricSpan { recent, talks: recent - QUARTER, closed: now - QUARTER - YEAR }
}

/// Whose cases count.
#[derive(Clone, Copy, Debug)]
pub enum Whose<'a> {
    /// Those of one agent.
    Agent(&'a AgentId),
    /// All.
    Everybody,
}

impl Whose<'_> {
    /// Does a case of that agent's count?
    pub(super) fn is(self, agent: &AgentId) -> bool {
        match self {
            Self::Agent(one) => one == agent,
            Self::Everybody => true,
        }
    }
}

/// A meeting that counts.
pub(super) struct Met<'a> {
    pub booked: Timestamp,
    pub start: Timestamp,
    pub end: Timestamp,
    pub standing: Standing,
    pub name: &'a str,
    pub contacts: &'a [Id],
    pub deals: &'a [Id],
}

impl Met<'_> {
    /// Has to do with that deal or lead.
    pub fn is_with(&self, record: Id) -> bool {
        self.records().any(|one| one == record)
    }

    /// Deals first, as they say more than their contacts.
    pub fn records(&self) -> impl Iterator<Item = Id> {
        self.deals.iter().chain(self.contacts).copied()
    }
}

/// Everything made ready.
pub struct Sheet<'a> {
    pub(super) inputs: &'a MetricInputs,
    pub(super) now: Timestamp,
    pub(super) lives: HashMap<Id, Life<'a>>,
    pub(super) met: Vec<Met<'a>>,
    policy: &'a FlowPolicy,
    primaries: BTreeMap<Stage, AgentId>,
    holders: HashMap<(Id, Stage), &'a AgentId>,
    pub(super) touches: Vec<Touch>,
    pub(super) bookings: Vec<Booking>,
    pub(super) calls: Vec<Talk>,
    pub(super) demos: Vec<Demo>,
    pub(super) proposals: Vec<Proposal>,
}

impl<'a> Sheet<'a> {
    /// Sorts out what counts for whom. A case counts for whoever holds the main work of its stage on that deal or
    /// lead, or held it last; where nobody ever did, for the stage's primary agent.
    pub fn new(inputs: &'a MetricInputs, book: &StageBook, policy: &'a FlowPolicy, now: Timestamp) -> Self {
        let mut sheet = Self {
            inputs,
            now,
            lives: lives(inputs),
            met: met(inputs, now),
            policy,
            primaries: book.stages.iter().map(|spec| (spec.stage, spec.primary.clone())).collect(),
            holders: inputs.holders.iter().map(|(id, stage, agent)| ((*id, *stage), agent)).collect(),
            touches: Vec::new(),
            bookings: Vec::new(),
            calls: Vec::new(),
            demos: Vec::new(),
            proposals: Vec::new(),
        };
        sheet.touches = outreach::touches(&sheet);
        sheet.bookings = outreach::bookings(&sheet);
        sheet.calls = pipeline::calls(&sheet);
        sheet.demos = pipeline::demos(&sheet);
        sheet.proposals = proposals::proposals(&sheet);
        sheet
    }

    /// The figure of a metric.
    pub fn figure(&self, metric: Metric, whose: Whose<'_>) -> Figure {
        match metric {
            Metric::OutreachPerWeek => outreach::per_week(self, whose),
            Metric::ResponseRate => outreach::response_rate(self, whose),
            Metric::MeetingsBookedPerWeek => outreach::booked_per_week(self, whose),
            Metric::MeetingRate => outreach::meeting_rate(self, whose),
            Metric::DiscoveryCallsPerWeek => pipeline::calls_per_week(self, whose),
            Metric::QualificationRate => pipeline::qualification_rate(self, whose),
            Metric::DemoCompletion => pipeline::demo_completion(self, whose),
            Metric::ProposalRequests => pipeline::proposal_requests(self, whose),
            Metric::ProposalsPerWeek => proposals::per_week(self, whose),
            Metric::AverageDealSize => proposals::deal_size(self, whose),
            Metric::ProposalAcceptance => proposals::acceptance(self, whose),
            Metric::TurnaroundHours => proposals::turnaround(self, whose),
            Metric::WinRate => closing::win_rate(self, whose),
            Metric::AverageDiscount => closing::discount(self, whose),
            Metric::CycleDays => closing::cycle(self, whose),
            Metric::ExpansionRate => closing::expansion(self, whose),
            Metric::TasksDonePerWeek => reported::done_per_week(self, whose),
            Metric::OnTimeShare => reported::on_time(self, whose),
            Metric::SuccessShare => reported::success(self, whose),
            Metric::MedianHoursToDone => reported::hours_to_done(self, whose),
            Metric::Reach => reported::sum(self, whose, metric.name()),
            Metric::Followers => reported::newest(self, whose, metric.name()),
            Metric::Engagement | Metric::EngagementScore => reported::mean(self, whose, metric.name()),
        }
    }

    /// Within the trailing time: what is exactly that old is out.
    pub(super) fn within(&self, at: Timestamp, length: Duration) -> bool {
        at > self.now - length && at <= self.now
    }

    /// For whom a case on some records counts.
    pub(super) fn agent(&self, stage: Stage, records: impl Iterator<Item = Id>) -> AgentId {
        let mut held = records.filter_map(|record| self.holders.get(&(record, stage)));
        let agent = held.next().copied().or_else(|| self.primaries.get(&stage));
        agent.cloned().unwrap_or_else(|| AgentId::from(""))
    }

    /// An amount in the organisation's currency, in minor units.
    pub(super) fn minor(&self, amount: Money) -> Result<i64, Currency> {
        in_currency(amount, self.policy).map(|money| money.minor)
    }

    /// Minor units as a number of major ones.
    #[expect(clippy::cast_precision_loss, reason = "amounts of deals are far below 2^52 cents")]
    pub(super) fn major(&self, minor: i64) -> f64 {
        minor as f64 / 10_f64.powi(self.policy.currency.exponent().cast_signed())
    }
}

fn lives(inputs: &MetricInputs) -> HashMap<Id, Life<'_>> {
    let mut lives: HashMap<Id, Life<'_>> =
        inputs.deals.iter().map(|deal| (deal.id, Life::of(deal))).collect();
    for event in &inputs.history {
        let Some(subject) = event.subject else { continue };
        lives.entry(subject).or_default().add(event);
    }
    lives.values_mut().for_each(Life::sort);
    lives
}

fn met(inputs: &MetricInputs, now: Timestamp) -> Vec<Met<'_>> {
    let counts = |fact: &'_ model::work::MeetingFact| {
        let address =
            |contact: Id| fact.addresses.iter().find(|(id, _)| *id == contact).map(|(_, one)| &**one);
        stands(&fact.brief, &address, now)
    };
    let meeting = |fact| {
        let (start, end, standing) = counts(fact)?;
        let fields = &fact.brief.fields;
        Some(Met {
            // Whoever writes a meeting down afterwards had booked it before.
            booked: fields.time(Field::CreatedAt).unwrap_or(start).min(start),
            start,
            end,
            standing,
            name: fields.text(Field::Name).unwrap_or_default(),
            contacts: &fact.brief.with,
            deals: &fact.deals,
        })
    };
    inputs.meetings.iter().filter_map(meeting).collect()
}
