//! Writes: once, found again, and not over a person's edit.

use super::{Checked, Fault, On, Rig, must, skip};
use crate::{Applied, Dedupe, Disposition, Effect, Landing};
use model::{Receipt, Timestamp, Write, WriteKind};
use std::time::Duration;

const ROUNDS: u32 = 12;

fn kinds(rig: &impl Rig) -> Vec<(WriteKind, Dedupe)> {
    rig.connector().describe().capabilities.writes.clone()
}

const fn effect(kind: WriteKind) -> Effect {
    if kind.creates() { Effect::Creates } else { Effect::Idempotent }
}

/// The plain case.
pub(super) async fn every_write_happens_once_and_is_found(rig: &impl Rig) -> Checked {
    for (kind, dedupe) in kinds(rig) {
        let write = rig.write(kind).await;
        let sent = rig.cx().clock.now();
        let receipt = match rig.connector().apply(&rig.cx(), &write).await {
            Ok(Applied::Done(receipt)) => receipt,
            Ok(Applied::Moved(now)) => {
                return Err(format!("{kind}: moved, though nothing had: {now:?}").into());
            }
            Err(error) => return Err(format!("{kind}: {error}").into()),
        };
        once(rig, &write, "applied once").await?;
        let landed = look(rig, &write, sent).await?;
        let found = matches!(&landed, Landing::Landed(found) if found.reference == receipt.reference);
        must(found || dedupe == Dedupe::AtMostOnce, || {
            format!("{kind}: done, but looked for it is {landed:?}")
        })?;
        if dedupe != Dedupe::MarkerSearch && dedupe != Dedupe::AtMostOnce {
            let again = rig.connector().apply(&rig.cx(), &write).await;
            must(again.is_ok(), || format!("{kind}: applied again: {again:?}"))?;
            once(rig, &write, "applied twice").await?;
        }
    }
    Ok(())
}

/// Every fault on the write itself, then what the dispatcher does about it.
pub(super) async fn every_write_happens_once_whatever_goes_wrong(rig: &impl Rig) -> Checked {
    for (kind, dedupe) in kinds(rig) {
        for fault in Fault::PASSING.into_iter().chain([Fault::Unauthorized]) {
            let write = rig.write(kind).await;
            rig.faults().arm(fault, On::Writes, 1);
            let delivered = deliver(rig, &write).await;
            rig.faults().disarm();
            let effects = rig.effects(&write).await;
            let unknown = dedupe == Dedupe::AtMostOnce && effects <= 1;
            must(delivered.is_ok() || unknown, || format!("{kind} {fault:?}: {:?}", delivered.err()))?;
            must(effects == 1 || unknown, || format!("{kind} {fault:?}: happened {effects} times"))?;
        }
    }
    Ok(())
}

/// Right after a request of which nothing is known, nobody can say that it will not arrive yet.
pub(super) async fn absence_is_told_only_after_the_lag(rig: &impl Rig) -> Checked {
    for (kind, dedupe) in kinds(rig) {
        let write = rig.write(kind).await;
        rig.faults().arm(Fault::LostRequest, On::Writes, u32::MAX);
        let sent = rig.cx().clock.now();
        let lost = rig.connector().apply(&rig.cx(), &write).await;
        rig.faults().disarm();
        must(lost.is_err(), || format!("{kind}: {lost:?}, though no request arrived"))?;
        let sent = sent.max(rig.cx().clock.now());
        let early = rig.connector().find(&rig.cx(), &write, sent).await.map_err(|error| error.to_string())?;
        must(matches!(early, Landing::Unknown { .. }), || format!("{kind}: {early:?} at once"))?;
        if dedupe != Dedupe::AtMostOnce {
            let late = look(rig, &write, sent).await?;
            must(late == Landing::Absent, || format!("{kind}: {late:?}, though no request arrived"))?;
        }
    }
    Ok(())
}

/// A target that differs from what the decision saw is not touched.
pub(super) async fn what_a_person_changed_is_not_overwritten(rig: &impl Rig) -> Checked {
    let mut any = false;
    for (kind, _) in kinds(rig) {
        let write = rig.write(kind).await;
        if write.expects.is_empty() {
            continue;
        }
        any = true;
        rig.disturb(&write).await;
        let before = rig.faults().writes();
        let applied = rig.connector().apply(&rig.cx(), &write).await;
        let moved = matches!(applied, Ok(Applied::Moved(_)));
        must(moved, || format!("{kind}: {applied:?}, though the target had moved"))?;
        let sent = rig.faults().writes() - before;
        must(sent == 0 && rig.effects(&write).await == 0, || {
            format!("{kind}: written over a person's edit")
        })?;
    }
    if any { Ok(()) } else { Err(skip("no write of the rig expects anything")) }
}

async fn once(rig: &impl Rig, write: &Write, when: &str) -> Result<(), String> {
    let effects = rig.effects(write).await;
    must(effects == 1, || format!("{} {when} happened {effects} times", write.intent.kind()))
}

/// What the dispatcher does: sends, and looks before it repeats.
async fn deliver(rig: &impl Rig, write: &Write) -> Result<Receipt, String> {
    let mut last = String::new();
    for _ in 0..ROUNDS {
        let sent = rig.cx().clock.now();
        let error = match rig.connector().apply(&rig.cx(), write).await {
            Ok(Applied::Done(receipt)) => return Ok(receipt),
            Ok(Applied::Moved(now)) => return Err(format!("moved, though nothing had: {now:?}")),
            Err(error) => error,
        };
        last = format!("{error:?}");
        match error.disposition(effect(write.intent.kind())) {
            Disposition::Retry(after) => rig.advance(after.unwrap_or(Duration::from_secs(1))).await,
            // Somebody connects again.
            Disposition::Reconnect => rig.faults().disarm(),
            Disposition::Verify => match look(rig, write, sent).await? {
                Landing::Landed(receipt) => return Ok(receipt),
                Landing::Absent => {}
                Landing::Unknown { .. } => return Err(format!("nobody can find out after {last}")),
            },
            Disposition::Resync | Disposition::Refuse => return Err(format!("given up after {last}")),
        }
    }
    Err(format!("no end: {last}"))
}

/// Looks until it is known.
async fn look(rig: &impl Rig, write: &Write, sent: Timestamp) -> Result<Landing, String> {
    for _ in 0..ROUNDS {
        let landing = rig.connector().find(&rig.cx(), write, sent).await;
        match landing.map_err(|error| format!("looking for it: {error:?}"))? {
            Landing::Unknown { look_again: Some(at) } => {
                let wait = at.since(rig.cx().clock.now()) + Duration::from_millis(1);
                rig.advance(wait).await;
            }
            known => return Ok(known),
        }
    }
    Err("still unknown after looking twelve times when told to".to_owned())
}
