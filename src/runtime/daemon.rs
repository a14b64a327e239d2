//! The daemon: all cycles over one store, until it is told to stop.

use crate::{
    assign::Assign,
    budget,
    coordinate::Coordinate,
    cycle::{Cycle, Nudge, drive},
    dispatch::Dispatch,
    link::Link,
    notice::Notice,
    notify::Notify,
    poll::Poll,
    progress::Progress,
    reach::{Outside, Reach},
    relate::Relate,
    rules::{Config, Rules},
    schedule::Schedule,
    shared::Shared,
    sweep::Sweep,
    wake,
};
use anyhow::Context;
use connect::Clock;
use std::{path::PathBuf, sync::Arc, time::Duration};
use store::Store;
use tokio::{sync::watch, task::JoinSet};
use tracing::{error, info, warn};

/// The lease that the daemon works under.
pub const LEASE: &str = "daemon";
/// How long a stop waits for turns under way: it is over within 5 s. What is cut off then is looked for or read
/// again at the next start.
const PATIENCE: Duration = Duration::from_secs(4);

/// Everything, put together and not yet running.
pub struct Daemon {
    /// What all cycles share.
    pub shared: Arc<Shared>,
    /// The connections.
    pub links: Vec<Arc<Link>>,
    /// What delivering messages to agents needs; without it none are delivered.
    pub outside: Option<Outside>,
}

/// The cycles one by one, for whoever drives them by hand.
pub struct Cycles {
    /// One per connection.
    pub polls: Vec<Poll>,
    /// One per connection.
    pub sweeps: Vec<Sweep>,
    /// What mails and meetings belong to.
    pub relate: Relate,
    /// Progress of deals and leads.
    pub progress: Progress,
    /// Who gets what.
    pub assign: Assign,
    /// Offers, handoffs, escalations.
    pub coordinate: Coordinate,
    /// Writes.
    pub dispatch: Dispatch,
    /// Who is told.
    pub notify: Notify,
}

/// How a configuration is read again; errors leave the old one in force.
pub type Reload = Arc<dyn Fn() -> Result<Config, String> + Send + Sync>;

impl Daemon {
    /// Takes the lease and puts right what a crash left: writes that were being sent are looked for first.
    pub async fn start(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        config: Config,
        links: Vec<Arc<Link>>,
        seed: u64,
    ) -> anyhow::Result<Self> {
        let now = clock.now();
        let held = store.acquire(LEASE, now).await.context("taking the lease")?;
        let unsure = store.recover(&held, now).await.context("recovering writes")?;
        if unsure > 0 {
            warn!(writes = unsure, "the last run ended while these were being sent: looking for them first");
        }
        let rules = Rules::build(Arc::new(config), &*store, clock.now()).await?;
        Ok(Self { shared: Arc::new(Shared::new(store, held, clock, rules, seed)), links, outside: None })
    }

    /// The cycles, not running.
    pub fn cycles(&self) -> Cycles {
        let each = || self.links.iter().map(|link| (self.shared.clone(), link.clone()));
        Cycles {
            polls: each().map(|(shared, link)| Poll::new(shared, link)).collect(),
            sweeps: each().map(|(shared, link)| Sweep::new(shared, link)).collect(),
            relate: Relate::new(self.shared.clone()),
            progress: Progress::new(self.shared.clone(), &self.links),
            assign: Assign::new(self.shared.clone()),
            coordinate: Coordinate::new(self.shared.clone()),
            dispatch: Dispatch::new(self.shared.clone(), &self.links),
            notify: Notify::new(self.shared.clone()),
        }
    }

