//! Who has what, worked out anew from the event log alone, and what must hold of it at every single event.

use crate::rig::Rig;
use jiff::{ToSpan, tz::TimeZone};
use model::{
    AgentId, Event, EventKind, Id, Stage, Timestamp,
    work::{
        AgentSpec, Capacity, Responsibility, Subject, Task, Window,
        message::{EscalationStatus, HandoffStatus, Status},
    },
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);
const MANY: usize = 100_000;

/// A task as the log tells of it.
pub struct Known {
    /// As it was made.
    pub task: Task,
    pub holder: Option<AgentId>,
    /// Its holder told that it is under way.
    pub begun: bool,
    /// How it ended, and when.
    pub ended: Option<(Box<str>, Timestamp)>,
}

/// Everything that the log says so far.
pub struct Ledger {
    read: i64,
    zone: TimeZone,
    capacities: BTreeMap<AgentId, Capacity>,
    pub tasks: BTreeMap<Id, Known>,
    /// Main tasks of each deal.
    main: BTreeMap<Id, Vec<Id>>,
    held: BTreeMap<AgentId, BTreeSet<Id>>,
    /// Tasks that an agent was given, with when; those that it gave back unbegun are out again.
    started: BTreeMap<AgentId, Vec<(Id, Timestamp)>>,
    /// Every placement.
    placed: BTreeMap<AgentId, Vec<Timestamp>>,
    /// Who holds a part of a deal or lead, by how many tasks.
    parts: BTreeMap<(Subject, Responsibility), (AgentId, BTreeSet<Id>)>,
    /// Agents that came back, with when.
    pub back: Vec<(AgentId, Timestamp)>,
    pub stages: BTreeMap<Id, Stage>,
    pub handoffs: BTreeMap<Id, HandoffStatus>,
    pub escalations: BTreeMap<Id, EscalationStatus>,
    /// The highest use of each agent's capacity.
    pub peak: BTreeMap<AgentId, usize>,
    /// One line of JSON for each event.
    pub log: String,
}

impl Ledger {
    pub fn new(agents: &[AgentSpec], zone: TimeZone) -> Self {
        let limited = agents.iter().filter_map(|agent| Some((agent.id.clone(), agent.capacity.clone()?)));
        Self {
            read: 0,
            zone,
            capacities: limited.collect(),
            tasks: BTreeMap::new(),
            main: BTreeMap::new(),
            held: BTreeMap::new(),
            started: BTreeMap::new(),
            placed: BTreeMap::new(),
            parts: BTreeMap::new(),
            back: Vec::new(),
            stages: BTreeMap::new(),
            handoffs: BTreeMap::new(),
            escalations: BTreeMap::new(),
            peak: BTreeMap::new(),
            log: String::new(),
        }
    }

    /// Reads on; whatever must not be is a panic that names the event.
    pub async fn follow(&mut self, rig: &Rig) {
        for (number, event) in rig.store.events(self.read, MANY).await.unwrap() {
            self.read = number;
            self.log += &serde_json::to_string(&(number, &event)).unwrap();
            self.log.push('\n');
            if let (EventKind::TaskCreated { .. }, Some(id)) = (&event.kind, event.subject) {
                self.learn(rig, id).await;
            }
            self.take(number, &event);
        }
    }

    async fn learn(&mut self, rig: &Rig, id: Id) {
        if self.tasks.contains_key(&id) {
            return;
        }
        let (task, _) = rig.store.task(id).await.unwrap().unwrap();
        if let (Subject::Deal(deal), Responsibility::Primary) = (&task.subject, &task.responsibility) {
            self.main.entry(*deal).or_default().push(id);
            // A deal that is seen for the first time has entered no stage since.
            self.stages.entry(*deal).or_insert(task.stage);
        }
        self.tasks.insert(id, Known { task, holder: None, begun: false, ended: None });
    }

