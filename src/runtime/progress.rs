//! The progress cycle: for each deal or lead that changed, what there is to do in its stage and whether it
//! should move on. Decided by the engine, committed with tasks, writes and events in one transaction.

use crate::{
    cycle::{Cycle, Turn},
    fault::{self, Place},
    follow_up,
    link::Link,
    rules::{Rules, sources_of},
    shared::Shared,
};
use anyhow::Context;
use async_trait::async_trait;
use engine::{
    assign::{rank, week_start},
    coordinate::{escalate_from_signals, handoffs},
    flow::{
        FlowPolicy, Progress as Decided, Transition, TransitionMode, close_write, progress, segment_tasks,
        stage_writes,
    },
};
use model::{
    DealOutcome, Field, Id, Kind, Timestamp, Write,
    work::{SubjectView, Task, TaskState},
};
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use store::Progressed;
use tracing::{info, warn};

/// Subjects per turn.
const BATCH: usize = 200;
/// While the first backfill is under way.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// A deal is not judged before all of these have been read once: its tasks depend on them.
const NEEDED: [Kind; 5] = [Kind::Owner, Kind::Pipeline, Kind::Company, Kind::Contact, Kind::Deal];
/// No task is made for a mail or meeting before all of these have been read once.
const HEARD: [Kind; 2] = [Kind::Email, Kind::Meeting];
/// Names of the connections whose mails and meetings were all read once.
const HEARD_SETTING: &str = "progress.heard";

/// Why the CRM task of a task that is done is completed.
const DONE: &str = "it is done";

/// Follows deals and leads.
pub struct Progress {
    shared: Arc<Shared>,
    links: Vec<Arc<Link>>,
    ready: bool,
    /// All mails and meetings were read once.
    heard: bool,
    /// The week whose segment tasks exist.
    week: Option<Timestamp>,
    /// What could not be worked out and was said already.
    said: BTreeSet<String>,
}

impl Progress {
    /// One for all subjects.
    pub fn new(shared: Arc<Shared>, links: &[Arc<Link>]) -> Self {
        Self { shared, links: links.to_vec(), ready: false, heard: false, week: None, said: BTreeSet::new() }
    }

    /// Every needed stream of every connection was read once, or can't be.
    async fn caught_up(&mut self) -> anyhow::Result<bool> {
        if !self.ready {
            self.ready = self.were_read(&NEEDED).await?;
        }
        Ok(self.ready)
    }

    /// The same of mails and meetings. When a connection's were read for the first time, everything is looked at
    /// again, now with all of them.
    async fn has_heard(&mut self) -> anyhow::Result<bool> {
        if self.heard || !self.were_read(&HEARD).await? {
            return Ok(self.heard);
        }
        let tells = |link: &&Arc<Link>| link.streams.iter().any(|(stream, _)| HEARD.contains(stream));
        let names: Vec<&str> = self.links.iter().filter(tells).map(|link| link.id.as_str()).collect();
        let (names, store) = (names.join(" "), &self.shared.store);
        if store.setting(HEARD_SETTING).await.context("reading who was heard")?.unwrap_or_default() != names {
            store.mark_all_dirty(&self.shared.held).await.context("looking at everything again")?;
            store.set_setting(HEARD_SETTING, Some(&names)).await.context("noting who was heard")?;
        }
        self.heard = true;
        Ok(true)
    }

    async fn were_read(&self, streams: &[Kind]) -> anyhow::Result<bool> {
        let fresh = self.shared.store.freshness().await.context("reading freshness")?;
        let done = |link: &Arc<Link>, stream: Kind| {
            let mut of = fresh.iter().filter(|one| one.connection == link.id && one.stream == stream);
            of.next().is_some_and(|one| one.first_caught_up.is_some() || one.trouble.is_some())
        };
        let all = |link: &Arc<Link>| {
            let reads = |stream: &&Kind| link.streams.iter().any(|(one, _)| one == *stream);
            streams.iter().filter(reads).all(|stream| done(link, *stream))
        };
        Ok(self.links.iter().all(all))
    }

    /// Each week's work for the segments of the market, once.
    fn weekly(&mut self, rules: &Rules, now: Timestamp, out: &mut Progressed) {
        let week = week_start(now, rules.routing.zone());
        if self.week.replace(week) != Some(week) {
            let tasks = segment_tasks(&rules.config.book, week, now);
            out.create.extend(tasks.into_iter().map(|task| ranked(rules, task)));
        }
    }
}

