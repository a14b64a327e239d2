//! Chance as an argument: the same seed gives the same throws, on every machine and in every release.

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};

/// A seeded source of chance.
#[derive(Clone, Debug)]
pub struct Dice(ChaCha8Rng);

impl Dice {
    /// Dice that fall the same way for the same seed.
    pub fn seeded(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// Any 64-bit number, all equally likely.
    pub fn u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number from 0 to `n - 1`, all equally likely; 0 when `n` is 0.
    pub fn below(&mut self, n: u64) -> u64 {
        if n == 0 {
            return 0;
        }
        // Throws above the last whole multiple of n would favour small results: throw again.
        let limit = u64::MAX - u64::MAX % n;
        loop {
            let thrown = self.u64();
            if thrown < limit {
                return thrown % n;
            }
        }
    }

    /// Dice of their own, seeded by one throw of these: what one part draws does not shift what another draws.
    #[must_use]
    pub fn fork(&mut self) -> Self {
        Self::seeded(self.u64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_gives_one_run() {
        let throws = |seed| {
            let mut dice = Dice::seeded(seed);
            [dice.u64(), dice.below(6), dice.fork().u64(), dice.u64()]
        };
        assert_eq!(throws(7), throws(7));
        assert_ne!(throws(7), throws(8));
    }

    #[test]
    fn every_face_falls_about_equally_often() {
        let mut dice = Dice::seeded(1);
        let mut faces = [0_u32; 6];
        for _ in 0..60_000 {
            faces[usize::try_from(dice.below(6)).unwrap()] += 1;
        }
        assert!(faces.iter().all(|count| (9_500..10_500).contains(count)), "{faces:?}");
    }

    #[test]
    fn nothing_lies_below_zero_faces() {
        assert_eq!(Dice::seeded(1).below(0), 0);
        assert_eq!(Dice::seeded(1).below(1), 0);
    }

    #[test]
    fn a_fork_does_not_depend_on_how_much_its_sibling_draws() {
        let (mut one, mut two) = (Dice::seeded(3), Dice::seeded(3));
        let (mut idle, mut busy) = (one.fork(), two.fork());
        busy.u64();
        busy.u64();
        assert_eq!(one.fork().u64(), two.fork().u64());
        assert_eq!(idle.u64(), Dice::seeded(Dice::seeded(3).u64()).u64());
    }
}