    fn take(&mut self, number: i64, event: &Event) {
        let subject = event.subject.unwrap_or_else(|| Id::derived(&[]));
        match &event.kind {
            EventKind::TaskAssigned { agent } | EventKind::TaskOffered { agent, .. } => {
                self.place(number, subject, agent, event.at);
            }
            EventKind::TaskReturned { agent, .. } => self.give_back(number, subject, agent),
            EventKind::TaskReported { status: Status::InProgress | Status::Blocked, .. } => {
                self.tasks.get_mut(&subject).unwrap().begun = true;
            }
            EventKind::TaskEnded { how } => self.end(number, subject, how, event.at),
            EventKind::StageEntered { to, .. } => drop(self.stages.insert(subject, *to)),
            EventKind::Handoff { handoff, status, .. } => {
                let was = self.handoffs.insert(*handoff, *status);
                assert!(follows(was, *status), "event {number}: a handoff went from {was:?} to {status}");
            }
            EventKind::Escalation { escalation, status, .. } => {
                let was = self.escalations.insert(*escalation, *status);
                let back = was.is_some_and(|was| was > *status);
                assert!(!back, "event {number}: an escalation went from {was:?} to {status}");
            }
            EventKind::Noticed { what } => {
                let name = what.strip_prefix("agent ").and_then(|rest| rest.strip_suffix(" works again"));
                self.back.extend(name.map(|name| (name.into(), event.at)));
            }
            _ => {}
        }
    }

    fn place(&mut self, number: i64, id: Id, agent: &AgentId, at: Timestamp) {
        let known = self.tasks.get_mut(&id).unwrap();
        assert_eq!(known.holder, None, "event {number}: {id} was given to {agent}, too");
        assert_eq!(known.ended, None, "event {number}: {id} was given to {agent} after its end");
        (known.holder, known.begun) = (Some(agent.clone()), false);
        if !matches!(known.task.subject, Subject::Segment(_)) {
            let part = (known.task.subject.clone(), known.task.responsibility.clone());
            let (holder, by) = self.parts.entry(part).or_insert_with(|| (agent.clone(), BTreeSet::new()));
            assert_eq!(
                holder, agent,
                "event {number}: two hold the {} of {}",
                known.task.responsibility, known.task.subject
            );
            by.insert(id);
        }
        self.held.entry(agent.clone()).or_default().insert(id);
        self.started.entry(agent.clone()).or_default().push((id, at));
        self.placed.entry(agent.clone()).or_default().push(at);
        if let Some(capacity) = self.capacities.get(agent) {
            let used = self.used(agent, capacity, at);
            let limit = capacity.limit as usize;
            assert!(used <= limit, "event {number}: {agent} has {used} of {limit} {}s", capacity.unit);
            let peak = self.peak.entry(agent.clone()).or_default();
            *peak = used.max(*peak);
        }
    }

    /// How much of its capacity an agent uses, counted from its tasks.
    fn used(&self, agent: &AgentId, capacity: &Capacity, at: Timestamp) -> usize {
        let unit = |id: &Id| self.tasks[id].task.need.unit.as_deref() == Some(&*capacity.unit);
        let main = |id: &Id| {
            let task = &self.tasks[id].task;
            task.responsibility == Responsibility::Primary && matches!(task.subject, Subject::Deal(_))
        };
        let subjects = |ids: Vec<&Id>| {
            ids.into_iter().map(|id| &self.tasks[id].task.subject).collect::<BTreeSet<_>>().len()
        };
        let held = &self.held[agent];
        match (capacity.window, &*capacity.unit) {
            (Window::Concurrent, "task") => held.len(),
            (Window::Concurrent, "deal") => subjects(held.iter().filter(|id| main(id)).collect()),
            (Window::Concurrent, "enterprise_deal") => subjects(held.iter().filter(|id| unit(id)).collect()),
            (Window::Concurrent, _) => held.iter().filter(|id| unit(id)).count(),
            (Window::Week, _) => {
                let monday = self.monday(at);
                let started = self.started[agent].iter();
                started.filter(|(id, when)| *when >= monday && unit(id)).count()
            }
        }
    }

