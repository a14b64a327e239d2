//! What holds for every team and all work.

use super::*;
use proptest::prelude::*;

const CAPABILITIES: [&str; 2] = ["call", "pitch"];

fn any_agent(index: usize) -> impl Strategy<Value = AgentSpec> {
    let capacity = prop::option::of((1..4_u32, 0..3_usize));
    (0..3_usize, capacity, prop::bool::weighted(0.3), prop::bool::weighted(0.3)).prop_map(
        move |(can, capacity, office, asks)| {
            let mut spec = agent(&format!("AGENT{index}"), CAPABILITIES[can % 2]);
            if can == 2 {
                spec.capabilities.insert("pitch".into(), 600);
            }
            if office {
                spec.hours =
                    Hours { days: vec![1, 2, 3, 4, 5], span: Some((8 * 60, 18 * 60)), ..Hours::default() };
            }
            if asks {
                (spec.reach, spec.accept_minutes) = (Reach::Inbox, Some(45));
            }
            spec.capacity = capacity.map(|(limit, kind)| {
                let (unit, window) =
                    [("deal", Window::Concurrent), ("proposal", Window::Week), ("task", Window::Concurrent)]
                        [kind];
                Capacity { limit, unit: unit.into(), window }
            });
            spec
        },
    )
}

fn any_task(number: u32) -> impl Strategy<Value = Task> {
    (0..2_usize, 0..12_u32, 0..200_u32, 0..100_u8, prop::bool::ANY, prop::bool::weighted(0.3)).prop_map(
        move |(capability, deal, hour, priority, unit, support)| {
            let mut made = task(number, CAPABILITIES[capability], MONDAY + HOUR * hour);
            made.subject = Subject::Deal(Id::derived(&["deal", &deal.to_string()]));
            made.priority = priority;
            made.need.unit = unit.then(|| "proposal".into());
            if support {
                made.responsibility = Responsibility::Support("BRIEF".into());
            }
            made
        },
    )
}

fn any_scenario() -> impl Strategy<Value = Scenario> {
    let agents = (0..4_usize).map(any_agent).collect::<Vec<_>>();
    let tasks = (0..60_u32).map(any_task).collect::<Vec<_>>();
    (agents, tasks, 0..1_000_u64, 0..600_u32, 1..40_u64).prop_map(
        |(agents, mut tasks, seed, silent, hours)| {
            tasks.sort_by_key(|task| (task.arrived, task.id));
            let mut given = scenario(agents, tasks);
            given.service = taking(HOUR * u32::try_from(hours).unwrap());
            given.seed = seed;
            for agent in ["AGENT0", "AGENT1"] {
                given.answers.insert(agent.into(), Answers { declines: 100, silent });
            }
            given
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_capacity_is_exceeded_and_every_task_ends_somewhere(given in any_scenario()) {
        let outcome = run(&given);
        for agent in outcome.agents.values() {
            if let Some(capacity) = &agent.capacity {
                prop_assert!(capacity.peak <= capacity.limit, "{agent:?}");
            }
        }
        let all = &outcome.total;
        prop_assert_eq!(all.tasks, 60);
        prop_assert_eq!(all.tasks, all.done + all.under_way + all.queued);
        let by_agent: u32 = outcome.agents.values().map(|agent| agent.figures.tasks).sum();
        prop_assert_eq!(by_agent, all.done + all.under_way);
        let by_capability: u32 = outcome.capabilities.values().map(|one| one.figures.tasks).sum();
        prop_assert_eq!(by_capability, all.tasks);
    }

    #[test]
    fn the_same_seed_gives_the_same_run(given in any_scenario()) {
        prop_assert_eq!(run(&given), run(&given.clone()));
    }

    #[test]
    fn another_place_never_makes_anybody_wait_longer(
        gaps in prop::collection::vec(0..180_u32, 1..80),
        minutes in 30..600_u32,
        limit in 1..6_u32,
        seed in 0..1_000_u64,
    ) {
        // given tasks of one kind and rank, and one agent for them
        let mut at = MONDAY;
        let next = |(number, gap): (u32, &u32)| {
            at = at + Duration::from_mins(u64::from(*gap));
            task(number, "call", at)
        };
        let tasks: Vec<_> = (0..).zip(&gaps).map(next).collect();
        let waiting = |limit| {
            let ann = limited(agent("ANN", "call"), limit, "task", Window::Concurrent);
            let mut given = scenario(vec![ann], tasks.clone());
            given.service = spread_around(Duration::from_mins(minutes.into()));
            given.seed = seed;
            run(&given).total.waiting_hours
        };
        // when it has one place more, then they wait no longer altogether
        prop_assert!(waiting(limit + 1) <= waiting(limit), "{} > {}", waiting(limit + 1), waiting(limit));
    }
}

/// Some are done in a fifth of the time, some take five times as long.
fn spread_around(median: Duration) -> ServiceTimes {
    ServiceTimes::of(
        [1, 1, 5, 5, 5, 5, 5, 5, 25, 25].map(|fifths| ("CALL".into(), "NOBODY".into(), median * fifths / 5)),
    )
}
