use super::*;
use crate::{clock::SystemClock, daemon::Daemon, rules::Config, settings::Settings};
use engine::assign::rank;
use model::{
    AgentId, Stage,
    work::{AgentSpec, Capacity, Handoff, Hours, Layer, Need, Reach, Responsibility, TaskState, Window},
};
use store::{Progressed, Store, TaskFilter, sqlite::SqliteStore};

const NOW: Timestamp = Timestamp::from_millis(1_763_971_200_000);

fn agent(name: &str, can: &str, limit: u32) -> AgentSpec {
    AgentSpec {
        id: AgentId::from(name),
        aliases: Vec::new(),
        layer: Layer::Specialised,
        role: String::new(),
        stages: Vec::new(),
        capabilities: [(can.into(), 1_000)].into(),
        triggers: Vec::new(),
        outputs: Vec::new(),
        capacity: Some(Capacity { limit, unit: "task".into(), window: Window::Concurrent }),
        handoff: Handoff::None,
        metrics: Vec::new(),
        reach: Reach::DealOwner,
        accept_minutes: None,
        hours: Hours::default(),
        enabled: true,
    }
}

fn task(number: usize, capability: &str) -> Task {
    Task {
        id: Id::derived(&["task", &number.to_string()]),
        action: "ACTION".into(),
        title: format!("Task {number}"),
        subject: Subject::Deal(Id::derived(&["deal", &number.to_string()])),
        stage: Stage::Proposal,
        responsibility: Responsibility::Primary,
        meant_for: None,
        need: Need { capability: capability.into(), preferred: Vec::new(), unit: None },
        priority: 50,
        arrived: NOW + Duration::from_secs(number as u64),
        allowed_hours: 8,
        due: None,
        holder: None,
        state: TaskState::Queued,
        cause: "test".to_owned(),
    }
}

#[tokio::test]
async fn a_long_queue_for_a_full_agent_hides_nobody_elses_tasks() {
    // given 5,000 tasks for an agent with room for three, and behind them two for another
    let loaded = engine::config::load(None, None).unwrap();
    let mut roster = loaded.roster;
    roster.agents = vec![agent("BUSY", "a", 3), agent("FREE", "b", 10)];
    let settings = Settings::read(std::path::Path::new("test.toml"), "").unwrap();
    let config = Config { settings, roster, book: loaded.book };
    let store: Arc<dyn Store> = Arc::new(SqliteStore::memory().unwrap());
    let clock = Arc::new(SystemClock);
    let daemon = Daemon::start(store.clone(), clock, config, Vec::new(), 1).await.unwrap();
    let tasks = (0..5_002).map(|number| task(number, if number < 5_000 { "a" } else { "b" }));
    let create = tasks.map(|task| (task.clone(), rank(task.arrived, task.priority, 1))).collect();
    let progressed = Progressed { create, ..Progressed::default() };
    store.commit_progress(&daemon.shared.held, progressed, NOW).await.unwrap();
    // when the cycle turns until it has nothing more to do
    let mut assign = daemon.cycles().assign;
    let mut turns = 0;
    let last = loop {
        turns += 1;
        match assign.turn().await.unwrap() {
            Turn::Again => assert!(turns < 100, "it never ends"),
            last => break last,
        }
    };
    // then each has what there is room for, best rank first, and the rest waits for working hours
    let held = |agent: &'static str| {
        let store = store.clone();
        async move { store.tasks(&TaskFilter::held_by(&agent.into()), 9_999).await.unwrap() }
    };
    let mut busy: Vec<Id> = held("BUSY").await.iter().map(|task| task.id).collect();
    busy.sort_unstable();
    let mut first: Vec<Id> = (0..3).map(|number| task(number, "a").id).collect();
    first.sort_unstable();
    assert_eq!(busy, first);
    assert_eq!(held("FREE").await.len(), 2);
    assert!(matches!(last, Turn::Idle { until: Some(_) }), "{last:?}");
    // and when one of them is done, the next in rank gets the place
    let done = vec![(first[0], NOW)];
    let progressed = Progressed { done, ..Progressed::default() };
    store.commit_progress(&daemon.shared.held, progressed, NOW).await.unwrap();
    while assign.turn().await.unwrap() == Turn::Again {}
    let (next, _) = store.task(task(3, "a").id).await.unwrap().unwrap();
    assert_eq!(next.holder, Some(AgentId::from("BUSY")));
}