    /// Monday 00:00 where the organisation is.
    fn monday(&self, at: Timestamp) -> Timestamp {
        let date = at.to_jiff().to_zoned(self.zone.clone()).date();
        let monday = date - i64::from(date.weekday().to_monday_zero_offset()).days();
        let start = monday.to_zoned(self.zone.clone()).unwrap().timestamp();
        Timestamp::from_millis(start.as_millisecond())
    }

    fn free(&mut self, number: i64, id: Id, agent: &AgentId) {
        assert!(self.held.get_mut(agent).unwrap().remove(&id), "event {number}: {agent} did not have {id}");
        let task = &self.tasks[&id].task;
        let part = (task.subject.clone(), task.responsibility.clone());
        if let Some((_, by)) = self.parts.get_mut(&part) {
            by.remove(&id);
            if by.is_empty() {
                self.parts.remove(&part);
            }
        }
    }

    fn give_back(&mut self, number: i64, id: Id, agent: &AgentId) {
        self.free(number, id, agent);
        let known = self.tasks.get_mut(&id).unwrap();
        assert_eq!(known.holder.take().as_ref(), Some(agent), "event {number}");
        if !known.begun {
            let started = self.started.get_mut(agent).unwrap();
            let last = started.iter().rposition(|(one, _)| *one == id).unwrap();
            started.remove(last);
        }
    }

    fn end(&mut self, number: i64, id: Id, how: &str, at: Timestamp) {
        // The daemon may say once more what the agent said before.
        if self.tasks[&id].ended.is_some() {
            return;
        }
        if let Some(agent) = self.tasks[&id].holder.clone() {
            self.free(number, id, &agent);
        }
        let known = self.tasks.get_mut(&id).unwrap();
        known.ended = Some((how.into(), at));
    }

    /// In no hour of the day after they came back did agents get more than their share.
    pub fn no_burst(&self, days_off: &[(AgentId, Timestamp)]) -> usize {
        let mut seen = 0;
        for (agent, back) in self.back.iter().chain(days_off) {
            let capacity = &self.capacities[agent];
            let hours = if capacity.window == Window::Week { 40 } else { 8 };
            let share = capacity.limit.div_ceil(hours) as usize;
            let none = Vec::new();
            let placed = self.placed.get(agent).unwrap_or(&none);
            let first: Vec<_> = placed.iter().filter(|at| *back <= **at && **at < *back + DAY).collect();
            seen += first.len();
            for from in &first {
                let within = first.iter().filter(|at| from <= *at && ***at < **from + HOUR).count();
                assert!(
                    within <= share,
                    "{agent} got {within} tasks in the hour from {from}, {share} are its share"
                );
            }
        }
        seen
    }

    /// Open and ended main tasks of the stage that a deal is in.
    pub fn main_work(&self, deal: Id) -> (usize, usize) {
        let Some(stage) = self.stages.get(&deal) else { return (0, 0) };
        let all = self.main.get(&deal).into_iter().flatten().map(|id| &self.tasks[id]);
        let all: Vec<_> = all.filter(|known| known.task.stage == *stage).collect();
        let open = all.iter().filter(|known| known.ended.is_none()).count();
        (open, all.len() - open)
    }
}

/// The state table of handoffs, written down once more.
fn follows(was: Option<HandoffStatus>, now: HandoffStatus) -> bool {
    use HandoffStatus::{Completed, Confirmed, Declined, Requested, TimedOut};
    match was {
        None => now == Requested,
        Some(Requested) => matches!(now, Confirmed | Declined | TimedOut),
        Some(TimedOut) => matches!(now, Confirmed | Declined),
        // Its receiver may be gone by then, or the deal be with another one.
        Some(Confirmed) => matches!(now, Completed | Declined),
        Some(Declined | Completed) => false,
    }
}
