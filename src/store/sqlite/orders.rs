//! Orders of people as settings, and their carrying out as one transaction.

use super::{
    SqliteStore, answers, assign, board, bump,
    connection::Durable,
    coordination,
    events::EventWriter,
    fail::{Fail, Outcome},
    leases,
    recall::Carried,
    settings,
    talk::refuse,
    task,
};
use crate::{Answered, CarriedOut, Error, Held, Orders, Refusal};
use async_trait::async_trait;
use model::{
    Id, Timestamp,
    work::{Board, Order, Party},
};
use rusqlite::{Connection, types::Value as Sql};
use std::{
    rc::Rc,
    sync::{Arc, Mutex},
};

/// An order waits under this name and its id.
const PREFIX: &str = "order:";

fn name(id: &str) -> String {
    format!("{PREFIX}{id}")
}

fn keep(db: &Connection, by: &Party, order: &Order, answer: String) -> Outcome<bool> {
    if !matches!(by, Party::Person(_) | Party::Daemon) {
        return Err(refuse(Refusal::NotYours, "only a person decides who gets a task".into()));
    }
    let name = name(&order.id);
    // One that was carried out already is not taken again either.
    let taken = Answered { id: name.as_str().into(), hash: "".into(), answer };
    if !answers::keep(db, &taken, order.at)? {
        return Ok(false);
    }
    settings::set(db, &name, Some(&serde_json::to_string(order)?))?;
    Ok(true)
}

fn waiting(db: &Connection) -> Outcome<Vec<Order>> {
    let rows = settings::list(db, PREFIX)?;
    let mut orders: Vec<Order> =
        rows.iter().map(|(_, text)| Ok(serde_json::from_str(text)?)).collect::<Outcome<_>>()?;
    orders.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
    Ok(orders)
}

fn fill(db: &Connection, board: &mut Board, tasks: Option<&[Id]>, most: usize) -> Outcome<()> {
    let columns = task::COLUMNS;
    let (sql, keys) = if let Some(ids) = tasks {
        let keys: Vec<Sql> = ids.iter().map(|id| Sql::Text(id.to_string())).collect();
        let sql = format!(
            "SELECT {columns}, enterprise FROM rarray(?1) AS k CROSS JOIN tasks AS t ON t.id = k.value
                 WHERE ended_at IS NULL ORDER BY rank, id LIMIT ?2"
        );
        (sql, Some(Rc::new(keys)))
    } else {
        let sql = format!(
            "SELECT {columns}, enterprise FROM tasks WHERE ended_at IS NULL AND ?1 IS NULL
                 ORDER BY rank, id LIMIT ?2"
        );
        (sql, None)
    };
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query((keys, super::most(most)))?;
    while let Some(row) = rows.next()? {
        let task = task::parse(row)?;
        if let Some(enterprise) = row.get::<_, Option<bool>>(17)? {
            board.enterprise.insert(task.subject.to_string().into(), enterprise);
        }
        board.tasks.push(task);
    }
    Ok(())
}

fn commit(
    db: &Connection,
    revision: i64,
    carried: &CarriedOut,
    loads: &Mutex<Carried>,
    now: Timestamp,
) -> Outcome<()> {
    let current = board::revision(db)?;
    if current != revision {
        return Err(Fail::Rule(Error::Stale { was: revision, now: current }));
    }
    carried.orders.iter().try_for_each(|id| settings::set(db, &name(id), None))?;
    if carried.take_back.len() + carried.create.len() > 0 {
        bump(db, "board", 1)?;
    }
    carried.take_back.iter().try_for_each(|one| coordination::take_back(db, one, now))?;
    for (task, rank, params) in &carried.create {
        coordination::create(db, task, *rank, params.as_deref(), now)?;
    }
    assign::commit(db, board::revision(db)?, &carried.placing, loads, now)?;
    let mut events = EventWriter::new(db)?;
    carried.events.iter().try_for_each(|event| events.append(event))
}

#[async_trait]
impl Orders for SqliteStore {
    async fn order(&self, by: &Party, order: Order, answer: &str) -> Result<bool, Error> {
        let (by, answer) = (by.clone(), answer.to_owned());
        let job = move |db: &Connection| keep(db, &by, &order, answer);
        // An answer is a promise: what was accepted outlives a power cut.
        self.database.write("keep an order", Durable::Full, job).await
    }

    async fn ordered(&self, id: &str) -> Result<Option<String>, Error> {
        let name = name(id);
        let job = move |db: &Connection| Ok(answers::read(db, &name)?.map(|one| one.answer));
        self.database.read("look up an order", job).await
    }

    async fn orders(&self) -> Result<Vec<Order>, Error> {
        self.database.read("read orders", waiting).await
    }

    async fn work_board(
        &self,
        tasks: Option<Vec<Id>>,
        most: usize,
        week_start: Timestamp,
    ) -> Result<Board, Error> {
        let roster = Arc::clone(&self.roster);
        let job = move |db: &Connection| {
            let mut board = board::standing(db, week_start, &roster)?;
            fill(db, &mut board, tasks.as_deref(), most)?;
            board::complete(db, &mut board)?;
            Ok(board)
        };
        self.database.read("read the work", job).await
    }

    async fn commit_orders(
        &self,
        held: &Held,
        revision: i64,
        carried: CarriedOut,
        now: Timestamp,
    ) -> Result<(), Error> {
        let (held, loads) = (held.copy(), Arc::clone(&self.carried));
        let job = move |db: &Connection| {
            leases::check(db, &held)?;
            commit(db, revision, &carried, &loads, now)
        };
        self.database.write("carry out orders", Durable::Normal, job).await
    }
}
