//! Small instances to the end: depth first over the jobs, bounded by the prices, so that what a search by chance
//! may miss (a single placement that fits, say) is found.

use super::{
    prices::{Prices, SCALE},
    problem::{NEVER, Problem},
};

/// Instances with more jobs are left to the search by chance.
const JOBS: usize = 24;
/// Partial placements looked at; then the best so far stands.
const NODES: u32 = 200_000;

struct Walk<'p> {
    problem: &'p Problem,
    /// Jobs in the order in which they are placed: those that leave the least choice first.
    order: Vec<usize>,
    /// Per place in the order: its agents, the one that the prices favour first.
    choices: Vec<Vec<usize>>,
    /// Per place in the order: what all jobs from there on cost at least, at the prices.
    rest: Vec<i64>,
    prices: &'p [i64],
    holder: Vec<usize>,
    left: Vec<i64>,
    nodes: u32,
    best: Option<(i64, Vec<usize>)>,
}

/// Improves on what is known, or proves it the best where the instance is small enough for that.
pub fn finish(
    problem: &Problem,
    prices: &Prices,
    known: Option<(i64, Vec<usize>)>,
) -> Option<(i64, Vec<usize>)> {
    if problem.jobs() > JOBS {
        return known;
    }
    let mut walk = Walk::new(problem, &prices.of, known);
    let start = walk.left.iter().zip(walk.prices).map(|(left, price)| left * price).sum();
    walk.go(0, 0, start);
    walk.best
}

impl<'p> Walk<'p> {
    fn new(problem: &'p Problem, prices: &'p [i64], best: Option<(i64, Vec<usize>)>) -> Self {
        let worth = |agent: usize, job: usize| {
            problem.cost(agent, job) * SCALE + prices[agent] * problem.load(agent, job)
        };
        let able = |job: usize| {
            let fits = |agent: &usize| {
                problem.cost(*agent, job) != NEVER && problem.load(*agent, job) <= problem.capacity(*agent)
            };
            let mut able: Vec<usize> = (0..problem.agents()).filter(fits).collect();
            able.sort_by_key(|agent| worth(*agent, job));
            able
        };
        let mut jobs: Vec<(usize, Vec<usize>)> = (0..problem.jobs()).map(|job| (job, able(job))).collect();
        let least_load = |able: &[usize], job| able.iter().map(|agent| problem.load(*agent, job)).min();
        jobs.sort_by_key(|(job, able)| (able.len(), std::cmp::Reverse(least_load(able, *job)), *job));
        let mut rest = vec![0; jobs.len() + 1];
        for (at, (job, able)) in jobs.iter().enumerate().rev() {
            rest[at] = rest[at + 1] + able.first().map_or(0, |agent| worth(*agent, *job));
        }
        let (order, choices) = jobs.into_iter().unzip();
        Self {
            problem,
            order,
            choices,
            rest,
            prices,
            holder: vec![0; problem.jobs()],
            left: (0..problem.agents()).map(|agent| problem.capacity(agent)).collect(),
            nodes: NODES,
            best,
        }
    }

    /// Places the jobs from `at` on. `cost` is that of those before; `room` is what the capacity left is worth at
    /// the prices, by which the bound is less than the sum of least costs (Fisher 1981).
    fn go(&mut self, at: usize, cost: i64, room: i64) {
        let Some(left) = self.nodes.checked_sub(1) else { return };
        self.nodes = left;
        let most = self.best.as_ref().map_or(i64::MAX, |(known, _)| known - 1);
        let Some(job) = self.order.get(at).copied() else {
            if cost <= most {
                self.best = Some((cost, self.holder.clone()));
            }
            return;
        };
        if cost * SCALE + self.rest[at] - room > most.saturating_mul(SCALE) {
            return;
        }
        for choice in 0..self.choices[at].len() {
            let agent = self.choices[at][choice];
            let load = self.problem.load(agent, job);
            if load > self.left[agent] {
                continue;
            }
            self.left[agent] -= load;
            self.holder[job] = agent;
            self.go(at + 1, cost + self.problem.cost(agent, job), room - load * self.prices[agent]);
            self.left[agent] += load;
        }
    }
}
