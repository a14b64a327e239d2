//! The assign cycle: takes the best of the queue, lets the engine choose, and commits each choice with its
//! reasons and the write that tells the agent, all in one transaction.

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
    assign::{Desk, Response, overflow, week_start},
    coordinate::{Raised, escalation_of},
    flow::{place, writes_for},
};
use model::{
    Event, EventKind, Id, Timestamp, Write,
    work::{Assignment, Board, QueuePlace, Subject, SubjectView, Task},
};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};
use store::Coordinated;
use tracing::{info, warn};

const DAY_MILLIS: i64 = 86_400_000;
/// An overflow is told of again after this.
const TOLD_AGAIN: Duration = Duration::from_secs(86_400);
/// Queued tasks looked at in one turn.
const BATCH: usize = 500;
/// A walk through the whole of a long queue takes a share of the time: one part of this and one.
const WHOLE_REST: u32 = 20;
/// When tasks are left over, for working hours and weekly windows to open; everything else nudges.
const LOOK_AGAIN: Duration = Duration::from_secs(300);

/// Places tasks.
pub struct Assign {
    shared: Arc<Shared>,
    /// The roster with its loads, kept between turns while the routing stays.
    desk: Option<Desk>,
    walk: Walk,
    whole: Whole,
    /// When an overflow of a capability was last told of, by its kind.
    told: BTreeMap<(Box<str>, &'static str), Timestamp>,
}

/// When the whole queue is walked through. In between only kinds of tasks are looked at that somebody can take; the
/// whole queue says what piles up, and keeps the reasons.
#[derive(Default)]
struct Whole {
    /// The walk under way is one, since then.
    since: Option<Timestamp>,
    /// The next one is due then.
    due: Option<Timestamp>,
}

impl Whole {
    /// A walk begins.
    fn begin(&mut self, now: Timestamp) {
        self.since = self.due.is_none_or(|due| now >= due).then_some(now);
    }

    /// A walk is over. A queue of more than one batch is left alone for a while, the longer the longer it took.
    fn end(&mut self, batches: u32, now: Timestamp) {
        if let Some(since) = self.since.take() {
            let rest = if batches > 1 { now.since(since) * WHOLE_REST } else { Duration::ZERO };
            self.due = Some(now + rest.min(LOOK_AGAIN));
        }
    }
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
    /// Turns so far.
    batches: u32,
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
        Self { shared, desk: None, walk: Walk::default(), whole: Whole::default(), told: BTreeMap::new() }
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

    /// The next batch of the queue: of all of it, or of what somebody can take.
    async fn read(&mut self, rules: &Rules, now: Timestamp) -> anyhow::Result<(Board, Option<QueuePlace>)> {
        let (shared, after) = (self.shared.clone(), self.walk.after);
        let week = week_start(now, rules.routing.zone());
        if after.is_none() {
            self.whole.begin(now);
        }
        if self.whole.since.is_some() {
            return Ok(shared.store.board_after(after, BATCH, week).await?);
        }
        let (board, kinds) = shared.store.standing(week).await?;
        let open = self.desk(rules, &board).open_kinds(kinds, now);
        if open.is_empty() {
            Ok((board, None))
        } else {
            Ok(shared.store.board_of(open, after, BATCH, week).await?)
        }
    }

    /// One more turn is done; at the end of a walk it looks again when the next whole one is due.
    fn goes_on(&mut self, next: Option<QueuePlace>, now: Timestamp) -> Turn {
        self.walk.batches += 1;
        if next.is_none() {
            self.whole.end(self.walk.batches, now);
        }
        match (self.walk.goes_on(next, now), self.whole.due) {
            (Turn::Idle { until }, Some(due)) if due > now => {
                Turn::Idle { until: Some(until.map_or(due, |until| until.min(due))) }
            }
            (turn, _) => turn,
        }
    }

    /// Tells of work that has waited too long for somebody able to do it, and of work for which everybody able is
    /// at the limit: an escalation per capability and day.
    async fn alarm(
        &mut self,
        rules: &Rules,
        board: &Board,
        made: &[Assignment],
        now: Timestamp,
    ) -> anyhow::Result<()> {
        let mut out = Coordinated::default();
        for piled in overflow(board, made, &rules.routing, now) {
            let (raised, why) = match &piled.response {
                Response::Alert { why } => (Raised::Overflow, why.clone()),
                Response::Escalate => (Raised::Capacity, "everybody able is at the limit".to_owned()),
                Response::Queue => continue,
            };
            let place: (Box<str>, &str) = (piled.capability.clone(), raised.name());
            if self.told.get(&place).is_some_and(|at| now.since(*at) < TOLD_AGAIN) {
                continue;
            }
            let what = format!("{} tasks wait for {}: {why}", piled.waiting, piled.capability);
            warn!(capability = %piled.capability, waiting = piled.waiting, why, "overflow");
            let occasion = format!("{} {}", piled.capability, now.as_millis() / DAY_MILLIS);
            let context = [("capability", piled.capability.to_string()), ("why", what.clone())];
            let context = context.map(|(name, text)| (name.to_owned(), text.into())).into_iter().collect();
            let limits = &rules.config.roster.rules.coordination;
            let case = escalation_of(raised, &occasion, (None, None), context, limits, now);
            out.escalations.extend(case.map(|case| (None, case)));
            self.told.insert(place, now);
            let kind = EventKind::Noticed { what };
            out.events.push(Event { at: now, subject: None, kind, source: "engine".into() });
        }
        if out.events.is_empty() {
            return Ok(());
        }
        let kept = self.shared.store.commit_coordination(&self.shared.held, out, now).await;
        self.shared.nudges.coordinate.wake();
        kept.context("noting an overflow")
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
            self.walk = Walk::default();
            return Ok(Turn::Again);
        }
        let seed = shared.dice().u64();
        let made = self.desk(&rules, &board).place(&board.tasks, seed, now);
        self.alarm(&rules, &board, &made, now).await?;
        let placed = made.iter().filter(|one| one.winner.is_some()).count();
        self.walk.revision = board.revision;
        self.walk.placed |= placed > 0;
        self.walk.waiting |= placed < board.tasks.len();
        if placed == 0 {
            return Ok(self.goes_on(next, now));
        }
        let writes = writes(&shared, &rules, &board, &made).await?;
        if fault::point(Place::Assigned).is_err() {
            return Ok(Turn::Stop);
        }
        match store.commit_assignments(&self.shared.held, board.revision, made, writes, now).await {
            Ok(()) => info!(placed, waiting = board.tasks.len() - placed, "tasks assigned"),
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
        Ok(self.goes_on(next, now))
    }
}

#[cfg(test)]
mod tests;
