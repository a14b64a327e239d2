//! The coordinate cycle: offers that nobody answers, agents that went away, handoffs, escalations, triggers, and
//! what is learnt from results. It looks at what wants attention, decides by the engine, and commits all of it in
//! one transaction; when somebody was faster it looks again.

mod away;
mod cases;
mod learn;
mod offers;
mod stand_in;
#[cfg(test)]
mod tests;

use crate::{
    cycle::{Cycle, Turn},
    policy,
    rules::{Config, Rules},
    shared::Shared,
};
use anyhow::Context;
use async_trait::async_trait;
use engine::{assign::rank, flow::trigger_tasks};
use model::{
    AgentId, Id, Timestamp,
    work::{Reach, Subject, SubjectView, Task},
};
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};
use store::{Agenda, Coordinated};
use tracing::{info, warn};

/// Of each kind, in one turn.
const BATCH: usize = 200;
/// For working hours and days off; everything else nudges, other processes' commits included.
const LOOK_AGAIN: Duration = Duration::from_secs(300);
/// After so many turns in a row in which somebody was faster it waits for a while.
const MOST_STALE: u32 = 10;
const AFTER_STALE: Duration = Duration::from_secs(5);
/// Where the store finds the limit of handoffs and escalations of one deal.
const PING_PONG: &str = "coordination.ping_pong";

/// Follows offers, handoffs and escalations.
pub struct Coordinate {
    shared: Arc<Shared>,
    /// When track records were computed last, and from how many results.
    learnt: Option<(Timestamp, usize)>,
    /// The limit that the store was told.
    ping_pong: Option<u32>,
    /// Revision of the board and the roster's hash when nobody who is away held anything.
    present: Option<(i64, String)>,
    /// Where everything open was sent to those that are pushed to.
    sent: Option<Sent>,
    /// Approvals that were acted on as far as that was possible.
    approved: BTreeSet<Id>,
    /// So often in a row somebody was faster.
    stale: u32,
}

/// Under which configuration it was sent, when, and for the last time: what was being given out when the configuration
/// changed is looked for once more.
#[derive(Clone)]
struct Sent {
    config: Arc<Config>,
    at: Timestamp,
    twice: bool,
}

/// One turn under way: what it looks at, and what it decided so far.
pub(crate) struct Draft<'t> {
    shared: &'t Shared,
    rules: &'t Rules,
    views: HashMap<Id, SubjectView>,
    out: Coordinated,
    now: Timestamp,
}

impl Draft<'_> {
    fn view(&self, subject: &Subject) -> Option<&SubjectView> {
        record_of(subject).and_then(|id| self.views.get(&id))
    }

    /// A message to this agent is delivered by us; `None` where it reads no messages at all.
    fn delivery(&self, agent: &AgentId) -> Option<bool> {
        match &self.rules.config.roster.find(agent.as_str())?.reach {
            Reach::Webhook { .. } | Reach::Command { .. } => Some(true),
            Reach::Inbox => Some(false),
            Reach::DealOwner | Reach::CrmOwner(_) | Reach::Email(_) => None,
        }
    }

    fn create(&mut self, task: Task, params: Option<String>) {
        let ageing = self.rules.config.roster.rules.ageing_per_hour;
        let place = rank(task.arrived, task.priority, ageing);
        self.out.create.push((task, place, params));
    }

    fn is_empty(&self) -> bool {
        let Coordinated {
            take_back,
            handoffs,
            escalations,
            messages,
            create,
            raised,
            cancel,
            told,
            alarmed,
            withdrawn,
            spread,
            writes,
            events,
        } = &self.out;
        take_back.is_empty()
            && handoffs.is_empty()
            && escalations.is_empty()
            && messages.is_empty()
            && create.is_empty()
            && raised.is_empty()
            && cancel.is_empty()
            && (told.is_empty() && alarmed.is_empty() && withdrawn.is_empty() && spread.is_empty())
            && writes.is_empty()
            && events.is_empty()
    }
}

/// The record that a subject is; a segment is none.
pub(crate) const fn record_of(subject: &Subject) -> Option<Id> {
    match subject {
        Subject::Deal(id) | Subject::Lead(id) => Some(*id),
        Subject::Segment(_) => None,
    }
}