    /// Runs until `stop` becomes true, then finishes the turns under way (4 s at most).
    pub async fn run(
        self,
        stop: watch::Receiver<bool>,
        files: Vec<PathBuf>,
        reload: Reload,
    ) -> anyhow::Result<()> {
        budget::restore(&*self.shared.store, &self.links, self.shared.clock.now()).await?;
        let Cycles { polls, sweeps, relate, progress, assign, coordinate, dispatch, notify } = self.cycles();
        let (shared, nudges) = (self.shared.clone(), self.shared.nudges.clone());
        let mut running = JoinSet::new();
        let mut begin = |cycle: Box<dyn Cycle>, nudge: Nudge| {
            running.spawn(drive(cycle, shared.clock.clone(), nudge, stop.clone()));
        };
        let mut timed = Vec::new();
        for poll in polls {
            let nudge = nudges.poll.add();
            timed.extend(poll.schedules().map(|schedule: Schedule| (schedule, nudge.clone())));
            begin(Box::new(poll), nudge);
        }
        for (sweep, link) in sweeps.into_iter().zip(&self.links) {
            let nudge = Nudge::default();
            timed.extend([(link.census.clone(), nudge.clone()), (link.audit.clone(), nudge.clone())]);
            begin(Box::new(sweep), nudge);
        }
        begin(Box::new(relate), nudges.relate.clone());
        begin(Box::new(progress), nudges.progress.clone());
        begin(Box::new(assign), nudges.assign.clone());
        begin(Box::new(coordinate), nudges.coordinate.clone());
        begin(Box::new(dispatch), nudges.dispatch.clone());
        begin(Box::new(notify), nudges.notify.clone());
        if let Some(outside) = self.outside {
            begin(Box::new(Reach::new(shared.clone(), outside, nudges.reach.clone())), nudges.reach.clone());
        }
        let (changed, seen) = watch::channel(0);
        begin(
            Box::new(Notice::new(shared.clone(), self.links.clone(), files, changed).await?),
            Nudge::default(),
        );
        let reloading = tokio::spawn(reload_on_change(shared.clone(), seen, reload));
        let scheduler = wake::start(&timed).await?;
        info!(connections = self.links.len(), epoch = shared.held.epoch(), "running");

        let ended = wait(stop, &mut running).await;
        budget::keep(&*shared.store, &self.links, shared.clock.now()).await?;
        reloading.abort();
        if let Some(mut scheduler) = scheduler {
            scheduler.shutdown().await.context("stopping the scheduler")?;
        }
        info!("stopped");
        ended
    }
}

/// Returns when told to stop, or when a cycle ended by itself (its lease was taken over, or it panicked).
async fn wait(mut stop: watch::Receiver<bool>, running: &mut JoinSet<Box<dyn Cycle>>) -> anyhow::Result<()> {
    let early = tokio::select! {
        // In this order: a cycle that was told to stop may end before we look.
        biased;
        changed = stop.wait_for(|stop| *stop) => { changed.context("waiting for a stop")?; None }
        ended = running.join_next() => ended,
    };
    // A cycle may see the stop before this does.
    let told = *stop.borrow();
    if let Some(ended) = early.filter(|_| !told) {
        let name = ended.map_or_else(|broken| broken.to_string(), |cycle| cycle.name().to_owned());
        error!(name, "a cycle ended: stopping");
        running.shutdown().await;
        anyhow::bail!("a cycle ended by itself ({name})");
    }
    let finish = async { while running.join_next().await.is_some() {} };
    if tokio::time::timeout(PATIENCE, finish).await.is_err() {
        warn!(
            after_s = PATIENCE.as_secs(),
            "a turn did not end in time; it will be taken up again at the next start"
        );
        running.shutdown().await;
    }
    Ok(())
}

async fn reload_on_change(shared: Arc<Shared>, mut changed: watch::Receiver<u64>, reload: Reload) {
    while changed.changed().await.is_ok() {
        let config = match reload() {
            Ok(config) => config,
            Err(problems) => {
                error!(%problems, "the new configuration is wrong: the old one stays in force");
                continue;
            }
        };
        match crate::rules::refresh(&shared, Some(Arc::new(config))).await {
            Ok(()) => info!("configuration reloaded"),
            Err(error) => {
                error!(error = format!("{error:#}"), "the new configuration could not be put in force");
            }
        }
    }
}
