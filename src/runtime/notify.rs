//! The notify cycle: reads the event log behind the place that it keeps, lets the routes decide who is told, and
//! commits the messages, what is held back and the new place in one transaction. So each event is told once,
//! whatever crashes. The first start begins at the end of the log: nobody is flooded with history.

mod about;
mod kept;
#[cfg(test)]
mod tests;

use crate::{
    cycle::{Cycle, Turn},
    rules::Rules,
    shared::Shared,
};
use anyhow::Context;
use async_trait::async_trait;
use engine::{
    flow::holds,
    notify::{Occasion, What, occasion, route, trouble},
};
use kept::Kept;
use model::Timestamp;
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use tracing::{info, warn};

/// Events per turn.
const BATCH: usize = 500;
/// How long news may wait to be looked at.
const EVERY: Duration = Duration::from_secs(2);
/// A stream that works again within this time was no trouble.
const GRACE: Duration = Duration::from_secs(5 * 60);

/// Tells people.
pub struct Notify {
    shared: Arc<Shared>,
    /// Routes of which it was said that they had nobody to tell.
    said: BTreeSet<Box<str>>,
}

impl Notify {
    /// One for all routes.
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared, said: BTreeSet::new() }
    }

    /// What happened after `place` and is told by some route; with the new place, and whether there is more.
    async fn news(&self, rules: &Rules, place: i64) -> anyhow::Result<(Vec<Occasion>, i64, bool)> {
        let store = &*self.shared.store;
        let events = store.events(place, BATCH).await.context("reading events")?;
        let told = |what: What| rules.routes.iter().any(|route| route.on.contains(&what));
        let mut occasions = Vec::new();
        for (seq, event) in &events {
            if What::of(&event.kind).is_some_and(told) {
                let about =
                    about::about(store, rules, event).await.context("reading what an event is about")?;
                occasions.extend(occasion(*seq, event, about));
            }
        }
        let last = events.last().map_or(place, |(seq, _)| *seq);
        Ok((occasions, last, events.len() == BATCH))
    }

    /// Streams that can't be read for a while and were not told of; those told of are remembered in `kept`.
    async fn troubles(&self, kept: &mut Kept, now: Timestamp) -> anyhow::Result<Vec<Occasion>> {
        let fresh = self.shared.store.freshness().await.context("reading freshness")?;
        let lasting = fresh.iter().filter_map(|one| {
            let (why, since) = one.trouble.as_ref().filter(|(_, since)| now.since(*since) >= GRACE)?;
            Some(trouble(one.connection.as_str(), one.stream.name(), why, *since))
        });
        let (known, new): (Vec<_>, Vec<_>) =
            lasting.partition(|occasion| kept.troubles.contains(&occasion.cause));
        kept.troubles = known.iter().chain(&new).map(|occasion| occasion.cause.clone()).collect();
        Ok(new)
    }

    /// Says once per route and run that somebody could not be told.
    fn say(&mut self, nobody: Vec<(Box<str>, String)>) {
        for (route, cause) in nobody {
            if self.said.insert(route.clone()) {
                warn!(%route, cause, "the route has no address for this: nobody is told (said once)");
            }
        }
    }
}

#[async_trait]
impl Cycle for Notify {
    fn name(&self) -> &'static str {
        "notify"
    }

    async fn turn(&mut self) -> anyhow::Result<Turn> {
        let (shared, rules) = (self.shared.clone(), self.shared.rules());
        let (store, now) = (&*shared.store, shared.clock.now());
        let before = Kept::load(store).await.context("reading what was told")?;
        if rules.routes.is_empty() {
            // Whoever sets a route up later hears of what happens from then on.
            before.forget(&shared, now).await?;
            return Ok(Turn::Idle { until: None });
        }
        let mut kept = before.clone();
        let place = match kept.place {
            Some(place) => place,
            None => store.last_event().await?,
        };
        let (mut occasions, last, more) = self.news(&rules, place).await?;
        kept.place = Some(last);
        if rules.routes.iter().any(|route| route.on.contains(&What::Trouble)) {
            occasions.extend(self.troubles(&mut kept, now).await?);
        }
        let zone = rules.config.settings.organization.zone.0.clone();
        let judge = |condition: &_, view: &_| holds(condition, view, &rules.flow, now);
        let routed = route(&occasions, &rules.routes, &zone, judge, &mut kept.lanes, now);
        self.say(routed.nobody);
        let (changes, messages) = (kept.changes(&before)?, routed.writes.len());
        if !changes.is_empty() {
            store.keep(&shared.held, changes, routed.writes, now).await.context("storing what is told")?;
        }
        if messages > 0 {
            info!(messages, "people are told");
            shared.nudges.dispatch.wake();
        }
        if more {
            return Ok(Turn::Again);
        }
        let look = now + EVERY;
        Ok(Turn::Idle { until: Some(routed.next.map_or(look, |next| next.clamp(now, look))) })
    }
}
