//! The desk: the roster with its loads, kept in memory, on which tasks are placed one after the other.

use super::{
    draw::{Pick, Ranked},
    hours::Phase,
    queue::rank,
    routing::{Routing, Seat},
    score::{self, Class, Member, Traits},
};
use crate::dice::Dice;
use model::{
    Id, Timestamp,
    work::{
        AgentLoad, Assignment, Board, Candidate, Exclusion, Passed, Policy, Responsibility, Subject, Task,
        Window,
    },
};
use std::{collections::HashMap, sync::Arc, time::Duration};

const DAY: Duration = Duration::from_hours(24);
/// Stands for an agent that holds something and is no longer configured.
const STRANGER: Seat = Seat::MAX;

/// Agents and what they carry, prepared for placing tasks. Kept between turns; [`Desk::sync`] brings it up to
/// the board's revision.
#[derive(Clone, Debug)]
pub struct Desk {
    pub(super) routing: Routing,
    pub(super) revision: i64,
    /// By seat.
    pub(super) loads: Vec<Arc<AgentLoad>>,
    pub(super) live: Vec<Live>,
    /// What holds of each agent's hours, as far as it was worked out.
    phases: Vec<Phase>,
    pub(super) classes: Vec<Class>,
    lookup: HashMap<u64, Vec<usize>>,
    /// Who holds the primary responsibility.
    pub(super) holders: HashMap<Subject, Seat>,
    pub(super) enterprise: HashMap<Subject, bool>,
    /// Deals whose place was counted when this holder took them, before the task that names the unit came.
    reserved: HashMap<Subject, Seat>,
    /// Who passed on a task.
    pub(super) passed: HashMap<Id, Vec<(Seat, Passed)>>,
    /// Where the next placement stands in time, in milliseconds: later than all before it, so that of tasks placed
    /// at one instant the earlier counts as longer ago, in this turn and in the next. The store counts alike.
    next: i64,
}

/// What changes about an agent while tasks are placed.
#[derive(Clone, Debug)]
pub(super) struct Live {
    pub used: u32,
    pub limit: Option<u32>,
    /// Weighted term for free capacity.
    pub free: i64,
    /// Last placement; `i64::MIN` for never.
    pub idle: i64,
    /// Why nothing can be given to it at all in this turn.
    pub blocked: Option<Exclusion>,
    /// Just back from absence.
    pub returning: bool,
    /// Due dates already worked out in this turn, by hours allowed.
    dues: Vec<(u32, Timestamp)>,
}

impl Desk {
    /// A desk at which the board's loads and holders are known. The board's tasks are not looked at.
    pub fn new(routing: &Routing, board: &Board) -> Self {
        let seats = routing.roster().agents.len();
        let mut desk = Self {
            routing: routing.clone(),
            revision: board.revision,
            loads: vec![Arc::default(); seats],
            live: Vec::with_capacity(seats),
            phases: vec![Phase::default(); seats],
            classes: Vec::new(),
            lookup: HashMap::new(),
            holders: HashMap::new(),
            enterprise: HashMap::new(),
            reserved: HashMap::new(),
            passed: HashMap::new(),
            next: i64::MIN,
        };
        desk.live = desk.loads.iter().zip(0..).map(|(load, seat)| desk.live_of(seat, load)).collect();
        desk.sync(board);
        desk
    }

    /// The revision of the board that this desk stands at.
    pub const fn revision(&self) -> i64 {
        self.revision
    }
    /// The routing that it works by.
    pub const fn routing(&self) -> &Routing {
        &self.routing
    }

    /// Takes over loads, holders and revision of a board. Only agents whose load differs cost anything.
    pub fn sync(&mut self, board: &Board) {
        self.revision = board.revision;
        let nothing = Arc::default();
        let mut rescored = false;
        // Both are in order of ids.
        let mut carried = board.loads.iter().peekable();
        for seat in 0..u32::try_from(self.loads.len()).unwrap_or(Seat::MAX) {
            let Some(agent) = self.routing.agent(seat) else { continue };
            while carried.next_if(|(id, _)| **id < agent.id).is_some() {}
            let load = carried.next_if(|(id, _)| **id == agent.id).map_or(&nothing, |(_, load)| load);
            let fresh = self.live_of(seat, load);
            if let Some((known, live)) =
                self.loads.get_mut(seat as usize).zip(self.live.get_mut(seat as usize))
            {
                if !Arc::ptr_eq(known, load) {
                    rescored |= known.record != load.record;
                    known.clone_from(load);
                }
                *live = fresh;
            }
        }
        if rescored {
            self.classes.clear();
            self.lookup.clear();
        }
        self.reserved.clear();
        self.learn(board);
    }

