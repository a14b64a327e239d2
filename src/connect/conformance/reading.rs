//! Passes.

use super::{
    Checked, Fault, On, Rig, must,
    rig::{SETTLE, Walk, ids, streams, walk},
    skip,
};
use crate::{Deletes, ErrorKind, Position};
use model::{Change, Cursor, Pass, Stream};
use std::collections::BTreeSet;

/// More than one page of every vendor that we know.
const MANY: usize = 230;

/// Readable, complete, and exactly the source's records.
pub(super) async fn a_full_pass_equals_the_source(rig: &impl Rig) -> Checked {
    for (stream, _) in streams(rig) {
        rig.create(stream, 3).await;
        rig.advance(SETTLE).await;
        let full = walk(rig, stream, &Pass::Full, None).await?;
        must(full.complete, || format!("{stream}: a pass that went well is not called complete"))?;
        let unreadable = full.changes.iter().find(|change| matches!(change, Change::Unreadable { .. }));
        must(unreadable.is_none(), || format!("{stream}: {unreadable:?}"))?;
        same(stream, &full.ids(), &rig.ids(stream).await)?;
    }
    Ok(())
}

/// Edits, also of one instant, are in the next increment.
pub(super) async fn increments_find_every_edit(rig: &impl Rig) -> Checked {
    let mut any = false;
    for (stream, _) in streams(rig) {
        let made = rig.create(stream, 4).await;
        if made.is_empty() {
            continue;
        }
        any = true;
        rig.advance(SETTLE).await;
        let mut at = walk(rig, stream, &Pass::Full, None).await?;
        for round in 1..=3 {
            rig.edit(stream, &made).await;
            rig.advance(SETTLE).await;
            at = walk(rig, stream, &Pass::Since, Some(&at.cursor)).await?;
            must(made.iter().all(|id| at.ids().contains(id)), || missed(stream, round, &made, &at))?;
        }
    }
    if any { Ok(()) } else { Err(skip("the rig can't edit any stream")) }
}

fn missed(stream: Stream, round: u32, made: &[String], walk: &Walk) -> String {
    let seen = walk.ids();
    let missed: Vec<_> = made.iter().filter(|id| !seen.contains(*id)).collect();
    format!("{stream}: edits of round {round} were missed: {missed:?}")
}

/// A page boundary within one modification time loses nothing.
pub(super) async fn increments_cross_pages_of_equal_times(rig: &impl Rig) -> Checked {
    for (stream, _) in streams(rig) {
        rig.advance(SETTLE).await;
        let full = walk(rig, stream, &Pass::Full, None).await?;
        let made = rig.create(stream, MANY).await;
        if made.is_empty() {
            continue;
        }
        rig.advance(SETTLE).await;
        let news = walk(rig, stream, &Pass::Since, Some(&full.cursor)).await?;
        must(made.iter().all(|id| news.ids().contains(id)), || missed(stream, 1, &made, &news))?;
        return Ok(());
    }
    Err(skip("the rig can't make records of any stream"))
}

/// A census lists what is there; a deletion is told the way that the descriptor says.
pub(super) async fn a_census_is_complete_and_knows_what_is_gone(rig: &impl Rig) -> Checked {
    for (stream, deletes) in streams(rig) {
        let made = rig.create(stream, 2).await;
        rig.advance(SETTLE).await;
        let full = walk(rig, stream, &Pass::Full, None).await?;
        let gone = made.first();
        if let Some(id) = gone {
            rig.delete(stream, id).await;
        }
        rig.advance(SETTLE).await;
        let census = walk(rig, stream, &Pass::Census, None).await?;
        must(census.complete, || format!("{stream}: a census that went well is not called complete"))?;
        same(stream, &census.ids(), &rig.ids(stream).await)?;
        let (Some(id), Deletes::Reported) = (gone, deletes) else { continue };
        let since = walk(rig, stream, &Pass::Since, Some(&full.cursor)).await?;
        must(since.gone().contains(id), || format!("{stream}: the deletion of {id} was not reported"))?;
    }
    Ok(())
}

