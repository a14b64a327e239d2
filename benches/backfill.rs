//! A full pass of contacts of 36 properties from an unthrottled sandbox process into the reconciled model,
//! beside the floor and beside dlt.

use crate::{Plan, child, dlt, rig::Pass, show::Row};
use std::path::Path;

/// Passes of ours and of the floor; the best of each counts, as both suffer from the same neighbours.
const ROUNDS: usize = 3;

pub fn run(plan: &Plan) -> anyhow::Result<Vec<Row>> {
    let folder = tempfile::tempdir()?;
    let (_sandbox, base) = child::sandbox(plan.records, false)?;
    let (mut ours, mut floor): (Vec<Pass>, Vec<Pass>) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        ours.push(pass("backfill", &base, &folder.path().join(format!("ours{round}.db")))?);
        floor.push(pass("floor", &base, &folder.path().join(format!("floor{round}.db")))?);
    }
    let (ours, floor) = (best(&ours)?, best(&floor)?);
    anyhow::ensure!(ours.records == plan.records as u64, "{} records arrived", ours.records);
    let rate = |pass: &Pass| pass.records as f64 / pass.seconds;
    let mut rows = vec![
        Row::least(format!("records per second, {} contacts", plan.records), rate(&ours), 25_000.0, "/s"),
        Row::plain("wall and processor time", format!("{:.2} s, {:.2} s", ours.seconds, ours.cpu_s)),
        Row::plain("the floor", format!("{:.2} s, {:.0}/s", floor.seconds, rate(&floor))),
        Row::most("times the floor", ours.seconds / floor.seconds, 2.0, " x"),
        Row::most("peak memory", ours.peak_mb, 60.0, " MB"),
    ];
    match dlt::run(&base, &folder.path().join("dlt")) {
        Ok(peer) => {
            rows.push(Row::plain("dlt, same properties, same sandbox", format!("{peer:.0}/s")));
            rows.push(Row::least("times dlt", rate(&ours) / peer, 5.0, " x"));
        }
        Err(why) => rows.push(Row::plain("dlt", format!("skipped: dlt because {why:#}"))),
    }
    Ok(rows)
}

/// One pass into a new database, which is removed at once.
fn pass(role: &str, base: &str, database: &Path) -> anyhow::Result<Pass> {
    let pass = child::result(role, &[base, &database.display().to_string()])?;
    for end in ["", "-wal", "-shm"] {
        // The last two exist only while a process has it open.
        std::fs::remove_file(format!("{}{end}", database.display())).ok();
    }
    Ok(pass)
}

fn best(passes: &[Pass]) -> anyhow::Result<Pass> {
    let best = passes.iter().min_by(|a, b| a.seconds.total_cmp(&b.seconds));
    best.copied().ok_or_else(|| anyhow::anyhow!("nothing was measured"))
}
