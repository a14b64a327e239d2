//! Fresh record ids: UUIDv7 from a time and dice, each greater than the one before.

use crate::dice::Dice;
use model::{Id, Timestamp};

/// Bits of a UUIDv7 that are ours to fill, besides the time.
const CHANCE_BITS: u32 = 74;
/// Bits after the variant; the field before it holds the other twelve.
const LOW_BITS: u32 = 62;
/// Largest step between two ids of one millisecond.
const STEP: u64 = 1 << 32;

/// Makes ids.
#[derive(Clone, Debug)]
pub struct Ids {
    millis: i64,
    chance: u128,
    dice: Dice,
}

impl Ids {
    /// Ids dated `now`.
    pub fn new(now: Timestamp, mut dice: Dice) -> Self {
        let chance = start(&mut dice);
        Self { millis: now.as_millis(), chance, dice }
    }

    /// Dates further ids `now`; a clock that went back is ignored, so that ids stay in order.
    pub fn advance(&mut self, now: Timestamp) {
        if now.as_millis() > self.millis {
            self.millis = now.as_millis();
            self.chance = start(&mut self.dice);
        }
    }

    /// The next id, greater than all before it.
    pub fn fresh(&mut self) -> Id {
        self.chance += 1 + u128::from(self.dice.below(STEP));
        if self.chance >> CHANCE_BITS != 0 {
            self.millis += 1;
            self.chance = start(&mut self.dice);
        }
        // The layout has two fixed variant bits between the upper twelve and the lower 62.
        let (upper, lower) = (self.chance >> LOW_BITS, self.chance & ((1 << LOW_BITS) - 1));
        Id::v7(self.millis, (upper << (LOW_BITS + 2)) | lower)
    }
}

/// Somewhere in the lower half, which leaves room for 2^41 ids within one millisecond.
fn start(dice: &mut Dice) -> u128 {
    (u128::from(dice.u64()) << 64 | u128::from(dice.u64())) >> (128 - CHANCE_BITS + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_rise_within_a_millisecond_and_across() {
        let mut ids = Ids::new(Timestamp::from_millis(1_000), Dice::seeded(1));
        let mut all: Vec<Id> = (0..5_000).map(|_| ids.fresh()).collect();
        ids.advance(Timestamp::from_millis(1_001));
        all.push(ids.fresh());
        ids.advance(Timestamp::from_millis(3));
        all.push(ids.fresh());
        assert!(all.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn the_same_seed_and_time_give_the_same_ids() {
        let id = |seed| Ids::new(Timestamp::from_millis(9), Dice::seeded(seed)).fresh();
        assert_eq!(id(4), id(4));
        assert_ne!(id(4), id(5));
    }

    #[test]
    fn when_chance_runs_out_the_time_goes_on() {
        let mut ids = Ids::new(Timestamp::from_millis(9), Dice::seeded(1));
        ids.chance = (1 << CHANCE_BITS) - 1;
        let last = Id::v7(9, u128::MAX);
        assert!(ids.fresh() > last);
    }
}
