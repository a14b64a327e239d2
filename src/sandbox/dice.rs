//! Chance from a seed. Each concern rolls its own dice, so that e.g. one more search doesn't change the next id.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A stream of chance that is the same for the same (seed, stream) on every machine.
#[derive(Clone, Debug)]
pub struct Dice(ChaCha8Rng);

impl Dice {
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream);
        Self(rng)
    }

    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number in `0..n`; 0 for `n == 0`.
    pub fn below(&mut self, n: u64) -> u64 {
        // The modulo's bias is far below anything a test could notice for the ranges used here.
        if n == 0 { 0 } else { self.0.next_u64() % n }
    }

    /// An index into something of length `n`.
    pub fn index(&mut self, n: usize) -> usize {
        usize::try_from(self.below(n as u64)).unwrap_or(0)
    }

    /// A number in `low..=high`.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        let span = u64::try_from(high.saturating_sub(low)).unwrap_or(0).saturating_add(1);
        low.saturating_add(i64::try_from(self.below(span)).unwrap_or(0))
    }

    /// True in `per_mille` of 1,000 rolls.
    pub fn chance(&mut self, per_mille: u32) -> bool {
        self.below(1000) < u64::from(per_mille)
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        from.get(self.index(from.len()))
    }

    /// The index drawn from weights; `None` where they are all 0.
    pub fn weighted(&mut self, weights: &[u32]) -> Option<usize> {
        let total: u64 = weights.iter().map(|w| u64::from(*w)).sum();
        let mut roll = self.below(total);
        for (at, weight) in weights.iter().enumerate() {
            if roll < u64::from(*weight) {
                return Some(at);
            }
            roll = roll.saturating_sub(u64::from(*weight));
        }
        None
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            items.swap(at, self.index(at + 1));
        }
    }

    /// A UUID-shaped correlation id.
    pub fn uuid(&mut self) -> String {
        let (a, b) = (self.bits(), self.bits());
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            a >> 32,
            (a >> 16) & 0xffff,
            a & 0xfff,
            (b >> 48) & 0x3fff | 0x8000,
            b & 0xffff_ffff_ffff
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_gives_one_run_and_streams_differ() {
        let mut a = Dice::new(7, 1);
        let mut b = Dice::new(7, 1);
        let mut c = Dice::new(7, 2);
        let (first, again, other) = (a.bits(), b.bits(), c.bits());
        assert_eq!(first, again);
        assert_ne!(first, other);
    }

    #[test]
    fn weights_decide() {
        let mut dice = Dice::new(1, 1);
        assert_eq!(dice.weighted(&[0, 0]), None);
        assert!((0..100).all(|_| dice.weighted(&[0, 5, 0]) == Some(1)));
    }
}
