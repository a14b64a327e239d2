//! The floor of a full pass: the very same contacts, already read and parsed, inserted into the same schema.
#![expect(clippy::disallowed_methods, reason = "a stop-watch")]

use crate::{machine, rig};
use anyhow::Context;
use connect::{Lane, Position};
use engine::{dice::Dice, ids::Ids};
use model::{Change, Field, Kind, Observed, Pass, Timestamp};
use runtime::clock::SystemClock;
use std::{path::Path, time::Instant};
use store::sqlite::floor::{FloorRow, insert};

/// As many records as the daemon joins into one transaction.
const BATCH: usize = 1_000;

/// The text columns of a contact, in the order of [`FloorRow::texts`].
const TEXTS: [Field; 13] = [
    Field::Name,
    Field::Email,
    Field::FirstName,
    Field::LastName,
    Field::Phone,
    Field::JobTitle,
    Field::Lifecycle,
    Field::LeadStatus,
    Field::City,
    Field::Country,
    Field::Owner,
    Field::Stage,
    Field::Segment,
];

/// Reads everything first, then measures the inserting alone.
pub async fn play(base: &str, database: &Path) -> anyhow::Result<rig::Pass> {
    let link = rig::link(base, rig::Counted::new()?, &[Kind::Contact], false)?;
    let cx = link.cx(&SystemClock, Lane::Backfill);
    let mut ids = Ids::new(Timestamp::from_millis(1_763_553_600_000), Dice::seeded(1));
    let (mut rows, mut cursor) = (Vec::new(), None);
    loop {
        let page = link.connector.poll(&cx, Kind::Contact, &Pass::Full, cursor.as_ref()).await?;
        for change in page.changes {
            if let Change::Seen(seen) = change {
                rows.push(row(&seen, &mut ids)?);
            }
        }
        match page.position {
            Position::More(next) => cursor = Some(next),
            Position::CaughtUp { .. } => break,
        }
    }
    let before = machine::usage("self")?;
    let began = Instant::now();
    let records = insert(database, rows.chunks(BATCH))?;
    let seconds = began.elapsed().as_secs_f64();
    let after = machine::usage("self")?;
    Ok(rig::Pass { records, seconds, cpu_s: after.cpu_s - before.cpu_s, peak_mb: after.peak_mb })
}

fn row(seen: &Observed, ids: &mut Ids) -> anyhow::Result<FloorRow> {
    let text = |field| seen.fields.get(field).and_then(|value| value.as_text()).map(str::to_owned);
    Ok(FloorRow {
        ext_id: seen.reference.id.to_string(),
        record: ids.fresh().to_string(),
        modified: seen.modified.as_millis(),
        raw: seen.raw.to_vec(),
        texts: TEXTS.map(text),
        created_at: seen.fields.time(Field::CreatedAt).context("no creation date")?.as_millis(),
        email: text(Field::Email).context("no address")?,
    })
}
