//! The account moves on by itself: people edit, sell, merge, delete and bring back.

mod moves;

use crate::core::Sandbox;
use crate::dice::Dice;
use crate::google::Story;
use crate::hubspot::kinds::Kind;
use std::sync::Arc;

/// What somebody did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Move {
    Edit,
    Create,
    Advance,
    Win,
    Lose,
    Owner,
    Associate,
    Dissociate,
    Merge,
    Archive,
    Restore,
    Purge,
    CompleteTask,
    EditTask,
}

impl Move {
    pub const ALL: [Self; 14] = [
        Self::Edit,
        Self::Create,
        Self::Advance,
        Self::Win,
        Self::Lose,
        Self::Owner,
        Self::Associate,
        Self::Dissociate,
        Self::Merge,
        Self::Archive,
        Self::Restore,
        Self::Purge,
        Self::CompleteTask,
        Self::EditTask,
    ];
}

/// How often each move is made, relative to the others.
#[derive(Clone, Debug)]
pub struct Weights(pub Vec<(Move, u32)>);

impl Default for Weights {
    fn default() -> Self {
        Self(vec![
            (Move::Edit, 30),
            (Move::Create, 12),
            (Move::Advance, 14),
            (Move::Win, 4),
            (Move::Lose, 4),
            (Move::Owner, 8),
            (Move::Associate, 6),
            (Move::Dissociate, 4),
            (Move::Merge, 3),
            (Move::Archive, 5),
            (Move::Restore, 2),
            (Move::Purge, 1),
            (Move::CompleteTask, 5),
            (Move::EditTask, 3),
        ])
    }
}

impl Weights {
    /// Only these moves, equally often.
    pub fn only(moves: &[Move]) -> Self {
        Self(moves.iter().map(|m| (*m, 1)).collect())
    }
}

/// One thing that happened: the record it happened to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Happened {
    pub what: Move,
    pub kind: Kind,
    pub id: u64,
}

/// The people of an account, who act when told to.
pub struct World {
    sandbox: Arc<Sandbox>,
    dice: Dice,
    weights: Weights,
    made: u64,
    /// The team's mails and meetings, where the account has them.
    story: Option<Story>,
}

/// Tries before a step gives up (an empty account has nothing to edit).
const TRIES: usize = 40;

impl World {
    pub fn new(sandbox: &Arc<Sandbox>, seed: u64, weights: Weights) -> Self {
        let story = sandbox.google_lives().then(|| Story::new(seed));
        Self { sandbox: Arc::clone(sandbox), dice: Dice::new(seed, 8), weights, made: 0, story }
    }

    /// One change of the CRM, and one mail or meeting where the account has them.
    pub fn tick(&mut self) -> Option<Happened> {
        if let Some(story) = &mut self.story {
            story.tick(&self.sandbox);
        }
        let weights: Vec<u32> = self.weights.0.iter().map(|(_, w)| *w).collect();
        for _ in 0..TRIES {
            let what = self.weights.0.get(self.dice.weighted(&weights)?)?.0;
            if let Some((kind, id)) = self.attempt(what) {
                self.made += 1;
                return Some(Happened { what, kind, id });
            }
        }
        None
    }

    /// `n` changes at the present instant.
    pub fn step(&mut self, n: usize) -> Vec<Happened> {
        (0..n).map_while(|_| self.tick()).collect()
    }
}
