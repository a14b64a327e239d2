//! From prices to an assignment: moves of one job and exchanges of two, taken by threshold accepting (Dueck and
//! Scheuer 1990) on cost plus a penalty for overload that rises until everything fits.

use super::{
    prices::{Prices, SCALE},
    problem::{NEVER, Problem},
};

/// Agents tried per job, those that the prices favour.
const CHOICES: usize = 12;
/// Times the threshold falls from its first value to nothing.
const STEPS: u64 = 60;

/// Numbers that fall the same way for the same seed, in a few cycles each (xorshift64*, Vigna 2016).
pub struct Fast(u64);

impl Fast {
    /// Any seed will do.
    pub const fn new(seed: u64) -> Self {
        Self(seed | 1)
    }
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32
    }
    /// From 0 to `n - 1`; `n` below 2^32.
    fn below(&mut self, n: usize) -> usize {
        usize::try_from((self.next() * n as u64) >> 32).unwrap_or(0)
    }
}

/// An assignment under improvement.
pub struct Search<'p> {
    problem: &'p Problem,
    choices: Vec<Vec<usize>>,
    holder: Vec<usize>,
    /// Jobs of each agent, and where each job stands in its agent's list.
    held: Vec<Vec<usize>>,
    place: Vec<usize>,
    used: Vec<i64>,
    /// Cost of a unit over capacity, in thousandths.
    penalty: i64,
    cost: i64,
    over: i64,
    best: Option<(i64, Vec<usize>)>,
}

impl<'p> Search<'p> {
    /// Begins with the agent that the prices favour for each job.
    pub fn new(problem: &'p Problem, prices: &Prices) -> Self {
        let worth = |agent: usize, job: usize| {
            problem.cost(agent, job) * SCALE + prices.of[agent] * problem.load(agent, job)
        };
        let choices: Vec<Vec<usize>> = (0..problem.jobs())
            .map(|job| {
                let able = (0..problem.agents()).filter(|agent| problem.cost(*agent, job) != NEVER);
                let mut able: Vec<usize> = able.collect();
                able.sort_by_key(|agent| (worth(*agent, job), *agent));
                able.truncate(CHOICES);
                able
            })
            .collect();
        let holder: Vec<usize> = choices.iter().map(|able| able[0]).collect();
        let dearest = prices.of.iter().copied().max().unwrap_or(0);
        let mut new = Self {
            problem,
            choices,
            holder: Vec::new(),
            held: vec![Vec::new(); problem.agents()],
            place: vec![0; problem.jobs()],
            used: vec![0; problem.agents()],
            penalty: dearest + SCALE,
            cost: 0,
            over: 0,
            best: None,
        };
        new.take_up(holder);
        new
    }

    fn take_up(&mut self, holder: Vec<usize>) {
        (self.cost, self.over) = self.problem.judge(&holder);
        self.used.fill(0);
        self.held.iter_mut().for_each(Vec::clear);
        for (job, agent) in holder.iter().enumerate() {
            self.used[*agent] += self.problem.load(*agent, job);
            self.place[job] = self.held[*agent].len();
            self.held[*agent].push(job);
        }
        self.holder = holder;
    }

    /// Gives a job to another agent, in the lists.
    fn hand(&mut self, job: usize, to: usize) {
        let list = &mut self.held[self.holder[job]];
        let at = self.place[job];
        list.swap_remove(at);
        if let Some(moved) = list.get(at) {
            self.place[*moved] = at;
        }
        self.place[job] = self.held[to].len();
        self.held[to].push(job);
        self.holder[job] = to;
    }

    /// One of the agents that suit a job, the better the more often.
    fn suitable(&self, job: usize, fast: &mut Fast) -> usize {
        let able = &self.choices[job];
        able[fast.below(able.len()).min(fast.below(able.len()))]
    }

    /// Tries so many moves, the threshold falling from `heat` (thousandths of a unit of cost) to nothing.
    pub fn run(&mut self, moves: u64, heat: i64, fast: &mut Fast) {
        for step in 0..STEPS {
            let left = i64::try_from(STEPS - 1 - step).unwrap_or(0);
            let threshold = heat * left * left / i64::try_from(STEPS * STEPS).unwrap_or(1);
            let mut fitted = false;
            for _ in 0..moves / STEPS {
                let limit = if threshold > 0 {
                    threshold * i64::try_from(fast.below(1024)).unwrap_or(0) / 512
                } else {
                    0
                };
                if fast.below(2) == 0 {
                    self.shift(limit, fast);
                } else {
                    self.exchange(limit, fast);
                }
                if self.over == 0 {
                    fitted = true;
                    self.keep();
                }
            }
            if !fitted {
                self.penalty += self.penalty / 4 + 1;
            }
        }
    }

    /// The best that fits, with its cost.
    pub fn best(self) -> Option<(i64, Vec<usize>)> {
        self.best
    }

    fn keep(&mut self) {
        match &mut self.best {
            Some((cost, holder)) => {
                if self.cost < *cost {
                    *cost = self.cost;
                    holder.clone_from(&self.holder);
                }
            }
            None => self.best = Some((self.cost, self.holder.clone())),
        }
    }

    fn shift(&mut self, limit: i64, fast: &mut Fast) {
        let job = fast.below(self.holder.len());
        let to = self.suitable(job, fast);
        let from = self.holder[job];
        if to == from {
            return;
        }
        let problem = self.problem;
        let cost = problem.cost(to, job) - problem.cost(from, job);
        let over = self.overload(from, -problem.load(from, job)) + self.overload(to, problem.load(to, job));
        if cost * SCALE + over * self.penalty <= limit {
            self.used[from] -= problem.load(from, job);
            self.used[to] += problem.load(to, job);
            self.hand(job, to);
            self.cost += cost;
            self.over += over;
        }
    }

    fn exchange(&mut self, limit: i64, fast: &mut Fast) {
        let one = fast.below(self.holder.len());
        let (a, b) = (self.holder[one], self.suitable(one, fast));
        if a == b || self.held[b].is_empty() {
            return;
        }
        let other = self.held[b][fast.below(self.held[b].len())];
        let problem = self.problem;
        let here = problem.cost(a, other);
        if here == NEVER {
            return;
        }
        let cost = problem.cost(b, one) + here - problem.cost(a, one) - problem.cost(b, other);
        let into_a = problem.load(a, other) - problem.load(a, one);
        let into_b = problem.load(b, one) - problem.load(b, other);
        let over = self.overload(a, into_a) + self.overload(b, into_b);
        if cost * SCALE + over * self.penalty <= limit {
            self.used[a] += into_a;
            self.used[b] += into_b;
            self.hand(one, b);
            self.hand(other, a);
            self.cost += cost;
            self.over += over;
        }
    }

    /// By how much the overload of an agent changes with its load.
    fn overload(&self, agent: usize, change: i64) -> i64 {
        let over = self.used[agent] - self.problem.capacity(agent);
        (over + change).max(0) - over.max(0)
    }
}
