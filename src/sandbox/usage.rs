//! How the account was used: counts per endpoint family and status, and when.

use std::collections::BTreeMap;

#[derive(Clone, Debug, Default)]
pub struct Usage {
    /// Requests per endpoint family, e.g. `list`, `search`, `batch/read`, `associations/read`, `create`.
    pub by_family: BTreeMap<String, u64>,
    /// Answers per status.
    pub by_status: BTreeMap<u16, u64>,
    /// Requests that got no (whole) answer.
    pub broken: u64,
    /// Faults dealt out.
    pub faults: u64,
    /// When requests came (epoch ms): (searches, all others).
    pub times: (Vec<i64>, Vec<i64>),
}

impl Usage {
    pub(crate) fn came(&mut self, family: &str, now: i64) {
        match self.by_family.get_mut(family) {
            Some(count) => *count += 1,
            None => {
                self.by_family.insert(family.to_owned(), 1);
            }
        }
        if family == "search" { self.times.0.push(now) } else { self.times.1.push(now) }
    }

    pub fn requests(&self) -> u64 {
        self.by_family.values().sum()
    }

    pub fn family(&self, name: &str) -> u64 {
        self.by_family.get(name).copied().unwrap_or(0)
    }

    /// Answers with status 429.
    pub fn too_many(&self) -> u64 {
        self.by_status.get(&429).copied().unwrap_or(0)
    }

    /// The most requests in any window of `ms`: searches, all others.
    pub fn peak(&self, ms: i64) -> (usize, usize) {
        (peak(&self.times.0, ms), peak(&self.times.1, ms))
    }
}

fn peak(times: &[i64], ms: i64) -> usize {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    let in_window = |end: &i64| {
        let first = sorted.partition_point(|t| *t <= end - ms);
        sorted.partition_point(|t| t <= end) - first
    };
    sorted.iter().map(in_window).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_that_of_the_fullest_window() {
        let mut usage = Usage::default();
        for at in [0, 100, 900, 1_000, 1_050, 5_000] {
            usage.came("list", at);
        }
        assert_eq!(usage.peak(1_000), (0, 4));
        assert_eq!(usage.requests(), 6);
    }
}
