//! A turn: what waits is placed by the desk, in batches as the daemon does, until nothing more finds anybody.

use super::{
    floor::{Floor, Happens},
    job::{GroupKey, NONE, State},
};
use crate::{coordinate, dice::Dice};
use model::{
    Id, Timestamp,
    work::{Assignment, Exclusion, Passed},
};
use std::collections::BTreeSet;

/// Tasks that are placed together.
const BATCH: usize = 32;
/// The reason that is said of a task, where there are several, is the first of these.
const FIRST_OF: [Exclusion; 7] = [
    Exclusion::Capacity,
    Exclusion::HeldByOther,
    Exclusion::Hours,
    Exclusion::Returning,
    Exclusion::Paused,
    Exclusion::Unreachable,
    Exclusion::Declined,
];

impl Floor<'_> {
    /// Places what can be placed.
    pub fn turn(&mut self) {
        loop {
            let batch = self.gather();
            if batch.is_empty() {
                return;
            }
            let seed = self.dice.u64();
            self.set_board(&batch);
            self.desk.sync(&self.board);
            let made = self.desk.place(&self.board.tasks, seed, self.now);
            for assignment in made {
                let Some(job) = self.by_id.get(&assignment.task).copied() else { continue };
                if assignment.winner.is_some() {
                    self.start(job, &assignment);
                } else {
                    self.refuse(job, &assignment);
                }
            }
        }
    }

    /// The best of what may find somebody. Of work beside the main one a deal has one task of a kind at a time.
    fn gather(&mut self) -> Vec<usize> {
        let open = self.groups.values().filter(|group| !group.closed);
        let heads = open.flat_map(|group| group.tasks.iter().take(BATCH));
        let mut best: Vec<(i64, Id, usize)> = heads.copied().collect();
        best.sort_unstable();
        let mut taken = BTreeSet::new();
        let mut batch = Vec::new();
        for (_, _, job) in best {
            let free = self.jobs[job].part.is_none_or(|part| taken.insert(part));
            if free {
                batch.push(job);
            }
            if batch.len() == BATCH {
                break;
            }
        }
        batch
    }

    fn set_board(&mut self, batch: &[usize]) {
        let board = &mut self.board;
        board.revision += 1;
        board.tasks.clear();
        board.primaries.clear();
        board.enterprise.clear();
        board.passed.clear();
        for job in batch {
            let (arrival, job) = (&self.scenario.arrivals[*job], &self.jobs[*job]);
            let about = &self.abouts[job.subject];
            if about.holder != NONE {
                board.primaries.insert(about.name.clone(), self.workers[about.holder].id.clone());
            }
            if let Some(enterprise) = arrival.enterprise {
                board.enterprise.insert(about.name.clone(), enterprise);
            }
            if !job.passed.is_empty() {
                board.passed.insert(arrival.task.id, job.passed.clone());
            }
            board.tasks.push(arrival.task.clone());
        }
    }

    /// Nobody takes it, so nobody takes those like it.
    fn refuse(&mut self, job: usize, assignment: &Assignment) {
        let has =
            |reason: &Exclusion| assignment.excluded.iter().any(|(found, many)| found == reason && *many > 0);
        let reason = FIRST_OF.into_iter().find(has);
        self.lanes[self.jobs[job].lane].reason = reason;
        self.jobs[job].reason = self.jobs[job].reason.or(reason);
        if let Some(group) = self.groups.get_mut(&self.key(job)) {
            group.closed = true;
        }
    }

    /// An agent has it: at once, or if it takes the offer.
    fn start(&mut self, number: usize, assignment: &Assignment) {
        let Some(winner) = &assignment.winner else { return };
        let Some(seat) = self.seats.get(&winner.agent).copied() else { return };
        self.unqueue(number);
        let lane = self.jobs[number].lane;
        let waited = self.arrived(number) < self.now;
        let job = &mut self.jobs[number];
        job.reason = job.reason.or_else(|| self.lanes[lane].reason.filter(|_| waited));
        (job.state, job.holder) = (State::Held, seat);
        (job.assigned, job.due) = (Some(self.now), assignment.due);
        job.attempts += 1;
        let (subject, primary, attempts) = (job.subject, job.primary, job.attempts);
        if let Some(part) = job.part {
            self.parts[part].held = true;
            self.set_aside(part, subject);
        }
        if primary {
            self.abouts[subject].open += 1;
            self.hold(subject, seat);
        }
        self.count(number, seat);
        let dice = self.chance(number, attempts);
        self.plan_end(number, seat, assignment.offer_until, dice);
    }

    fn plan_end(&mut self, job: usize, seat: usize, until: Option<Timestamp>, mut dice: Dice) {
        let (worker, task) = (&self.workers[seat], self.task(job));
        let answers = self.scenario.answers.get(&worker.id).copied().unwrap_or_default();
        let thrown = dice.below(1_000);
        let (declines, silent) = (u64::from(answers.declines), u64::from(answers.silent));
        let passed = match until {
            Some(_) if thrown < declines => Some((self.now, Passed::Declined)),
            Some(until) if thrown < declines + silent => Some((until, Passed::Silent)),
            Some(_) | None => None,
        };
        if let Some((at, how)) = passed {
            return self.plan(at, Happens::Passed(job, how));
        }
        let spread = self.scenario.service.spread(&task.action, &worker.id, task.allowed_hours);
        let done = worker.calendar.due_in(self.now, spread.draw(&mut dice));
        self.plan(done, Happens::Done(job));
    }

    /// Chance that belongs to a task: whatever else changes, it falls alike.
    fn chance(&self, job: usize, attempt: u32) -> Dice {
        let part = (job as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(u64::from(attempt));
        Dice::seeded(self.scenario.seed ^ part)
    }

    /// It is offered to somebody else.
    pub fn pass_on(&mut self, job: usize, how: Passed) {
        let seat = self.jobs[job].holder;
        self.workers[seat].passed += 1;
        let begun = self.jobs[job].assigned.is_some_and(|at| at >= self.week);
        self.free(job);
        if begun {
            self.uncount(job, seat);
        }
        let agent = self.workers[seat].id.clone();
        let job_now = &mut self.jobs[job];
        job_now.passed.push((agent, how));
        (job_now.state, job_now.holder) = (State::Waiting, NONE);
        (job_now.assigned, job_now.due) = (None, None);
        self.queue(job);
        if how == Passed::Silent {
            let rules = &self.scenario.routing.roster().rules.coordination;
            self.plan(coordinate::silent(rules, self.now), Happens::AskAgain(job));
        }
    }

    /// Those who did not answer may be asked again.
    pub fn forgive(&mut self, job: usize) {
        let waits = self.jobs[job].state == State::Waiting;
        if waits {
            self.unqueue(job);
        }
        let silent = self.jobs[job].passed.iter().position(|(_, how)| *how == Passed::Silent);
        if let Some(at) = silent {
            self.jobs[job].passed.remove(at);
        }
        if waits {
            self.queue(job);
        }
    }

    /// Its agent no longer has it.
    pub fn free(&mut self, number: usize) {
        let job = &self.jobs[number];
        let (seat, subject, part, primary) = (job.holder, job.subject, job.part, job.primary);
        self.ended(number, seat);
        if let Some(part) = part {
            self.parts[part].held = false;
            for waiting in std::mem::take(&mut self.parts[part].aside) {
                self.waiting -= 1;
                self.queue(waiting);
            }
        }
        if primary {
            self.abouts[subject].open -= 1;
            if self.abouts[subject].open == 0 {
                self.hold(subject, NONE);
            }
        }
        self.measure(seat);
        self.reopen(seat);
    }

    fn key(&self, number: usize) -> GroupKey {
        let job = &self.jobs[number];
        let alone = if job.passed.is_empty() { NONE } else { number };
        (job.lane, self.abouts[job.subject].holder, alone)
    }

    /// Into the queue, or aside while somebody has its part of the deal.
    pub fn queue(&mut self, number: usize) {
        self.waiting += 1;
        let (part, subject) = (self.jobs[number].part, self.jobs[number].subject);
        if let Some(part) = part.filter(|part| self.parts[*part].held) {
            self.parts[part].aside.insert(number);
            return;
        }
        self.abouts[subject].waiting.insert(number);
        let entry = (self.jobs[number].rank, self.task(number).id, number);
        self.groups.entry(self.key(number)).or_default().tasks.insert(entry);
    }

    fn unqueue(&mut self, number: usize) {
        self.waiting -= 1;
        let (part, subject) = (self.jobs[number].part, self.jobs[number].subject);
        if let Some(part) = part
            && self.parts[part].aside.remove(&number)
        {
            return;
        }
        self.abouts[subject].waiting.remove(&number);
        let (key, entry) = (self.key(number), (self.jobs[number].rank, self.task(number).id, number));
        if let Some(group) = self.groups.get_mut(&key) {
            group.tasks.remove(&entry);
            if group.tasks.is_empty() {
                self.groups.remove(&key);
            }
        }
    }

    /// What waits for a part of a deal that somebody has now.
    fn set_aside(&mut self, part: usize, subject: usize) {
        let waiting = self.abouts[subject].waiting.iter().copied();
        let same: Vec<usize> = waiting.filter(|job| self.jobs[*job].part == Some(part)).collect();
        for job in same {
            self.unqueue(job);
            self.queue(job);
        }
    }

    /// The subject has this holder from now on; what waits for it waits for that one.
    fn hold(&mut self, subject: usize, holder: usize) {
        if self.abouts[subject].holder == holder {
            return;
        }
        let waiting: Vec<usize> = self.abouts[subject].waiting.iter().copied().collect();
        for job in &waiting {
            self.unqueue(*job);
        }
        self.abouts[subject].holder = holder;
        for job in waiting {
            self.queue(job);
        }
    }

    /// Something changed about an agent: what it can do may find somebody again.
    pub fn reopen(&mut self, seat: usize) {
        let full = self.workers[seat].is_full();
        for ((lane, holder, _), group) in &mut self.groups {
            let able = !full || *holder == seat;
            if group.closed && able && self.lanes[*lane].able.contains(&seat) {
                group.closed = false;
            }
        }
    }
}
