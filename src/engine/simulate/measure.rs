//! What is measured every hour.

use crate::assign::{OverflowRules, persistent};
use model::Timestamp;
use std::collections::HashMap;

/// Waiting work by capability.
#[derive(Debug, Default)]
pub struct Meter {
    pub capabilities: Vec<Waiting>,
    numbers: HashMap<Box<str>, usize>,
    /// Most that waited at a time.
    pub peak: u32,
    /// Hours in which work for some capability had waited too long.
    pub overflow_hours: u32,
}

/// Work that waits for one capability.
#[derive(Debug, Default)]
pub struct Waiting {
    pub name: Box<str>,
    pub peak: u32,
    pub overflow_hours: u32,
}

impl Meter {
    /// Number of a capability.
    pub fn capability(&mut self, name: &str) -> usize {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.capabilities.len();
        self.numbers.insert(name.into(), number);
        self.capabilities.push(Waiting { name: name.into(), ..Waiting::default() });
        number
    }

    /// What waits at the end of an hour: capability and arrival of each task.
    pub fn hour(&mut self, waiting: Vec<(usize, Timestamp)>, rules: OverflowRules, now: Timestamp) {
        let count = |many: usize| u32::try_from(many).unwrap_or(u32::MAX);
        self.peak = self.peak.max(count(waiting.len()));
        let mut arrived = vec![Vec::new(); self.capabilities.len()];
        for (capability, at) in waiting {
            arrived[capability].push(at);
        }
        let mut any = false;
        for (capability, arrived) in self.capabilities.iter_mut().zip(arrived) {
            capability.peak = capability.peak.max(count(arrived.len()));
            if persistent(arrived.into_iter(), rules, now).is_some() {
                capability.overflow_hours += 1;
                any = true;
            }
        }
        self.overflow_hours += u32::from(any);
    }
}
