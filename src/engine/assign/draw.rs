//! Picking one of those who can.

use super::{roster::Policy, routing::Seat};
use crate::dice::Dice;
use std::cmp::Reverse;

/// How many of the losers are kept with a decision.
pub(super) const RUNNERS_UP: usize = 5;

/// An agent that can take the task, with its score at this moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Ranked {
    pub score: i64,
    /// Last placement; `i64::MIN` for never.
    pub idle: i64,
    pub seat: Seat,
    /// Place in the class's list.
    pub index: usize,
    pub free: i64,
    pub specialisation: i64,
}

impl Ranked {
    /// Best first: score, then longest idle, then id.
    pub fn order(&self) -> (Reverse<i64>, i64, Seat) {
        (Reverse(self.score), self.idle, self.seat)
    }
}

/// Collects those who can, as far as the policy needs them.
pub(super) struct Pick {
    policy: Policy,
    /// The best few, best first.
    best: Vec<Ranked>,
    /// The longest idle one.
    idlest: Option<Ranked>,
    /// Everybody, where the policy needs more than the best.
    all: Vec<Ranked>,
}

impl Pick {
    pub fn new(policy: Policy) -> Self {
        let best = Vec::with_capacity(RUNNERS_UP + 2);
        Self { policy, best, idlest: None, all: Vec::new() }
    }

    pub fn offer(&mut self, offered: Ranked) {
        let last = self.best.get(RUNNERS_UP).map(Ranked::order);
        if last.is_none_or(|last| offered.order() < last) {
            let at = self.best.partition_point(|known| known.order() < offered.order());
            self.best.insert(at, offered);
            self.best.truncate(RUNNERS_UP + 1);
        }
        match self.policy {
            Policy::Score => {}
            Policy::RoundRobin => {
                if self.idlest.is_none_or(|known| (offered.idle, offered.seat) < (known.idle, known.seat)) {
                    self.idlest = Some(offered);
                }
            }
            Policy::Weighted | Policy::StickyOwner => self.all.push(offered),
        }
    }

    /// The winner and the best of the rest.
    pub fn decide(self, sticky: Option<Seat>, dice: &mut Dice) -> (Option<Ranked>, Vec<Ranked>) {
        let first = self.best.first().copied();
        let winner = match self.policy {
            Policy::Score => first,
            Policy::RoundRobin => self.idlest,
            Policy::Weighted => draw(&self.all, dice).or(first),
            Policy::StickyOwner => self.all.into_iter().find(|held| sticky == Some(held.seat)).or(first),
        };
        let mut others = self.best;
        others.retain(|other| winner.is_some_and(|winner| winner.seat != other.seat));
        others.truncate(RUNNERS_UP);
        (winner, others)
    }
}

/// One of them, each with a chance in proportion to its score.
fn draw(all: &[Ranked], dice: &mut Dice) -> Option<Ranked> {
    let weight = |ranked: &Ranked| u64::try_from(ranked.score).unwrap_or_default();
    let mut left = dice.below(all.iter().map(weight).sum());
    all.iter().copied().find(|ranked| {
        let weight = weight(ranked);
        let hit = left < weight;
        left = left.saturating_sub(weight);
        hit
    })
}
