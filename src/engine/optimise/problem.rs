//! Who takes what, as the generalised assignment problem: each job goes to one agent, no agent beyond its
//! capacity, at the least cost.

/// A pairing that is not allowed.
pub const NEVER: i64 = i64::MAX;

/// An instance. Rows are agents, columns are jobs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    agents: usize,
    jobs: usize,
    cost: Vec<i64>,
    load: Vec<i64>,
    capacity: Vec<i64>,
}

impl Problem {
    /// `cost` and `load` hold one row per agent, each as long as there are jobs; `None` when the lengths do not
    /// fit together or a load or capacity is negative. A cost of [`NEVER`] forbids a pairing.
    pub fn new(jobs: usize, cost: Vec<i64>, load: Vec<i64>, capacity: Vec<i64>) -> Option<Self> {
        let agents = capacity.len();
        let fits = cost.len() == agents * jobs && load.len() == cost.len();
        let sound = load.iter().chain(&capacity).all(|amount| *amount >= 0);
        (fits && sound).then_some(Self { agents, jobs, cost, load, capacity })
    }

    /// Number of agents.
    pub const fn agents(&self) -> usize {
        self.agents
    }
    /// Number of jobs.
    pub const fn jobs(&self) -> usize {
        self.jobs
    }
    /// What a job costs with an agent, or [`NEVER`].
    pub fn cost(&self, agent: usize, job: usize) -> i64 {
        self.cost[agent * self.jobs + job]
    }
    /// How much of an agent's capacity a job takes.
    pub fn load(&self, agent: usize, job: usize) -> i64 {
        self.load[agent * self.jobs + job]
    }
    /// How much an agent can take.
    pub fn capacity(&self, agent: usize) -> i64 {
        self.capacity[agent]
    }
    /// What a complete assignment costs and by how much it is over capacity, all agents together.
    pub fn judge(&self, holder: &[usize]) -> (i64, i64) {
        let mut used = vec![0; self.agents];
        let mut cost = 0;
        for (job, agent) in holder.iter().enumerate() {
            used[*agent] += self.load(*agent, job);
            cost += self.cost(*agent, job);
        }
        let over = used.iter().zip(&self.capacity).map(|(used, most)| (used - most).max(0)).sum();
        (cost, over)
    }
}
