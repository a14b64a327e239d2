//! How long assignment takes on a large board: `cargo bench -p engine`.
#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a bench measures and reports")]

use engine::assign::{AssignRules, Desk, Roster, Routing, replay};
use model::{
    Id, Stage, Timestamp,
    work::{
        AgentLoad, AgentSpec, Board, Capacity, Handoff, Hours, Layer, Need, Reach, Responsibility, Subject,
        Task, TaskState, TrackRecord, Window,
    },
};
use std::time::Instant;

const AGENTS: u32 = 1_000;
const TASKS: u32 = 100_000;
const CAPABILITIES: u32 = 40;
const NOW: Timestamp = Timestamp::from_millis(1_764_000_000_000);

fn agent(number: u32) -> AgentSpec {
    // Five of forty capabilities each: 125 agents for every task.
    let capabilities = (0..5).map(|n| (capability(number * 7 + n * 8), 500 + (number * 37 + n) % 501));
    AgentSpec {
        id: format!("AGENT.{number:04}").as_str().into(),
        aliases: Vec::new(),
        layer: Layer::Specialised,
        role: String::new(),
        stages: vec![stage(number)],
        capabilities: capabilities.collect(),
        triggers: Vec::new(),
        outputs: Vec::new(),
        capacity: Some(Capacity { limit: 120, unit: "task".into(), window: Window::Concurrent }),
        handoff: Handoff::None,
        metrics: Vec::new(),
        reach: Reach::DealOwner,
        accept_minutes: None,
        hours: Hours {
            calendar: None,
            zone: Some("Europe/Berlin".into()),
            days: vec![],
            span: Some((0, 1_439)),
            off: vec![],
        },
        enabled: true,
    }
}

fn stage(number: u32) -> Stage {
    Stage::ALL.into_iter().cycle().nth((number % 7) as usize).unwrap_or(Stage::Close)
}

fn capability(number: u32) -> Box<str> {
    format!("capability_{}", number % CAPABILITIES).into()
}

fn task(number: u32) -> Task {
    Task {
        id: Id::derived(&[&number.to_string()]),
        action: format!("ACTION_{}", number % CAPABILITIES).into(),
        title: "Discovery call: Acme".into(),
        // Four primary tasks on each deal.
        subject: Subject::Deal(Id::derived(&["deal", &(number / 4).to_string()])),
        stage: stage(number),
        responsibility: if number.is_multiple_of(4) {
            Responsibility::Primary
        } else {
            Responsibility::Support(format!("ACTION_{}", number % CAPABILITIES).into())
        },
        meant_for: Some("AGENT.0001".into()),
        need: Need {
            capability: capability(number),
            preferred: vec![(capability(number + 8), 500)],
            unit: None,
        },
        priority: u8::try_from(number % 100).unwrap_or_default(),
        arrived: Timestamp::from_millis(1_763_000_000_000 + i64::from(number) * 7_919 % 900_000_000),
        allowed_hours: 8 + number % 5 * 8,
        due: None,
        holder: None,
        state: TaskState::Queued,
        cause: String::new(),
    }
}

fn board(tasks: u32) -> Board {
    let load = |number: u32| AgentLoad {
        open: [("task".into(), number % 20)].into(),
        record: [(
            "ACTION_3".into(),
            TrackRecord { won: u64::from(number) * 10, all: u64::from(number) * 20 },
        )]
        .into(),
        ..AgentLoad::default()
    };
    Board {
        revision: 1,
        loads: (0..AGENTS).map(|number| (agent(number).id, load(number).into())).collect(),
        tasks: (0..tasks).map(task).collect(),
        ..Board::default()
    }
}

fn main() {
    let roster = Roster { agents: (0..AGENTS).map(agent).collect(), rules: AssignRules::default() };
    let board = board(TASKS);
    let begin = Instant::now();
    let Ok(routing) = Routing::new(&roster, "UTC") else { return println!("no routing") };
    let ready = begin.elapsed();
    let turn = replay(&board, &routing, 1, NOW);
    let all = begin.elapsed();
    let placed = turn.iter().filter(|one| one.winner.is_some()).count();
    println!("{TASKS} tasks over {AGENTS} agents from cold: {all:.1?} (roster {ready:.1?}), {placed} placed");
    let mut desk = Desk::new(&routing, &board);
    desk.place(&board.tasks, 1, NOW);
    let begin = Instant::now();
    desk.sync(&board);
    let synced = begin.elapsed();
    let begin = Instant::now();
    let one = desk.place(&[task(TASKS + 1)], 2, NOW);
    let one = one.first().and_then(|one| one.winner.as_ref()).map(|winner| winner.agent.to_string());
    println!("one more task: sync {synced:.1?}, place {:.1?}, to {one:?}", begin.elapsed());
}
