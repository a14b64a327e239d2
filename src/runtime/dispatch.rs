//! The dispatch cycle: claims due writes (durably, before any call), sends them or looks whether they landed,
//! and records what became of each. Writes to one target go in order, others side by side.

use crate::{
    cycle::{Cycle, Turn},
    fault::{self, Cut, Place},
    link::Link,
    shared::Shared,
};
use anyhow::Context;
use async_trait::async_trait;
use connect::{Applied, Dedupe, Disposition, Effect, Error, ErrorKind, Landing, Lane};
use model::{ConnectionId, Delivery, SettledAs, Timestamp};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::task::JoinSet;
use tracing::{info, warn};

/// Writes claimed in one turn: bounds how many may have to be looked for after a crash.
const BATCH: usize = 16;

/// How often a write goes out whose answer is lost each time and for which nobody can look.
const MOST_BLIND: u32 = 3;

/// Sends writes.
pub struct Dispatch {
    shared: Arc<Shared>,
    links: BTreeMap<ConnectionId, Arc<Link>>,
}

/// How one delivery ended for the cycle.
enum Delivered {
    Settled,
    Cut,
}

impl Dispatch {
    /// One for all connections.
    pub fn new(shared: Arc<Shared>, links: &[Arc<Link>]) -> Self {
        Self { shared, links: links.iter().map(|link| (link.id.clone(), link.clone())).collect() }
    }
}

#[async_trait]
impl Cycle for Dispatch {
    fn name(&self) -> &'static str {
        "dispatch"
    }

    async fn turn(&mut self) -> anyhow::Result<Turn> {
        let (store, now) = (&self.shared.store, self.shared.clock.now());
        let modes = self.links.values().map(|link| (link.id.clone(), link.mode)).collect();
        let rules = self.shared.rules();
        let claimed = store.claim(&self.shared.held, now, BATCH, &modes, &rules.caps).await;
        let claimed = claimed.context("claiming writes")?;
        if claimed.is_empty() {
            return Ok(Turn::Idle {
                until: store.next_due().await?.map(|at| at.max(now + Duration::from_secs(1))),
            });
        }
        if fault::point(Place::Claimed).is_err() {
            return Ok(Turn::Stop);
        }
        let mut running = JoinSet::new();
        for delivery in claimed {
            let Some(link) = self.links.get(&delivery.write.target.connection).cloned() else { continue };
            running.spawn(deliver(self.shared.clone(), link, delivery));
        }
        let mut cut = false;
        while let Some(ended) = running.join_next().await {
            match ended.context("a delivery panicked")?? {
                Delivered::Settled => {}
                Delivered::Cut => cut = true,
            }
        }
        Ok(if cut { Turn::Stop } else { Turn::Again })
    }
}

async fn deliver(shared: Arc<Shared>, link: Arc<Link>, delivery: Delivery) -> anyhow::Result<Delivered> {
    let outcome = match attempt(&shared, &link, &delivery).await? {
        Ok(outcome) => outcome,
        Err(Cut) => return Ok(Delivered::Cut),
    };
    if fault::point(Place::Answered).is_err() {
        return Ok(Delivered::Cut);
    }
    log(&delivery, &outcome);
    let settled = shared.store.settle(&shared.held, delivery.row, outcome, shared.clock.now()).await;
    settled.with_context(|| format!("storing the outcome of write {}", delivery.row))?;
    Ok(if fault::point(Place::Settled).is_err() { Delivered::Cut } else { Delivered::Settled })
}

