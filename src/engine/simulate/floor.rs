//! Where the work happens: tasks arrive, are placed by the desk, answered, done; one instant after the other.

use super::{
    job::{About, Group, GroupKey, Job, Lane, NONE, Part, State},
    measure::Meter,
    outcome::Outcome,
    scenario::{Arrival, Scenario},
    worker::Worker,
};
use crate::{
    assign::{Desk, rank, week_start},
    dice::Dice,
};
use model::{
    AgentId, Id, Timestamp,
    work::{Board, Passed, Responsibility, Subject, Task},
};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap},
    sync::Arc,
    time::Duration,
};

/// With tasks left over the daemon looks again after this, for hours and weeks to begin.
const LOOK_AGAIN: Duration = Duration::from_secs(300);
const HOUR: Duration = Duration::from_hours(1);

/// What happens at an instant, in the order in which it is dealt with.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Happens {
    /// A task is done.
    Done(usize),
    /// Its offer is declined, or nobody answered until its end.
    Passed(usize, Passed),
    /// Whoever did not answer may be asked again.
    AskAgain(usize),
    /// A task arrives.
    Arrives(usize),
    /// A look at those left over.
    Look,
    /// The hour is measured.
    Hour,
}

/// The state of everything.
pub struct Floor<'s> {
    pub scenario: &'s Scenario,
    pub jobs: Vec<Job>,
    pub by_id: HashMap<Id, usize>,
    pub lanes: Vec<Lane>,
    pub abouts: Vec<About>,
    pub parts: Vec<Part>,
    pub groups: BTreeMap<GroupKey, Group>,
    pub workers: Vec<Worker>,
    pub seats: HashMap<AgentId, usize>,
    /// Open tasks by agent, unit and subject, of units that count subjects once.
    pub on_subject: HashMap<(usize, Box<str>, usize), u32>,
    pub board: Board,
    pub desk: Desk,
    pub dice: Dice,
    pub meter: Meter,
    pub now: Timestamp,
    pub week: Timestamp,
    pub waiting: usize,
    next_week: Timestamp,
    looks: bool,
    hour_is_over: bool,
    events: BinaryHeap<Reverse<(Timestamp, Happens)>>,
}

impl<'s> Floor<'s> {
    /// Everything as it is before the first instant.
    pub fn new(scenario: &'s Scenario) -> Self {
        let (routing, start) = (&scenario.routing, scenario.start);
        let mut known = scenario.known.clone();
        for load in known.values_mut().map(Arc::make_mut) {
            load.open.clear();
            load.week.clear();
            (load.resumed, load.last_assigned) = (None, None);
        }
        let board = Board { loads: known, ..Board::default() };
        let agents = &routing.roster().agents;
        let workers: Vec<_> = agents.iter().map(|agent| Worker::new(agent, routing, start)).collect();
        let seats = workers.iter().enumerate().map(|(seat, worker)| (worker.id.clone(), seat)).collect();
        let mut floor = Self {
            scenario,
            jobs: Vec::with_capacity(scenario.arrivals.len()),
            by_id: HashMap::with_capacity(scenario.arrivals.len()),
            lanes: Vec::new(),
            abouts: Vec::new(),
            parts: Vec::new(),
            groups: BTreeMap::new(),
            workers,
            seats,
            on_subject: HashMap::new(),
            desk: Desk::new(routing, &board),
            board,
            dice: Dice::seeded(scenario.seed),
            meter: Meter::default(),
            now: start,
            week: week_start(start, routing.zone()),
            waiting: 0,
            next_week: week_start(week_start(start, routing.zone()) + HOUR * 24 * 8, routing.zone()),
            looks: false,
            hour_is_over: false,
            events: BinaryHeap::new(),
        };
        floor.take_up(&scenario.arrivals);
        floor
    }

    fn take_up(&mut self, arrivals: &[Arrival]) {
        let mut lanes: HashMap<String, usize> = HashMap::new();
        let mut abouts: HashMap<&Subject, usize> = HashMap::new();
        let mut parts: HashMap<(usize, &Responsibility), usize> = HashMap::new();
        let ageing = self.scenario.routing.roster().rules.ageing_per_hour;
        for (number, arrival) in arrivals.iter().enumerate() {
            let task = &arrival.task;
            let lane = *lanes.entry(lane_name(arrival)).or_insert_with(|| {
                let capability = self.meter.capability(&task.need.capability);
                let able = able(self.scenario, &task.need.capability);
                self.lanes.push(Lane { capability, able, reason: None });
                self.lanes.len() - 1
            });
            let subject = *abouts.entry(&task.subject).or_insert_with(|| {
                let name = task.subject.to_string().into();
                self.abouts.push(About { name, holder: NONE, open: 0, waiting: BTreeSet::new() });
                self.abouts.len() - 1
            });
            let alone = !matches!(task.subject, Subject::Segment(_));
            let primary = task.responsibility == Responsibility::Primary;
            let part = (alone && !primary).then(|| {
                *parts.entry((subject, &task.responsibility)).or_insert_with(|| {
                    self.parts.push(Part::default());
                    self.parts.len() - 1
                })
            });
            self.jobs.push(Job {
                lane,
                subject,
                part,
                primary: alone && primary,
                rank: rank(task.arrived, task.priority, ageing),
                state: State::Coming,
                holder: NONE,
                assigned: None,
                due: None,
                done: None,
                attempts: 0,
                passed: Vec::new(),
                reason: None,
            });
            self.by_id.insert(task.id, number);
            self.events.push(Reverse((task.arrived.max(self.scenario.start), Happens::Arrives(number))));
        }
    }