    /// Takes over who holds which subject, replacing what was known.
    fn learn(&mut self, board: &Board) {
        self.holders.clear();
        self.enterprise.clear();
        self.passed.clear();
        for (task, agents) in &board.passed {
            let seats = agents.iter().filter_map(|(agent, how)| Some((self.routing.seat(agent)?, *how)));
            self.passed.insert(*task, seats.collect());
        }
        for (subject, agent) in &board.primaries {
            if let Ok(subject) = subject.parse() {
                self.holders.insert(subject, self.routing.seat(agent).unwrap_or(STRANGER));
            }
        }
        for (subject, enterprise) in &board.enterprise {
            if let Ok(subject) = subject.parse() {
                self.enterprise.insert(subject, *enterprise);
            }
        }
    }

    /// Places tasks in order of their rank, each decision counting for the next. What finds nobody stays in the
    /// queue and has an assignment without winner.
    pub fn place(&mut self, tasks: &[Task], seed: u64, now: Timestamp) -> Vec<Assignment> {
        self.open(now);
        let ageing = self.routing.roster().rules.ageing_per_hour;
        let mut order: Vec<_> =
            tasks.iter().map(|task| (rank(task.arrived, task.priority, ageing), task.id, task)).collect();
        order.sort_unstable_by_key(|(rank, id, _)| (*rank, *id));
        (0..).zip(order).map(|(position, (_, _, task))| self.place_one(task, position, seed, now)).collect()
    }

    /// Works out who can be given something at `now`.
    pub(super) fn open(&mut self, now: Timestamp) {
        let last = self.live.iter().map(|live| live.idle).max().unwrap_or(i64::MIN);
        self.next = now.as_millis().max(last.saturating_add(1));
        let each = self.live.iter_mut().zip(&self.loads).zip(&mut self.phases);
        for (seat, ((live, load), phase)) in (0..).zip(each) {
            live.dues.clear();
            let Some((agent, spec)) = self.routing.agent(seat).zip(self.routing.spec(seat)) else { continue };
            if !phase.covers(now) {
                *phase = spec.calendar.phase(now);
            }
            live.returning = phase.first_day_back || is_resumed(load, now);
            live.blocked = if !agent.enabled {
                Some(Exclusion::Disabled)
            } else if load.paused {
                Some(Exclusion::Paused)
            } else if !phase.open {
                Some(Exclusion::Hours)
            } else if live.returning && Timestamp::from_millis(live.idle) + spec.ramp > now {
                Some(Exclusion::Returning)
            } else {
                None
            };
        }
    }

    pub(super) fn place_one(&mut self, task: &Task, position: u32, seed: u64, now: Timestamp) -> Assignment {
        let class = self.class(task);
        let holder = self.holders.get(&task.subject).copied();
        let sticky = self.sticky(task);
        let mut counts = Counts::default();
        let Some(class) = self.classes.get(class) else { return self.undecided(task, position, seed) };
        let mut pick = Pick::new(class.policy);
        counts.begin(class);
        for (index, member) in class.members.iter().enumerate() {
            let Some(live) = self.live.get(member.seat as usize) else { continue };
            match self.exclusion(task, member.seat, live, holder) {
                Some(reason) => counts.add(reason, 1),
                None => pick.offer(self.ranked(index, member, live, sticky)),
            }
        }
        let mut dice = Dice::seeded(seed.wrapping_add(u64::from(position)));
        let (winner, others) = pick.decide(sticky, &mut dice);
        let candidate = |ranked: &Ranked| self.candidate(class, *ranked);
        let assignment = Assignment {
            winner: winner.as_ref().and_then(candidate),
            runners_up: others.iter().filter_map(candidate).collect(),
            excluded: counts.list(),
            last_resort: class.last_resort && winner.is_some(),
            policy: class.policy,
            ..self.undecided(task, position, seed)
        };
        match winner {
            Some(winner) => self.settle(assignment, task, winner.seat, now),
            None => assignment,
        }
    }

