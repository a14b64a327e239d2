//! What is said when tasks pile up, by whom they wait for: work of several kinds that the same agents can do is one
//! overflow.

use super::{
    desk::Desk,
    roster::OverflowRules,
    routing::{Routing, Seat},
};
use model::{
    AgentId, Timestamp,
    work::{Backlog, TaskKind},
};
use std::{collections::BTreeMap, time::Duration};

const HOUR: Duration = Duration::from_hours(1);

/// Tasks that wait for the same agents, and what is to be done about it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Overflow {
    /// Everybody who can do them.
    pub who: Vec<AgentId>,
    /// What they need, with how many tasks do, in alphabetical order.
    pub capabilities: Vec<(Box<str>, u64)>,
    /// Since when the oldest waits.
    pub oldest: Timestamp,
    /// What follows.
    pub response: Response,
}

impl Overflow {
    /// How many wait.
    pub fn waiting(&self) -> u64 {
        self.capabilities.iter().map(|(_, waiting)| waiting).sum()
    }
}

/// What follows from an overflow, mildest first. Placing has already looked among all who can, at whatever level and
/// at home in whatever stage: nobody with room was passed over, so there is nothing left to redistribute.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Response {
    /// They wait their turn: somebody will be at work again.
    Queue,
    /// Everybody who can is at the limit: a person decides on more capacity.
    Escalate,
    /// It has lasted too long, whatever the reason.
    Alert {
        /// In words, with figures.
        why: String,
    },
}

/// Since when tasks must wait to count as waiting long ([`Backlog::long`]).
pub fn long_since(routing: &Routing, now: Timestamp) -> Timestamp {
    now - HOUR * routing.roster().rules.overflow.many_hours
}

impl Desk {
    /// Judges what waits, by whom it waits for.
    pub fn overflow(&mut self, backlog: &[Backlog], now: Timestamp) -> Vec<Overflow> {
        self.open(now);
        let mut groups: BTreeMap<Vec<Seat>, Vec<&Backlog>> = BTreeMap::new();
        for waiting in backlog.iter().filter(|waiting| waiting.waiting > 0) {
            let able = self.able(&waiting.kind);
            let enabled =
                able.iter().filter(|(seat, _)| self.routing.agent(*seat).is_some_and(|one| one.enabled));
            groups.entry(enabled.map(|(seat, _)| *seat).collect()).or_default().push(waiting);
        }
        groups.into_iter().map(|(seats, waiting)| self.judge(&seats, &waiting, now)).collect()
    }

    fn judge(&self, seats: &[Seat], backlog: &[&Backlog], now: Timestamp) -> Overflow {
        let mut capabilities: BTreeMap<&str, u64> = BTreeMap::new();
        for waiting in backlog {
            *capabilities.entry(&waiting.kind.capability).or_default() += waiting.waiting;
        }
        let oldest = backlog.iter().map(|waiting| waiting.oldest).min().unwrap_or(now);
        let long = backlog.iter().map(|waiting| waiting.long).sum();
        let rules = self.routing.roster().rules.overflow;
        let response = match lasting(oldest, long, rules, now) {
            Some(why) => Response::Alert { why },
            None if backlog.iter().any(|waiting| self.is_at_limit(seats, &waiting.kind)) => {
                Response::Escalate
            }
            None => Response::Queue,
        };
        let who = seats.iter().filter_map(|seat| Some(self.routing.agent(*seat)?.id.clone())).collect();
        let capabilities = capabilities.into_iter().map(|(name, count)| (name.into(), count)).collect();
        Overflow { who, capabilities, oldest, response }
    }

    /// Nobody can take a task of the kind, and all of them for want of room: those aside who are paused.
    fn is_at_limit(&self, seats: &[Seat], kind: &TaskKind) -> bool {
        let is_paused = |seat: &&Seat| self.loads.get(**seat as usize).is_some_and(|load| load.paused);
        let is_full = |seat: &Seat| {
            let live = self.live.get(*seat as usize);
            live.is_some_and(|live| live.limit.is_some_and(|limit| live.used >= limit))
        };
        let mut there = seats.iter().filter(|seat| !is_paused(seat)).peekable();
        !self.is_open(kind) && there.peek().is_some() && there.all(is_full)
    }
}

/// Why tasks that arrived then and still wait are a lasting overflow, if they are.
pub fn persistent(
    arrived: impl Iterator<Item = Timestamp>,
    rules: OverflowRules,
    now: Timestamp,
) -> Option<String> {
    let (mut oldest, mut long) = (now, 0);
    for at in arrived {
        oldest = oldest.min(at);
        long += u64::from(now.since(at) >= HOUR * rules.many_hours);
    }
    lasting(oldest, long, rules, now)
}

fn lasting(oldest: Timestamp, long: u64, rules: OverflowRules, now: Timestamp) -> Option<String> {
    if now.since(oldest) > HOUR * rules.oldest_hours {
        return Some(format!("the oldest has waited for {} h", now.since(oldest).as_secs() / 3_600));
    }
    (long > rules.many.into()).then(|| format!("{long} have waited for {} h or more", rules.many_hours))
}
