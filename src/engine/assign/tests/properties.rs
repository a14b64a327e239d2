//! What holds for every team and every queue.

use super::*;
use crate::assign::why::{Change, Verdict, recall};
use model::work::{Candidate, Passed, Scene};
use proptest::prelude::*;
use std::sync::Arc;

const CAPABILITIES: [&str; 3] = ["call", "demo", "pitch"];

/// A team with its loads and a queue.
#[derive(Clone, Debug)]
struct World {
    roster: Roster,
    board: Board,
}

impl World {
    fn routing(&self) -> Routing {
        Routing::new(&self.roster, "UTC").unwrap()
    }
}

fn any_agent(index: usize) -> impl Strategy<Value = (AgentSpec, AgentLoad)> {
    let capabilities = prop::collection::btree_map(0..3_usize, 1..=1_000_u32, 0..3);
    let capacity = prop::option::of((1..6_u32, prop::bool::ANY));
    let flags = (prop::bool::weighted(0.9), prop::bool::weighted(0.1), prop::bool::weighted(0.15));
    let load =
        (0..6_u32, 0..6_u32, prop::option::of(0..48_u64), 0..20_u64, 0..20_u64, prop::bool::weighted(0.2));
    let office = prop::option::weighted(0.3, (0..23_u16, 1..24_u16));
    (capabilities, capacity, flags, load, office, prop::bool::ANY).prop_map(
        move |(capabilities, capacity, (enabled, master, paused), load, office, home)| {
            let (open, week, idle, won, lost, resumed) = load;
            let named: Vec<_> = capabilities.iter().map(|(at, level)| (CAPABILITIES[*at], *level)).collect();
            let mut spec = agent(&format!("AGENT{index}"), &named);
            spec.enabled = enabled;
            spec.layer = if master { Layer::Master } else { Layer::Support };
            spec.stages = if home { vec![Stage::Qualification] } else { Vec::new() };
            let span = |(from, length): (u16, u16)| (from * 60, ((from + length) * 60).min(24 * 60));
            spec.hours.span = office.map(span);
            spec.capacity = capacity.map(|(limit, weekly)| {
                let (unit, window) =
                    if weekly { ("proposal", Window::Week) } else { ("deal", Window::Concurrent) };
                Capacity { limit, unit: unit.into(), window }
            });
            let record = TrackRecord { won: won * 1_000, all: (won + lost) * 1_000 };
            let load = AgentLoad {
                open: [("deal".into(), open)].into(),
                week: [("proposal".into(), week)].into(),
                paused,
                resumed: resumed.then_some(NOON - hours(2)),
                last_assigned: idle.map(|since| NOON - hours(since)),
                record: [("DISCOVERY_CALL".into(), record)].into(),
            };
            (spec, load)
        },
    )
}

fn any_task(number: u32) -> impl Strategy<Value = Task> {
    (0..3_usize, 0..=100_u8, 0..200_u64, 0..8_u32, prop::bool::ANY, prop::bool::ANY, 0..1_000_u32).prop_map(
        move |(capability, priority, age, subject, support, unit, preferred)| {
            let mut made = task(number, CAPABILITIES[capability]);
            made.priority = priority;
            made.arrived = NOON - hours(age);
            made.subject = deal(subject);
            if support {
                made.responsibility = Responsibility::Support(format!("BRIEF{number}").into());
            }
            made.need.unit = unit.then(|| "proposal".into());
            if preferred > 0 {
                made.need.preferred = vec![(CAPABILITIES[(capability + 1) % 3].into(), preferred)];
            }
            made
        },
    )
}

fn any_world(most_tasks: u32) -> impl Strategy<Value = World> {
    let agents: Vec<_> = (0..7).map(any_agent).collect();
    let tasks = (1..=most_tasks).prop_flat_map(|count| (0..count).map(any_task).collect::<Vec<_>>());
    let held = prop::collection::btree_map(0..8_u32, 0..8_usize, 0..4);
    let passed = prop::collection::btree_map(0..8_usize, prop::bool::ANY, 0..3);
    (agents, tasks, held, passed).prop_map(|(agents, tasks, held, passed)| {
        let (specs, loads): (Vec<_>, Vec<_>) = agents.into_iter().unzip();
        let ids = specs.iter().map(|spec| spec.id.clone());
        let primaries = held.into_iter().map(|(number, holder)| {
            (deal(number).to_string().into(), format!("AGENT{holder}").as_str().into())
        });
        let how = |no| if no { Passed::Declined } else { Passed::Silent };
        let passed = passed.into_iter().map(|(at, no)| (format!("AGENT{at}").as_str().into(), how(no)));
        let board = Board {
            revision: 1,
            loads: ids.zip(loads.into_iter().map(Arc::new)).collect(),
            passed: tasks.first().map(|first| (first.id, passed.collect())).into_iter().collect(),
            tasks,
            primaries: primaries.collect(),
            ..Board::default()
        };
        World { roster: Roster { agents: specs, rules: AssignRules::default() }, board }
    })
}