/// Adds what follows from one view; returns what could not be worked out.
fn decide(
    (rules, flow): (&Rules, &FlowPolicy),
    (view, mark): (&SubjectView, i64),
    now: Timestamp,
    out: &mut Progressed,
) -> Vec<String> {
    let decided = progress(view, &rules.config.book, flow, now);
    out.writes.extend(ending(view, &decided));
    out.looks.push((view.record, decided.look_at));
    out.retime.extend(decided.retime);
    out.create.extend(decided.create.into_iter().map(|task| ranked(rules, task)));
    out.cancel.extend(decided.cancel);
    out.done.extend(decided.done);
    out.events.extend(decided.events);
    out.writes.extend(decided.transition.iter().flat_map(|step| advance(rules, view, step, now)));
    out.writes.extend(closing(view));
    let (roster, book) = (&rules.config.roster, &rules.config.book);
    out.handoffs.extend(handoffs(view, &decided.signals, roster, book, now));
    if view.gone.is_none() && view.fields.outcome() == DealOutcome::Open {
        let rules = &roster.rules.coordination;
        out.escalations.extend(escalate_from_signals(view, &decided.signals, rules, now));
    }
    out.handled.push((view.record, mark));
    decided.notices
}

/// A task with its place in the queue.
fn ranked(rules: &Rules, task: Task) -> (Task, i64) {
    let place = rank(task.arrived, task.priority, rules.config.roster.rules.ageing_per_hour);
    (task, place)
}

/// When the next week begins, for the segments' work.
fn next_week(rules: &Rules, now: Timestamp) -> Timestamp {
    week_start(now + Duration::from_secs(7 * 86_400), rules.routing.zone())
}

/// The writes that move a deal on at its source and say why there, guarded by the stage that was seen.
fn advance(rules: &Rules, view: &SubjectView, step: &Transition, now: Timestamp) -> Vec<Write> {
    let place = || {
        let target = view.references.iter().find(|reference| reference.kind == Kind::Deal)?;
        let from = view.fields.text(Field::SourceStage)?;
        let to = sources_of(rules, &target.connection, from.split('/').next()?, step.to)?;
        Some((target, from, to))
    };
    match place().filter(|_| step.mode == TransitionMode::Auto) {
        Some((target, from, to)) => stage_writes(step, view, target, from, &to, now),
        None => Vec::new(),
    }
}

/// Tasks that end by this decision are completed at the source along with it.
fn ending(view: &SubjectView, decided: &Decided) -> Vec<Write> {
    let brief = |id: &Id| view.tasks.iter().find(|task| task.id == *id);
    let dropped = decided.cancel.iter().filter_map(|(id, why)| close_write(brief(id)?, why));
    let done = decided.done.iter().filter_map(|(id, _)| close_write(brief(id)?, DONE));
    dropped.chain(done).collect()
}

/// Tasks that ended with us are completed at the source too; deciding it again changes nothing.
fn closing(view: &SubjectView) -> impl Iterator<Item = Write> {
    view.tasks.iter().filter(|task| !task.state.is_open()).filter_map(|task| match &task.state {
        TaskState::Cancelled { why } | TaskState::Failed { why } => close_write(task, why),
        TaskState::Queued
        | TaskState::Offered { .. }
        | TaskState::Assigned
        | TaskState::InProgress
        | TaskState::Blocked
        | TaskState::Done => close_write(task, DONE),
    })
}

#[async_trait]
impl Cycle for Progress {
    fn name(&self) -> &'static str {
        "progress"
    }

    async fn turn(&mut self) -> anyhow::Result<Turn> {
        if !self.caught_up().await? {
            return Ok(Turn::Idle { until: Some(self.shared.clock.now() + LOOK_AGAIN) });
        }
        let (shared, rules) = (self.shared.clone(), self.shared.rules());
        let (store, now) = (&shared.store, shared.clock.now());
        let flow = FlowPolicy { heard: self.has_heard().await?, ..rules.flow.clone() };
        let due = store.wake_due(&shared.held, now).await.context("waking what is due")?;
        let views = store.dirty(BATCH).await.context("reading what changed")?;
        let mut out = Progressed::default();
        self.weekly(&rules, now, &mut out);
        if views.is_empty() && out.create.is_empty() {
            let soon = (!flow.heard).then(|| now + LOOK_AGAIN);
            let until = [Some(next_week(&rules, now)), due, soon].into_iter().flatten().min();
            return Ok(Turn::Idle { until });
        }
        for (view, mark) in &views {
            for notice in decide((&rules, &flow), (view, *mark), now, &mut out) {
                // Once per run: a missing exchange rate concerns every deal in that currency.
                if !self.said.contains(&notice) {
                    warn!(subject = %view.subject, notice, "could not be worked out");
                    self.said.insert(notice);
                }
            }
        }
        follow_up::adjust(&shared, &rules, &views, &mut out, now).await?;
        if fault::point(Place::Progressed).is_err() {
            return Ok(Turn::Stop);
        }
        let (made, dropped) = (out.create.len(), out.cancel.len());
        if let Err(error) = store.commit_progress(&shared.held, out, now).await {
            self.week = None;
            return Err(error).context("storing progress");
        }
        if made + dropped > 0 {
            info!(subjects = views.len(), tasks = made, cancelled = dropped, "progress decided");
        }
        self.shared.nudges.assign.wake();
        self.shared.nudges.dispatch.wake();
        self.shared.nudges.coordinate.wake();
        Ok(Turn::Again)
    }
}
