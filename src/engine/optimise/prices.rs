//! What a unit of each agent's capacity is worth: the capacity constraints priced by subgradient steps on the
//! Lagrangian dual (Fisher 1981, "The Lagrangian relaxation method"). The dual's value is a lower bound.

use super::problem::{NEVER, Problem};

/// Prices are in thousandths of a unit of cost, so that all sums stay whole numbers.
pub const SCALE: i64 = 1_000;
const ROUNDS: u32 = 400;
/// Rounds without a better bound after which steps are halved.
const PATIENCE: u32 = 12;

/// Prices and the bound that they prove.
#[derive(Clone, Debug)]
pub struct Prices {
    /// Per agent, in thousandths.
    pub of: Vec<i64>,
    /// No complete assignment costs less; in thousandths.
    pub bound: i64,
}

/// Finds good prices. `None` when some job can be done by nobody.
pub fn prices(problem: &Problem) -> Option<Prices> {
    let mut price = vec![0_i64; problem.agents()];
    let mut best = Prices { of: price.clone(), bound: i64::MIN };
    let (mut stale, mut shrink) = (0, 1_i64);
    let reach = spread(problem);
    for _ in 0..ROUNDS {
        let (bound, excess) = evaluate(problem, &price)?;
        if bound > best.bound {
            best = Prices { of: price.clone(), bound };
            stale = 0;
        } else {
            stale += 1;
        }
        if stale > PATIENCE {
            (stale, shrink) = (0, shrink * 2);
            price.clone_from(&best.of);
            continue;
        }
        let square: i128 = excess.iter().map(|one| i128::from(*one) * i128::from(*one)).sum();
        if square == 0 || shrink > 1 << 16 {
            break;
        }
        let step = i128::from(reach) * i128::from(SCALE) / i128::from(shrink);
        for (price, excess) in price.iter_mut().zip(&excess) {
            let change = step * i128::from(*excess) / square;
            *price = (*price + i64::try_from(change).unwrap_or(0)).max(0);
        }
    }
    Some(best)
}

/// The dual's value at these prices and its slope: by how much each agent would be over its capacity.
fn evaluate(problem: &Problem, price: &[i64]) -> Option<(i64, Vec<i64>)> {
    let mut excess: Vec<i64> = (0..problem.agents()).map(|agent| -problem.capacity(agent)).collect();
    let mut value: i64 =
        price.iter().enumerate().map(|(agent, price)| -price * problem.capacity(agent)).sum();
    for job in 0..problem.jobs() {
        let choices = (0..problem.agents()).filter(|agent| problem.cost(*agent, job) != NEVER);
        let priced = choices
            .map(|agent| (problem.cost(agent, job) * SCALE + price[agent] * problem.load(agent, job), agent));
        let (least, agent) = priced.min()?;
        value += least;
        excess[agent] += problem.load(agent, job);
    }
    Some((value, excess))
}

/// How far apart the costs of one job lie on average, times the jobs: the scale of the first step.
fn spread(problem: &Problem) -> i64 {
    let of = |job| {
        let costs =
            (0..problem.agents()).map(move |agent| problem.cost(agent, job)).filter(|cost| *cost != NEVER);
        let (least, most) =
            costs.fold((i64::MAX, i64::MIN), |(least, most), one| (least.min(one), most.max(one)));
        // A job that nobody can do has no costs.
        most.saturating_sub(least).max(1)
    };
    let total: i64 = (0..problem.jobs()).map(of).sum();
    (total / 20).max(1)
}
