//! Orders of people about who gets what: carried out before an assignment turn, one order at a time, each with what it
//! takes back, gives and writes in one transaction. What can't be done any more is said and over.

use crate::{assign, coordinate::record_of, rules::Rules, shared::Shared};
use anyhow::Context;
use engine::{
    assign::{rank, week_start},
    flow::close_write,
    rebalance::{Settled, settle},
};
use model::{
    Event, EventKind, Id, Timestamp, Write,
    work::{Board, Order, Subject, Task},
};
use std::collections::BTreeSet;
use store::{CarriedOut, Placing, TakeBack, TaskFilter};
use tracing::info;

/// Open tasks of one deal that are looked at.
const MOST: usize = 500;

/// Carries out the oldest order, if one waits: true then.
pub async fn carry_out(shared: &Shared, rules: &Rules, now: Timestamp) -> anyhow::Result<bool> {
    let orders = shared.store.orders().await.context("reading orders")?;
    let Some(order) = orders.into_iter().next() else { return Ok(false) };
    let board = board(shared, rules, &order, now).await?;
    let seed = shared.dice().u64();
    let settled = settle(&board, &order.gives, &rules.routing, seed, now);
    let (given, lapsed) = (settled.given.len(), settled.lapsed.len());
    let carried = carried(shared, rules, &order, &board, settled, now).await?;
    match shared.store.commit_orders(&shared.held, board.revision, carried, now).await {
        Ok(()) => info!(by = %order.by, given, lapsed, "an order was carried out"),
        Err(store::Error::Stale { .. }) => return Ok(true),
        Err(store::Error::Taken { holder, .. }) => {
            let dropped = CarriedOut {
                orders: vec![order.id.clone()],
                events: lapse_all(&order, &format!("{holder} has a part of it"), now),
                ..CarriedOut::default()
            };
            let revision = shared.store.work_board(Some(Vec::new()), 0, now).await?.revision;
            shared
                .store
                .commit_orders(&shared.held, revision, dropped, now)
                .await
                .context("ending an order")?;
        }
        Err(error) => return Err(error).context("carrying out an order"),
    }
    shared.nudges.dispatch.wake();
    shared.nudges.coordinate.wake();
    Ok(true)
}

/// Every open task of the deals and leads concerned, and the one that is to be made.
async fn board(shared: &Shared, rules: &Rules, order: &Order, now: Timestamp) -> anyhow::Result<Board> {
    let mut ids: BTreeSet<Id> = order.gives.iter().map(|give| give.task).collect();
    let mut records = BTreeSet::new();
    for id in &ids {
        let task = shared.store.task(*id).await.context("reading a task")?;
        records.extend(task.and_then(|(task, _)| record_of(&task.subject)));
    }
    records.extend(order.make.as_ref().and_then(|(task, _)| record_of(&task.subject)));
    for record in records {
        let tasks =
            shared.store.tasks(&TaskFilter::of(record), MOST).await.context("reading a deal's tasks")?;
        ids.extend(tasks.iter().filter(|task| task.state.is_open()).map(|task| task.id));
    }
    let week = week_start(now, rules.routing.zone());
    let ids: Vec<Id> = ids.into_iter().collect();
    let most = ids.len();
    let mut board = shared.store.work_board(Some(ids), most, week).await.context("reading the board")?;
    if let Some((task, _)) = &order.make
        && board.tasks.iter().all(|known| known.id != task.id)
        && shared.store.task(task.id).await.context("reading a task")?.is_none()
    {
        board.tasks.push(task.clone());
    }
    Ok(board)
}

async fn carried(
    shared: &Shared,
    rules: &Rules,
    order: &Order,
    board: &Board,
    settled: Settled,
    now: Timestamp,
) -> anyhow::Result<CarriedOut> {
    let Settled { given, taken, lapsed, mut on } = settled;
    let mut writes = assign::writes(shared, rules, board, &given).await?;
    let mut take_back = Vec::new();
    for (id, agent) in &taken {
        let to = given.iter().find(|made| made.task == *id).and_then(|made| made.winner.as_ref());
        let to = to.map_or_else(|| "another".to_owned(), |winner| winner.agent.to_string());
        let why = format!("{} gave it to {to}", order.by);
        if let Some(task) = board.tasks.iter().find(|task| task.id == *id) {
            writes.extend(close(shared, task, &why).await?);
        }
        let (task, agent, why) = (*id, agent.clone(), why.into());
        take_back.push(TakeBack { task, agent, why, passed: None, meant_for: None });
    }
    let ageing = rules.config.roster.rules.ageing_per_hour;
    let create = order.make.iter().map(|(task, params)| {
        let params = serde_json::to_string(params).ok().filter(|_| !params.is_empty());
        (task.clone(), rank(task.arrived, task.priority, ageing), params)
    });
    let mut events = Vec::new();
    for made in &given {
        let winner = made.winner.as_ref().map_or_else(String::new, |winner| winner.agent.to_string());
        let why = order.gives.iter().find(|give| give.task == made.task).map(|give| give.why.to_string());
        let why = why.filter(|why| !why.is_empty()).map(|why| format!(": {why}")).unwrap_or_default();
        events.push(noticed(order, made.task, format!("{} gave it to {winner}{why}", order.by), now));
    }
    for lapsed in &lapsed {
        events.push(noticed(order, lapsed.task, lapse(order, &lapsed.why), now));
    }
    on.tasks.clone_from(&board.tasks);
    Ok(CarriedOut {
        orders: vec![order.id.clone()],
        take_back,
        create: create.collect(),
        placing: Placing { on, routing: Some(rules.routing.text()), assignments: given, writes },
        events,
    })
}

/// The CRM task of whoever had it is closed at the source.
async fn close(shared: &Shared, task: &Task, why: &str) -> anyhow::Result<Option<Write>> {
    let (Subject::Deal(record) | Subject::Lead(record)) = &task.subject else { return Ok(None) };
    let views = shared.store.subjects(&[*record]).await.context("reading a subject")?;
    let briefs = views.iter().flat_map(|view| &view.tasks);
    Ok(briefs.filter(|brief| brief.id == task.id).find_map(|brief| close_write(brief, why)))
}

fn lapse(order: &Order, why: &str) -> String {
    format!("what {} decided is not done: {why}", order.by)
}

fn lapse_all(order: &Order, why: &str, now: Timestamp) -> Vec<Event> {
    order.gives.iter().map(|give| noticed(order, give.task, lapse(order, why), now)).collect()
}

fn noticed(order: &Order, task: Id, what: String, now: Timestamp) -> Event {
    Event { at: now, subject: Some(task), kind: EventKind::Noticed { what }, source: order.by.clone() }
}
