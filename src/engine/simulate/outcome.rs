//! What came of a run, in figures.

use super::{
    floor::Floor,
    job::{Job, NONE, State},
};
use model::{
    AgentId, Timestamp,
    work::{Exclusion, Layer, Window},
};
use serde::Serialize;
use std::{collections::BTreeMap, time::Duration};

/// What came of a run.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Outcome {
    /// First instant.
    pub start: Timestamp,
    /// Last one.
    pub end: Timestamp,
    /// The chance it was run with.
    pub seed: u64,
    /// All tasks.
    pub total: Figures,
    /// Most tasks that waited at the end of an hour.
    pub peak_queue: u32,
    /// Hours in which work for some capability had waited longer than the overflow rule allows.
    pub overflow_hours: u32,
    /// Tasks that no agent can do at all.
    pub nobody: u32,
    /// Each agent.
    pub agents: BTreeMap<AgentId, AgentOutcome>,
    /// Each capability that was asked for.
    pub capabilities: BTreeMap<Box<str>, CapabilityOutcome>,
}

/// Figures of some tasks. Every task is done, under way or queued.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub struct Figures {
    /// Those that arrived.
    pub tasks: u32,
    /// Those that are done.
    pub done: u32,
    /// Those that an agent has.
    pub under_way: u32,
    /// Those that wait.
    pub queued: u32,
    /// Hours from arrival until an agent had it; of those that still wait, until the end.
    pub waiting: Percentiles,
    /// All those hours together.
    pub waiting_hours: f64,
    /// Hours from arrival until it was done.
    pub to_done: Percentiles,
    /// Done or still open after the due date, or without an agent for longer than it may take.
    pub missed: u32,
}

/// Median and ninetieth percentile.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize)]
pub struct Percentiles {
    /// Half are above.
    pub median: f64,
    /// One in ten is above.
    pub p90: f64,
}

/// One agent's part.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct AgentOutcome {
    /// Its tasks.
    pub figures: Figures,
    /// Use of its capacity, where it has a limit.
    pub capacity: Option<Use>,
    /// Share of its working time in which it had something to do.
    pub busy: f64,
    /// Offers that it declined or did not answer.
    pub passed: u32,
}

/// Use of a capacity.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Use {
    /// Most at once or per week.
    pub limit: u32,
    /// What is counted.
    pub unit: Box<str>,
    /// Over what.
    pub window: Window,
    /// Mean share that was used.
    pub share: f64,
    /// Most that was used.
    pub peak: u32,
}

/// Work for one capability.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub struct CapabilityOutcome {
    /// Its tasks.
    pub figures: Figures,
    /// Agents that can do it.
    pub able: Vec<AgentId>,
    /// Most tasks that waited.
    pub peak_queue: u32,
    /// Hours in which they had waited longer than the overflow rule allows.
    pub overflow_hours: u32,
    /// Tasks that no agent can do at all.
    pub nobody: u32,
    /// Tasks that went to the master, as no other agent has the capability.
    pub last_resort: u32,
    /// Hours waited, by why they had to wait at first.
    pub reasons: BTreeMap<Exclusion, f64>,
}

/// What is gathered of some tasks.
#[derive(Default)]
struct Tally {
    figures: Figures,
    waited: Vec<f64>,
    took: Vec<f64>,
}

impl Tally {
    fn add(&mut self, job: &Job, seen: &Seen) {
        let figures = &mut self.figures;
        figures.tasks += 1;
        *match job.state {
            State::Done => &mut figures.done,
            State::Held => &mut figures.under_way,
            State::Waiting | State::Coming => &mut figures.queued,
        } += 1;
        figures.missed += u32::from(seen.missed);
        self.waited.push(seen.waited);
        self.took.extend(seen.took);
    }

    fn close(mut self) -> Figures {
        let all = self.waited.iter().sum();
        Figures {
            waiting: percentiles(&mut self.waited),
            waiting_hours: round(all),
            to_done: percentiles(&mut self.took),
            ..self.figures
        }
    }
}

/// What is to be said of one task, in hours.
struct Seen {
    waited: f64,
    took: Option<f64>,
    missed: bool,
}

