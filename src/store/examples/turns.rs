//! How long it takes to commit assignments, and one turn from a dirty deal to a placed task; run with
//! `cargo run --release -p store --example turns -- [TASKS] [AGENTS]`.
#![expect(clippy::print_stdout, reason = "its result is what it prints")]
#![expect(clippy::disallowed_methods, reason = "a stop-watch")]

use model::{
    AgentId, Canonical, ConnectionId, ExternalRef, Fields, Id, Intake, Kind, RecordRow, SourceRow,
    SourceValues, Stage, Timestamp, Version,
    work::{Assignment, Board, Candidate, Need, Policy, Responsibility, Subject, Task, TaskState},
};
use std::{error::Error, time::Instant};
use store::{Exec, Feeds, Held, Leases, Placing, Progressed, SqliteStore, Work};

const NOW: Timestamp = Timestamp::from_millis(1_763_553_600_000);
type Outcome = Result<(), Box<dyn Error>>;

fn deal(number: usize) -> Id {
    Id::v7(NOW.as_millis(), number as u128)
}

fn task(number: usize) -> Task {
    Task {
        id: Id::v7(NOW.as_millis() + 1, number as u128),
        action: "DISCOVERY_CALL".into(),
        title: format!("Call {number}"),
        subject: Subject::Deal(deal(number)),
        stage: Stage::Qualification,
        responsibility: Responsibility::Primary,
        meant_for: None,
        need: Need { capability: "discovery_call".into(), preferred: Vec::new(), unit: Some("deal".into()) },
        priority: 70,
        arrived: NOW,
        allowed_hours: 16,
        due: None,
        holder: None,
        state: TaskState::Queued,
        cause: "stage entered".to_owned(),
    }
}

fn placed(task: &Task, agents: usize, number: usize) -> Assignment {
    let candidate = |offset: usize| Candidate {
        agent: AgentId::new(format!("AGENT{}", (number + offset) % agents)),
        capability: 400_000,
        performance: 150_000,
        free: 100_000,
        specialisation: 0,
    };
    Assignment {
        task: task.id,
        turn: 1,
        position: 0,
        winner: Some(candidate(0)),
        due: Some(NOW),
        offer_until: None,
        runners_up: (1..6).map(candidate).collect(),
        excluded: Vec::new(),
        last_resort: false,
        policy: Policy::Score,
        named: false,
        seed: 1,
        config: "c0ffee".into(),
    }
}

fn deals(numbers: std::ops::Range<usize>) -> Intake {
    let connection = ConnectionId::from("crm");
    let mut page = Intake::default();
    for number in numbers {
        let reference = ExternalRef::new(&connection, Kind::Deal, number.to_string());
        let source = SourceValues { reference: reference.clone(), modified: NOW, fields: Fields::default() };
        let id = deal(number);
        let fields = Fields::default();
        let record =
            Canonical { id, kind: Kind::Deal, fields, sources: vec![source], stage_since: None, gone: None };
        page.records.push(RecordRow { record, new: true, match_keys: None });
        page.sources.push(SourceRow {
            reference,
            record: id,
            version: Version::At(NOW),
            modified: NOW,
            raw: None,
            links: Vec::new(),
            new: true,
        });
    }
    page
}

fn placing(on: Board, assignments: Vec<Assignment>) -> Placing {
    Placing { on, routing: Some("who can do what".into()), assignments, writes: Vec::new() }
}

async fn one_turn(store: &SqliteStore, held: &Held, number: usize, agents: usize) -> Outcome {
    store.commit_page(held, Intake { dirty: vec![deal(number)], ..Intake::default() }, NOW).await?;
    let dirty = store.dirty(100).await?;
    let handled = dirty.iter().map(|(view, mark)| (view.record, *mark)).collect();
    let progressed = Progressed { create: vec![(task(number), 0)], handled, ..Progressed::default() };
    store.commit_progress(held, progressed, NOW).await?;
    let board = store.board(100, NOW).await?;
    let decisions = board.tasks.iter().map(|task| placed(task, agents, number)).collect();
    store.commit_assignments(held, placing(board, decisions), NOW).await?;
    Ok(())
}

#[tokio::main]
async fn main() -> Outcome {
    let mut arguments = std::env::args().skip(1);
    let tasks = arguments.next().map_or(Ok(100_000), |text| text.parse())?;
    let agents = arguments.next().map_or(Ok(1_000), |text| text.parse())?;
    let turns = 200_usize;
    let folder = std::env::temp_dir().join(format!("store-turns-{}", std::process::id()));
    let store = SqliteStore::open(&folder.join("store.db"), Exec::Thread)?;
    let held = store.acquire("daemon", NOW).await?;
    for from in (0..tasks + turns).step_by(5_000) {
        store.commit_page(&held, deals(from..(from + 5_000).min(tasks + turns)), NOW).await?;
    }
    let all: Vec<Task> = (0..tasks).map(task).collect();
    let create = all.iter().cloned().zip(0..).collect();
    let began = Instant::now();
    store.commit_progress(&held, Progressed { create, ..Progressed::default() }, NOW).await?;
    println!("{tasks} tasks created: {:?}", began.elapsed());
    let began = Instant::now();
    let board = store.board(tasks, NOW).await?;
    println!("board of {} tasks: {:?}", board.tasks.len(), began.elapsed());
    let decisions = all.iter().enumerate().map(|(number, task)| placed(task, agents, number)).collect();
    let began = Instant::now();
    store.commit_assignments(&held, placing(board, decisions), NOW).await?;
    println!("{tasks} assignments committed: {:?}", began.elapsed());
    let began = Instant::now();
    for number in tasks..tasks + turns {
        one_turn(&store, &held, number, agents).await?;
    }
    println!(
        "one turn, from a dirty deal to a committed decision: {:?}",
        began.elapsed() / u32::try_from(turns)?
    );
    let began = Instant::now();
    for _ in 0..turns {
        store.board(1, NOW).await?;
    }
    println!("of that, reading the board of {agents} agents: {:?}", began.elapsed() / u32::try_from(turns)?);
    drop(store);
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}