/// The world with one change made to one agent, and the time at which the decision is made then.
fn changed(world: &World, agent: &AgentId, change: &Change) -> (World, Timestamp) {
    let (mut world, mut now) = (world.clone(), NOON);
    let task = world.board.tasks[0].clone();
    let spec = world.roster.agents.iter_mut().find(|spec| spec.id == *agent).unwrap();
    let load = Arc::make_mut(world.board.loads.entry(agent.clone()).or_default());
    match change {
        Change::Enable => spec.enabled = true,
        Change::Level(level) => drop(spec.capabilities.insert(task.need.capability, *level)),
        Change::Stage(stage) => spec.stages.push(*stage),
        Change::Resume => load.paused = false,
        Change::At(at) => now = *at,
        Change::Used(used) => {
            let capacity = spec.capacity.clone().unwrap();
            let counts = if capacity.window == Window::Week { &mut load.week } else { &mut load.open };
            counts.insert(capacity.unit, *used);
        }
        Change::AskAgain => {
            world.board.passed.entry(task.id).or_default().retain(|(passed, _)| passed != agent);
        }
        Change::Release => drop(world.board.primaries.remove(&*task.subject.to_string())),
    }
    (world, now)
}

fn judged(world: &World, now: Timestamp) -> (Assignment, Vec<(AgentId, Verdict)>) {
    let first = world.board.tasks[0].id;
    let (assignment, verdicts) = explain(&world.board, &world.routing(), first, 5, now).unwrap();
    let mut ids: Vec<_> = world.roster.agents.iter().map(|spec| spec.id.clone()).collect();
    ids.sort();
    // Without a winner, those who were not left out are not judged; but then there are none.
    assert_eq!(ids.len(), verdicts.len());
    (assignment, ids.into_iter().zip(verdicts).collect())
}

/// The formula once more, in floating point and straight from the inputs.
fn by_hand(world: &World, agent: &AgentId, task: &Task, pool: &[&AgentId]) -> [f64; 4] {
    let spec = world.roster.find(agent.as_str()).unwrap();
    let load = &world.board.loads[agent];
    let master = spec.layer == Layer::Master;
    let level = |name: &str| {
        if master { 1.0 } else { f64::from(*spec.capabilities.get(name).unwrap_or(&0)) / 1_000.0 }
    };
    let (mut sum, mut weights) = (level(&task.need.capability), 1.0);
    for (name, weight) in &task.need.preferred {
        sum += level(name) * f64::from(*weight) / 1_000.0;
        weights += f64::from(*weight) / 1_000.0;
    }
    let cases = |agent: &AgentId| {
        let record = world.board.loads[agent].record["DISCOVERY_CALL"];
        (
            f64::from(u32::try_from(record.won).unwrap()) / 1_000.0,
            f64::from(u32::try_from(record.all).unwrap()) / 1_000.0,
        )
    };
    let (won, all) =
        pool.iter().map(|agent| cases(agent)).fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    let mean = if all > 0.0 { won / all } else { 0.5 };
    let (own_won, own_all) = cases(agent);
    let free = spec.capacity.as_ref().map_or(1.0, |capacity| {
        let counts = if capacity.window == Window::Week { &load.week } else { &load.open };
        (1.0 - f64::from(counts[&capacity.unit]) / f64::from(capacity.limit)).max(0.0)
    });
    let holds = world.board.primaries.get(&*task.subject.to_string()) == Some(agent);
    let sticky = holds && task.responsibility != Responsibility::Primary;
    let special = if spec.stages.contains(&task.stage) || sticky { 1.0 } else { 0.0 };
    [sum / weights * 0.4, (own_won + 10.0 * mean) / (own_all + 10.0) * 0.3, free * 0.2, special * 0.1]
}