    /// When a task that is given to an agent is due and until when it is reserved; and counts it.
    pub(super) fn settle(
        &mut self,
        mut assignment: Assignment,
        task: &Task,
        seat: Seat,
        now: Timestamp,
    ) -> Assignment {
        // One that prepares a meeting is due with it, whatever the hours.
        let fixed = task.due.filter(|due| *due > now);
        assignment.due = Some(fixed.unwrap_or_else(|| self.due(seat, task.allowed_hours, now)));
        assignment.offer_until = self.routing.spec(seat).and_then(|spec| spec.offer_until(now));
        self.give(task, seat);
        assignment
    }

    /// Who is preferred for holding the task's subject already.
    pub(super) fn sticky(&self, task: &Task) -> Option<Seat> {
        self.holders.get(&task.subject).copied().filter(|_| task.responsibility != Responsibility::Primary)
    }

    pub(super) fn undecided(&self, task: &Task, position: u32, seed: u64) -> Assignment {
        Assignment {
            task: task.id,
            turn: self.revision,
            position,
            winner: None,
            due: None,
            offer_until: None,
            runners_up: Vec::new(),
            excluded: Vec::new(),
            last_resort: false,
            policy: Policy::Score,
            named: false,
            seed,
            config: self.routing.hash().into(),
        }
    }

    /// The first reason that keeps an able agent from a task.
    fn exclusion(&self, task: &Task, seat: Seat, live: &Live, holder: Option<Seat>) -> Option<Exclusion> {
        live.blocked
            .or_else(|| Self::is_held_by_other(task, seat, holder).then_some(Exclusion::HeldByOther))
            .or_else(|| self.has_passed(task, seat))
            .or_else(|| self.is_full(task, seat, live, holder).then_some(Exclusion::Capacity))
    }

    /// It was asked already: it said no, or did not answer.
    pub(super) fn has_passed(&self, task: &Task, seat: Seat) -> Option<Exclusion> {
        let passes = self.passed.get(&task.id)?;
        let (_, how) = passes.iter().find(|(passed, _)| *passed == seat)?;
        Some(match how {
            Passed::Declined => Exclusion::Declined,
            Passed::Silent => Exclusion::Unreachable,
            Passed::Away => Exclusion::Hours,
        })
    }

    pub(super) fn is_held_by_other(task: &Task, seat: Seat, holder: Option<Seat>) -> bool {
        task.responsibility == Responsibility::Primary && holder.is_some_and(|holder| holder != seat)
    }

    /// At its limit; whoever holds the subject may still take what uses up nothing more.
    pub(super) fn is_full(&self, task: &Task, seat: Seat, live: &Live, holder: Option<Seat>) -> bool {
        let full = live.limit.is_some_and(|limit| live.used >= limit);
        let holds = holder == Some(seat);
        full && (!holds || self.adds(task, seat, holds) > 0)
    }

    /// How much of its capacity an agent would use up by taking a task.
    fn adds(&self, task: &Task, seat: Seat, holds: bool) -> u32 {
        let Some(capacity) = self.routing.agent(seat).and_then(|agent| agent.capacity.as_ref()) else {
            return 0;
        };
        let takes_deal = task.responsibility == Responsibility::Primary
            && matches!(task.subject, Subject::Deal(_))
            && !holds;
        let adds = match &*capacity.unit {
            "task" => true,
            // Deals count once, however many tasks there are on them.
            "deal" => takes_deal,
            unit if task.need.unit.as_deref() == Some(unit) => {
                self.reserved.get(&task.subject) != Some(&seat)
            }
            // Whoever takes a deal will need the place for it, even if another task on it names the unit.
            _ => takes_deal && capacity.window == Window::Concurrent,
        };
        u32::from(adds)
    }

    pub(super) fn ranked(&self, index: usize, member: &Member, live: &Live, sticky: Option<Seat>) -> Ranked {
        let specialisation = if sticky == Some(member.seat) {
            self.routing.roster().rules.weights.specialisation
        } else {
            member.specialisation
        };
        Ranked {
            score: member.capability + member.performance + live.free + specialisation,
            idle: live.idle,
            seat: member.seat,
            index,
            free: live.free,
            specialisation,
        }
    }

    pub(super) fn candidate(&self, class: &Class, ranked: Ranked) -> Option<Candidate> {
        let (member, agent) = (class.members.get(ranked.index)?, self.routing.agent(ranked.seat)?);
        Some(Candidate {
            agent: agent.id.clone(),
            capability: member.capability,
            performance: member.performance,
            free: ranked.free,
            specialisation: ranked.specialisation,
        })
    }

