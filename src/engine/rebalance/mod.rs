//! Who should have what, looked at all at once: moves of work that was not begun, to agents with room, where that
//! raises the sum of the scores. Only proposals: [`settle`] decides at the time what of them can still be done.

mod bundle;
mod instance;
mod settle;
mod state;
#[cfg(test)]
mod tests;

pub use settle::{Lapsed, Settled, settle};

use crate::{
    assign::{Desk, Routing},
    dice::Dice,
    optimise::optimise,
};
use bundle::{Bundle, bundles};
use instance::Instance;
use model::{
    AgentId, Id, Timestamp,
    work::{Board, Subject},
};
use state::{Job, State, Table};

/// Moves that the search may try.
const EFFORT: u64 = 400_000;

/// What all moves together have to gain, in millionths: a thousandth, the unit in which it is shown.
const LEAST: i64 = 1_000;

/// What is asked for.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Wish {
    /// Only what this agent has.
    pub agent: Option<AgentId>,
    /// Work that was begun may be moved as well.
    pub begun: bool,
    /// At most so many moves, the best ones.
    pub most: Option<usize>,
}

/// One move: the tasks of one responsibility, which go together.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Move {
    /// Which tasks change hands.
    pub tasks: Vec<Id>,
    /// Their actions, for people.
    pub actions: Vec<Box<str>>,
    /// What they are about.
    pub subject: Subject,
    /// Who has them; `None`: they wait.
    pub from: Option<AgentId>,
    /// Who should.
    pub to: AgentId,
    /// By how much the total is higher than without this move, in thousandths.
    pub gain: i64,
    /// Score where they are, all tasks together, in thousandths; of what waits, none.
    pub before: Option<i64>,
    /// Score where they would go.
    pub after: i64,
}

/// What is proposed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Plan {
    /// Moves, those that gain most first.
    pub moves: Vec<Move>,
    /// Pieces of work that were looked at (tasks of one responsibility count once), and how many may move.
    pub looked_at: (usize, usize),
    /// Sum of the scores as it is, less what is lost by work that waits or that an absent agent has; thousandths.
    pub before: i64,
    /// As it would be.
    pub after: i64,
    /// Pieces of work that nobody has, or that an absent agent has, now and then.
    pub uncared: (usize, usize),
}

/// Proposes moves for the open tasks of a board. The same dice give the same plan.
pub fn plan(board: &Board, routing: &Routing, wish: &Wish, dice: &mut Dice, now: Timestamp) -> Plan {
    let mut desk = Desk::new(routing, board);
    let all = bundles(board);
    let seat = |agent: &AgentId| routing.roster().agents.iter().position(|spec| spec.id == *agent);
    let may_move = |bundle: &&Bundle<'_>| {
        let asked = wish.agent.as_ref().is_none_or(|agent| bundle.holder.as_ref() == Some(agent));
        asked && (wish.begun || !bundle.begun)
    };
    let movable: Vec<&Bundle<'_>> = all.iter().filter(may_move).collect();
    let jobs: Vec<Job> = movable.iter().map(|bundle| Job::new(bundle, &mut desk, &seat, now)).collect();
    let table = Table::new(&desk, jobs, &movable, board);
    let start = State::as_it_is(&table);
    let found = Instance::of(&table).and_then(|instance| {
        let placement = optimise(&instance.problem, EFFORT, dice)?;
        Some(instance.read(&table, &placement.holder))
    });
    let mut best = found.filter(|found| found.total() > start.total()).unwrap_or_else(|| start.clone());
    best.polish();
    best.take_back_idle_moves();
    if let Some(most) = wish.most {
        best = start.towards(&best, most);
    }
    if best.total() < start.total() + LEAST {
        best = start.clone();
    }
    let mut moves: Vec<Move> = best
        .moved()
        .into_iter()
        .filter_map(|job| describe(&best, &start, job, *movable.get(job)?, routing))
        .collect();
    moves.sort_by(|a, b| (b.gain, &a.tasks).cmp(&(a.gain, &b.tasks)));
    Plan {
        moves,
        looked_at: (all.len(), movable.len()),
        before: start.total().div_euclid(1_000),
        after: best.total().div_euclid(1_000),
        uncared: (start.uncared(), best.uncared()),
    }
}

fn describe(
    best: &State<'_>,
    start: &State<'_>,
    job: usize,
    bundle: &Bundle<'_>,
    routing: &Routing,
) -> Option<Move> {
    let to = best.seat_of(job)?;
    let tasks = bundle.tasks.iter().filter(|task| bundle.holder.is_none() || task.holder.is_some());
    Some(Move {
        tasks: tasks.clone().map(|task| task.id).collect(),
        actions: tasks.map(|task| task.action.clone()).collect(),
        subject: bundle.tasks.first()?.subject.clone(),
        from: bundle.holder.clone(),
        to: routing.roster().agents.get(to)?.id.clone(),
        gain: (best.total() - best.without(job).total()).div_euclid(1_000),
        before: start.seat_of(job).and_then(|_| start.score(job)).map(|score| score.div_euclid(1_000)),
        after: best.score(job)?.div_euclid(1_000),
    })
}
