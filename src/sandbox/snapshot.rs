//! The whole account in a form that tests can compare with.

use crate::clock::iso;
use crate::hubspot::kinds::Kind;
use crate::hubspot::record::Record;
use crate::hubspot::state::State;
use std::collections::BTreeMap;

/// Type (plural name) → id → record. Archived records are in it, merged ones are not.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Snapshot(pub BTreeMap<String, BTreeMap<String, Shot>>);

#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Shot {
    /// Set values, with `hs_object_id`, create and modified date among them.
    pub properties: BTreeMap<String, String>,
    pub archived: bool,
    /// Type → id → association type ids. Ends in the bin are left out, as reads leave them out.
    pub associations: BTreeMap<String, BTreeMap<String, Vec<u32>>>,
}

impl Snapshot {
    pub(crate) fn of(state: &State) -> Self {
        let shots =
            |kind: Kind| state.all(kind).values().map(move |r| (r.id.to_string(), shot(state, kind, r)));
        Self(Kind::ALL.into_iter().map(|kind| (kind.plural().to_owned(), shots(kind).collect())).collect())
    }

    pub fn of_type(&self, kind: Kind) -> impl Iterator<Item = (&String, &Shot)> {
        self.0.get(kind.plural()).into_iter().flatten()
    }

    pub fn get(&self, kind: Kind, id: u64) -> Option<&Shot> {
        self.0.get(kind.plural())?.get(&id.to_string())
    }

    pub fn live(&self, kind: Kind) -> usize {
        self.of_type(kind).filter(|(_, shot)| !shot.archived).count()
    }
}

fn shot(state: &State, kind: Kind, record: &Record) -> Shot {
    let mut properties = state.values(kind, record);
    properties.insert("hs_object_id".to_owned(), record.id.to_string());
    properties.insert(kind.created_property().to_owned(), iso(record.created));
    properties.insert(kind.modified_property().to_owned(), iso(record.updated));
    let mut associations: BTreeMap<String, BTreeMap<String, Vec<u32>>> = BTreeMap::new();
    if record.is_live() {
        for ((to, id), types) in
            state.graph.from((kind, record.id)).filter(|((to, id), _)| state.is_live(*to, *id))
        {
            let ids = associations.entry(to.plural().to_owned()).or_default();
            ids.insert(id.to_string(), types.iter().copied().collect());
        }
    }
    Shot { properties, archived: !record.is_live(), associations }
}
