//! What was, as work to simulate: the tasks of the past, how long they took, how agents answered.

use super::{
    scenario::{Answers, Arrival},
    service::ServiceTimes,
};
use crate::assign::{Calendar, Routing};
use model::{
    AgentId, Timestamp,
    work::{Asked, PastTask, TaskState},
};
use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

/// So many tasks, and the past says more than an assumption.
pub const MIN_CASES: usize = 20;
/// So many answers, and an agent is expected to go on like that.
const MIN_ANSWERS: u64 = 5;

/// What the past says.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// Tasks that arrived, in order; those that were open when it begins arrive then.
    pub arrivals: Vec<Arrival>,
    /// How long work took.
    pub service: ServiceTimes,
    /// How agents answered.
    pub answers: BTreeMap<AgentId, Answers>,
    /// Of the arrivals, those that were open already.
    pub open_before: usize,
}

/// Takes the work of `start` to `end` out of what is known of the past. What was cancelled before anybody began
/// took nobody's time and is left out.
pub fn replay(
    past: &[PastTask],
    asked: &[Asked],
    routing: &Routing,
    start: Timestamp,
    end: Timestamp,
) -> History {
    let mut history =
        History { service: service(past, routing), answers: answers(asked), ..History::default() };
    for one in past {
        let dropped = matches!(one.task.state, TaskState::Cancelled { .. }) && one.assigned.is_none();
        let over = one.ended.is_some_and(|ended| ended <= start);
        if dropped || over || one.task.arrived >= end {
            continue;
        }
        let mut task = one.task.clone();
        history.open_before += usize::from(task.arrived < start);
        task.arrived = task.arrived.max(start);
        (task.state, task.holder, task.due) = (TaskState::Queued, None, None);
        history.arrivals.push(Arrival { task, enterprise: one.enterprise });
    }
    history.arrivals.sort_by_key(|arrival| (arrival.task.arrived, arrival.task.id));
    history
}

/// Working time from being given to being done.
fn service(past: &[PastTask], routing: &Routing) -> ServiceTimes {
    let agents = routing.roster().agents.iter();
    let calendars: HashMap<&AgentId, Calendar> = agents
        .filter_map(|agent| Some((&agent.id, Calendar::new(&agent.hours, routing.zone()).ok()?)))
        .collect();
    let done = past.iter().filter(|one| one.task.state == TaskState::Done);
    ServiceTimes::of(done.filter_map(|one| {
        let (agent, from, to) = (one.task.holder.as_ref()?, one.assigned?, one.ended?);
        let took = calendars.get(agent).map_or(to.since(from), |calendar| calendar.worked(from, to));
        // Done outside working hours all the same: then by the clock.
        let took = if took == Duration::ZERO { to.since(from) } else { took };
        Some((one.task.action.clone(), agent.clone(), took))
    }))
}

fn answers(asked: &[Asked]) -> BTreeMap<AgentId, Answers> {
    let known = asked.iter().filter_map(|one| {
        let all = one.took + one.declined + one.silent;
        let share = |of: u64| u32::try_from(of * 1_000 / all).unwrap_or_default();
        let passes = one.declined + one.silent > 0 && all >= MIN_ANSWERS;
        passes.then(|| {
            (one.agent.clone(), Answers { declines: share(one.declined), silent: share(one.silent) })
        })
    });
    known.collect()
}
