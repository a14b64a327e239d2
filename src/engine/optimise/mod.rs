//! Work spread over agents all at once, for `rebalance`: as cheap as can be found in a bounded number of moves,
//! and everything placed where that is possible at all. Single tasks go by score instead (`engine::assign`).
#![expect(clippy::indexing_slicing, reason = "dense tables whose indices are made from their own lengths")]

mod exact;
mod prices;
mod problem;
mod search;
#[cfg(test)]
mod tests;

pub use problem::{NEVER, Problem};

use crate::dice::Dice;
use prices::{SCALE, prices};
use search::{Fast, Search};

/// First thresholds of the runs, as parts of what a job costs on average: a hot run finds its way through tight
/// capacities, a cool one polishes.
const HEATS: [i64; 2] = [10, 28];

/// What was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Placement {
    /// The agent of each job.
    pub holder: Vec<usize>,
    /// Its cost.
    pub cost: i64,
    /// No complete placement costs less than this.
    pub bound: i64,
}

/// Places every job within the capacities; `None` when nothing that fits was found. The same dice give the same
/// placement; `moves` bounds the work (20 million take about half a second).
pub fn optimise(problem: &Problem, moves: u64, dice: &mut Dice) -> Option<Placement> {
    if problem.jobs() == 0 {
        return Some(Placement { holder: Vec::new(), cost: 0, bound: 0 });
    }
    let prices = prices(problem)?;
    let mut fast = Fast::new(dice.u64());
    let typical = (prices.bound / i64::try_from(problem.jobs()).unwrap_or(1).max(1)).max(SCALE);
    let runs = HEATS.iter().filter_map(|part| {
        let mut search = Search::new(problem, &prices);
        search.run(moves / HEATS.len() as u64, typical / part, &mut fast);
        search.best()
    });
    let (cost, holder) = exact::finish(problem, &prices, runs.min_by_key(|(cost, _)| *cost))?;
    let bound = prices.bound.div_euclid(SCALE) + i64::from(prices.bound.rem_euclid(SCALE) > 0);
    Some(Placement { holder, cost, bound })
}
