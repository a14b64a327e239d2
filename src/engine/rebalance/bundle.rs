//! Tasks that go together: whoever holds a part of a deal holds all of its open tasks.

use model::{
    AgentId,
    work::{Board, Responsibility, Subject, Task, TaskState},
};
use std::collections::{BTreeMap, BTreeSet};

/// Open tasks of one responsibility.
#[derive(Clone, Debug)]
pub struct Bundle<'b> {
    /// In order of rank.
    pub tasks: Vec<&'b Task>,
    /// Who has those that are held.
    pub holder: Option<AgentId>,
    /// One of them was begun.
    pub begun: bool,
}

/// Two tasks of one bundle have the same key. Work on a segment is nobody's alone: each task for itself.
fn key(task: &Task) -> (&Subject, &Responsibility, Option<model::Id>) {
    let alone = matches!(task.subject, Subject::Segment(_));
    (&task.subject, &task.responsibility, alone.then_some(task.id))
}

/// All bundles of a board, in the order of their first task.
pub fn bundles(board: &Board) -> Vec<Bundle<'_>> {
    let mut at = BTreeMap::new();
    let mut all: Vec<Bundle<'_>> = Vec::new();
    for task in board.tasks.iter().filter(|task| task.state.is_open()) {
        let place = *at.entry(key(task)).or_insert_with(|| {
            all.push(Bundle { tasks: Vec::new(), holder: None, begun: false });
            all.len() - 1
        });
        if let Some(bundle) = all.get_mut(place) {
            bundle.tasks.push(task);
            bundle.begun |= is_begun(task);
            if task.state.is_held() {
                bundle.holder.clone_from(&task.holder);
            }
        }
    }
    all
}

/// Its agent works on it.
pub const fn is_begun(task: &Task) -> bool {
    matches!(task.state, TaskState::InProgress | TaskState::Blocked)
}

/// Open work of one agent by unit of capacity, as the store counts it: `task` counts each task, `deal` the deals whose
/// main work it has, `enterprise_deal` distinct subjects of tasks in that unit, any other unit the tasks that use it.
pub fn carried<'t>(tasks: impl Iterator<Item = &'t Task>) -> BTreeMap<&'t str, u32> {
    let mut units: BTreeMap<&str, u32> = BTreeMap::new();
    let (mut deals, mut enterprise) = (BTreeSet::new(), BTreeSet::new());
    for task in tasks {
        *units.entry("task").or_default() += 1;
        let is_deal =
            matches!((&task.subject, &task.responsibility), (Subject::Deal(_), Responsibility::Primary));
        if is_deal && deals.insert(&task.subject) {
            *units.entry("deal").or_default() += 1;
        }
        match task.need.unit.as_deref() {
            None | Some("task" | "deal") => {}
            Some(unit @ "enterprise_deal") => {
                if enterprise.insert(&task.subject) {
                    *units.entry(unit).or_default() += 1;
                }
            }
            Some(unit) => *units.entry(unit).or_default() += 1,
        }
    }
    units
}

/// What an agent no longer carries when these tasks of its are gone; `all` are its open tasks on the same subjects.
pub fn freed<'t>(all: &[&'t Task], gone: &BTreeSet<model::Id>) -> BTreeMap<&'t str, u32> {
    let mut before = carried(all.iter().copied());
    let after = carried(all.iter().copied().filter(|task| !gone.contains(&task.id)));
    for (unit, count) in after {
        if let Some(known) = before.get_mut(unit) {
            *known = known.saturating_sub(count);
        }
    }
    before
}