    /// To the end.
    pub fn run(mut self) -> Outcome {
        let end = self.scenario.end();
        self.events.push(Reverse((self.scenario.start + HOUR, Happens::Hour)));
        while let Some(Reverse((at, _))) = self.events.peek().copied().filter(|Reverse((at, _))| *at < end) {
            self.now = at;
            self.turn_week();
            while let Some(Reverse((_, what))) = self.events.peek().copied().filter(|one| one.0.0 == at) {
                self.events.pop();
                self.happen(what);
            }
            self.turn();
            self.measure_hour();
            if self.waiting > 0 && !self.looks {
                self.looks = true;
                self.plan(at + LOOK_AGAIN, Happens::Look);
            }
        }
        self.now = end;
        Outcome::of(&self)
    }

    pub fn plan(&mut self, at: Timestamp, what: Happens) {
        self.events.push(Reverse((at, what)));
    }

    pub fn task(&self, job: usize) -> &'s Task {
        &self.scenario.arrivals[job].task
    }

    fn happen(&mut self, what: Happens) {
        match what {
            Happens::Arrives(job) => {
                self.jobs[job].state = State::Waiting;
                self.queue(job);
            }
            Happens::Done(job) => {
                self.jobs[job].state = State::Done;
                self.jobs[job].done = Some(self.now);
                self.free(job);
            }
            Happens::Passed(job, how) => self.pass_on(job, how),
            Happens::AskAgain(job) => self.forgive(job),
            Happens::Look => {
                self.looks = false;
                self.see_who_came();
            }
            Happens::Hour => self.hour_is_over = true,
        }
    }

    /// What still waits when the hour is over.
    fn measure_hour(&mut self) {
        if !std::mem::take(&mut self.hour_is_over) {
            return;
        }
        let groups = self.groups.iter().flat_map(|(key, group)| group.tasks.iter().map(|one| (key.0, one.2)));
        let waiting = groups.map(|(lane, job)| (self.lanes[lane].capability, self.arrived(job))).collect();
        let rules = self.scenario.routing.roster().rules.overflow;
        self.meter.hour(waiting, rules, self.now);
        self.plan(self.now + HOUR, Happens::Hour);
    }

    /// When a task arrived; one from before the beginning, then.
    pub fn arrived(&self, job: usize) -> Timestamp {
        self.task(job).arrived.max(self.scenario.start)
    }

    /// Weekly capacity is there again when a new week begins.
    fn turn_week(&mut self) {
        if self.now < self.next_week {
            return;
        }
        let zone = self.scenario.routing.zone();
        self.week = week_start(self.now, zone);
        self.next_week = week_start(self.week + HOUR * 24 * 8, zone);
        for seat in 0..self.workers.len() {
            let worker = &mut self.workers[seat];
            worker.weeks.push(0);
            if let Some(load) = self.board.loads.get_mut(&worker.id) {
                Arc::make_mut(load).week.clear();
            }
            if self.workers[seat].is_weekly() {
                self.measure(seat);
                self.reopen(seat);
            }
        }
    }

    /// Those who are at work now and were not, or get a share per hour as they were away, can be given something.
    fn see_who_came(&mut self) {
        for seat in 0..self.workers.len() {
            let worker = &mut self.workers[seat];
            if worker.always {
                continue;
            }
            let open = worker.calendar.is_open(self.now);
            let came = open && (!worker.open || worker.calendar.is_first_day_back(self.now));
            worker.open = open;
            if came {
                self.reopen(seat);
            }
        }
    }
}

/// Agents that can take such a task at all: the masters only where nobody else can.
fn able(scenario: &Scenario, capability: &str) -> Vec<usize> {
    let routing = &scenario.routing;
    let masters = !routing.has_capable(capability);
    let agents = routing.roster().agents.iter().enumerate().filter(|(_, agent)| agent.enabled);
    let can = agents.filter(|(_, agent)| match agent.layer {
        model::work::Layer::Master => masters,
        _ => !masters && agent.capabilities.get(capability).is_some_and(|level| *level > 0),
    });
    can.map(|(seat, _)| seat).collect()
}

/// Everything that decides who can take a task, but for its subject.
fn lane_name(arrival: &Arrival) -> String {
    let Arrival { task, enterprise } = arrival;
    let kind = match task.subject {
        Subject::Deal(_) => "deal",
        Subject::Lead(_) => "lead",
        Subject::Segment(_) => "segment",
    };
    let primary = task.responsibility == Responsibility::Primary;
    format!(
        "{} {:?} {} {:?} {kind} {primary} {enterprise:?}",
        task.action, task.need, task.stage, task.meant_for
    )
}