fn terms(candidate: &Candidate) -> [f64; 4] {
    [candidate.capability, candidate.performance, candidate.free, candidate.specialisation]
        .map(|term| f64::from(i32::try_from(term).unwrap()) / 1_000_000.0)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// No task is overtaken by one that arrived more than R/r later.
    #[test]
    fn ageing_bounds_how_long_a_task_can_be_overtaken(
        rate in 1..10_u32, early in 0..1_000_000_000_i64, later in 1..1_000_000_000_i64, a in 0..=100_u8, b in 0..=100_u8,
    ) {
        let (first, second) = (Timestamp::from_millis(early), Timestamp::from_millis(early + later));
        let overtaken = rank(second, b, rate) < rank(first, a, rate);
        let bound = 100 * 3_600_000 / i64::from(rate);
        prop_assert!(!overtaken || later <= bound);
        // And with equal priority nobody is overtaken at all.
        prop_assert!(rank(first, a, rate) < rank(second, a, rate));
    }

    /// The terms shown are those of the formula, for winner and losers.
    #[test]
    fn shown_scores_can_be_worked_out_by_hand(world in any_world(1)) {
        let (_, verdicts) = judged(&world, NOON);
        let task = &world.board.tasks[0];
        let enabled = |spec: &&AgentSpec| spec.enabled;
        let able = |spec: &&AgentSpec| spec.layer != Layer::Master && spec.capabilities.contains_key(&task.need.capability);
        let mut pool: Vec<_> = world.roster.agents.iter().filter(enabled).filter(able).map(|spec| &spec.id).collect();
        if pool.is_empty() {
            let masters = world.roster.agents.iter().filter(enabled).filter(|spec| spec.layer == Layer::Master);
            pool = masters.map(|spec| &spec.id).collect();
        }
        for (agent, verdict) in &verdicts {
            if let Verdict::Chosen(candidate) | Verdict::Beaten { candidate, .. } = verdict {
                for (shown, worked_out) in terms(candidate).into_iter().zip(by_hand(&world, agent, task, &pool)) {
                    prop_assert!((shown - worked_out).abs() < 0.000_003, "{agent}: {shown} against {worked_out}");
                }
            }
        }
    }

    /// The counts kept with a decision are those of the explanation, and the winner is nobody's inferior.
    #[test]
    fn an_explanation_agrees_with_the_decision(world in any_world(1)) {
        let (assignment, verdicts) = judged(&world, NOON);
        let mut counts = std::collections::BTreeMap::new();
        for (_, verdict) in &verdicts {
            match verdict {
                Verdict::Out { reasons, .. } => *counts.entry(reasons[0].reason).or_insert(0) += 1,
                Verdict::Beaten { behind, .. } => prop_assert!(*behind >= 0),
                Verdict::Chosen(candidate) => prop_assert_eq!(Some(candidate), assignment.winner.as_ref()),
            }
        }
        let stored: std::collections::BTreeMap<_, _> = assignment.excluded.into_iter().collect();
        prop_assert_eq!(counts, stored);
    }

    /// Undoing a stated reason ends that exclusion; if it was the only one, the agent is a candidate.
    #[test]
    fn removing_a_stated_reason_ends_the_exclusion(world in any_world(1)) {
        for (agent, verdict) in judged(&world, NOON).1 {
            let Verdict::Out { reasons, changes } = verdict else { continue };
            for (reason, change) in reasons.iter().zip(&changes) {
                let Some(change) = change else { continue };
                let (world, now) = changed(&world, &agent, change);
                let (_, after) = judged(&world, now).1.into_iter().find(|(other, _)| *other == agent).unwrap();
                match after {
                    Verdict::Out { reasons: left, .. } => {
                        prop_assert!(left.iter().all(|other| other.reason != reason.reason), "{reason:?} {change:?}");
                        prop_assert!(reasons.len() > 1 || matches!(change, Change::At(_)), "{reason:?} {left:?}");
                    }
                    Verdict::Chosen(_) | Verdict::Beaten { .. } => {}
                }
            }
        }
    }

    /// The nearest change that is named for a loser does make it the choice.
    #[test]
    fn a_counterfactual_flips_the_choice(world in any_world(1)) {
        for (agent, verdict) in judged(&world, NOON).1 {
            if let Verdict::Beaten { change: Some(change), .. } = verdict {
                let (world, now) = changed(&world, &agent, &change);
                let winner = judged(&world, now).0.winner.map(|winner| winner.agent);
                prop_assert_eq!(winner, Some(agent), "{:?}", change);
            }
        }
    }

    /// No smaller change of the same kind would have done.
    #[test]
    fn a_counterfactual_is_the_nearest_of_its_kind(world in any_world(1)) {
        for (agent, verdict) in judged(&world, NOON).1 {
            let Verdict::Beaten { change: Some(change), .. } = verdict else { continue };
            let level = |task: &Task| world.roster.find(agent.as_str()).unwrap().capabilities[&task.need.capability];
            let less = match &change {
                Change::Used(used) => Change::Used(used + 1),
                Change::Level(wanted) if *wanted > level(&world.board.tasks[0]) + 1 => Change::Level(wanted - 1),
                _ => continue,
            };
            let (world, now) = changed(&world, &agent, &less);
            let winner = judged(&world, now).0.winner.map(|winner| winner.agent);
            prop_assert_ne!(winner, Some(agent), "{:?} was named, {:?} is enough", change, less);
        }
    }

    /// Whatever keeps an agent from a task says so in words, and says what would change it wherever anything would.
    #[test]
    fn every_reason_is_put_into_words_with_its_remedy(world in any_world(1)) {
        for (agent, verdict) in judged(&world, NOON).1 {
            let Verdict::Out { reasons, changes } = verdict else { continue };
            prop_assert_eq!(reasons.len(), changes.len());
            for (reason, change) in reasons.iter().zip(&changes) {
                prop_assert!(!reason.detail.is_empty() && reason.agent == agent);
                prop_assert_eq!(change.is_none(), reason.reason == model::work::Exclusion::LastResortOnly, "{:?}", reason);
            }
        }
    }

    /// Running a turn again from what is kept with it gives the same turn, and explaining a task of it the same
    /// decision.
    #[test]
    fn replaying_a_turn_gives_what_was_stored(world in any_world(25), policy in 0..4_usize, seed in any::<u64>()) {
        let policy = [Policy::Score, Policy::RoundRobin, Policy::Weighted, Policy::StickyOwner][policy];
        let rules = AssignRules { policy, ..AssignRules::default() };
        let routing = Routing::new(&Roster { rules, ..world.roster.clone() }, "UTC").unwrap();
        let turn = assign(&world.board, &routing, &mut Dice::seeded(seed), NOON);
        for stored in &turn {
            let (again, _) = explain(&world.board, &routing, stored.task, stored.seed, NOON).unwrap();
            prop_assert_eq!(stored, &again);
        }
    }

    /// A decision that is made again on what was kept of it, after everything else has changed, is the same one with
    /// the same word on every agent.
    #[test]
    fn a_decision_of_the_past_is_made_again_from_what_was_kept(
        world in any_world(25), policy in 0..4_usize, seed in any::<u64>(), away in 0..8_u64,
    ) {
        let policy = [Policy::Score, Policy::RoundRobin, Policy::Weighted, Policy::StickyOwner][policy];
        let rules = AssignRules { policy, ..AssignRules::default() };
        let roster = Roster { rules, ..world.roster.clone() };
        let hours = Duration::from_hours;
        let absence = vec![(NOON - hours(1), NOON + hours(away))];
        let absences = roster.agents.iter().take(1).map(|agent| (agent.id.clone(), absence.clone())).collect();
        let routing = Routing::with(&roster, "Europe/Berlin", &absences).unwrap();
        // given a turn, and what the store keeps of it
        let turn = assign(&world.board, &routing, &mut Dice::seeded(seed), NOON);
        let task = |id| world.board.tasks.iter().find(|task| task.id == id).unwrap();
        for at in 0..turn.len() {
            let mut board = Board { revision: world.board.revision, loads: world.board.loads.clone(), ..Board::default() };
            for made in &turn[..=at] {
                let mut changed = task(made.task).clone();
                (changed.meant_for, changed.due, changed.state) = (None, None, TaskState::Done);
                board.put(changed, world.board.basis(task(made.task)));
            }
            let scene = Scene { at: NOON, routing: (*routing.text()).into(), board, made: turn[..=at].to_vec() };
            // when it is read and made again
            let restored = Routing::read(&scene.routing).unwrap();
            let recalled = recall(&scene, &restored).unwrap();
            // then that is the decision and its explanation of then
            prop_assert_eq!(&recalled.0, &turn[at]);
            prop_assert_eq!(Some(recalled), explain(&world.board, &routing, turn[at].task, turn[at].seed, NOON));
        }
    }

    /// Whatever the sizes of the turns, everybody has had as many as everybody else, or one more, and a process that
    /// begins anew with what the store knows goes on where the last one stopped.
    #[test]
    fn round_robin_is_fair_over_many_turns_and_restarts(
        team in 2..6_usize, turns in prop::collection::vec((1..9_u32, prop::bool::ANY), 1..20),
    ) {
        let agents = (0..team).map(|at| agent(&format!("AGENT{at}"), &[("call", 500)])).collect();
        let routing = with_policy(agents, Policy::RoundRobin);
        let (mut queue, mut counts) = (board(Vec::new(), &[]), BTreeMap::<AgentId, u32>::new());
        let (mut desk, mut last, mut number) = (Desk::new(&routing, &queue), i64::MIN, 0);
        for (many, restarted) in turns {
            queue.tasks = (0..many).map(|more| task(number + more, "call")).collect();
            number += many;
            if restarted {
                desk = Desk::new(&routing, &queue);
            } else {
                desk.sync(&queue);
            }
            for placed in desk.place(&queue.tasks, 1, NOON) {
                let winner = placed.winner.unwrap().agent;
                *counts.entry(winner.clone()).or_default() += 1;
                // As the store keeps it.
                last = NOON.as_millis().max(last.saturating_add(1));
                let load = Arc::make_mut(queue.loads.entry(winner).or_default());
                load.last_assigned = Some(Timestamp::from_millis(last));
            }
            let most = counts.values().max().copied().unwrap_or_default();
            let least = if counts.len() < team { 0 } else { counts.values().min().copied().unwrap_or_default() };
            prop_assert!(most - least <= 1, "{counts:?}");
        }
    }

    /// No turn takes an agent above its limit, and one agent holds each deal.
    #[test]
    fn a_turn_keeps_limits_and_single_holders(world in any_world(40)) {
        let turn = replay(&world.board, &world.routing(), 1, NOON);
        let tasks: BTreeMap<_, _> = world.board.tasks.iter().map(|task| (task.id, task)).collect();
        let mut holders = world.board.primaries.clone();
        let mut proposals = BTreeMap::new();
        for assignment in &turn {
            let Some(winner) = &assignment.winner else { continue };
            let task = tasks[&assignment.task];
            if task.responsibility == Responsibility::Primary {
                let holder = holders.entry(task.subject.to_string().into()).or_insert_with(|| winner.agent.clone());
                prop_assert_eq!(&*holder, &winner.agent);
            }
            if task.need.unit.is_some() {
                *proposals.entry(&winner.agent).or_insert(world.board.loads[&winner.agent].week["proposal"]) += 1;
            }
        }
        for (agent, used) in proposals {
            let capacity = world.roster.find(agent.as_str()).unwrap().capacity.clone();
            let weekly = capacity.filter(|capacity| capacity.window == Window::Week);
            prop_assert!(weekly.is_none_or(|capacity| used <= capacity.limit));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    /// Of 10,000 draws each gets the share that its score is of all scores, within five standard deviations.
    #[test]
    fn weighted_shares_follow_the_scores(levels in prop::collection::vec(1..=1_000_u32, 2..6), seed in any::<u64>()) {
        const DRAWS: u32 = 10_000;
        let named = |(at, level): (usize, &u32)| agent(&format!("AGENT{at}"), &[("call", *level)]);
        let routing = with_policy(levels.iter().enumerate().map(named).collect(), Policy::Weighted);
        let queue = board((0..DRAWS).map(|number| task(number, "call")).collect(), &[]);
        let turn = replay(&queue, &routing, seed, NOON);
        // 0.15 for performance without a record, 0.2 for being free, 0.4 times the level
        let score = |level: &u32| 0.35 + 0.4 * f64::from(*level) / 1_000.0;
        let all: f64 = levels.iter().map(score).sum();
        for (at, level) in levels.iter().enumerate() {
            let name = format!("AGENT{at}");
            let got = turn.iter().filter(|one| one.winner.as_ref().is_some_and(|winner| winner.agent.as_str() == name)).count();
            let (share, wanted) = (f64::from(u32::try_from(got).unwrap()) / f64::from(DRAWS), score(level) / all);
            let tolerance = 5.0 * (wanted * (1.0 - wanted) / f64::from(DRAWS)).sqrt();
            prop_assert!((share - wanted).abs() < tolerance, "{name}: {share} against {wanted}");
        }
    }
}
