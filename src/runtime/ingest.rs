//! From what a connector saw to one committed transaction: reconcile rounds with one batched query each.

use crate::{link::Link, shared::Shared};
use anyhow::{Context, bail};
use connect::{Error, Lane};
use engine::{
    ids::Ids,
    reconcile::{Batch, Round, reconcile},
};
use model::{Change, ConnectionId, Gone, GoneHow, Known, Pass, Stream, intake::Position};

/// More rounds than this would mean that the engine asks in circles.
const ROUNDS: usize = 4;

/// Reconciles changes with what is known and commits them with the cursors, all or nothing.
pub async fn commit(
    shared: &Shared,
    link: &Link,
    stream: Stream,
    changes: Vec<Change>,
    positions: Vec<Position>,
) -> anyhow::Result<()> {
    take(shared, &link.id, stream, changes, positions).await
}

/// The same, whoever brought the changes.
pub(crate) async fn take(
    shared: &Shared,
    connection: &ConnectionId,
    stream: Stream,
    changes: Vec<Change>,
    positions: Vec<Position>,
) -> anyhow::Result<()> {
    let (now, rules) = (shared.clock.now(), shared.rules());
    let mut ids = Ids::new(now, shared.dice());
    let mut batch = Batch::new(connection.clone(), stream, changes);
    let mut known = Known::default();
    for _ in 0..ROUNDS {
        match reconcile(&known, &mut batch, &rules.merge, now, &mut ids) {
            Round::Ask(keys) => {
                known.absorb(shared.store.known(&keys).await.context("looking up what is known")?);
            }
            Round::Plan(mut intake) => {
                let news =
                    !intake.dirty.is_empty() || positions.iter().any(|position| position.caught_up.is_some());
                let settled = !intake.settled.is_empty();
                let related = !(intake.records.is_empty()
                    && intake.sources.is_empty()
                    && intake.gone.is_empty()
                    && intake.relinks.is_empty());
                intake.positions = positions;
                shared.store.commit_page(&shared.held, intake, now).await.context("committing a page")?;
                if related {
                    shared.nudges.relate.wake();
                }
                if news {
                    shared.nudges.progress.wake();
                }
                if settled {
                    shared.nudges.dispatch.wake();
                }
                return Ok(());
            }
        }
    }
    bail!("reconciliation asked more than {ROUNDS} times for one page: a defect")
}

/// Reads single records of a stream anew; those that the vendor no longer has are gone.
pub async fn read_these(
    shared: &Shared,
    link: &Link,
    stream: Stream,
    ids: Vec<Box<str>>,
) -> anyhow::Result<Result<(), Error>> {
    let cx = link.cx(&*shared.clock, Lane::Backfill);
    let pass = Pass::These(ids.clone());
    let mut changes = match link.connector.poll(&cx, stream, &pass, None).await {
        Ok(page) => page.changes,
        Err(error) => return Ok(Err(error)),
    };
    for id in ids {
        let spoken_of = |change: &Change| match change {
            Change::Seen(seen) => seen.reference.id == id,
            Change::Gone(gone) => gone.reference.id == id,
            Change::Exists(reference) => reference.id == id,
            Change::Unreadable { reference, .. } => {
                reference.as_ref().is_some_and(|reference| reference.id == id)
            }
        };
        if !changes.iter().any(spoken_of) {
            let reference = model::ExternalRef::new(&link.id, stream, id);
            changes.push(Change::Gone(Gone { reference, how: GoneHow::Absent, at: shared.clock.now() }));
        }
    }
    commit(shared, link, stream, changes, Vec::new()).await.map(Ok)
}
