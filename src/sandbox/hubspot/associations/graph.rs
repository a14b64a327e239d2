//! Who is associated with whom. Changing it doesn't touch any record's modified date.

use super::types::{Spec, one_primary, reverse, spec};
use crate::hubspot::kinds::Kind;
use crate::hubspot::problem::Problem;
use crate::hubspot::state::{By, State};
use crate::journal::Effect;
use std::collections::{BTreeMap, BTreeSet};

/// A record: type and id.
pub type Node = (Kind, u64);

#[derive(Clone, Debug, Default)]
pub struct Graph {
    edges: BTreeMap<Node, BTreeMap<Node, BTreeSet<u32>>>,
}

impl Graph {
    /// The associations of `from` to records of one type, by id.
    pub fn of(&self, from: Node, to: Kind) -> impl Iterator<Item = (u64, &BTreeSet<u32>)> {
        let all = self.edges.get(&from).into_iter();
        all.flat_map(move |m| m.range((to, 0)..=(to, u64::MAX))).map(|((_, id), types)| (*id, types))
    }

    /// All associations of `from`.
    pub fn from(&self, from: Node) -> impl Iterator<Item = (Node, &BTreeSet<u32>)> {
        self.edges.get(&from).into_iter().flatten().map(|(to, types)| (*to, types))
    }

    fn has(&self, from: Node, to: Node, type_id: u32) -> bool {
        self.edges.get(&from).and_then(|m| m.get(&to)).is_some_and(|types| types.contains(&type_id))
    }

    fn add(&mut self, from: Node, to: Node, type_id: u32) -> bool {
        if let Some(back) = reverse(from.0, to.0, type_id) {
            self.edges.entry(to).or_default().entry(from).or_default().insert(back);
        }
        self.edges.entry(from).or_default().entry(to).or_default().insert(type_id)
    }

    fn remove(&mut self, from: Node, to: Node, type_id: u32) -> bool {
        let back = reverse(from.0, to.0, type_id);
        self.drop_one(to, from, back);
        self.drop_one(from, to, Some(type_id))
    }

    fn drop_one(&mut self, from: Node, to: Node, type_id: Option<u32>) -> bool {
        let Some(all) = self.edges.get_mut(&from) else { return false };
        let Some(types) = all.get_mut(&to) else { return false };
        let gone = type_id.is_some_and(|id| types.remove(&id));
        if types.is_empty() {
            all.remove(&to);
        }
        gone
    }

    /// Takes away all associations of a record.
    pub fn forget(&mut self, gone: Node) {
        for to in self.edges.remove(&gone).unwrap_or_default().into_keys() {
            if let Some(back) = self.edges.get_mut(&to) {
                back.remove(&gone);
            }
        }
    }

    /// Everything that hung on `loser` hangs on `winner` now.
    pub fn inherit(&mut self, loser: Node, winner: Node) {
        let moved: Vec<(Node, Vec<u32>)> =
            self.from(loser).map(|(to, types)| (to, types.iter().copied().collect())).collect();
        for (to, types) in moved {
            for type_id in types {
                self.remove(loser, to, type_id);
                let second_primary = one_primary(winner.0, to.0)
                    && spec(winner.0, to.0).and_then(|s| s.primary) == Some(type_id)
                    && self.primary(winner, to.0).is_some();
                if !second_primary && to != winner {
                    self.add(winner, to, type_id);
                }
            }
        }
        self.edges.remove(&loser);
    }

    /// The primary record of a type.
    pub fn primary(&self, from: Node, to: Kind) -> Option<u64> {
        let primary = spec(from.0, to)?.primary?;
        self.of(from, to).find(|(_, types)| types.contains(&primary)).map(|(id, _)| id)
    }
}