/// A pass during which the vendor fails ends in an error, not in a list that makes the rest look deleted.
pub(super) async fn a_listing_cut_short_is_never_complete(rig: &impl Rig) -> Checked {
    for (stream, _) in streams(rig) {
        rig.create(stream, MANY).await;
        rig.advance(SETTLE).await;
        for pass in [Pass::Full, Pass::Census] {
            for fault in [Fault::Server, Fault::LostAnswer, Fault::Garbled] {
                cut_short(rig, stream, &pass, fault).await?;
            }
        }
    }
    Ok(())
}

async fn cut_short(rig: &impl Rig, stream: Stream, pass: &Pass, fault: Fault) -> Result<(), String> {
    let first =
        rig.connector().poll(&rig.cx(), stream, pass, None).await.map_err(|error| error.to_string())?;
    rig.faults().arm(fault, On::Any, u32::MAX);
    let from = match &first.position {
        Position::More(cursor) => Some(cursor),
        Position::CaughtUp { .. } => None,
    };
    let cut = rig.connector().poll(&rig.cx(), stream, pass, from).await;
    rig.faults().disarm();
    must(
        !matches!(cut, Ok(page) if matches!(page.position, Position::CaughtUp { complete: true, .. })),
        || format!("{stream} {}: called complete although the vendor failed ({fault:?})", pass.kind().name()),
    )
}

/// All slices together are everything, and links that changed alone are in them.
pub(super) async fn an_audit_reads_everything_and_sees_links(rig: &impl Rig) -> Checked {
    let linked = rig.link().await;
    rig.advance(SETTLE).await;
    for (stream, _) in streams(rig) {
        rig.create(stream, 5).await;
        rig.advance(SETTLE).await;
        let mut changes = Vec::new();
        for slice in 0..3 {
            changes.extend(walk(rig, stream, &Pass::Audit { slice, of: 3 }, None).await?.changes);
        }
        same(stream, &ids(&changes), &rig.ids(stream).await)?;
        if let Some(linked) = linked.as_ref().filter(|linked| linked.stream == stream) {
            let sees = changes.iter().any(|change| match change {
                Change::Seen(record) => {
                    *record.reference.id == *linked.id
                        && record.links.iter().any(|links| {
                            links.to == linked.to && links.targets.iter().any(|to| *to.id == *linked.to_id)
                        })
                }
                Change::Gone(_) | Change::Exists(_) | Change::Unreadable { .. } => false,
            });
            must(sees, || format!("{stream}: the audit does not see {linked:?}"))?;
        }
    }
    Ok(())
}

/// `These` reads what it is asked for.
pub(super) async fn single_records_can_be_asked_for(rig: &impl Rig) -> Checked {
    for (stream, _) in streams(rig) {
        rig.create(stream, 2).await;
        rig.advance(SETTLE).await;
        let some: BTreeSet<String> = rig.ids(stream).await.into_iter().take(2).collect();
        let pass = Pass::These(some.iter().map(|id| id.as_str().into()).collect());
        same(stream, &walk(rig, stream, &pass, None).await?.ids(), &some)?;
    }
    Ok(())
}

/// A cursor of another layout, or a broken one, is told apart or leads to everything; nothing is skipped.
pub(super) async fn an_unknown_cursor_begins_a_full_pass(rig: &impl Rig) -> Checked {
    for (stream, _) in streams(rig) {
        rig.create(stream, 2).await;
        rig.advance(SETTLE).await;
        for cursor in
            [Cursor { version: u16::MAX, body: "{}".into() }, Cursor { version: 1, body: "]".into() }]
        {
            match rig.connector().poll(&rig.cx(), stream, &Pass::Since, Some(&cursor)).await {
                Err(error) if error.kind == ErrorKind::CursorExpired => {}
                Err(error) => return Err(format!("{stream}: {error:?} for {cursor:?}").into()),
                Ok(page) => same(stream, &ids(&page.changes), &rig.ids(stream).await)?,
            }
        }
    }
    Ok(())
}

fn same(stream: Stream, read: &BTreeSet<String>, there: &BTreeSet<String>) -> Result<(), String> {
    must(read == there, || {
        let missing: Vec<_> = there.difference(read).take(5).collect();
        let extra: Vec<_> = read.difference(there).take(5).collect();
        let (read, there) = (read.len(), there.len());
        format!("{stream}: read {read} of {there}; missing {missing:?}, not there {extra:?}")
    })
}
