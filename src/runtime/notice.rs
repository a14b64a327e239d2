//! The notice cycle: sees within a second what another process committed to the same database (a verb's
//! intent rows) and when a configuration file changed, and wakes whom it concerns.

use crate::{
    budget,
    cycle::{Cycle, Turn},
    link::Link,
    shared::Shared,
};
use anyhow::Context;
use async_trait::async_trait;
use model::Timestamp;
use std::{path::PathBuf, sync::Arc, time::Duration};
use tokio::sync::watch;
use tracing::info;

/// The setting by which a verb asks the running daemon to poll everything now: any new value.
pub const SYNC_ASKED: &str = "sync:asked";
const EVERY: Duration = Duration::from_secs(1);
/// How often the day's counts of requests are stored.
const KEPT_EVERY: Duration = Duration::from_secs(60);

/// Looks around once a second.
pub struct Notice {
    shared: Arc<Shared>,
    files: Vec<PathBuf>,
    stamp: Vec<Option<std::time::SystemTime>>,
    commits: i64,
    asked: Option<String>,
    reload: watch::Sender<u64>,
    links: Vec<Arc<Link>>,
    kept: Timestamp,
}

impl Notice {
    /// `reload` is raised when one of `files` changes.
    pub async fn new(
        shared: Arc<Shared>,
        links: Vec<Arc<Link>>,
        files: Vec<PathBuf>,
        reload: watch::Sender<u64>,
    ) -> anyhow::Result<Self> {
        let commits = shared.store.foreign_commits().await?;
        let (stamp, asked) = (stamps(&files), shared.store.setting(SYNC_ASKED).await?);
        let kept = shared.clock.now();
        Ok(Self { shared, files, stamp, commits, asked, reload, links, kept })
    }
}

fn stamps(files: &[PathBuf]) -> Vec<Option<std::time::SystemTime>> {
    files.iter().map(|file| file.metadata().and_then(|data| data.modified()).ok()).collect()
}

#[async_trait]
impl Cycle for Notice {
    fn name(&self) -> &'static str {
        "notice"
    }

    async fn turn(&mut self) -> anyhow::Result<Turn> {
        let commits =
            self.shared.store.foreign_commits().await.context("looking for other processes' commits")?;
        if commits != self.commits {
            self.commits = commits;
            self.shared.nudges.all();
            let asked = self.shared.store.setting(SYNC_ASKED).await?;
            if asked != self.asked {
                self.asked = asked;
                self.shared.nudges.poll.hurry();
            }
        }
        let stamp = stamps(&self.files);
        if stamp != self.stamp {
            self.stamp = stamp;
            info!("a configuration file changed");
            self.reload.send_modify(|count| *count += 1);
        }
        let now = self.shared.clock.now();
        if now.since(self.kept) >= KEPT_EVERY || now < self.kept {
            self.kept = now;
            budget::keep(&*self.shared.store, &self.links, now).await?;
        }
        Ok(Turn::Idle { until: Some(now + EVERY) })
    }
}
