//! What agents carry, counted as the store counts it.

use super::floor::Floor;
use model::{
    Timestamp,
    work::{Responsibility, Subject, Task, Window},
};
use std::sync::Arc;

/// A unit in which work is counted, as the store counts it.
enum Unit<'t> {
    Tasks(&'t str),
    Subjects(&'t str),
}

fn units(task: &Task) -> Vec<Unit<'_>> {
    let mut units = vec![Unit::Tasks("task")];
    if matches!((&task.subject, &task.responsibility), (Subject::Deal(_), Responsibility::Primary)) {
        units.push(Unit::Subjects("deal"));
    }
    match task.need.unit.as_deref() {
        None | Some("task" | "deal") => {}
        Some(unit @ "enterprise_deal") => units.push(Unit::Subjects(unit)),
        Some(unit) => units.push(Unit::Tasks(unit)),
    }
    units
}

impl Floor<'_> {
    /// Takes a task off the agent's counts.
    pub fn ended(&mut self, number: usize, seat: usize) {
        let subject = self.jobs[number].subject;
        let task = self.task(number);
        for unit in units(task) {
            let (name, ends) = match unit {
                Unit::Tasks(name) => (name, true),
                Unit::Subjects(name) => (name, self.on_subject(seat, name, subject, -1) == 0),
            };
            if let Some(count) = self.open(seat, name).filter(|_| ends) {
                *count = count.saturating_sub(1);
            }
        }
    }

    fn open(&mut self, seat: usize, unit: &str) -> Option<&mut u32> {
        Arc::make_mut(self.board.loads.get_mut(&self.workers[seat].id)?).open.get_mut(unit)
    }

    /// Adds to the open tasks of an agent on a subject, and says how many there are.
    fn on_subject(&mut self, seat: usize, unit: &str, subject: usize, add: i32) -> u32 {
        let count = self.on_subject.entry((seat, unit.into(), subject)).or_default();
        *count = count.saturating_add_signed(add);
        *count
    }

    /// Adds a task to the agent's counts.
    pub fn count(&mut self, job: usize, seat: usize) {
        let (task, subject) = (self.task(job), self.jobs[job].subject);
        for unit in units(task) {
            let (name, begins) = match unit {
                Unit::Tasks(name) => (name, true),
                Unit::Subjects(name) => (name, self.on_subject(seat, name, subject, 1) == 1),
            };
            if begins {
                let load = Arc::make_mut(self.board.loads.entry(self.workers[seat].id.clone()).or_default());
                *load.open.entry(name.into()).or_default() += 1;
                *load.week.entry(name.into()).or_default() += 1;
                self.workers[seat].started(name, 1);
            }
        }
        let load = Arc::make_mut(self.board.loads.entry(self.workers[seat].id.clone()).or_default());
        // Of those placed at one instant the earlier counts as longer ago.
        let after = load.last_assigned.map(|last| Timestamp::from_millis(last.as_millis() + 1));
        load.last_assigned = Some(after.map_or(self.now, |after| after.max(self.now)));
        self.workers[seat].given += 1;
        self.measure(seat);
    }

    /// It was never worked on: this week's count goes back.
    pub fn uncount(&mut self, job: usize, seat: usize) {
        let (task, subject) = (self.task(job), self.jobs[job].subject);
        for unit in units(task) {
            let name = match unit {
                Unit::Subjects(name) if self.on_subject(seat, name, subject, 0) > 0 => continue,
                Unit::Subjects(name) | Unit::Tasks(name) => name,
            };
            let load = self.board.loads.get_mut(&self.workers[seat].id);
            if let Some(count) = load.and_then(|load| Arc::make_mut(load).week.get_mut(name)) {
                *count = count.saturating_sub(1);
            }
            self.workers[seat].started(name, -1);
        }
        self.measure(seat);
        self.reopen(seat);
    }

    /// Takes over into the agent's figures what it holds.
    pub fn measure(&mut self, seat: usize) {
        let worker = &mut self.workers[seat];
        let load = self.board.loads.get(&worker.id);
        let open = |unit: &str| load.and_then(|load| load.open.get(unit)).copied().unwrap_or_default();
        let used = worker.capacity.as_ref().map_or(0, |capacity| match capacity.window {
            Window::Concurrent => open(&capacity.unit),
            Window::Week => load.and_then(|load| load.week.get(&capacity.unit)).copied().unwrap_or_default(),
        });
        worker.holds(open("task"), used, self.now);
    }
}
