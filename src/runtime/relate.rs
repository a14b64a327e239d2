//! The relate cycle: what new and changed mails and meetings belong to, and past ones around which something
//! changed. Decided by the engine on what the store shows, committed with links, events and marks.

use crate::{
    cycle::{Cycle, Turn},
    shared::Shared,
};
use anyhow::Context;
use async_trait::async_trait;
use engine::relate::relate;
use std::sync::Arc;
use store::Unrelated;
use tracing::debug;

/// Activities per turn.
const BATCH: usize = 200;

/// Links mails and meetings.
pub struct Relate {
    shared: Arc<Shared>,
}

impl Relate {
    /// One for all.
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }
}

#[async_trait]
impl Cycle for Relate {
    fn name(&self) -> &'static str {
        "relate"
    }

    async fn turn(&mut self) -> anyhow::Result<Turn> {
        let (shared, rules) = (&self.shared, self.shared.rules());
        let (store, now) = (&shared.store, shared.clock.now());
        let more = store.spread(&shared.held, now).await.context("passing changes on to past activities")?;
        let Unrelated { views, next } =
            store.unrelated(now, BATCH).await.context("reading what is to be linked")?;
        if views.is_empty() {
            return Ok(if more { Turn::Again } else { Turn::Idle { until: next } });
        }
        let decided: Vec<_> =
            views.iter().map(|(view, mark)| (relate(view, &rules.relate, now), *mark)).collect();
        let concerned: usize = decided.iter().map(|(one, _)| one.dirty.len()).sum();
        debug!(activities = decided.len(), concerned, "activities linked");
        store.commit_related(&shared.held, decided, now).await.context("storing links of activities")?;
        if concerned > 0 {
            shared.nudges.progress.wake();
        }
        Ok(Turn::Again)
    }
}

#[cfg(test)]
mod tests;