impl Coordinate {
    /// One for all.
    pub fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            learnt: None,
            ping_pong: None,
            present: None,
            sent: None,
            approved: BTreeSet::new(),
            stale: 0,
        }
    }

    /// Takes back what those who are away have not begun; looks only when that may have changed.
    async fn take_back(&mut self, draft: &mut Draft<'_>, revision: i64) -> anyhow::Result<()> {
        let hash = draft.rules.routing.hash();
        if self.present.as_ref().is_some_and(|(at, roster)| *at == revision && roster == hash) {
            return Ok(());
        }
        let before = draft.out.take_back.len();
        away::take_back(draft).await?;
        self.present = (draft.out.take_back.len() == before).then(|| (revision, hash.to_owned()));
        Ok(())
    }

    /// Sends what agents have from a time when they were reached in another way; looks only after a start or a reload,
    /// and once more some time later. What it returns is remembered when all of it is stored.
    async fn send_anew(&self, draft: &mut Draft<'_>) -> anyhow::Result<Option<Sent>> {
        let (config, at) = (draft.rules.config.clone(), draft.now);
        let twice = match &self.sent {
            Some(sent) if Arc::ptr_eq(&sent.config, &config) => {
                if sent.twice || at < sent.at + LOOK_AGAIN {
                    return Ok(Some(sent.clone()));
                }
                true
            }
            _ => false,
        };
        let all = offers::send_anew(draft).await?;
        Ok(all.then_some(Sent { config, at, twice }))
    }

    /// Says what waited with approvals that were given when the daemon died, each once.
    async fn catch_up(&mut self, rules: &Rules, agenda: &Agenda, now: Timestamp) -> anyhow::Result<()> {
        for case in &agenda.approved {
            if !self.approved.contains(case) {
                let released = policy::release(&*self.shared.store, rules, *case, now).await;
                released.context("acting on an approval")?;
                self.approved.insert(*case);
            }
        }
        Ok(())
    }

    /// The store counts how often a deal goes to and fro; the limit is ours to tell.
    async fn tell_limit(&mut self, rules: &Rules) -> anyhow::Result<()> {
        let limit = rules.config.roster.rules.coordination.ping_pong;
        if self.ping_pong != Some(limit) {
            let text = limit.to_string();
            self.shared.store.set_setting(PING_PONG, Some(&text)).await.context("keeping a limit")?;
            self.ping_pong = Some(limit);
        }
        Ok(())
    }
}

/// The subjects of everything on the agenda.
async fn views(shared: &Shared, agenda: &Agenda) -> anyhow::Result<HashMap<Id, SubjectView>> {
    let tasks = agenda.expired.iter().chain(&agenda.untold).chain(&agenda.late).chain(&agenda.failed);
    let subjects = tasks.map(|task| &task.subject).chain(agenda.handoffs.iter().map(|case| &case.subject));
    let escalated = agenda.escalations.iter().filter_map(|case| case.subject.as_ref());
    let mut ids: Vec<Id> = subjects.chain(escalated).filter_map(record_of).collect();
    ids.sort_unstable();
    ids.dedup();
    let views = shared.store.subjects(&ids).await.context("reading subjects")?;
    Ok(views.into_iter().map(|view| (view.record, view)).collect())
}

/// The tasks of triggers that were raised.
fn triggers(draft: &mut Draft<'_>, agenda: &Agenda) {
    for (number, raise) in &agenda.raised {
        let book = &draft.rules.config.book;
        let spec = book.triggers.iter().find(|trigger| trigger.id == raise.trigger);
        let stage = draft.view(&raise.subject).and_then(engine::flow::stage_of);
        let stage = stage.unwrap_or(model::Stage::Awareness);
        let made = spec.map(|spec| trigger_tasks(spec, &raise.subject, stage, &raise.occasion, draft.now));
        let params = serde_json::to_string(&raise.params).ok();
        for task in made.into_iter().flatten() {
            draft.create(task, params.clone());
        }
        draft.out.raised.push(*number);
    }
}

#[async_trait]
impl Cycle for Coordinate {
    fn name(&self) -> &'static str {
        "coordinate"
    }

    async fn turn(&mut self) -> anyhow::Result<Turn> {
        let (shared, rules) = (self.shared.clone(), self.shared.rules());
        let now = shared.clock.now();
        self.tell_limit(&rules).await?;
        let agenda = shared.store.agenda(now, BATCH).await.context("reading the agenda")?;
        self.catch_up(&rules, &agenda, now).await?;
        let views = views(&shared, &agenda).await?;
        let mut draft = Draft { shared: &shared, rules: &rules, views, out: Coordinated::default(), now };
        offers::expire(&mut draft, &agenda);
        self.take_back(&mut draft, agenda.revision).await?;
        offers::withdraw(&mut draft, &agenda);
        offers::tell(&mut draft, &agenda).await?;
        let sent = self.send_anew(&mut draft).await?;
        offers::spread(&mut draft, &agenda);
        stand_in::choose(&mut draft).await?;
        triggers(&mut draft, &agenda);
        cases::troubles(&mut draft, &agenda);
        cases::handoffs(&mut draft, &agenda).await?;
        cases::escalations(&mut draft, &agenda).await?;
        let idle = Turn::Idle { until: Some(agenda.next.unwrap_or(now + LOOK_AGAIN).min(now + LOOK_AGAIN)) };
        let learnt = self.learn(&rules, now).await?;
        if draft.is_empty() && !agenda.passes_over && !learnt {
            self.sent = sent;
            return Ok(idle);
        }
        let out = draft.out;
        let (offers, tasks) = (out.take_back.len(), out.create.len());
        match shared.store.commit_coordination(&shared.held, out, now).await {
            Ok(()) => (self.sent, self.stale) = (sent, 0),
            Err(store::Error::Stale { .. }) => {
                self.stale += 1;
                if !self.stale.is_multiple_of(MOST_STALE) {
                    return Ok(Turn::Again);
                }
                warn!(times = self.stale, "what was decided was overtaken each time before it was stored");
                return Ok(Turn::Idle { until: Some(now + AFTER_STALE) });
            }
            Err(error) => return Err(error).context("storing what was coordinated"),
        }
        if offers + tasks > 0 {
            info!(taken_back = offers, made = tasks, "coordinated");
        }
        shared.nudges.assign.wake();
        shared.nudges.dispatch.wake();
        shared.nudges.reach.wake();
        Ok(Turn::Again)
    }
}
