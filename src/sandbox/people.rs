//! Edits as people make them in the account's own screens: past the API, its limits and its faults.

use crate::core::Sandbox;
use crate::hubspot::Values;
use crate::hubspot::kinds::Kind;
use crate::hubspot::state::{By, State};
use crate::journal::Actor;

/// Why a person couldn't do something; the message of HubSpot's own refusal.
#[derive(Debug)]
pub struct Refused(pub String);

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

impl From<crate::hubspot::problem::Problem> for Refused {
    fn from(problem: crate::hubspot::problem::Problem) -> Self {
        Self(problem.message)
    }
}

fn values(pairs: &[(&str, &str)]) -> Values {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// What people do. Each call is one change, stamped with the sandbox's clock and journalled as the world's.
impl Sandbox {
    fn act<T>(&self, act: impl FnOnce(&mut State, By<'_>) -> T) -> T {
        let now = self.now();
        act(&mut self.lock(now).hub.state, By { actor: &Actor::World, at: now })
    }

    pub fn create(&self, kind: Kind, properties: &[(&str, &str)]) -> Result<u64, Refused> {
        self.act(|state, by| Ok(state.create(by, kind, &values(properties))?))
    }

    /// `false` where nothing differed.
    pub fn edit(&self, kind: Kind, id: u64, properties: &[(&str, &str)]) -> Result<bool, Refused> {
        self.act(|state, by| Ok(!state.update(by, kind, id, &values(properties))?.is_empty()))
    }

    pub fn archive(&self, kind: Kind, id: u64) -> bool {
        self.act(|state, by| state.archive(by, kind, id))
    }

    /// Deletes for good, so that only a census notices.
    pub fn purge(&self, kind: Kind, id: u64) -> bool {
        self.act(|state, by| state.purge(by, kind, id))
    }

    pub fn restore(&self, kind: Kind, id: u64) -> Result<(), Refused> {
        self.act(|state, by| Ok(state.restore(by, kind, id)?))
    }

    /// Gives the id of what remains.
    pub fn merge(&self, kind: Kind, winner: u64, loser: u64) -> Result<u64, Refused> {
        self.act(|state, by| Ok(state.merge(by, kind, winner, loser)?))
    }

    /// Unlabelled (and primary, where it's the first company).
    pub fn associate(&self, from: (Kind, u64), to: (Kind, u64)) -> Result<(), Refused> {
        self.act(|state, by| Ok(state.associate(by, from, to, &[]).map(drop)?))
    }

    pub fn dissociate(&self, from: (Kind, u64), to: (Kind, u64)) {
        self.act(|state, by| state.dissociate(by, from, to, None));
    }

    /// Live ids of a type, ascending.
    pub fn ids(&self, kind: Kind) -> Vec<u64> {
        self.read(|state| state.all(kind).values().filter(|r| r.is_live()).map(|r| r.id).collect())
    }

    /// One value of a record, archived or not.
    pub fn value(&self, kind: Kind, id: u64, property: &str) -> Option<String> {
        self.read(|state| {
            let prop = state.schema(kind).id(property)?;
            state.all(kind).get(&id)?.value(prop).map(std::borrow::Cow::into_owned)
        })
    }

    /// The one record of a type whose `property` has `value`, e.g. a contact by e-mail.
    pub fn find(&self, kind: Kind, property: &str, value: &str) -> Option<u64> {
        self.read(|state| {
            let prop = state.schema(kind).id(property)?;
            let holds = |r: &&crate::hubspot::record::Record| {
                r.is_live() && r.value(prop).is_some_and(|v| v == value)
            };
            state.all(kind).values().find(holds).map(|r| r.id)
        })
    }

    /// Sets one modified date on every live record of a type, as a portal-wide job does. Gives their number.
    pub fn restamp_all(&self, kind: Kind) -> usize {
        self.act(|state, by| state.restamp_all(by, kind))
    }
}
