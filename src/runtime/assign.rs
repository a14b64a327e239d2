//! The assign cycle: takes the best of the queue, lets the engine choose, and commits each choice with its
//! reasons and the write that tells the agent, all in one transaction.

mod overflow;
#[cfg(test)]
mod tests;

use crate::{
    cycle::{Cycle, Turn},
    fault::{self, Place},
    follow_up, orders,
    rules::Rules,
    shared::Shared,
};
use anyhow::Context;
use async_trait::async_trait;
use engine::{
    assign::{Desk, week_start},
    flow::{place, writes_for},
};
use model::{
    Id, Timestamp, Write,
    work::{Assignment, Board, QueuePlace, Subject, SubjectView, Task},
};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};
use store::Placing;
use tracing::info;

/// Queued tasks looked at in one turn, at most and at least: twice as many as there is room for.
const BATCH: usize = 500;
const LEAST: usize = 20;
/// When tasks are left over, for working hours and weekly windows to open; everything else nudges.
const LOOK_AGAIN: Duration = Duration::from_secs(300);

/// Places tasks.
pub struct Assign {
    shared: Arc<Shared>,
    /// The roster with its loads, kept between turns while the routing stays.
    desk: Option<Desk>,
    walk: Walk,
    /// When what waits was last counted.
    counted: Option<Timestamp>,
    /// When an overflow was last told of, by what it is called.
    told: BTreeMap<String, Timestamp>,
}

/// A walk through the queue, a batch per turn: many tasks that nobody can take must not hide the others.
#[derive(Default)]
struct Walk {
    /// Where it goes on; `None` is the best rank.
    after: Option<QueuePlace>,
    /// Revision of the board as the last turn left it.
    revision: i64,
    /// Something was placed on the way.
    placed: bool,
    /// Something was not.
    waiting: bool,
    /// Nothing of the last batch was.
    barren: bool,
}

impl Walk {
    /// Somebody else changed the board meanwhile: those passed over come first again.
    fn is_overtaken(&self, board: &Board) -> bool {
        self.after.is_some() && board.revision != self.revision
    }

    /// One more turn is done, with the queue going on behind `next`. At the end of the queue it begins anew as
    /// long as that may place more: of some tasks only one is offered at a time.
    fn goes_on(&mut self, next: Option<QueuePlace>, now: Timestamp) -> Turn {
        self.after = next;
        if next.is_some() {
            return Turn::Again;
        }
        let done = std::mem::take(self);
        match (done.placed, done.waiting) {
            (true, _) => Turn::Again,
            (false, true) => Turn::Idle { until: Some(now + LOOK_AGAIN) },
            (false, false) => Turn::Idle { until: None },
        }
    }
}

impl Assign {
    /// One for all tasks.
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared, desk: None, walk: Walk::default(), counted: None, told: BTreeMap::new() }
    }

    /// The desk as of this board.
    fn desk(&mut self, rules: &Rules, board: &Board) -> &mut Desk {
        let fits = |desk: &Desk| desk.routing().hash() == rules.routing.hash();
        match self.desk.take().filter(fits) {
            Some(mut desk) => {
                desk.sync(board);
                self.desk.insert(desk)
            }
            None => self.desk.insert(Desk::new(&rules.routing, board)),
        }
    }

    /// One more turn is done; at the end of a walk it is looked at what is left.
    async fn goes_on(
        &mut self,
        rules: &Rules,
        next: Option<QueuePlace>,
        now: Timestamp,
    ) -> anyhow::Result<Turn> {
        let turn = self.walk.goes_on(next, now);
        if turn != Turn::Again {
            self.alarm(rules, now).await?;
        }
        Ok(turn)
    }

    /// The next batch of what somebody can take.
    async fn read(&mut self, rules: &Rules, now: Timestamp) -> anyhow::Result<(Board, Option<QueuePlace>)> {
        let (shared, after) = (self.shared.clone(), self.walk.after);
        let week = week_start(now, rules.routing.zone());
        let (board, kinds) = shared.store.standing(week).await?;
        let waiting = !kinds.is_empty();
        let open = self.desk(rules, &board).open_kinds(kinds, now);
        self.walk.waiting |= waiting;
        if open.kinds.is_empty() {
            return Ok((board, None));
        }
        // Whoever has room wants none of the first ones: what it does want may be far behind.
        let few = open.room.filter(|_| !self.walk.barren);
        let most = few.map_or(BATCH, |room| room.saturating_mul(2).clamp(LEAST, BATCH));
        Ok(shared.store.board_of(open.kinds, after, most, week).await?)
    }
}

