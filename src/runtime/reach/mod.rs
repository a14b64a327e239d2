//! The reach cycle: messages to agents that do not fetch them are delivered, to webhooks signed, to programs on
//! their standard input. At least once; receivers know a message by its id.

pub mod answer;
pub mod command;
pub mod guard;
mod orphan;
pub mod ready;
#[cfg(test)]
mod tests;
pub mod webhook;

use crate::{
    cycle::{Cycle, Nudge, Turn},
    keys::{AGENTS, Keys},
    settings::{Connection, Keeper},
    shared::Shared,
};
use anyhow::Context;
use async_trait::async_trait;
use connect::ErrorKind;
use model::{
    AgentId, Id, Timestamp,
    work::{Party, Reach as Way, TaskState, message::Body},
};
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use store::{Error, Push, Pushed, Refusal};
use tokio::task::JoinSet;
use tracing::{debug, info, warn};

/// Deliveries under way at a time.
const MOST: usize = 16;
/// While deliveries are under way, or one may have become due.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// Pauses between attempts in seconds (Standard Webhooks, "Retry schedule"); while an offer lasts at most half of
/// what is left of it, so that it is tried again in time.
const PAUSES: [u64; 7] = [5, 300, 1_800, 7_200, 18_000, 36_000, 36_000];
const SHORTEST: Duration = Duration::from_secs(5);

/// What deliveries need of the outside.
#[derive(Clone)]
pub struct Outside {
    /// Signing secrets.
    pub keys: Keys,
    /// Folder in which programs run and the running ones are noted.
    pub folder: PathBuf,
}

impl Outside {
    /// `data` is the folder of the database; signing secrets lie where `keeper` says, under the name `agents`.
    pub fn new(keeper: Keeper, data: &Path) -> Self {
        let named = Connection { id: AGENTS.to_owned(), secret: keeper, ..Connection::default() };
        Self { keys: Keys::new(&named, data), folder: data.join("agents") }
    }
}

/// Delivers messages.
pub struct Reach {
    shared: Arc<Shared>,
    outside: Arc<Outside>,
    running: JoinSet<(i64, Pushed)>,
    /// Which message each of them delivers, should it die.
    messages: HashMap<tokio::task::Id, i64>,
    /// What came of deliveries and is not stored yet.
    over: Vec<(i64, Pushed)>,
    nudge: Nudge,
    /// What an earlier daemon had started was looked for.
    swept: bool,
}

impl Reach {
    /// One for all agents; `nudge` wakes it when a delivery is over.
    pub fn new(shared: Arc<Shared>, outside: Outside, nudge: Nudge) -> Self {
        Self {
            shared,
            outside: Arc::new(outside),
            running: JoinSet::new(),
            messages: HashMap::new(),
            over: Vec::new(),
            nudge,
            swept: false,
        }
    }

    async fn settle(&mut self) -> anyhow::Result<()> {
        let now = self.shared.clock.now();
        while let Some(done) = self.running.try_join_next_with_id() {
            match done {
                Ok((id, outcome)) => {
                    self.messages.remove(&id);
                    self.over.push(outcome);
                }
                Err(error) => {
                    warn!(%error, "a delivery died");
                    let again =
                        Pushed::Retry { at: now + SHORTEST, why: "the delivery broke off".to_owned() };
                    self.over.extend(self.messages.remove(&error.id()).map(|seq| (seq, again)));
                }
            }
        }
        while let Some((seq, outcome)) = self.over.last().cloned() {
            let store = &self.shared.store;
            store.settle_push(&self.shared.held, seq, outcome, now).await.context("storing a delivery")?;
            self.over.pop();
        }
        Ok(())
    }
}

#[async_trait]
impl Cycle for Reach {
    fn name(&self) -> &'static str {
        "reach"
    }

    async fn turn(&mut self) -> anyhow::Result<Turn> {
        if !self.swept {
            let ended =
                orphan::sweep(&self.outside.folder).context("ending programs of an earlier daemon")?;
            if ended > 0 {
                warn!(programs = ended, "ended what an earlier daemon had started");
            }
            self.swept = true;
        }
        self.settle().await?;
        let now = self.shared.clock.now();
        let room = MOST.saturating_sub(self.running.len());
        let pushes = self.shared.store.claim_pushes(&self.shared.held, now, room).await;
        for push in pushes.context("taking messages to deliver")? {
            let (shared, outside, nudge) = (self.shared.clone(), self.outside.clone(), self.nudge.clone());
            let seq = push.seq;
            let task = self.running.spawn(async move {
                let outcome = deliver(&shared, &outside, push).await;
                nudge.wake();
                (seq, outcome)
            });
            self.messages.insert(task.id(), seq);
        }
        Ok(Turn::Idle { until: Some(now + LOOK_AGAIN) })
    }
}

