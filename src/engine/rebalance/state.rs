//! A placement under improvement. What it is worth is the sum of the scores that the engine would give each piece of
//! work where it lies, with everything else in place.

use super::bundle::{Bundle, freed};
use crate::assign::{Desk, Room};
use model::{
    AgentId, Timestamp,
    work::{Board, Task, Window},
};
use std::collections::{BTreeMap, BTreeSet};

/// Scores are in millionths.
const ONE: i64 = 1_000_000;
/// Each point of priority of work that nobody cares for costs this, beside [`ONE`] a task.
const POINT: i64 = 10_000;
/// A unit beyond an agent's limit costs this.
const OVER: i64 = ONE;
/// Changing hands is trouble: a move has to gain more than this.
const TROUBLE: i64 = 10_000;
/// Agents tried for each piece of work, those it is worth most with.
const CHOICES: usize = 12;
/// Rounds of improvement at most.
const ROUNDS: usize = 50;

/// One agent that may have a piece of work.
#[derive(Clone, Copy, Debug)]
pub struct Choice {
    /// Seat in the roster.
    pub seat: usize,
    /// Score without the term for free capacity, all tasks together.
    pub worth: i64,
    /// Units of its capacity.
    pub load: u32,
}

/// A piece of work that may move.
#[derive(Clone, Debug)]
pub struct Job {
    /// Tasks in it.
    pub count: i64,
    /// Cost of nobody caring for it.
    pub lost: i64,
    /// Who has it; `None`: nobody who is on the roster.
    pub home: Option<Choice>,
    /// Whoever has it is away or not on the roster.
    pub orphan: bool,
    /// Somebody has it.
    pub held: bool,
    /// Who may have it now, the home apart.
    pub choices: Vec<Choice>,
}

impl Job {
    /// From a bundle: everybody who is able to do all of it now.
    pub fn new(
        bundle: &Bundle<'_>,
        desk: &mut Desk,
        seat: &impl Fn(&AgentId) -> Option<usize>,
        now: Timestamp,
    ) -> Self {
        let home = bundle.holder.as_ref().and_then(seat);
        let mut worth: BTreeMap<usize, (i64, usize, bool)> = BTreeMap::new();
        for task in &bundle.tasks {
            for bid in desk.bids(task, now) {
                let known = worth.entry(bid.seat).or_insert((0, 0, true));
                *known = (known.0 + bid.worth, known.1 + 1, known.2 && bid.able_now);
            }
        }
        let able =
            |(_, (_, times, open)): &(&usize, &(i64, usize, bool))| *open && *times == bundle.tasks.len();
        let others = worth.iter().filter(able).filter(|(seat, _)| Some(**seat) != home);
        let desk = &*desk;
        let load = |seat: usize| load(&bundle.tasks, desk, seat);
        let mut choices: Vec<Choice> = others
            .map(|(seat, (worth, ..))| Choice { seat: *seat, worth: *worth, load: load(*seat) })
            .collect();
        choices.sort_by_key(|choice| (-choice.worth, choice.seat));
        choices.truncate(CHOICES);
        let own =
            home.map(|seat| Choice { seat, worth: worth.get(&seat).map_or(0, |known| known.0), load: 0 });
        let count = i64::try_from(bundle.tasks.len()).unwrap_or(i64::MAX);
        let points: i64 = bundle.tasks.iter().map(|task| i64::from(task.priority)).sum();
        Self {
            count,
            lost: count * ONE + points * POINT,
            home: own,
            orphan: bundle.holder.is_some() && home.is_none(),
            held: bundle.holder.is_some(),
            choices,
        }
    }
}

/// Units of capacity that an agent must have free for it: at least one, so that nobody at the limit gets more. A deal
/// counts once, however many tasks there are on it.
fn load(tasks: &[&Task], desk: &Desk, seat: usize) -> u32 {
    let agent = desk.routing().roster().agents.get(seat);
    let count = |tasks: usize| u32::try_from(tasks).unwrap_or(u32::MAX).max(1);
    match agent.and_then(|agent| agent.capacity.as_ref()).map(|capacity| &*capacity.unit) {
        None | Some("deal" | "enterprise_deal") => 1,
        Some("task") => count(tasks.len()),
        Some(unit) => count(tasks.iter().filter(|task| task.need.unit.as_deref() == Some(unit)).count()),
    }
}

/// Everything that a placement is judged by.
#[derive(Debug)]
pub struct Table<'d> {
    desk: &'d Desk,
    /// Movable work.
    pub jobs: Vec<Job>,
    /// By seat: what it carries that does not move, and its limit.
    pub rooms: Vec<Room>,
}

