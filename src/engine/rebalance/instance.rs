//! The table as a generalised assignment problem. An agent's free capacity is worth less the more of it is used:
//! each agent stands for several, one per step of that.

use super::state::{Choice, State, Table};
use crate::optimise::{NEVER, Problem};

/// Steps in which free capacity falls.
const STEPS: u32 = 4;
/// Added to all costs of a task, so that none is negative.
const OFFSET: i64 = 1_000_000;
/// Millionths of a score that are one unit of cost.
const UNIT: i64 = 1_000;
/// Room of an agent without limit.
const ENDLESS: i64 = 1 << 40;

/// One step of an agent's capacity.
struct Step {
    seat: usize,
    /// Units used before it, to its middle.
    used: u32,
    room: i64,
}

/// The problem and how its agents are to be read.
pub struct Instance {
    pub problem: Problem,
    steps: Vec<Step>,
}

impl Instance {
    /// `None` where nothing can move.
    pub fn of(table: &Table<'_>) -> Option<Self> {
        if table.jobs.iter().all(|job| job.choices.is_empty()) {
            return None;
        }
        let steps: Vec<Step> =
            table.rooms.iter().enumerate().flat_map(|(seat, room)| steps(seat, room)).collect();
        let jobs = table.jobs.len();
        let (mut cost, mut load) = (Vec::new(), Vec::new());
        for step in &steps {
            for job in &table.jobs {
                let home = job.home.filter(|home| !job.orphan && home.seat == step.seat);
                let there = job.choices.iter().find(|choice| choice.seat == step.seat).copied();
                let choice = home.or(there);
                let score = choice.map(|choice| choice.worth + job.count * table.free(step.seat, step.used));
                cost.push(score.map_or(NEVER, |score| (job.count * OFFSET - score) / UNIT));
                load.push(choice.map_or(0, |choice| i64::from(choice.load)));
            }
        }
        // Staying beyond the limit or without anybody is possible where it is so, and never cheap.
        let now = State::as_it_is(table);
        cost.extend(table.jobs.iter().map(|job| {
            let settled = job.home.is_some_and(|home| !job.orphan && !now.is_over(home.seat));
            if settled { NEVER } else { (job.count * OFFSET + job.lost) / UNIT }
        }));
        load.extend(std::iter::repeat_n(0, jobs));
        let room = steps.iter().map(|step| step.room).chain([0]).collect();
        Some(Self { problem: Problem::new(jobs, cost, load, room)?, steps })
    }

    /// A placement of the problem as one of the table.
    pub fn read<'t>(&self, table: &'t Table<'t>, holder: &[usize]) -> State<'t> {
        let mut state = State::as_it_is(table);
        for (job, row) in holder.iter().enumerate() {
            let Some((step, spec)) = self.steps.get(*row).zip(table.jobs.get(job)) else { continue };
            let home = spec.home.is_some_and(|home| home.seat == step.seat);
            let to: Option<Choice> = spec.choices.iter().find(|choice| choice.seat == step.seat).copied();
            if let Some(to) = to.filter(|_| !home) {
                state.put(job, Some(to));
            }
        }
        state.mend()
    }
}

fn steps(seat: usize, room: &crate::assign::Room) -> Vec<Step> {
    let Some(limit) = room.limit else { return vec![Step { seat, used: room.used, room: ENDLESS }] };
    let free = limit.saturating_sub(room.used);
    let parts = STEPS.min(free);
    let part = |at: u32| {
        let (from, to) = (free * at / parts, free * (at + 1) / parts);
        Step { seat, used: room.used + (from + to - 1) / 2, room: i64::from(to - from) }
    };
    (0..parts).map(part).collect()
}
