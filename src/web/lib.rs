//! Ways in for agents and people. Everything that can be asked or done is an [`operation::Operation`] of one
//! table; the JSON API and the MCP server are two faces of it. Nothing here calls a vendor: what is done is a
//! message or an intent that the daemon acts on.

pub mod assign;
pub mod caller;
mod cases;
mod context;
mod foresee;
pub mod http;
mod look;
pub mod mcp;
mod once;
pub mod openapi;
pub mod operation;
mod performance;
pub mod problem;
mod prompts;
mod raise;
mod rebalance;
mod work;

use connect::Clock;
use engine::dice::Dice;
use model::MessageId;
use runtime::rules::Rules;
use std::sync::{Arc, Mutex, PoisonError};
use store::Store;

/// What operations stand on.
#[derive(Clone)]
pub struct Web(Arc<Inner>);

struct Inner {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    rules: Box<dyn Fn() -> Arc<Rules> + Send + Sync>,
    wake: Box<dyn Fn() + Send + Sync>,
    dice: Mutex<Dice>,
    simulating: Arc<tokio::sync::Mutex<()>>,
    advising: tokio::sync::Mutex<Vec<foresee::Advising>>,
}

impl Web {
    /// `rules` gives what is in force now, `wake` is called after each change; `seed` decides the ids of messages
    /// that come without one.
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        rules: impl Fn() -> Arc<Rules> + Send + Sync + 'static,
        wake: impl Fn() + Send + Sync + 'static,
        seed: u64,
    ) -> Self {
        let (rules, wake) = (Box::new(rules), Box::new(wake));
        let dice = Mutex::new(Dice::seeded(seed));
        let (simulating, advising) = Default::default();
        Self(Arc::new(Inner { store, clock, rules, wake, dice, simulating, advising }))
    }

    fn store(&self) -> &dyn Store {
        &*self.0.store
    }
    fn now(&self) -> model::Timestamp {
        self.0.clock.now()
    }
    fn rules(&self) -> Arc<Rules> {
        (self.0.rules)()
    }
    fn wake(&self) {
        (self.0.wake)();
    }

    /// The id of a message that the caller did not name: the same for a repeated call with an idempotency key.
    fn message_id(&self, caller: &caller::Caller, what: &str) -> MessageId {
        let text = if let Some(key) = &caller.key {
            let digest = model::hash::digest(&["api", caller.party.name(), what, key]);
            format!("{:032x}", u128::from_be_bytes(digest))
        } else {
            let mut dice = self.0.dice.lock().unwrap_or_else(PoisonError::into_inner);
            format!("{:016x}{:016x}", dice.u64(), dice.u64())
        };
        MessageId::new(text)
    }
}