/// How the task that a message hands over stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Course {
    /// Open and the receiver's; or the message hands over none.
    Open,
    /// The receiver ended it.
    Over,
    /// Somebody else's by now, or cancelled.
    Gone,
}

async fn course(shared: &Shared, push: &Push) -> Course {
    let task: Option<Id> = match &push.message.body {
        Body::Task(body) => body.task.id.parse().ok(),
        Body::Status(_) | Body::Handoff(_) | Body::Escalation(_) => None,
    };
    let Some(task) = task else { return Course::Open };
    match shared.store.task_detail(&Party::Agent(AgentId::from(&*push.message.to)), task).await {
        Ok(Some(detail)) if detail.task.state.is_open() => Course::Open,
        Ok(Some(detail)) if !matches!(detail.task.state, TaskState::Cancelled { .. }) => Course::Over,
        Ok(_) | Err(Error::Refused { refusal: Refusal::NotYours, .. }) => Course::Gone,
        Err(error) => {
            debug!(%error, message = %push.message.id, "could not look how its task stands");
            Course::Open
        }
    }
}

/// One delivery by the receiver's way.
async fn deliver(shared: &Shared, outside: &Outside, push: Push) -> Pushed {
    if course(shared, &push).await != Course::Open {
        info!(to = %push.message.to, message = %push.message.id, "not delivered: its task is not the receiver's any more");
        return Pushed::Outdated;
    }
    let rules = shared.rules();
    let agent = AgentId::from(&*push.message.to);
    let spec = rules.config.roster.agents.iter().find(|spec| spec.id == agent);
    let done = match spec.map(|spec| &spec.reach) {
        Some(Way::Webhook { url, secret }) => {
            let hosts = &rules.config.settings.reach.private_hosts;
            webhook::deliver(shared, outside, &push, url, secret, hosts).await
        }
        Some(Way::Command { program, args, timeout_seconds }) => {
            let run = command::Run {
                agent: &agent,
                program,
                args,
                patience: Duration::from_secs((*timeout_seconds).into()),
                pass: &rules.config.settings.reach.env,
            };
            command::deliver(shared, outside, &push, &run).await
        }
        Some(Way::Inbox) => {
            info!(to = %push.message.to, message = %push.message.id, "not delivered: the receiver fetches its messages now");
            return Pushed::Outdated;
        }
        Some(Way::DealOwner | Way::CrmOwner(_) | Way::Email(_)) | None => {
            Err(Failure::final_("the agent is no longer reached by webhook or command"))
        }
    };
    settled(&push, done, shared.clock.now())
}

/// A delivery that did not succeed.
#[derive(Debug)]
pub struct Failure {
    /// In one line.
    pub why: String,
    /// Trying again is worthwhile.
    pub again: bool,
}

impl Failure {
    /// Trying again would not help.
    pub fn final_(why: impl Into<String>) -> Self {
        Self { why: why.into(), again: false }
    }
    /// It may work later.
    pub fn passing(why: impl Into<String>) -> Self {
        Self { why: why.into(), again: true }
    }
}

impl From<connect::Error> for Failure {
    fn from(error: connect::Error) -> Self {
        let again = !matches!(error.kind, ErrorKind::Config | ErrorKind::Invalid);
        Self { why: error.to_string(), again }
    }
}

fn settled(push: &Push, done: Result<(), Failure>, now: Timestamp) -> Pushed {
    let (to, id, attempt) = (&push.message.to, &push.message.id, push.attempt);
    match (done, pause(push, now)) {
        (Ok(()), _) => {
            info!(%to, message = %id, attempt, "message delivered");
            Pushed::Done
        }
        (Err(Failure { why, again: true }), Some(pause)) => {
            warn!(%to, message = %id, attempt, why, again_in_s = pause.as_secs(), "message not delivered");
            Pushed::Retry { at: now + pause, why }
        }
        (Err(Failure { why, .. }), _) => {
            warn!(%to, message = %id, attempt, why, "message given up");
            Pushed::Failed { why }
        }
    }
}

/// How long to wait after a try that failed; `None` after the last.
fn pause(push: &Push, now: Timestamp) -> Option<Duration> {
    let at = usize::try_from(push.tries).ok()?.saturating_sub(1);
    let pause = Duration::from_secs(*PAUSES.get(at)?);
    let Body::Task(body) = &push.message.body else { return Some(pause) };
    let end = body.task.params.get("accept_until").and_then(|end| end.as_str()?.parse::<Timestamp>().ok());
    let half = end.filter(|end| *end > now).map(|end| end.since(now) / 2);
    Some(half.map_or(pause, |half| pause.min(half.max(SHORTEST))))
}
