//! Faults by chance.

use super::Fault;
use crate::dice::Dice;

/// A rate and a mix of faults.
#[derive(Clone, Debug)]
pub struct Seeded {
    /// Faulty requests of a thousand.
    pub per_mille: u32,
    /// (fault, weight)
    pub mix: Vec<(Fault, u32)>,
    /// `Late` effects of the mix get a delay drawn up to this instead of their own.
    pub latest_ms: i64,
}

impl Seeded {
    /// Every kind of fault, in proportions that make lost answers frequent; late effects come within 20 s.
    pub fn rate(per_mille: u32) -> Self {
        let mix = vec![
            (Fault::TooMany { retry_after_s: None }, 3),
            (Fault::TooMany { retry_after_s: Some(1) }, 2),
            (Fault::Before(500), 2),
            (Fault::Before(502), 2),
            (Fault::Before(503), 2),
            (Fault::After(500), 3),
            (Fault::After(504), 3),
            (Fault::Refused, 1),
            (Fault::ResetBefore, 2),
            (Fault::ResetAfter, 3),
            (Fault::TimeoutBefore, 2),
            (Fault::TimeoutAfter, 3),
            (Fault::Truncated, 2),
            (Fault::Html200, 1),
            (Fault::Expired, 2),
            (Fault::Late { delay_ms: 0 }, 3),
        ];
        Self { per_mille, mix, latest_ms: 20_000 }
    }

    /// A static token can't expire, so `Expired` hits OAuth tokens only.
    pub(super) fn draw(&self, dice: &mut Dice, oauth: bool) -> Option<Fault> {
        if !dice.chance(self.per_mille) {
            return None;
        }
        let weights: Vec<u32> =
            self.mix.iter().map(|(f, w)| if *f == Fault::Expired && !oauth { 0 } else { *w }).collect();
        match self.mix.get(dice.weighted(&weights)?)?.0 {
            Fault::Late { .. } => Some(Fault::Late { delay_ms: dice.between(1, self.latest_ms) }),
            other => Some(other),
        }
    }
}
