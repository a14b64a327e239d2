//! Assignment: 100,000 open tasks over 1,000 agents from cold, committing them, and one changed deal on a
//! board of that size from its dirty row to the committed decision.
#![expect(clippy::disallowed_methods, reason = "a stop-watch")]

use crate::{Plan, board, rig, show::Row};
use engine::{
    assign::{Routing, assign, rank},
    dice::Dice,
};
use model::{
    Canonical, ConnectionId, ExternalRef, Field, Fields, Id, Intake, Kind, RecordRow, SourceRow, Stage,
    Timestamp, Value, Version,
    work::{Board, Task},
};
use runtime::{
    cycle::{Cycle, Turn},
    daemon::{Cycles, Daemon},
    rules::Config,
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use store::{Progressed, Store, TaskFilter};

const TASKS: usize = 100_000;
const AGENTS: usize = 1_000;
const ROOM: u32 = 100_000;
const CHANGES: usize = 101;

pub fn run(_: &Plan) -> anyhow::Result<Vec<Row>> {
    let shipped = rig::config()?;
    let roster = board::roster(&shipped.roster, AGENTS, ROOM);
    let tasks = board::tasks(&shipped.book, TASKS);
    let mut rows = vec![cold(&roster, &tasks)?];
    rows.extend(rig::go(stored(Config { roster, ..shipped }, tasks))?);
    Ok(rows)
}

/// Configuration compiled, board taken over, every task decided.
fn cold(roster: &engine::assign::Roster, tasks: &[Task]) -> anyhow::Result<Row> {
    let mut best = f64::MAX;
    for _ in 0..3 {
        let board = Board { tasks: tasks.to_vec(), ..Board::default() };
        let began = Instant::now();
        let routing = Routing::new(roster, "UTC").map_err(anyhow::Error::msg)?;
        let made = assign(&board, &routing, &mut Dice::seeded(1), board::BEGIN + Duration::from_secs(3600));
        best = best.min(began.elapsed().as_secs_f64());
        let placed = made.iter().filter(|one| one.winner.is_some()).count();
        anyhow::ensure!(placed == tasks.len(), "only {placed} of {} tasks were placed", tasks.len());
    }
    Ok(Row::most(format!("{TASKS} tasks over {AGENTS} agents, from cold in memory"), best, 1.0, " s"))
}

async fn stored(config: Config, tasks: Vec<Task>) -> anyhow::Result<Vec<Row>> {
    let folder = tempfile::tempdir()?;
    let (ageing, folder) = (config.roster.rules.ageing_per_hour, folder.path().join("board.db"));
    let (daemon, store) = rig::daemon(&folder, config, Vec::new()).await?;
    let ranked = |task: &Task| (task.clone(), rank(task.arrived, task.priority, ageing));
    for chunk in tasks.chunks(1_000) {
        let create = chunk.iter().map(ranked).collect();
        let progressed = Progressed { create, ..Progressed::default() };
        store.commit_progress(&daemon.shared.held, progressed, board::BEGIN).await?;
    }
    let mut cycles = daemon.cycles();
    let began = Instant::now();
    while cycles.assign.turn().await? == Turn::Again {}
    let committed = began.elapsed().as_secs_f64();
    let open = store.overview(daemon.shared.clock.now()).await?.tasks;
    anyhow::ensure!(open.get("assigned") == Some(&(TASKS as u64)), "after placing: {open:?}");
    let mut times = Vec::new();
    for number in 0..CHANGES {
        times.push(one_change(&store, &daemon, &mut cycles, number).await?);
    }
    times.sort_by(f64::total_cmp);
    let median = times.get(CHANGES / 2).copied().unwrap_or_default();
    Ok(vec![
        Row::plain("committing them, with reasons", format!("{committed:.2} s")),
        Row::most("one change, from dirty row to committed decision (median)", median, 1.0, " ms"),
    ])
}

/// A deal that enters a stage with work to do: milliseconds until all of its tasks have an agent.
async fn one_change(
    store: &Arc<dyn Store>,
    daemon: &Daemon,
    cycles: &mut Cycles,
    number: usize,
) -> anyhow::Result<f64> {
    let now = daemon.shared.clock.now();
    let id = Id::derived(&["changed", &number.to_string()]);
    store.commit_page(&daemon.shared.held, deal(id, number, now), now).await?;
    let began = Instant::now();
    cycles.progress.turn().await?;
    cycles.assign.turn().await?;
    let took = began.elapsed().as_secs_f64() * 1000.0;
    let tasks = store.tasks(&TaskFilter::of(id), 100).await?;
    let placed = tasks.iter().filter(|task| task.holder.is_some()).count();
    anyhow::ensure!(placed > 0, "none of {} tasks found an agent", tasks.len());
    Ok(took)
}

fn deal(id: Id, number: usize, now: Timestamp) -> Intake {
    let reference = ExternalRef::new(&ConnectionId::from(rig::CONNECTION), Kind::Deal, number.to_string());
    let fields: Fields = [
        (Field::Name, Value::Text(format!("Deal {number}").into())),
        (Field::Stage, Value::Stage(Stage::Proposal)),
        (Field::Outcome, Value::Outcome(model::DealOutcome::Open)),
    ]
    .into_iter()
    .collect();
    let record =
        Canonical { id, kind: Kind::Deal, fields, sources: Vec::new(), stage_since: Some(now), gone: None };
    let source = SourceRow {
        reference,
        record: id,
        version: Version::At(now),
        modified: now,
        raw: Some("{}".into()),
        links: Vec::new(),
        new: true,
    };
    Intake {
        records: vec![RecordRow { record, new: true, match_keys: None }],
        sources: vec![source],
        dirty: vec![id],
        ..Intake::default()
    }
}
