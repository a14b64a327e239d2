//! What really happened in the account: the judge in tests of "exactly once".

use crate::hubspot::kinds::Kind;
use std::collections::BTreeMap;

/// Who caused an effect.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Actor {
    /// A client, by the name of its token's app.
    Api(String),
    /// People in the account, played by the world.
    World,
    /// The generator or a load; not written to the journal.
    Seed,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    Created,
    Updated,
    Archived,
    Restored,
    /// Removed for good.
    Purged,
    /// `loser` disappeared into this record.
    Merged {
        loser: u64,
    },
    Associated {
        to: Kind,
        to_id: u64,
        types: Vec<u32>,
    },
    Dissociated {
        to: Kind,
        to_id: u64,
        types: Vec<u32>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub seq: u64,
    /// Epoch milliseconds.
    pub at: i64,
    pub actor: Actor,
    pub kind: Kind,
    pub id: u64,
    pub effect: Effect,
    /// Changed properties with their new values (derived ones included).
    pub changed: BTreeMap<String, String>,
}

impl Entry {
    pub fn by_api(&self) -> bool {
        matches!(self.actor, Actor::Api(_))
    }

    /// Does any value written contain `text`?
    pub fn mentions(&self, text: &str) -> bool {
        self.changed.values().any(|value| value.contains(text))
    }
}

#[derive(Clone, Debug, Default)]
pub struct Journal {
    entries: Vec<Entry>,
    off: bool,
}

impl Journal {
    pub fn new(on: bool) -> Self {
        Self { entries: Vec::new(), off: !on }
    }

    pub(crate) fn write(
        &mut self,
        at: i64,
        actor: &Actor,
        kind: Kind,
        id: u64,
        effect: Effect,
        changed: BTreeMap<String, String>,
    ) {
        if self.off || *actor == Actor::Seed {
            return;
        }
        let seq = self.entries.len() as u64 + 1;
        self.entries.push(Entry { seq, at, actor: actor.clone(), kind, id, effect, changed });
    }

    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Records of a type that were created with `marker` somewhere in a value: more than one is a duplicate.
    pub fn creates_with(&self, kind: Kind, marker: &str) -> Vec<&Entry> {
        let made = |e: &&Entry| e.kind == kind && e.effect == Effect::Created && e.mentions(marker);
        self.entries.iter().filter(made).collect()
    }

    /// Effects caused by clients, of any kind.
    pub fn by_api(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|e| e.by_api())
    }

    /// How often a client set `property` of a record to `value`.
    pub fn api_sets(&self, kind: Kind, id: u64, property: &str, value: &str) -> usize {
        let set = |e: &&Entry| {
            e.kind == kind && e.id == id && e.changed.get(property).is_some_and(|now| now == value)
        };
        self.by_api().filter(set).count()
    }
}