impl Outcome {
    /// Of the floor as it stands at the end.
    pub(super) fn of(floor: &Floor<'_>) -> Self {
        let (mut total, mut nobody) = (Tally::default(), 0);
        let mut agents: Vec<Tally> = floor.workers.iter().map(|_| Tally::default()).collect();
        let mut capabilities: Vec<(Tally, CapabilityOutcome)> =
            floor.meter.capabilities.iter().map(|_| Default::default()).collect();
        for (number, job) in floor.jobs.iter().enumerate().filter(|(_, job)| job.state != State::Coming) {
            let (seen, lane) = (see(floor, number, job), &floor.lanes[job.lane]);
            let (tally, capability) = &mut capabilities[lane.capability];
            for tally in [&mut total, tally].into_iter().chain(agents.get_mut(job.holder)) {
                tally.add(job, &seen);
            }
            let lost = job.state == State::Waiting && lane.able.is_empty();
            nobody += u32::from(lost);
            capability.nobody += u32::from(lost);
            capability.last_resort += u32::from(is_master(floor, job.holder));
            if let Some(reason) = job.reason.or(lane.reason).filter(|_| seen.waited > 0.0) {
                *capability.reasons.entry(reason).or_default() += seen.waited;
            }
            if capability.able.is_empty() {
                capability.able = lane.able.iter().map(|seat| floor.workers[*seat].id.clone()).collect();
            }
        }
        let capabilities = floor.meter.capabilities.iter().zip(capabilities);
        Self {
            start: floor.scenario.start,
            end: floor.now,
            seed: floor.scenario.seed,
            total: total.close(),
            peak_queue: floor.meter.peak,
            overflow_hours: floor.meter.overflow_hours,
            nobody,
            agents: agents_of(floor, agents),
            capabilities: capabilities
                .map(|(waiting, (tally, capability))| {
                    let reasons = capability.reasons.iter().map(|(reason, hours)| (*reason, round(*hours)));
                    let whole = CapabilityOutcome {
                        figures: tally.close(),
                        peak_queue: waiting.peak,
                        overflow_hours: waiting.overflow_hours,
                        reasons: reasons.collect(),
                        ..capability
                    };
                    (waiting.name.clone(), whole)
                })
                .collect(),
        }
    }
}

fn agents_of(floor: &Floor<'_>, tallies: Vec<Tally>) -> BTreeMap<AgentId, AgentOutcome> {
    let (start, end) = (floor.scenario.start, floor.now);
    let one = floor.workers.iter().zip(tallies).map(|(worker, tally)| {
        let capacity = worker.capacity.as_ref().map(|capacity| Use {
            limit: capacity.limit,
            unit: capacity.unit.clone(),
            window: capacity.window,
            share: round(worker.share_used(start, end).unwrap_or_default()),
            peak: worker.peak,
        });
        let busy = round(worker.share_busy(start, end));
        (worker.id.clone(), AgentOutcome { figures: tally.close(), capacity, busy, passed: worker.passed })
    });
    one.collect()
}

fn is_master(floor: &Floor<'_>, seat: usize) -> bool {
    let agent = floor.scenario.routing.roster().agents.get(seat);
    seat != NONE && agent.is_some_and(|agent| agent.layer == Layer::Master)
}

fn see(floor: &Floor<'_>, number: usize, job: &Job) -> Seen {
    let (arrived, end) = (floor.arrived(number), floor.now);
    let until = job.assigned.unwrap_or(end);
    let allowed = Duration::from_hours(1) * floor.task(number).allowed_hours;
    let judge =
        if job.holder == NONE { floor.lanes[job.lane].able.first().copied() } else { Some(job.holder) };
    let waited_out = judge
        .and_then(|seat| floor.workers.get(seat))
        .map_or(until.since(arrived), |worker| worker.calendar.worked(arrived, until))
        > allowed;
    let late = job.due.is_some_and(|due| job.done.unwrap_or(end) > due);
    Seen {
        waited: hours(until.since(arrived)),
        took: job.done.map(|done| hours(done.since(arrived))),
        missed: waited_out || late,
    }
}

fn hours(length: Duration) -> f64 {
    length.as_secs_f64() / 3_600.0
}

/// To hundredths, as nobody needs to know more.
fn round(figure: f64) -> f64 {
    (figure * 100.0).round() / 100.0
}

fn percentiles(all: &mut [f64]) -> Percentiles {
    all.sort_unstable_by(f64::total_cmp);
    let at =
        |percent: usize| all.get(all.len().saturating_sub(1) * percent / 100).copied().unwrap_or_default();
    Percentiles { median: round(at(50)), p90: round(at(90)) }
}