impl<'d> Table<'d> {
    /// Takes off what each agent would no longer carry.
    pub fn new(desk: &'d Desk, jobs: Vec<Job>, bundles: &[&Bundle<'_>], board: &Board) -> Self {
        let mut table = Self { desk, jobs, rooms: desk.rooms() };
        let agents = &desk.routing().roster().agents;
        for (job, bundle) in table.jobs.iter_mut().zip(bundles) {
            let Some(home) = job.home.as_mut() else { continue };
            let Some(agent) = agents.get(home.seat) else { continue };
            let Some(capacity) = agent.capacity.as_ref().filter(|of| of.window == Window::Concurrent) else {
                // What was started this week stays counted.
                continue;
            };
            let held = |task: &&Task| task.holder.as_ref() == Some(&agent.id) && task.state.is_held();
            let subject = bundle.tasks.first().map(|task| &task.subject);
            let on_it = board.tasks.iter().filter(|task| Some(&task.subject) == subject).filter(held);
            let on_it: Vec<&Task> = on_it.collect();
            let gone: BTreeSet<_> = bundle.tasks.iter().map(|task| task.id).collect();
            home.load = freed(&on_it, &gone).get(&*capacity.unit).copied().unwrap_or_default();
            if let Some(room) = table.rooms.get_mut(home.seat) {
                room.used = room.used.saturating_sub(home.load);
            }
        }
        for job in &mut table.jobs {
            job.orphan |=
                job.home.is_some_and(|home| table.rooms.get(home.seat).is_none_or(|room| room.away));
        }
        table
    }

    /// The term for free capacity.
    pub fn free(&self, seat: usize, used: u32) -> i64 {
        self.desk.free(used, self.rooms.get(seat).and_then(|room| room.limit))
    }
}

/// Who has what.
#[derive(Clone, Debug)]
pub struct State<'t> {
    table: &'t Table<'t>,
    /// Per job: which choice; `None` is where it was.
    at: Vec<Option<Choice>>,
    used: Vec<u32>,
}

impl<'t> State<'t> {
    /// Nothing moved.
    pub fn as_it_is(table: &'t Table<'t>) -> Self {
        let mut used: Vec<u32> = table.rooms.iter().map(|room| room.used).collect();
        for home in table.jobs.iter().filter_map(|job| job.home) {
            if let Some(used) = used.get_mut(home.seat) {
                *used += home.load;
            }
        }
        Self { table, at: vec![None; table.jobs.len()], used }
    }

    fn place(&self, job: usize) -> Option<Choice> {
        self.at.get(job).copied().flatten().or_else(|| self.table.jobs.get(job)?.home)
    }
    /// Seat of whoever has it.
    pub fn seat_of(&self, job: usize) -> Option<usize> {
        self.place(job).map(|choice| choice.seat)
    }
    fn is_moved(&self, job: usize) -> bool {
        self.at.get(job).is_some_and(Option::is_some)
    }
    /// Jobs that are somewhere else than before.
    pub fn moved(&self) -> Vec<usize> {
        (0..self.at.len()).filter(|job| self.is_moved(*job)).collect()
    }
    /// Puts a job somewhere else, or back.
    pub fn put(&mut self, job: usize, to: Option<Choice>) {
        let shift = |used: &mut Vec<u32>, at: Option<Choice>, add: bool| {
            if let Some((place, used)) = at.and_then(|at| Some((at, used.get_mut(at.seat)?))) {
                *used = if add { *used + place.load } else { used.saturating_sub(place.load) };
            }
        };
        let before = self.place(job);
        shift(&mut self.used, before, false);
        if let Some(at) = self.at.get_mut(job) {
            *at = to;
        }
        let after = self.place(job);
        shift(&mut self.used, after, true);
    }
    /// With one job put back.
    pub fn without(&self, job: usize) -> Self {
        let mut other = self.clone();
        other.put(job, None);
        other
    }

    /// Nobody who is there has it.
    fn is_uncared(&self, job: usize) -> bool {
        !self.is_moved(job) && self.table.jobs.get(job).is_some_and(|job| job.orphan || !job.held)
    }
    /// How many have nobody who is there.
    pub fn uncared(&self) -> usize {
        (0..self.at.len()).filter(|job| self.is_uncared(*job)).count()
    }

    /// Score of a job where it is; `None` where nobody has it.
    pub fn score(&self, job: usize) -> Option<i64> {
        let place = self.place(job)?;
        let used = self.used.get(place.seat).copied().unwrap_or_default();
        let free = self.table.free(place.seat, used.saturating_sub(place.load));
        Some(place.worth + self.table.jobs.get(job)?.count * free)
    }

    fn value(&self, job: usize) -> i64 {
        let lost = self.table.jobs.get(job).map_or(0, |job| job.lost);
        let trouble = |held: bool| if held { TROUBLE } else { 0 };
        match self.score(job) {
            _ if self.is_uncared(job) => -lost,
            Some(score) if self.is_moved(job) => {
                score - trouble(self.table.jobs.get(job).is_some_and(|job| job.held))
            }
            Some(score) => score,
            None => -lost,
        }
    }

