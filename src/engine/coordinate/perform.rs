//! How agents do, made comparable: a success counts against what others reach on deals that are as hard.

use model::{AgentId, Id, Timestamp, work::TrackRecord};
use std::{collections::BTreeMap, time::Duration};

/// A case counts as so many of the next coarser group when what is expected of it is worked out.
const PRIOR: f64 = 5.0;
/// One case in a track record.
const CASE: f64 = 1_000.0;

/// One result with what says how hard it was, coarsest trait first (amount band, enterprise, age band, segment).
#[derive(Clone, PartialEq, Debug)]
pub struct Case {
    /// The task.
    pub task: Id,
    /// Who did it.
    pub agent: AgentId,
    /// What was done.
    pub action: Box<str>,
    /// When.
    pub at: Timestamp,
    /// 1 for a success, 0 for none, a part where only the deal's end tells.
    pub success: f64,
    /// How hard it was.
    pub traits: Vec<Box<str>>,
}

#[derive(Clone, Copy, Default)]
struct Sum {
    won: f64,
    all: f64,
}

impl Sum {
    fn add(&mut self, weight: f64, success: f64) {
        self.won += weight * success;
        self.all += weight;
    }
    fn less(self, other: Self) -> Self {
        Self { won: (self.won - other.won).max(0.0), all: (self.all - other.all).max(0.0) }
    }
}

/// The first traits of a case: the group in which it is compared.
type Group = Vec<Box<str>>;

/// Sums per action and group of traits (a group is a prefix of the traits), over all agents and for each.
#[derive(Default)]
struct Groups {
    all: BTreeMap<(Box<str>, Group), Sum>,
    own: BTreeMap<(AgentId, Box<str>, Group), Sum>,
}

impl Groups {
    fn of<'c>(cases: impl Iterator<Item = (&'c Case, f64)>) -> Self {
        let mut groups = Self::default();
        for (case, weight) in cases {
            for depth in 0..=case.traits.len() {
                let prefix: Vec<_> = case.traits.iter().take(depth).cloned().collect();
                let own = (case.agent.clone(), case.action.clone(), prefix.clone());
                groups.own.entry(own).or_default().add(weight, case.success);
                groups.all.entry((case.action.clone(), prefix)).or_default().add(weight, case.success);
            }
        }
        groups
    }

    /// What the others reach on such a case: from the coarsest group to the finest, each shrunk to the one before.
    fn expected(&self, case: &Case) -> f64 {
        let mut rate = 0.5;
        for depth in 0..=case.traits.len() {
            let prefix: Vec<_> = case.traits.iter().take(depth).cloned().collect();
            let own = (case.agent.clone(), case.action.clone(), prefix.clone());
            let own = self.own.get(&own).copied().unwrap_or_default();
            let all = self.all.get(&(case.action.clone(), prefix)).copied().unwrap_or_default();
            let others = all.less(own);
            rate = (others.won + PRIOR * rate) / (others.all + PRIOR);
        }
        rate
    }
}

/// Track records per agent and action: results fade with the half-life, and with `adjust` each counts by how
/// much better or worse it was than others do on deals that are as hard, around the mean of all.
pub fn records(
    cases: &[Case],
    now: Timestamp,
    half_life: Duration,
    adjust: bool,
) -> Vec<(AgentId, Box<str>, TrackRecord)> {
    let weighed: Vec<(&Case, f64)> = cases.iter().map(|case| (case, weight(case, now, half_life))).collect();
    let groups = Groups::of(weighed.iter().copied());
    let mut sums: BTreeMap<(AgentId, Box<str>), Sum> = BTreeMap::new();
    for (case, weight) in weighed {
        let success = if adjust {
            let all = groups.all.get(&(case.action.clone(), Vec::new())).copied().unwrap_or_default();
            let mean = if all.all > 0.0 { all.won / all.all } else { 0.5 };
            mean + case.success - groups.expected(case)
        } else {
            case.success
        };
        sums.entry((case.agent.clone(), case.action.clone())).or_default().add(weight, success);
    }
    sums.into_iter().map(|((agent, action), sum)| (agent, action, record(sum))).collect()
}

fn weight(case: &Case, now: Timestamp, half_life: Duration) -> f64 {
    let age = now.since(case.at).as_secs_f64() / half_life.as_secs_f64().max(1.0);
    0.5_f64.powf(age)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to what is possible")]
fn record(sum: Sum) -> TrackRecord {
    let won = sum.won.clamp(0.0, sum.all);
    TrackRecord { won: (won * CASE).round() as u64, all: (sum.all * CASE).round() as u64 }
}
