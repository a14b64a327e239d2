//! Why each task went to whom: before every turn of the assign cycle the board is kept, and after it each decision
//! is explained from that board, as `why` does, and worked out once more by hand.

use crate::rig::Rig;
use async_trait::async_trait;
use engine::assign::{Desk, Routing, Verdict, explain, rank, recall, week_start};
use model::{
    AgentId, EventKind, Id, Timestamp,
    work::{AgentSpec, Assignment, Board, Candidate, Layer, Responsibility, Task, TaskKind, Window},
};
use runtime::{
    cycle::{Cycle, Turn},
    rules::Rules,
    shared::Shared,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

const MANY: usize = 100_000;

/// What was explained.
#[derive(Default)]
pub struct Explained {
    pub tasks: BTreeSet<Id>,
    pub decisions: usize,
    /// Agents that were named with what kept them from a task, in all.
    pub left_out: usize,
    /// Agents that another one was better than.
    pub beaten: usize,
    /// Decisions whose terms were worked out by hand.
    pub by_hand: usize,
    /// Each decision with what was said of every agent when it was made.
    told: BTreeMap<Id, Vec<(Assignment, Vec<Verdict>)>>,
}

/// When all is over and everything has changed since, each decision can be made again from what the store kept of it,
/// and of every agent the same is said as then.
pub async fn can_be_told_again(explained: &Explained, rig: &Rig) {
    let mut routings: BTreeMap<Box<str>, Routing> = BTreeMap::new();
    for (task, told) in &explained.told {
        let (_, decisions) = rig.store.task(*task).await.unwrap().unwrap();
        let scenes = rig.store.scenes(*task).await.unwrap();
        for (made, verdicts) in told {
            let at = decisions.iter().position(|kept| kept == made).unwrap();
            let scene = scenes[at].as_ref().unwrap();
            let read = || Routing::read(&scene.routing).unwrap();
            let routing = routings.entry(made.config.clone()).or_insert_with(read);
            let again = recall(scene, routing).unwrap();
            assert_eq!((&again.0, &again.1), (made, verdicts), "{task} is told otherwise afterwards");
        }
    }
}

/// Watches the assign cycle of a rig.
pub fn watch(rig: &mut Rig) -> Arc<Mutex<Explained>> {
    let explained = Arc::new(Mutex::new(Explained::default()));
    let (shared, seen) = (rig.daemon.shared.clone(), explained.clone());
    rig.wrap("assign", |inner| Box::new(Watched { inner, shared, seen }));
    explained
}

struct Watched {
    inner: Box<dyn Cycle>,
    shared: Arc<Shared>,
    seen: Arc<Mutex<Explained>>,
}

#[async_trait]
impl Cycle for Watched {
    fn name(&self) -> &str {
        self.inner.name()
    }

    async fn turn(&mut self) -> anyhow::Result<Turn> {
        let (store, rules, now) = (self.shared.store.clone(), self.shared.rules(), self.shared.clock.now());
        let board = store.board(MANY, week_start(now, rules.routing.zone())).await?;
        let before = store.last_event().await?;
        let turn = self.inner.turn().await?;
        let mut placed = Vec::new();
        for (_, event) in store.events(before, MANY).await? {
            if let (EventKind::TaskAssigned { .. } | EventKind::TaskOffered { .. }, Some(id)) =
                (&event.kind, event.subject)
            {
                let (_, decisions) = store.task(id).await?.unwrap();
                placed.push(decisions.into_iter().next().unwrap());
            }
        }
        let mut seen = self.seen.lock().unwrap();
        judge(&mut seen, board, &placed, &rules, now);
        Ok(turn)
    }
}

fn judge(seen: &mut Explained, mut board: Board, placed: &[Assignment], rules: &Rules, now: Timestamp) {
    let Some(first) = placed.iter().min_by_key(|made| made.position) else { return };
    // The cycle looks only at what somebody can take, and of that at a part: it begins where the first one placed says.
    let kind =
        |task: &Task| TaskKind { capability: task.need.capability.clone(), unit: task.need.unit.clone() };
    let kinds: BTreeSet<TaskKind> = board.tasks.iter().map(kind).collect();
    let open = Desk::new(&rules.routing, &board).open_kinds(kinds.into_iter().collect(), now).kinds;
    board.tasks.retain(|task| open.contains(&kind(task)));
    let ageing = rules.config.roster.rules.ageing_per_hour;
    board.tasks.sort_by_key(|task| (rank(task.arrived, task.priority, ageing), task.id));
    let at = board.tasks.iter().position(|task| task.id == first.task).unwrap();
    board.tasks.drain(..at - first.position as usize);
    assert_eq!(board.revision, first.turn, "it was decided on another board");
    let mut busy = BTreeSet::new();
    for made in placed {
        let (again, verdicts) = explain(&board, &rules.routing, made.task, made.seed, now).unwrap();
        assert_eq!(&again, made, "the explanation of {} is another decision", made.task);
        named(seen, &verdicts, made, rules);
        seen.told.entry(made.task).or_default().push((again, verdicts));
        let task = board.tasks.iter().find(|task| task.id == made.task).unwrap();
        let winner = made.winner.as_ref().unwrap();
        for candidate in made.runners_up.iter().chain([winner]) {
            let fresh = !busy.contains(&candidate.agent);
            by_hand(&board, rules, task, candidate, fresh);
            seen.by_hand += 1;
        }
        busy.insert(winner.agent.clone());
        seen.tasks.insert(made.task);
        seen.decisions += 1;
    }
}

/// Each agent of the roster is named once: the chosen one, those who were not as good, and those left out.
fn named(seen: &mut Explained, verdicts: &[Verdict], made: &Assignment, rules: &Rules) {
    let winner = made.winner.as_ref().unwrap();
    let mut names = BTreeSet::new();
    for verdict in verdicts {
        let agent: &AgentId = match verdict {
            Verdict::Chosen(candidate) => {
                assert_eq!(candidate, winner);
                &candidate.agent
            }
            Verdict::Beaten { candidate, behind, .. } => {
                assert_eq!((winner.score() - candidate.score()).max(0), *behind, "{}", made.task);
                seen.beaten += 1;
                &candidate.agent
            }
            Verdict::Out { reasons, .. } => {
                assert!(reasons.iter().all(|out| !out.detail.is_empty()), "no word why");
                seen.left_out += 1;
                &reasons.first().unwrap().agent
            }
        };
        assert!(names.insert(agent.clone()), "{agent} is named twice for {}", made.task);
    }
    let roster: BTreeSet<AgentId> = rules.config.roster.agents.iter().map(|spec| spec.id.clone()).collect();
    assert_eq!(names, roster, "somebody is missing from the explanation of {}", made.task);
}

/// The formula in floating point, straight from the board and the configuration. What an agent got earlier in the
/// same turn is not on the board: then its free capacity is left out.
fn by_hand(board: &Board, rules: &Rules, task: &Task, shown: &Candidate, fresh: bool) {
    let (agents, weights) = (&rules.config.roster.agents, rules.config.roster.rules.weights);
    let weight = |millionths: i64| f64::from(i32::try_from(millionths).unwrap()) / 1_000_000.0;
    let spec = agents.iter().find(|spec| spec.id == shown.agent).unwrap();
    let mut wanted = vec![(task.need.capability.clone(), 1_000)];
    wanted.extend(task.need.preferred.iter().cloned());
    let sum: f64 = wanted.iter().map(|(name, by)| level(spec, name) * f64::from(*by)).sum();
    let all: f64 = wanted.iter().map(|(_, by)| f64::from(*by)).sum();
    let load = board.loads.get(&spec.id);
    let used = spec.capacity.as_ref().zip(load).map_or(0, |(capacity, load)| {
        let counts = if capacity.window == Window::Week { &load.week } else { &load.open };
        counts.get(&capacity.unit).copied().unwrap_or_default()
    });
    let limit = spec.capacity.as_ref().map_or(1, |capacity| capacity.limit);
    let free = (1.0 - f64::from(used) / f64::from(limit)).max(0.0);
    let holds = board.primaries.get(&*task.subject.to_string()) == Some(&spec.id);
    let overlay = board.enterprise.get(&*task.subject.to_string()) == Some(&true)
        && spec.handoff == model::work::Handoff::Overlay;
    let special = spec.stages.contains(&task.stage)
        || task.meant_for.as_ref() == Some(&spec.id)
        || (holds && task.responsibility != Responsibility::Primary)
        || overlay;
    let performance =
        expected(board, agents, task, &spec.id, f64::from(rules.config.roster.rules.prior_cases));
    let hand = [
        (shown.capability, sum / all * weight(weights.capability)),
        (shown.performance, performance * weight(weights.performance)),
        (shown.specialisation, if special { weight(weights.specialisation) } else { 0.0 }),
        (shown.free, if fresh { free * weight(weights.free) } else { weight(shown.free) }),
    ];
    for (shown, hand) in hand {
        let apart = (weight(shown) - hand).abs();
        assert!(apart < 0.000_005, "{} for {}: {} is shown, {hand} by hand", spec.id, task.id, weight(shown));
    }
}

fn level(spec: &AgentSpec, name: &str) -> f64 {
    let own = spec.capabilities.get(name).copied().unwrap_or_default();
    if spec.layer == Layer::Master { 1.0 } else { f64::from(own) / 1_000.0 }
}

/// Success rate that is to be expected, with the pool's mean as prior.
fn expected(board: &Board, agents: &[AgentSpec], task: &Task, agent: &AgentId, prior: f64) -> f64 {
    let able = |spec: &&AgentSpec| {
        spec.enabled && spec.layer != Layer::Master && level(spec, &task.need.capability) > 0.0
    };
    let mut pool: Vec<_> = agents.iter().filter(able).map(|spec| &spec.id).collect();
    if pool.is_empty() {
        pool = agents.iter().filter(|spec| spec.layer == Layer::Master).map(|spec| &spec.id).collect();
    }
    let cases = |agent: &AgentId| {
        let record = board.loads.get(agent).and_then(|load| load.record.get(&task.action));
        let record = record.copied().unwrap_or_default();
        let count = |n: u64| f64::from(u32::try_from(n).unwrap()) / 1_000.0;
        (count(record.won), count(record.all))
    };
    let (won, all) = pool.into_iter().map(cases).fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    let mean = if all > 0.0 { won / all } else { 0.5 };
    let (own_won, own_all) = cases(agent);
    (own_won + prior * mean) / (own_all + prior)
}
