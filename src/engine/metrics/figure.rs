//! A figure with what it rests on.

use model::Currency;
use std::collections::BTreeSet;

/// Below so many cases a figure says nothing.
pub const FEWEST: u64 = 5;

/// A figure.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Figure {
    /// What came out, in the metric's unit; `None` without a case.
    pub actual: Option<f64>,
    /// What was counted: the cases of a rate, a mean or a median; of a count the count itself.
    pub cases: u64,
    /// Cases that were left out because their amount has no rate.
    pub left_out: u64,
    /// The currencies of those.
    pub no_rate: BTreeSet<Currency>,
}

impl Figure {
    /// So many.
    pub fn count(of: usize) -> Self {
        Self { actual: Some(number(of)), cases: of as u64, ..Self::default() }
    }

    /// A part of a whole.
    pub fn share(part: usize, whole: usize) -> Self {
        let actual = (whole > 0).then(|| number(part) / number(whole));
        Self { actual, cases: whole as u64, ..Self::default() }
    }

    /// The share of cases that are good.
    pub fn share_of(cases: impl Iterator<Item = bool>) -> Self {
        let (mut good, mut all) = (0, 0);
        for one in cases {
            good += usize::from(one);
            all += 1;
        }
        Self::share(good, all)
    }

    /// The mean, the same in whatever order.
    pub fn mean(mut of: Vec<f64>) -> Self {
        of.sort_by(f64::total_cmp);
        let actual = (!of.is_empty()).then(|| of.iter().sum::<f64>() / number(of.len()));
        Self { actual, cases: of.len() as u64, ..Self::default() }
    }

    /// The middle; between the two middle ones of an even number.
    pub fn median(mut of: Vec<f64>) -> Self {
        of.sort_by(f64::total_cmp);
        let upper = of.get(of.len() / 2).copied();
        let lower = of.get(of.len().saturating_sub(1) / 2).copied();
        let actual = lower.zip(upper).map(|(lower, upper)| f64::midpoint(lower, upper));
        Self { actual, cases: of.len() as u64, ..Self::default() }
    }

    /// The figure, where it rests on enough cases to say something.
    pub fn told(&self) -> Option<f64> {
        self.actual.filter(|_| self.cases >= FEWEST)
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
pub(super) fn number(of: usize) -> f64 {
    of as f64
}
