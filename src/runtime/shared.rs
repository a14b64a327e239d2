//! What all cycles share.

use crate::{cycle::Nudge, rules::Rules};
use connect::Clock;
use engine::dice::Dice;
use std::sync::{
    Arc, Mutex, PoisonError, RwLock,
    atomic::{AtomicU64, Ordering},
};
use store::{Held, Store};

/// The daemon's common ground: the store, the right to change it, time, chance and the rules in force.
pub struct Shared {
    /// Durable state.
    pub store: Arc<dyn Store>,
    /// The daemon's lease.
    pub held: Held,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Who is to be woken for what.
    pub nudges: Nudges,
    rules: RwLock<Arc<Rules>>,
    dice: Mutex<Dice>,
}

/// One nudge per kind of cycle.
#[derive(Clone, Debug, Default)]
pub struct Nudges {
    /// Poll now.
    pub poll: Polls,
    /// There are mails or meetings to link, or something changed around them.
    pub relate: Nudge,
    /// Records changed: look at progress.
    pub progress: Nudge,
    /// There are tasks to place.
    pub assign: Nudge,
    /// There are writes to send.
    pub dispatch: Nudge,
    /// Offers, handoffs or escalations changed.
    pub coordinate: Nudge,
    /// There are messages to deliver.
    pub reach: Nudge,
    /// There may be news to tell.
    pub notify: Nudge,
}

/// Wakes the poll cycles, and counts how often they were asked to read everything now.
#[derive(Clone, Debug, Default)]
pub struct Polls(Arc<(Mutex<Vec<Nudge>>, AtomicU64)>);

impl Polls {
    /// A nudge for one more poll cycle.
    pub fn add(&self) -> Nudge {
        let nudge = Nudge::default();
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).push(nudge.clone());
        nudge
    }
    /// Makes every stream of every connection due.
    pub fn hurry(&self) {
        self.0.1.fetch_add(1, Ordering::Relaxed);
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).iter().for_each(Nudge::wake);
    }
    /// How often that was asked for.
    pub fn hurried(&self) -> u64 {
        self.0.1.load(Ordering::Relaxed)
    }
}

impl Nudges {
    /// Wakes those whom a message concerns; they wake the others when they have decided.
    pub fn said(&self) {
        self.progress.wake();
        self.assign.wake();
        self.coordinate.wake();
    }
    /// Wakes all who decide and send.
    pub fn all(&self) {
        self.relate.wake();
        self.progress.wake();
        self.assign.wake();
        self.dispatch.wake();
        self.coordinate.wake();
        self.reach.wake();
        self.notify.wake();
    }
}

impl Shared {
    /// Puts it together; `seed` decides everything that chance decides.
    pub fn new(store: Arc<dyn Store>, held: Held, clock: Arc<dyn Clock>, rules: Rules, seed: u64) -> Self {
        Self {
            store,
            held,
            clock,
            nudges: Nudges::default(),
            rules: RwLock::new(Arc::new(rules)),
            dice: Mutex::new(Dice::seeded(seed)),
        }
    }
    /// The rules in force now; a turn keeps what it began with.
    pub fn rules(&self) -> Arc<Rules> {
        self.rules.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
    /// Puts other rules in force and has everything looked at again, unless others came into force since `of` was read:
    /// then they are to be worked out anew (false).
    #[must_use]
    pub fn replace_rules(&self, of: &Arc<Rules>, rules: Rules) -> bool {
        let mut known = self.rules.write().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&known, of) {
            return false;
        }
        *known = Arc::new(rules);
        drop(known);
        self.nudges.all();
        true
    }
    /// Dice of its own for one turn.
    pub fn dice(&self) -> Dice {
        self.dice.lock().unwrap_or_else(PoisonError::into_inner).fork()
    }
}