    fn due(&mut self, seat: Seat, allowed: u32, now: Timestamp) -> Timestamp {
        let Some((live, spec)) = self.live.get_mut(seat as usize).zip(self.routing.spec(seat)) else {
            return now;
        };
        if let Some((_, due)) = live.dues.iter().find(|(hours, _)| *hours == allowed) {
            return *due;
        }
        let due = spec.calendar.due(now, allowed);
        live.dues.push((allowed, due));
        due
    }

    /// Counts a task that was given to an agent.
    fn give(&mut self, task: &Task, seat: Seat) {
        let holds = self.holders.get(&task.subject) == Some(&seat);
        let adds = self.adds(task, seat, holds);
        let unit =
            self.routing.agent(seat).and_then(|agent| agent.capacity.as_ref()).map(|limit| &*limit.unit);
        let named = task.need.unit.as_deref() == unit;
        if task.responsibility == Responsibility::Primary && !holds {
            self.holders.insert(task.subject.clone(), seat);
            if adds > 0 && !named && !matches!(unit, Some("deal" | "task")) {
                self.reserved.insert(task.subject.clone(), seat);
            }
        } else if named && self.reserved.get(&task.subject) == Some(&seat) {
            self.reserved.remove(&task.subject);
        }
        let placed = self.next;
        self.next += 1;
        let weights = self.routing.roster().rules.weights;
        if let Some(live) = self.live.get_mut(seat as usize) {
            live.used += adds;
            live.free = score::free(live.used, live.limit, weights);
            live.idle = placed;
            if live.returning {
                live.blocked = Some(Exclusion::Returning);
            }
        }
    }

    /// The list of candidates for a task's kind, made on first use.
    pub(super) fn class(&mut self, task: &Task) -> usize {
        let enterprise = self.enterprise.get(&task.subject).copied().unwrap_or_default();
        let slot = self.lookup.entry(Traits::hash_of(task, enterprise)).or_default();
        let classes = &self.classes;
        let known =
            slot.iter().find(|at| classes.get(**at).is_some_and(|class| class.traits.fit(task, enterprise)));
        if let Some(at) = known {
            return *at;
        }
        let at = self.classes.len();
        slot.push(at);
        self.classes.push(Class::new(Traits::of(task, enterprise), &self.routing, &self.loads));
        at
    }

    fn live_of(&self, seat: Seat, load: &AgentLoad) -> Live {
        let capacity = self.routing.agent(seat).and_then(|agent| agent.capacity.as_ref());
        let used = capacity.map_or(0, |capacity| load.used(capacity));
        let limit = capacity.map(|capacity| capacity.limit);
        Live {
            used,
            limit,
            free: score::free(used, limit, self.routing.roster().rules.weights),
            idle: load.last_assigned.map_or(i64::MIN, Timestamp::as_millis),
            blocked: None,
            returning: false,
            dues: Vec::new(),
        }
    }
}

/// A person took the pause off within the last day.
fn is_resumed(load: &AgentLoad, now: Timestamp) -> bool {
    load.resumed.is_some_and(|resumed| resumed <= now && now < resumed + DAY)
}

/// Exclusions of one decision, by reason.
#[derive(Default)]
struct Counts([u32; Counts::REASONS.len()]);

impl Counts {
    const REASONS: [Exclusion; 10] = [
        Exclusion::Disabled,
        Exclusion::Capability,
        Exclusion::Paused,
        Exclusion::Hours,
        Exclusion::Capacity,
        Exclusion::Returning,
        Exclusion::HeldByOther,
        Exclusion::Declined,
        Exclusion::Unreachable,
        Exclusion::LastResortOnly,
    ];

    fn begin(&mut self, class: &Class) {
        self.add(Exclusion::Disabled, class.disabled);
        self.add(Exclusion::Capability, class.lacking);
        self.add(Exclusion::LastResortOnly, class.masters);
    }
    fn add(&mut self, reason: Exclusion, many: u32) {
        if let Some(count) = self.0.get_mut(reason as usize) {
            *count += many;
        }
    }
    fn list(&self) -> Vec<(Exclusion, u32)> {
        Self::REASONS.into_iter().zip(self.0).filter(|(_, count)| *count > 0).collect()
    }
}
