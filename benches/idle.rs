//! The release binary as a daemon with nothing to do: how soon it is ready, what it holds and what it takes.
#![expect(clippy::disallowed_methods, reason = "a stop-watch")]

use crate::{
    Plan, child,
    daemon::{self, Daemon},
    machine,
    rig::Pass,
    show,
    show::Row,
};
use std::{
    path::Path,
    time::{Duration, Instant},
};

const RECORDS: usize = 100_000;
/// What the first turns after a start leave behind is over when so little was used in [`LOOK`].
const QUIET_S: f64 = 0.03;
const LOOK: Duration = Duration::from_secs(5);
const PATIENCE: Duration = Duration::from_secs(300);
const MEASURED: Duration = Duration::from_secs(60);
const STARTS: usize = 5;

pub fn run(_: &Plan) -> anyhow::Result<Vec<Row>> {
    let folder = tempfile::tempdir()?;
    let (_sandbox, base) = child::sandbox(RECORDS, false)?;
    let database = folder.path().join("orchestrator.db");
    let pass: Pass = child::result("backfill", &[&base, &database.display().to_string()])?;
    anyhow::ensure!(pass.records == RECORDS as u64, "{} records arrived", pass.records);
    configure(folder.path(), &base)?;
    let mut rows = vec![Row::most("size of the binary", daemon::size()?, 25.0, " MB")];
    settle(&Daemon::start(folder.path())?.0)?;
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        starts.push(Daemon::start(folder.path())?.1.as_secs_f64() * 1000.0);
    }
    starts.sort_by(f64::total_cmp);
    let median = starts.get(STARTS / 2).copied().unwrap_or_default();
    rows.push(Row::most(format!("ready on {RECORDS} records, median of {STARTS}"), median, 200.0, " ms"));
    let (daemon, _) = Daemon::start(folder.path())?;
    settle(&daemon)?;
    let (before, began) = (machine::usage(&daemon.id())?, Instant::now());
    std::thread::sleep(MEASURED);
    let after = machine::usage(&daemon.id())?;
    let share = 100.0 * (after.cpu_s - before.cpu_s) / began.elapsed().as_secs_f64();
    rows.push(Row::most("memory", after.rss_mb, 25.0, " MB"));
    rows.push(Row::most(format!("of a core, over {} s", MEASURED.as_secs()), share, 0.1, " %"));
    Ok(rows)
}

/// Only contacts are read, as the sandbox has nothing else; everything else is as it ships.
fn configure(folder: &Path, base: &str) -> anyhow::Result<()> {
    let text = format!(
        "[[connection]]\nid = \"hubspot\"\nvendor = \"hubspot\"\nmode = \"observe\"\nsecret = \"env\"\n\
         base_url = \"{base}\"\nstreams = [\"contact\"]\n[logging]\nlevel = \"warn\"\n"
    );
    std::fs::write(folder.join("orchestrator.toml"), text)?;
    Ok(())
}

/// Waits until the daemon has done what was left to do.
fn settle(daemon: &Daemon) -> anyhow::Result<()> {
    let began = Instant::now();
    loop {
        let before = machine::usage(&daemon.id())?.cpu_s;
        std::thread::sleep(LOOK);
        let used = machine::usage(&daemon.id())?.cpu_s - before;
        if used <= QUIET_S {
            return Ok(());
        }
        if began.elapsed() > PATIENCE {
            show::note(&format!(
                "not idle after {} s: it used {used:.2} s in the last 5 s",
                PATIENCE.as_secs()
            ));
            return Ok(());
        }
    }
}
