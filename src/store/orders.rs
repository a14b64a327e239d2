//! What people decide about who does what: kept as intents, carried out by the daemon.

use crate::{Error, Held, Placing, TakeBack};
use async_trait::async_trait;
use model::{
    Event, Id, Timestamp,
    work::{Board, Order, Party, Task},
};

/// Orders and what they rest on.
#[async_trait]
pub trait Orders: Send + Sync {
    /// Keeps an order for the daemon, with what is answered to who gave it. The same id again, waiting or carried out,
    /// changes nothing: false. Only people give orders.
    async fn order(&self, by: &Party, order: Order, answer: &str) -> Result<bool, Error>;
    /// What was answered to an order of the last seven days.
    async fn ordered(&self, id: &str) -> Result<Option<String>, Error>;
    /// Orders that wait, oldest first.
    async fn orders(&self) -> Result<Vec<Order>, Error>;
    /// A board on which these open tasks are, whoever has them; `None`: the best `most` of all open tasks by rank.
    async fn work_board(
        &self,
        tasks: Option<Vec<Id>>,
        most: usize,
        week_start: Timestamp,
    ) -> Result<Board, Error>;
    /// Carries out: takes back, makes, gives, and forgets the orders, all or nothing. `Stale` when the board's
    /// revision moved or a task is no longer where it was.
    async fn commit_orders(
        &self,
        held: &Held,
        revision: i64,
        carried: CarriedOut,
        now: Timestamp,
    ) -> Result<(), Error>;
}

/// What is done about orders.
#[derive(Clone, Debug, Default)]
pub struct CarriedOut {
    /// Ids of the orders, which are over with this.
    pub orders: Vec<Box<str>>,
    /// Tasks taken from who has them.
    pub take_back: Vec<TakeBack>,
    /// Tasks to make (one that exists stays), with rank and parameters as JSON.
    pub create: Vec<(Task, i64, Option<String>)>,
    /// Tasks given, on the board without what is taken back; and writes decided with it.
    pub placing: Placing,
    /// Events, in order; those of tasks are added by the store.
    pub events: Vec<Event>,
}