/// The writes that tell the agents, by where the task's subject lives.
pub(crate) async fn writes(
    shared: &Shared,
    rules: &Rules,
    board: &Board,
    made: &[Assignment],
) -> anyhow::Result<Vec<Write>> {
    let (tasks, before) = (&board.tasks, &board.placed_before);
    let by_id: HashMap<Id, &Task> = tasks.iter().map(|task| (task.id, task)).collect();
    let placed: Vec<(&Assignment, &Task)> = made
        .iter()
        .filter(|one| one.winner.is_some())
        .filter_map(|one| by_id.get(&one.task).map(|task| (one, *task)))
        .collect();
    let mut subjects: Vec<Id> = placed.iter().filter_map(|(_, task)| record_of(&task.subject)).collect();
    subjects.sort_unstable();
    subjects.dedup();
    let views = shared.store.subjects(&subjects).await.context("reading the subjects of tasks")?;
    let views: HashMap<Id, SubjectView> = views.into_iter().map(|view| (view.record, view)).collect();
    let mut events = Vec::new();
    for (assignment, task) in &placed {
        if let Some(due) = assignment.due {
            let now = shared.clock.now();
            events.extend(follow_up::keep_free(&*shared.store, rules, task, due, now).await?);
        }
    }
    let write = |(assignment, task): (&Assignment, &Task)| {
        let view = views.get(&record_of(&task.subject)?)?;
        let agent = rules.config.roster.find(assignment.winner.as_ref()?.agent.as_str())?;
        let owner = |connection: &_, address: &str| rules.owner(connection, address);
        let place = place(view, &agent.reach, owner)?;
        let generation = before.get(&task.id).copied().unwrap_or_default();
        Some(writes_for(assignment, task, view, rules.instructions(&task.action), &place, generation))
    };
    Ok(placed.into_iter().filter_map(write).flatten().chain(events).collect())
}

fn record_of(subject: &Subject) -> Option<Id> {
    match subject {
        Subject::Deal(id) | Subject::Lead(id) => Some(*id),
        Subject::Segment(_) => None,
    }
}

#[async_trait]
impl Cycle for Assign {
    fn name(&self) -> &'static str {
        "assign"
    }

    async fn turn(&mut self) -> anyhow::Result<Turn> {
        let (shared, rules) = (self.shared.clone(), self.shared.rules());
        let (store, now) = (&shared.store, shared.clock.now());
        if orders::carry_out(&shared, &rules, now).await? {
            self.walk = Walk::default();
            return Ok(Turn::Again);
        }
        let (board, next) = self.read(&rules, now).await.context("reading the board")?;
        if self.walk.is_overtaken(&board) {
            self.walk = Walk { barren: self.walk.barren, ..Walk::default() };
            // In a busy office no walk may come to its end.
            self.alarm(&rules, now).await?;
            return Ok(Turn::Again);
        }
        let seed = shared.dice().u64();
        let made = self.desk(&rules, &board).place(&board.tasks, seed, now);
        let placed = made.iter().filter(|one| one.winner.is_some()).count();
        self.walk.revision = board.revision;
        self.walk.placed |= placed > 0;
        self.walk.barren = placed == 0;
        self.walk.waiting |= placed < board.tasks.len();
        if placed == 0 {
            return self.goes_on(&rules, next, now).await;
        }
        let writes = writes(&shared, &rules, &board, &made).await?;
        if fault::point(Place::Assigned).is_err() {
            return Ok(Turn::Stop);
        }
        let waiting = board.tasks.len() - placed;
        let routing = Some(rules.routing.text());
        let placing = Placing { on: board, routing, assignments: made, writes };
        match store.commit_assignments(&self.shared.held, placing, now).await {
            Ok(()) => info!(placed, waiting, "tasks assigned"),
            Err(store::Error::Stale { .. }) => {
                self.walk = Walk::default();
                return Ok(Turn::Again);
            }
            Err(error) => return Err(error).context("storing assignments"),
        }
        self.shared.nudges.dispatch.wake();
        self.shared.nudges.coordinate.wake();
        // Committing placements makes the next revision.
        self.walk.revision += 1;
        self.goes_on(&rules, next, now).await
    }
}