    /// What the whole is worth, in millionths.
    pub fn total(&self) -> i64 {
        let over: i64 = self
            .used
            .iter()
            .zip(&self.table.rooms)
            .map(|(used, room)| i64::from(room.limit.map_or(0, |limit| used.saturating_sub(limit))))
            .sum();
        (0..self.at.len()).map(|job| self.value(job)).sum::<i64>() - over * OVER
    }

    /// There is room for a job at a choice, with everything else where it is.
    fn fits(&self, job: usize, to: Choice) -> bool {
        let own = self.place(job).filter(|at| at.seat == to.seat).map_or(0, |at| at.load);
        let used = self.used.get(to.seat).copied().unwrap_or_default().saturating_sub(own);
        let limit = self.table.rooms.get(to.seat).and_then(|room| room.limit);
        limit.is_none_or(|limit| used + to.load <= limit)
    }

    /// An agent has more than its limit.
    pub fn is_over(&self, seat: usize) -> bool {
        let (used, room) = (self.used.get(seat), self.table.rooms.get(seat));
        used.zip(room).is_none_or(|(used, room)| room.limit.is_some_and(|limit| *used > limit))
    }

    /// No agent that got something is beyond its limit.
    pub fn is_sound(&self) -> bool {
        self.at.iter().flatten().all(|to| !self.is_over(to.seat))
    }

    /// Puts back, one by one, what brought somebody beyond the limit.
    pub fn mend(mut self) -> Self {
        let over = |state: &Self, job: &usize| state.seat_of(*job).is_some_and(|seat| state.is_over(seat));
        while let Some(job) = self.moved().into_iter().find(|job| over(&self, job)) {
            self.put(job, None);
        }
        self
    }

    /// The best single move from here: its job, where to, and the total then.
    fn best_step(&self, jobs: &[usize], to: impl Fn(usize) -> Vec<Option<Choice>>) -> Option<Self> {
        let mut best: Option<(i64, Self)> = None;
        for job in jobs {
            for choice in to(*job) {
                if choice.is_some_and(|choice| !self.fits(*job, choice)) {
                    continue;
                }
                let mut next = self.clone();
                next.put(*job, choice);
                let total = next.total();
                if next.is_sound() && best.as_ref().is_none_or(|(known, _)| total > *known) {
                    best = Some((total, next));
                }
            }
        }
        best.filter(|(total, _)| *total > self.total()).map(|(_, next)| next)
    }

    /// Takes single moves as long as they gain: each job in turn to where the total is highest.
    pub fn polish(&mut self) {
        for _ in 0..ROUNDS {
            let mut moved = false;
            for job in 0..self.at.len() {
                let choices = self.table.jobs.get(job).map(|job| job.choices.as_slice()).unwrap_or_default();
                let all = |_| choices.iter().copied().map(Some).chain([None]).collect();
                if let Some(next) = self.best_step(&[job], all) {
                    *self = next;
                    moved = true;
                }
            }
            if !moved {
                return;
            }
        }
    }

    /// Puts back what gains nothing where it went.
    pub fn take_back_idle_moves(&mut self) {
        loop {
            let total = self.total();
            let back = self.moved().into_iter().find_map(|job| {
                let other = self.without(job);
                (other.is_sound() && other.total() >= total).then_some(other)
            });
            match back {
                Some(other) => *self = other,
                None => return,
            }
        }
    }

    /// On the way to another placement: at most so many of its moves, those that gain most at each step; two at
    /// once where one makes room for the other.
    pub fn towards(&self, goal: &Self, most: usize) -> Self {
        let mut here = self.clone();
        let mut left = goal.moved();
        if left.len() <= most {
            return goal.clone();
        }
        while here.moved().len() < most && !left.is_empty() {
            let to = |job: usize| vec![goal.at.get(job).copied().flatten()];
            let next = here.best_step(&left, to).or_else(|| {
                (here.moved().len() + 2 <= most).then(|| here.best_exchange(&left, goal)).flatten()
            });
            let Some(next) = next else { break };
            here = next;
            left.retain(|job| !here.is_moved(*job));
        }
        here
    }

    fn best_exchange(&self, left: &[usize], goal: &Self) -> Option<Self> {
        let pairs = left.iter().flat_map(|a| left.iter().filter(move |b| a < *b).map(move |b| [*a, *b]));
        let both = pairs.map(|pair| {
            let mut next = self.clone();
            for job in pair {
                next.put(job, goal.at.get(job).copied().flatten());
            }
            next
        });
        both.filter(|next| next.is_sound() && next.total() > self.total()).max_by_key(Self::total)
    }
}
