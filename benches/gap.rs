//! Quality of the optimiser behind `rebalance`, on the minimum-cost instances of the OR-Library (Beasley;
//! Yagiura): cost against the best bound known, and time on one thread. A greedy rule leaves 58 of the 200 jobs
//! of d20200 unplaced.
#![expect(clippy::disallowed_methods, reason = "a stop-watch")]

use crate::{
    Plan,
    show::{self, Row},
};
use anyhow::Context;
use engine::{
    dice::Dice,
    optimise::{Placement, Problem, optimise},
};
use std::{fs, path::Path, time::Instant};

const INSTANCES: [&str; 8] =
    ["a05100", "a20200", "b20200", "c10100", "c401600", "d20200", "e10400", "e20200"];
const MOVES: u64 = 24_000_000;

pub fn run(_: &Plan) -> anyhow::Result<Vec<Row>> {
    let data = std::env::var("SHARED_DATA").unwrap_or_else(|_| "../shared/data".to_owned());
    let folder = Path::new(&data).join("sales/gap_orlib");
    let Ok(bounds) = fs::read_to_string(folder.join("bounds.txt")) else {
        show::note(&format!("skipped: gap because {} is not there", folder.display()));
        return Ok(Vec::new());
    };
    let mut rows = Vec::new();
    for name in INSTANCES {
        let problem = read(&folder.join(name)).with_context(|| name.to_owned())?;
        let bound = bound(&bounds, name).with_context(|| format!("{name} has no bound"))?;
        let (placed, seconds) = timed(&problem).with_context(|| format!("{name}: no full placement"))?;
        let allowed = if name.starts_with(['d', 'e']) { 2.0 } else { 1.0 };
        let above = (placed.cost as f64 / bound - 1.0) * 100.0;
        let size = format!("{name} ({} agents, {} jobs)", problem.agents(), problem.jobs());
        rows.push(Row::most(format!("{size}: above the best bound"), above, allowed, " %"));
        rows.push(Row::most(format!("{size}: time"), seconds, 1.0, " s"));
    }
    Ok(rows)
}

fn timed(problem: &Problem) -> Option<(Placement, f64)> {
    let began = Instant::now();
    let placed = optimise(problem, MOVES, &mut Dice::seeded(1))?;
    let seconds = began.elapsed().as_secs_f64();
    let (cost, over) = problem.judge(&placed.holder);
    (over == 0 && cost == placed.cost).then_some((placed, seconds))
}

/// `m n`, costs and loads with one row per agent, capacities.
fn read(file: &Path) -> anyhow::Result<Problem> {
    let text = fs::read_to_string(file)?;
    let mut numbers = text.split_whitespace().map(str::parse::<i64>);
    let mut take = |count: usize| numbers.by_ref().take(count).collect::<Result<Vec<_>, _>>();
    let size = take(2)?;
    let [agents, jobs] = size[..] else { anyhow::bail!("no size in the first line") };
    let (agents, jobs) = (usize::try_from(agents)?, usize::try_from(jobs)?);
    let (cost, load, capacity) = (take(agents * jobs)?, take(agents * jobs)?, take(agents)?);
    Problem::new(jobs, cost, load, capacity).context("the tables do not fit together")
}

/// The lower bound of an instance's minimum-cost form.
fn bound(bounds: &str, name: &str) -> Option<f64> {
    let line = bounds.lines().find_map(|line| line.strip_prefix(&format!("{name}_Min")))?;
    line.split_whitespace().next()?.parse().ok()
}
