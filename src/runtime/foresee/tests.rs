use super::*;
use crate::{rules::Config, settings::Settings};
use model::{
    AgentId, Id, Stage,
    work::{Assignment, Candidate, Need, Policy, Responsibility, Subject, Task, TaskState},
};
use std::sync::Arc;
use store::{Progressed, sqlite::SqliteStore};

/// A Monday.
const NOW: Timestamp = Timestamp::from_millis(1_763_971_200_000);
const WISH: Wish = Wish { days: 30, seed: 1, work: None };

async fn rules(store: &dyn Store) -> Rules {
    let loaded = engine::config::load(None, None).unwrap();
    let settings = Settings::read(std::path::Path::new("test.toml"), "").unwrap();
    let config = Config { settings, roster: loaded.roster, book: loaded.book };
    Rules::build(Arc::new(config), store, NOW).await.unwrap()
}

fn task(number: u32, arrived: Timestamp) -> Task {
    Task {
        id: Id::derived(&["task", &number.to_string()]),
        action: "CREATE_PROPOSAL".into(),
        title: String::new(),
        subject: Subject::Deal(Id::derived(&["deal", &number.to_string()])),
        stage: Stage::Proposal,
        responsibility: Responsibility::Primary,
        meant_for: None,
        need: Need {
            capability: "proposal_creation".into(),
            preferred: Vec::new(),
            unit: Some("proposal".into()),
        },
        priority: 70,
        arrived,
        allowed_hours: 48,
        due: None,
        holder: None,
        state: TaskState::Queued,
        cause: "test".to_owned(),
    }
}

fn given_to(task: Id, agent: &str) -> Assignment {
    let agent = AgentId::from(agent);
    Assignment {
        task,
        turn: 1,
        position: 0,
        winner: Some(Candidate { agent, capability: 0, performance: 0, free: 0, specialisation: 0 }),
        due: None,
        offer_until: None,
        runners_up: Vec::new(),
        excluded: Vec::new(),
        last_resort: false,
        policy: Policy::Score,
        named: false,
        seed: 1,
        config: "test".into(),
    }
}

#[tokio::test]
async fn without_a_past_it_is_the_targets_of_the_team_from_this_week_on() {
    // given a database in which nothing ever happened
    let store = SqliteStore::memory().unwrap();
    let rules = rules(&store).await;
    // when a month is wanted
    let base = base(&store, &rules, WISH, NOW).await.unwrap().unwrap();
    // then it is what the team aims for, and says so
    assert_eq!((base.work, base.scenario.days), (Work::Team, 30));
    assert!(
        base.notes[0].contains("500 leads a week") && base.notes[0].contains("15 proposals"),
        "{:?}",
        base.notes
    );
    assert!(base.scenario.arrivals.len() > 8_000);
    // and nothing where the past alone is wanted
    let wish = Wish { work: Some(Work::History), ..WISH };
    assert!(super::base(&store, &rules, wish, NOW).await.unwrap().is_none());
}

#[tokio::test]
async fn a_past_is_replayed_as_far_as_it_reaches_with_the_time_that_work_took() {
    // given 24 proposals in the last ten days, each done by one agent in six hours
    let store = SqliteStore::memory().unwrap();
    let rules = rules(&store).await;
    let held = store::Leases::acquire(&store, "daemon", NOW).await.unwrap();
    let hour = Duration::from_hours(1);
    for number in 0..24 {
        let arrived = NOW - hour * (10 * (24 - number));
        let one = task(number, arrived);
        let progressed =
            Progressed { create: vec![(one.clone(), i64::from(number))], ..Progressed::default() };
        store::Work::commit_progress(&store, &held, progressed, arrived).await.unwrap();
        let board = store::Work::board(&store, 10, NOW).await.unwrap();
        let made = vec![given_to(one.id, "WAKE.QUOTEFORGE")];
        let placing = store::Placing { on: board, assignments: made, ..store::Placing::default() };
        store::Work::commit_assignments(&store, &held, placing, arrived).await.unwrap();
        let done = Progressed { done: vec![(one.id, arrived + hour * 6)], ..Progressed::default() };
        store::Work::commit_progress(&store, &held, done, arrived + hour * 6).await.unwrap();
    }
    // when a month is wanted
    let base = base(&store, &rules, WISH, NOW).await.unwrap().unwrap();
    // then it is those ten days
    assert_eq!((base.work, base.scenario.days, base.scenario.arrivals.len()), (Work::History, 10, 24));
    assert_eq!(base.scenario.start, NOW - DAY * 10);
    let took = base.scenario.service.spread("CREATE_PROPOSAL", &"WAKE.QUOTEFORGE".into(), 48);
    assert_eq!(took.median, hour * 6);
    // and they can be run
    let outcome = engine::simulate::run(&base.scenario);
    assert_eq!((outcome.total.tasks, outcome.total.done), (24, 24));
}
