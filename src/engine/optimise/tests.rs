use super::*;
use proptest::prelude::*;

const MOVES: u64 = 40_000;

/// The least cost of all placements that fit, by trying each.
fn least(problem: &Problem) -> Option<i64> {
    let mut best = None;
    let mut holder = vec![0; problem.jobs()];
    'all: loop {
        let allowed = holder.iter().enumerate().all(|(job, agent)| problem.cost(*agent, job) != NEVER);
        if allowed && let (cost, 0) = problem.judge(&holder) {
            best = Some(best.map_or(cost, |known: i64| known.min(cost)));
        }
        for agent in &mut holder {
            *agent += 1;
            if *agent < problem.agents() {
                continue 'all;
            }
            *agent = 0;
        }
        return best;
    }
}

fn instance() -> impl Strategy<Value = Problem> {
    (1_usize..4, 1_usize..7).prop_flat_map(|(agents, jobs)| {
        let cost = prop::collection::vec(prop_oneof![9 => 0_i64..50, 1 => Just(NEVER)], agents * jobs);
        let load = prop::collection::vec(1_i64..10, agents * jobs);
        let capacity = prop::collection::vec(5_i64..25, agents);
        (cost, load, capacity)
            .prop_map(move |(cost, load, capacity)| Problem::new(jobs, cost, load, capacity).unwrap())
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn small_instances_are_placed_as_well_as_possible(problem in instance(), seed: u64) {
        // given an instance small enough to try everything
        let least = least(&problem);
        // when it is placed
        let found = optimise(&problem, MOVES, &mut Dice::seeded(seed));
        // then nothing better exists, nothing forbidden or over capacity is used, and the bound holds
        prop_assert_eq!(found.as_ref().map(|placement| placement.cost), least);
        if let Some(placement) = found {
            prop_assert_eq!(problem.judge(&placement.holder), (placement.cost, 0));
            prop_assert!(placement.bound <= placement.cost);
            prop_assert!(placement.holder.iter().enumerate().all(|(job, agent)| problem.cost(*agent, job) != NEVER));
        }
    }
}

#[test]
fn one_seed_gives_one_placement() {
    let jobs = 40;
    let cost = (0..4 * jobs).map(|n| i64::try_from(n * 37 % 91).unwrap()).collect();
    let load = (0..4 * jobs).map(|n| i64::try_from(n * 53 % 17 + 5).unwrap()).collect();
    let problem = Problem::new(jobs, cost, load, vec![140; 4]).unwrap();
    let place = |seed| optimise(&problem, MOVES, &mut Dice::seeded(seed));
    assert_eq!(place(3), place(3));
    assert!(place(3).is_some());
}

#[test]
fn work_that_nobody_can_do_or_hold_is_not_placed() {
    let one = |cost, load| Problem::new(1, vec![cost], vec![load], vec![10]).unwrap();
    assert_eq!(optimise(&one(NEVER, 1), MOVES, &mut Dice::seeded(1)), None);
    assert_eq!(optimise(&one(1, 11), MOVES, &mut Dice::seeded(1)), None);
    assert_eq!(optimise(&one(1, 10), MOVES, &mut Dice::seeded(1)).unwrap().holder, [0]);
}

#[test]
fn no_work_is_placed_at_once_and_tables_that_do_not_fit_are_refused() {
    let none = Problem::new(0, Vec::new(), Vec::new(), vec![1]).unwrap();
    assert!(optimise(&none, MOVES, &mut Dice::seeded(1)).unwrap().holder.is_empty());
    assert_eq!(Problem::new(2, vec![1], vec![1, 1], vec![1]), None);
    assert_eq!(Problem::new(1, vec![1], vec![-1], vec![1]), None);
}