/// Looks first where the write may have happened; sends it where it certainly has not.
async fn attempt(
    shared: &Shared,
    link: &Link,
    delivery: &Delivery,
) -> anyhow::Result<Result<SettledAs, Cut>> {
    let clock = &*shared.clock;
    let cx = link.cx(clock, Lane::Write);
    if delivery.look_first {
        match link.connector.find(&cx, &delivery.write, delivery.sent).await {
            Ok(Landing::Landed(receipt)) => return Ok(Ok(SettledAs::Done(receipt))),
            Ok(Landing::Unknown { look_again: Some(at) }) => {
                return Ok(Ok(SettledAs::Verify { at: at.max(clock.now()), why: "not visible yet".into() }));
            }
            Ok(Landing::Unknown { look_again: None }) => {
                let why = "the answer was lost and the vendor has no way to find out".into();
                return Ok(Ok(SettledAs::Unknown { why }));
            }
            Ok(Landing::Absent) if delivery.attempt >= MOST_BLIND && is_blind(link, delivery) => {
                let why = format!("the answer was lost {} times", delivery.attempt);
                return Ok(Ok(SettledAs::Unknown { why }));
            }
            Ok(Landing::Absent) => shared.store.resend(&shared.held, delivery.row, clock.now()).await?,
            Err(error) => {
                let at = clock.now() + backoff(&error, delivery.attempt);
                return Ok(Ok(SettledAs::Verify { at, why: format!("looking for it: {error}") }));
            }
        }
    }
    if let Err(cut) = fault::point(Place::BeforeSend) {
        return Ok(Err(cut));
    }
    let applied = link.connector.apply(&cx, &delivery.write).await;
    Ok(Ok(judge(applied, delivery, link, clock.now())))
}

/// Can nobody ever look whether such a write happened? Then `Absent` only means that twice is better than never.
fn is_blind(link: &Link, delivery: &Delivery) -> bool {
    let kind = delivery.write.intent.kind();
    link.connector.describe().capabilities.writes.contains(&(kind, Dedupe::AtMostOnce))
}

/// What an answer, or the lack of one, means for the row.
fn judge(applied: Result<Applied, Error>, delivery: &Delivery, link: &Link, now: Timestamp) -> SettledAs {
    let error = match applied {
        Ok(Applied::Done(receipt)) => return SettledAs::Done(receipt),
        Ok(Applied::Moved(seen)) => return SettledAs::Moved { why: moved(delivery, &seen.fields) },
        Err(error) => error,
    };
    let effect = if delivery.write.intent.kind().creates() { Effect::Creates } else { Effect::Idempotent };
    let why = error.to_string();
    match error.disposition(effect) {
        Disposition::Retry(_) | Disposition::Resync | Disposition::Reconnect => {
            SettledAs::Retry { at: now + backoff(&error, delivery.attempt), why }
        }
        Disposition::Verify => {
            // Not before it can be seen: until then a look proves nothing.
            SettledAs::Verify { at: now + link.connector.describe().visibility_lag, why }
        }
        Disposition::Refuse => SettledAs::Refused { why },
    }
}

fn moved(delivery: &Delivery, seen: &model::Fields) -> String {
    match engine::reconcile::still_expected(&delivery.write.expects, seen) {
        Err((field, expected, found)) => format!("{field:?} was {expected}, is {found} now"),
        Ok(()) => "the source changed".into(),
    }
}

/// Doubling from one second to five minutes; a limit that names its end is waited for.
fn backoff(error: &Error, attempt: u32) -> Duration {
    let doubled = Duration::from_secs(1 << attempt.min(8));
    match &error.kind {
        ErrorKind::RateLimited { after: Some(after) } | ErrorKind::Busy { after: Some(after) } => {
            (*after).max(Duration::from_millis(200))
        }
        ErrorKind::DailyLimit { .. } | ErrorKind::NotConnected | ErrorKind::Unauthorized => {
            Duration::from_secs(300)
        }
        _ => doubled.min(Duration::from_secs(300)),
    }
}

fn log(delivery: &Delivery, outcome: &SettledAs) {
    let (row, kind, target) = (delivery.row, delivery.write.intent.kind().name(), &delivery.write.target);
    let attempt = delivery.attempt;
    match outcome {
        SettledAs::Done(receipt) => {
            info!(row, kind, %target, attempt, made = %receipt.reference, found = receipt.found, "write done");
        }
        SettledAs::Retry { at, why } => {
            warn!(row, kind, %target, attempt, %at, why, "write did not happen, again later");
        }
        SettledAs::Verify { at, why } => {
            warn!(row, kind, %target, attempt, %at, why, "write may have happened, will look");
        }
        SettledAs::Moved { why } => info!(row, kind, %target, why, "write not sent: the record moved"),
        SettledAs::Refused { why } => warn!(row, kind, %target, why, "write refused"),
        SettledAs::Unknown { why } => {
            warn!(row, kind, %target, why, "nobody can tell whether the write happened");
        }
    }
}
