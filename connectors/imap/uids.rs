//! Sets of UIDs, kept and written as ranges (`1:7,9`).

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::fmt;

/// A set of UIDs: ranges in order that neither overlap nor touch.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Uids(Vec<(u32, u32)>);

impl Uids {
    /// All UIDs below `end`.
    pub fn below(end: u32) -> Self {
        Self::between(1, end)
    }

    /// All UIDs from one on to before another.
    pub fn between(from: u32, end: u32) -> Self {
        Self(if end > from { vec![(from, end - 1)] } else { Vec::new() })
    }

    /// All UIDs from one on.
    pub fn from_on(from: u32) -> Self {
        Self(vec![(from, u32::MAX)])
    }

    /// Reads `1:7,9`, in any order; `None` when it is not that. `*` is nothing that a server sends here.
    pub fn parse(text: &str) -> Option<Self> {
        if text.is_empty() {
            return Some(Self::default());
        }
        let range = |part: &str| {
            let (from, to) = part.split_once(':').unwrap_or((part, part));
            let (from, to): (u32, u32) = (from.parse().ok()?, to.parse().ok()?);
            Some((from.min(to), from.max(to)))
        };
        Some(Self::of(text.split(',').map(range).collect::<Option<Vec<_>>>()?))
    }

    fn of(mut ranges: Vec<(u32, u32)>) -> Self {
        ranges.sort_unstable();
        let mut set = Self::default();
        for (from, to) in ranges {
            set.append(from, to);
        }
        set
    }

    /// Adds a range that begins behind the beginnings of all others.
    fn append(&mut self, from: u32, to: u32) {
        match self.0.last_mut() {
            Some((_, last)) if from <= last.saturating_add(1) => *last = to.max(*last),
            _ => self.0.push((from, to)),
        }
    }

    /// How many.
    pub fn len(&self) -> u64 {
        self.0.iter().map(|(from, to)| u64::from(to - from) + 1).sum()
    }

    /// None at all?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Number of ranges: what it takes to write them down.
    pub fn ranges(&self) -> usize {
        self.0.len()
    }

    /// The highest.
    pub fn last(&self) -> Option<u32> {
        self.0.last().map(|(_, to)| *to)
    }

    /// Is it one of them?
    pub fn contains(&self, uid: u32) -> bool {
        let at = self.0.partition_point(|(_, to)| *to < uid);
        self.0.get(at).is_some_and(|(from, _)| *from <= uid)
    }

    /// In order.
    pub fn iter(&self) -> impl Iterator<Item = u32> {
        self.0.iter().flat_map(|(from, to)| *from..=*to)
    }

    /// Adds those of another set.
    pub fn extend(&mut self, other: &Self) {
        if other.0.first().is_some_and(|(from, _)| self.0.last().is_none_or(|(last, _)| last < from)) {
            other.0.iter().for_each(|(from, to)| self.append(*from, *to));
        } else if !other.is_empty() {
            let mut all = std::mem::take(&mut self.0);
            all.extend_from_slice(&other.0);
            *self = Self::of(all);
        }
    }

    /// Those in both.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let (mut both, mut others) = (Self::default(), other.0.iter().copied().peekable());
        for (from, to) in &self.0 {
            while others.next_if(|(_, end)| end < from).is_some() {}
            while let Some((begin, end)) = others.peek().copied().filter(|(begin, _)| begin <= to) {
                both.append(begin.max(*from), end.min(*to));
                if end > *to {
                    break;
                }
                others.next();
            }
        }
        both
    }

    /// Those that are not in the other.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        let mut gaps = Vec::with_capacity(other.0.len() + 1);
        let mut next = Some(0);
        for (from, to) in &other.0 {
            if let Some(begin) = next.filter(|begin| begin < from) {
                gaps.push((begin, from - 1));
            }
            next = to.checked_add(1);
        }
        gaps.extend(next.map(|begin| (begin, u32::MAX)));
        self.and(&Self(gaps))
    }

    /// Takes the first `most` out.
    pub fn take(&mut self, most: usize) -> Self {
        let first: Self = self.iter().take(most).collect();
        *self = self.without(&first);
        first
    }
}

impl FromIterator<u32> for Uids {
    fn from_iter<T: IntoIterator<Item = u32>>(iter: T) -> Self {
        let mut all: Vec<u32> = iter.into_iter().collect();
        all.sort_unstable();
        let mut set = Self::default();
        for uid in all {
            set.append(uid, uid);
        }
        set
    }
}

impl fmt::Display for Uids {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (from, to)) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            if from == to { write!(f, "{comma}{from}")? } else { write!(f, "{comma}{from}:{to}")? }
        }
        Ok(())
    }
}

impl fmt::Debug for Uids {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Uids {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Uids {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("not a set of UIDs"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn set(text: &str) -> Uids {
        Uids::parse(text).unwrap()
    }

    #[test]
    fn ranges_are_read_in_any_order_and_written_in_the_shortest_way() {
        assert_eq!(set("9,3:1,4,4294967295").to_string(), "1:4,9,4294967295");
        assert_eq!(set("").to_string(), "");
        assert_eq!(Uids::below(1), Uids::default());
        assert_eq!(Uids::below(4).to_string(), "1:3");
        assert!(Uids::parse("1:*").is_none() && Uids::parse("1,,2").is_none() && Uids::parse("-1").is_none());
    }

    fn some() -> impl Strategy<Value = BTreeSet<u32>> {
        proptest::collection::btree_set(prop_oneof![0_u32..60, (u32::MAX - 5)..=u32::MAX], 0..30)
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn it_does_what_a_set_does(left in some(), right in some(), most in 0_usize..40) {
            let (a, b): (Uids, Uids) = (left.iter().copied().collect(), right.iter().copied().collect());
            let plain = |set: &Uids| set.iter().collect::<BTreeSet<_>>();
            let mut union = a.clone();
            union.extend(&b);
            prop_assert_eq!(plain(&union), &left | &right);
            prop_assert_eq!(plain(&a.and(&b)), &left & &right);
            prop_assert_eq!(plain(&a.without(&b)), &left - &right);
            prop_assert_eq!(a.len(), left.len() as u64);
            prop_assert_eq!(&Uids::parse(&a.to_string()).unwrap(), &a);
            prop_assert!((0..60).all(|uid| a.contains(uid) == left.contains(&uid)));
            let mut rest = a.clone();
            let first = rest.take(most);
            prop_assert_eq!(plain(&first), left.iter().copied().take(most).collect());
            prop_assert_eq!(plain(&rest), left.iter().copied().skip(most).collect());
        }
    }
}
