//! Carrying out what a person decided, as far as it can still be done: all of it is taken off first, then given, so
//! that two agents at their limits can exchange work; what then finds no place stays where it is.

use super::bundle::{freed, is_begun};
use crate::assign::{Desk, Routing};
use model::{
    AgentId, Id, Timestamp,
    work::{Assignment, Board, Excluded, Give, Responsibility, Subject, Task},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// What is done, and what is not.
#[derive(Clone, Debug, Default)]
pub struct Settled {
    /// Tasks that are given, with the reasons.
    pub given: Vec<Assignment>,
    /// Tasks to be taken back first, with who has them.
    pub taken: Vec<(Id, AgentId)>,
    /// What can't be done.
    pub lapsed: Vec<Lapsed>,
    /// The board that it was decided on: what is taken back is off it.
    pub on: Board,
}

/// Something that was decided and is not done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lapsed {
    /// The task.
    pub task: Id,
    /// Why not, for people.
    pub why: String,
}

/// A decision on one task, or on one responsibility that goes together.
struct Group<'b> {
    tasks: Vec<&'b Task>,
    give: &'b Give,
}

/// Decides on a board that has every open task of the subjects concerned.
pub fn settle(board: &Board, gives: &[Give], routing: &Routing, seed: u64, now: Timestamp) -> Settled {
    let mut lapsed = Vec::new();
    let mut groups = Vec::new();
    let mut grouped: BTreeSet<Id> = BTreeSet::new();
    for give in gives {
        if grouped.contains(&give.task) {
            continue;
        }
        match group(board, give) {
            Ok(group) => {
                grouped.extend(group.tasks.iter().map(|task| task.id));
                groups.push(group);
            }
            Err(why) => lapsed.push(Lapsed { task: give.task, why }),
        }
    }
    groups.sort_by_key(|group| group.tasks.iter().any(|task| uses_up(task)));
    loop {
        let on = taken_off(board, &groups);
        match attempt(&on, &groups, routing, seed, now) {
            Ok(made) => {
                let held = groups.iter().flat_map(|group| &group.tasks);
                let taken = held.filter_map(|task| Some((task.id, task.holder.clone()?)));
                return Settled { given: made, taken: taken.collect(), lapsed, on };
            }
            Err((at, why)) => lapsed.push(Lapsed { task: groups.remove(at).give.task, why }),
        }
    }
}

/// Whoever has come to its limit gets nothing more: what uses up nothing goes first.
const fn uses_up(task: &Task) -> bool {
    task.need.unit.is_some()
}

/// The task with all that goes with it, if it still is where the decision saw it.
fn group<'b>(board: &'b Board, give: &'b Give) -> Result<Group<'b>, String> {
    let task = board.tasks.iter().find(|task| task.id == give.task && task.state.is_open());
    let task = task.ok_or_else(|| "it is over".to_owned())?;
    if task.holder != give.from {
        let holder = task.holder.as_ref().map_or("nobody".to_owned(), ToString::to_string);
        return Err(format!("{holder} has it by now"));
    }
    if let Some(to) = give.to.as_ref().filter(|to| give.from.as_ref() == Some(to)) {
        return Err(format!("{to} has it already"));
    }
    let alone = matches!(task.subject, Subject::Segment(_));
    let part = |other: &&Task| {
        other.subject == task.subject && other.responsibility == task.responsibility && other.state.is_open()
    };
    let together: Vec<&Task> = board.tasks.iter().filter(part).collect();
    if alone {
        return Ok(Group { tasks: vec![task], give });
    }
    let held: Vec<&Task> = together.into_iter().filter(|other| other.state.is_held()).collect();
    let mut tasks = if give.from.is_some() { held.clone() } else { vec![task] };
    tasks.sort_by_key(|task| uses_up(task));
    if !give.begun && tasks.iter().any(|task| is_begun(task)) {
        return Err("the work was begun".to_owned());
    }
    let other = held.iter().find(|other| give.from.is_none() && other.holder != give.to);
    if let Some(holder) = other.and_then(|other| other.holder.as_ref()).filter(|_| give.to.is_some())
        && task.responsibility != Responsibility::Primary
    {
        return Err(format!("{holder} has that part of {}", task.subject));
    }
    Ok(Group { tasks, give })
}

/// Gives everything on a board from which all of it was taken off before, or finds the first group that can't be
/// given, and why.
fn attempt(
    on: &Board,
    groups: &[Group<'_>],
    routing: &Routing,
    seed: u64,
    now: Timestamp,
) -> Result<Vec<Assignment>, (usize, String)> {
    let mut desk = Desk::new(routing, on);
    let mut given = Vec::new();
    for (at, group) in groups.iter().enumerate() {
        for task in &group.tasks {
            let place = (u32::try_from(given.len()).unwrap_or(u32::MAX), seed);
            let made = give(&mut desk, task, group.give, place, now).map_err(|why| {
                let meant = group.tasks.iter().find(|one| one.id == group.give.task && one.id != task.id);
                let own = meant.and_then(|meant| give(&mut desk, meant, group.give, place, now).err());
                (at, own.unwrap_or_else(|| if meant.is_none() { why } else { along(task, &why) }))
            });
            given.push(made?);
        }
    }
    Ok(given)
}

/// What was asked for could be given, but not what goes with it.
fn along(task: &Task, why: &str) -> String {
    format!("{} goes with it: {why}", task.action)
}

fn give(
    desk: &mut Desk,
    task: &Task,
    give: &Give,
    place: (u32, u64),
    now: Timestamp,
) -> Result<Assignment, String> {
    let Some(to) = &give.to else {
        let made = desk.give_to_best(task, place, now);
        return if made.winner.is_some() { Ok(made) } else { Err("nobody can take it now".to_owned()) };
    };
    let word = |one: &Excluded| format!("{} {}", one.agent, one.detail);
    let words = |against: Vec<Excluded>| against.iter().map(word).collect::<Vec<_>>().join(", ");
    desk.give_to(task, to, give.force, place, now).map_err(words)
}

/// The board with what is to be moved taken off its holders.
fn taken_off(board: &Board, groups: &[Group<'_>]) -> Board {
    let mut next = Board { tasks: Vec::new(), ..board.clone() };
    let gone: BTreeSet<Id> = groups.iter().flat_map(|group| &group.tasks).map(|task| task.id).collect();
    let mut by_holder: BTreeMap<&AgentId, Vec<&Task>> = BTreeMap::new();
    for task in board.tasks.iter().filter(|task| task.state.is_held()) {
        if let Some(holder) = &task.holder {
            by_holder.entry(holder).or_default().push(task);
        }
    }
    for (holder, tasks) in by_holder {
        let Some(load) = next.loads.get_mut(holder).map(Arc::make_mut) else { continue };
        for (unit, count) in freed(&tasks, &gone) {
            if let Some(open) = load.open.get_mut(unit) {
                *open = open.saturating_sub(count);
            }
        }
        let kept: Vec<&Task> = tasks.iter().copied().filter(|task| !gone.contains(&task.id)).collect();
        let main = |task: &&&Task| task.responsibility == Responsibility::Primary;
        for task in tasks.iter().filter(main).filter(|task| gone.contains(&task.id)) {
            let still = kept.iter().filter(main).any(|other| other.subject == task.subject);
            if !still {
                next.primaries.remove(task.subject.to_string().as_str());
            }
        }
    }
    next
}
