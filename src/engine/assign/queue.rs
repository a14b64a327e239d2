//! The order in which tasks are served, and what is said when they pile up.

use super::{roster::OverflowRules, routing::Routing};
use model::{
    Timestamp,
    work::{Assignment, Board, Exclusion, Task},
};
use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

const HOUR_MILLIS: i64 = 3_600_000;
const HOUR: Duration = Duration::from_hours(1);

/// Place in the queue, smallest first, in milliseconds: the instant of arrival, earlier by the time in which
/// ageing would have made up the priority. As every task ages alike the order never changes while tasks wait,
/// so this is stored once. No task is overtaken by one that arrived more than (range of priorities) /
/// `ageing_per_hour` hours later.
pub const fn rank(arrived: Timestamp, priority: u8, ageing_per_hour: u32) -> i64 {
    let rate = if ageing_per_hour == 0 { 1 } else { ageing_per_hour as i64 };
    arrived.as_millis() - priority as i64 * HOUR_MILLIS / rate
}

/// Tasks that wait for one capability, and what is to be done about it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Overflow {
    /// What they need.
    pub capability: Box<str>,
    /// How many wait.
    pub waiting: u32,
    /// Since when the oldest does.
    pub oldest: Timestamp,
    /// What follows.
    pub response: Response,
}

/// What follows from an overflow, mildest first. Placing has already looked among all who can, at whatever level and
/// at home in whatever stage: nobody with room was passed over, so there is nothing left to redistribute.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Response {
    /// They wait their turn: somebody will be at work again.
    Queue,
    /// Everybody who can is at the limit: a person decides on more capacity.
    Escalate,
    /// It has lasted too long, whatever the reason.
    Alert {
        /// In words, with figures.
        why: String,
    },
}

/// Looks at the tasks that a turn left without an agent, by capability in alphabetical order.
pub fn overflow(board: &Board, turn: &[Assignment], routing: &Routing, now: Timestamp) -> Vec<Overflow> {
    let tasks: HashMap<_, _> = board.tasks.iter().map(|task| (task.id, task)).collect();
    let mut waiting: BTreeMap<&str, Vec<(&Task, &Assignment)>> = BTreeMap::new();
    for assignment in turn.iter().filter(|assignment| assignment.winner.is_none()) {
        if let Some(task) = tasks.get(&assignment.task) {
            waiting.entry(&task.need.capability).or_default().push((task, assignment));
        }
    }
    let judged = waiting.into_iter().map(|(capability, tasks)| {
        let oldest = tasks.iter().map(|(task, _)| task.arrived).min().unwrap_or(now);
        Overflow {
            capability: capability.into(),
            waiting: u32::try_from(tasks.len()).unwrap_or(u32::MAX),
            oldest,
            response: respond(&tasks, routing, now),
        }
    });
    judged.collect()
}

fn respond(tasks: &[(&Task, &Assignment)], routing: &Routing, now: Timestamp) -> Response {
    let arrived = tasks.iter().map(|(task, _)| task.arrived);
    if let Some(why) = persistent(arrived, routing.roster().rules.overflow, now) {
        return Response::Alert { why };
    }
    let excluded =
        |reason| tasks.iter().any(|(_, turn)| turn.excluded.iter().any(|(r, n)| *r == reason && *n > 0));
    if excluded(Exclusion::Capacity) { Response::Escalate } else { Response::Queue }
}

/// Why tasks that arrived then and still wait are a lasting overflow, if they are.
pub fn persistent(
    arrived: impl Iterator<Item = Timestamp>,
    rules: OverflowRules,
    now: Timestamp,
) -> Option<String> {
    let (mut oldest, mut long) = (now, 0_usize);
    for at in arrived {
        oldest = oldest.min(at);
        long += usize::from(now.since(at) >= HOUR * rules.many_hours);
    }
    if now.since(oldest) > HOUR * rules.oldest_hours {
        return Some(format!("the oldest has waited for {} h", now.since(oldest).as_secs() / 3_600));
    }
    (long > rules.many as usize).then(|| format!("{long} have waited for {} h or more", rules.many_hours))
}
