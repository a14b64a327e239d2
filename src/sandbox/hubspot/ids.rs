//! Record ids: 11 digits, growing over time but not in the order of creation, as in every recorded list.

use super::kinds::Kind;
use crate::dice::Dice;
use std::collections::BTreeMap;

const FIRST: u64 = 10_400_000_000;
const BLOCK: u64 = 32;
const LANES: usize = 3;

/// Three allocators, each handing out blocks of ids; which one serves a create is chance.
/// Different object types share the numbers, so an id without its type is worth nothing.
#[derive(Clone, Debug)]
pub struct Ids {
    dice: Dice,
    lanes: BTreeMap<Kind, [(u64, u64); LANES]>,
    blocks: BTreeMap<Kind, u64>,
}

impl Ids {
    pub fn new(dice: Dice) -> Self {
        Self { dice, lanes: BTreeMap::new(), blocks: BTreeMap::new() }
    }

    pub fn next(&mut self, kind: Kind) -> u64 {
        let roll = self.dice.index(LANES);
        let lanes = self.lanes.entry(kind).or_default();
        let Some((next, end)) = lanes.get_mut(roll) else { return FIRST };
        if next == end {
            let block = self.blocks.entry(kind).or_default();
            *next = FIRST + *block * BLOCK;
            *end = *next + BLOCK;
            *block += 1;
        }
        let id = *next;
        *next += 1;
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_not_in_creation_order() {
        let mut ids = Ids::new(Dice::new(3, 1));
        let made: Vec<u64> = (0..500).map(|_| ids.next(Kind::Deal)).collect();
        let distinct: std::collections::BTreeSet<_> = made.iter().collect();
        assert_eq!(distinct.len(), made.len());
        let inversions = made.windows(2).filter(|pair| pair[0] > pair[1]).count();
        assert!(inversions > 50, "{inversions} neighbours out of order");
    }
}