impl State {
    /// Associates two live records by `types` (none = unlabelled). The first company becomes the primary one.
    pub fn associate(
        &mut self,
        by: By<'_>,
        from: Node,
        to: Node,
        types: &[u32],
    ) -> Result<Vec<u32>, Problem> {
        let (from, to, spec) = self.ends(from, to)?;
        let mut wanted = BTreeSet::from([spec.default]);
        for type_id in types {
            if reverse(from.0, to.0, *type_id).is_none() {
                return Err(wrong_type(from.0, to.0, *type_id));
            }
            wanted.insert(*type_id);
        }
        self.choose_primary(from, to, &mut wanted);
        let added: Vec<u32> = wanted.iter().copied().filter(|t| !self.graph.has(from, to, *t)).collect();
        for type_id in &added {
            self.graph.add(from, to, *type_id);
        }
        if !added.is_empty() {
            let effect = Effect::Associated { to: to.0, to_id: to.1, types: added };
            self.journal.write(by.at, by.actor, from.0, from.1, effect, BTreeMap::new());
        }
        Ok(wanted.into_iter().collect())
    }

    /// A record has one primary company at most: the first one, until another is named.
    fn choose_primary(&mut self, from: Node, to: Node, wanted: &mut BTreeSet<u32>) {
        let (child, company) = if one_primary(from.0, to.0) {
            (from, to)
        } else if one_primary(to.0, from.0) {
            (to, from)
        } else {
            return;
        };
        let Some(down) = spec(child.0, company.0).and_then(|s| s.primary) else { return };
        let Some(mine) = spec(from.0, to.0).and_then(|s| s.primary) else { return };
        match self.graph.primary(child, company.0) {
            None => {
                wanted.insert(mine);
            }
            Some(old) if wanted.contains(&mine) && old != company.1 => {
                self.graph.remove(child, (company.0, old), down);
            }
            Some(_) => {}
        }
    }

    /// Takes an association away, all of it or some types.
    pub fn dissociate(&mut self, by: By<'_>, from: Node, to: Node, types: Option<&[u32]>) {
        let Ok((from, to, _)) = self.ends(from, to) else { return };
        let there: Vec<u32> =
            self.graph.of(from, to.0).find(|(id, _)| *id == to.1).map_or_else(Vec::new, |(_, t)| {
                t.iter().copied().filter(|t| types.is_none_or(|some| some.contains(t))).collect()
            });
        let gone: Vec<u32> = there.into_iter().filter(|t| self.graph.remove(from, to, *t)).collect();
        if !gone.is_empty() {
            let effect = Effect::Dissociated { to: to.0, to_id: to.1, types: gone };
            self.journal.write(by.at, by.actor, from.0, from.1, effect, BTreeMap::new());
        }
    }

    fn ends(&self, from: Node, to: Node) -> Result<(Node, Node, Spec), Problem> {
        let spec = spec(from.0, to.0).ok_or_else(|| no_pair(from.0, to.0))?;
        let live = |node: Node| {
            let found = self.find_live(node.0, node.1).map(|record| (node.0, record.id));
            found.ok_or_else(|| missing(node))
        };
        Ok((live(from)?, live(to)?, spec))
    }

    /// The associations of a record as they are read: archived ends are left out.
    pub fn associated(&self, from: Node, to: Kind) -> Vec<(u64, Vec<u32>)> {
        let live = |(id, _): &(u64, &BTreeSet<u32>)| self.is_live(to, *id);
        self.graph
            .of(from, to)
            .filter(live)
            .map(|(id, types)| (id, types.iter().copied().collect()))
            .collect()
    }
}

fn no_pair(from: Kind, to: Kind) -> Problem {
    Problem::invalid(format!("No associations are possible between {} and {}", from.type_id(), to.type_id()))
}

fn wrong_type(from: Kind, to: Kind, type_id: u32) -> Problem {
    let pair = format!("{} to {}", from.type_id(), to.type_id());
    Problem::invalid(format!("One or more association types are not valid for object type ids {pair}"))
        .with_context("typeId", &[&type_id.to_string()])
}

fn missing(node: Node) -> Problem {
    let text = format!("One or more {} ids were not found: {}", node.0.plural(), node.1);
    Problem::not_found(text).with_context("id", &[&node.1.to_string()])
}
