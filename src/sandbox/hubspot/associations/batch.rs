//! `associations/{from}/{to}/batch/*`, in the v4 and date-based form and in v3's.

use super::graph::Node;
use super::single::{default_json, pair};
use super::{target, types};
use crate::clock::iso;
use crate::hubspot::hub::Hub;
use crate::hubspot::kinds::Kind;
use crate::hubspot::objects::{Ref, TypeRef};
use crate::hubspot::problem::Problem;
use crate::hubspot::reply::Reply;
use crate::hubspot::request::{Ask, id_text, text_of};
use crate::hubspot::state::By;
use serde::Deserialize;
use serde_json::{Value, json};

/// Inputs of a read.
const READS: usize = 1000;
/// Inputs of a create.
const CREATES: usize = 2000;
/// Associations of one input on one page.
const PAGE: usize = 500;

/// Which two types, and whether the old form is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair {
    pub from: Kind,
    pub to: Kind,
    pub v3: bool,
}

#[derive(Deserialize)]
struct Inputs<T> {
    inputs: Vec<T>,
}

#[derive(Deserialize)]
struct From {
    #[serde(deserialize_with = "id_text")]
    id: String,
    #[serde(default)]
    after: Value,
}

fn inputs<T: serde::de::DeserializeOwned>(ask: &Ask, most: usize) -> Result<Vec<T>, Problem> {
    let inputs = ask.json::<Inputs<T>>()?.inputs;
    if inputs.is_empty() || inputs.len() > most {
        return Err(Problem::invalid(format!("The number of inputs must be between 1 and {most}")));
    }
    Ok(inputs)
}

/// Sources without associations are not in the results but in `errors` (207); v3 knows no paging.
pub fn read(hub: &mut Hub, by: By<'_>, ask: &Ask, pair: Pair) -> Result<Reply, Problem> {
    let (mut results, mut errors) = (Vec::new(), Vec::new());
    for input in inputs::<From>(ask, READS)? {
        let record = input.id.parse().ok().and_then(|id| hub.state.find_live(pair.from, id));
        let all = record.map_or_else(Vec::new, |r| hub.state.associated((pair.from, r.id), pair.to));
        if all.is_empty() {
            errors.push(none(&input.id, pair));
        } else {
            results.push(found(&input, &all, pair));
        }
    }
    if let Some(dice) = &mut hub.shuffle {
        dice.shuffle(&mut results);
    }
    Ok(answer(by, 200, &results, &errors))
}

fn found(input: &From, all: &[(u64, Vec<u32>)], pair: Pair) -> Value {
    if pair.v3 {
        let to: Vec<Value> = all
            .iter()
            .flat_map(|(id, ids)| {
                ids.iter()
                    .map(|t| json!({"id": id.to_string(), "type": types::v3_name(pair.from, pair.to, *t)}))
            })
            .collect();
        return json!({"from": {"id": input.id}, "to": to});
    }
    let after = text_of(&input.after).parse::<u64>().unwrap_or(0);
    let mut rest = all.iter().filter(|(id, _)| *id >= after);
    let to: Vec<Value> =
        rest.by_ref().take(PAGE).map(|(id, ids)| target(pair.from, pair.to, *id, ids)).collect();
    let mut body = json!({"from": {"id": input.id}, "to": to});
    if let (Some((next, _)), Some(map)) = (rest.next(), body.as_object_mut()) {
        map.insert("paging".to_owned(), json!({"next": {"after": next.to_string(), "link": "?"}}));
    }
    body
}

fn none(id: &str, pair: Pair) -> Value {
    let text = format!("No {} is associated with {} {id}.", pair.to.singular(), pair.from.singular());
    let problem =
        Problem { sub_category: Some("crm.associations.NO_ASSOCIATIONS_FOUND"), ..Problem::not_found(text) };
    problem
        .with_context("fromObjectId", &[id])
        .with_context("fromObjectType", &[pair.from.type_id()])
        .with_context("toObjectType", &[pair.to.type_id()])
        .as_item()
}

fn answer(by: By<'_>, status: u16, results: &[Value], errors: &[Value]) -> Reply {
    let mut body = json!({
        "status": "COMPLETE", "results": results, "startedAt": iso(by.at), "completedAt": iso(by.at),
    });
    let status = if errors.is_empty() { status } else { 207 };
    if let (207, Some(map)) = (status, body.as_object_mut()) {
        map.insert("numErrors".to_owned(), errors.len().into());
        map.insert("errors".to_owned(), errors.into());
    }
    Reply::json(status, &body)
}

#[derive(Deserialize)]
struct Link {
    from: Ref,
    to: Ref,
    #[serde(default)]
    types: Vec<TypeRef>,
    /// v3: the name of the type.
    #[serde(rename = "type")]
    name: Option<String>,
}

impl Link {
    fn ends(&self, pair: Pair) -> Result<(Node, Node), Problem> {
        let id = |text: &str| text.parse().map_err(|_| Problem::invalid(format!("{text} is not a valid id")));
        Ok(((pair.from, id(&self.from.id)?), (pair.to, id(&self.to.id)?)))
    }

    fn types(&self, pair: Pair) -> Result<Vec<u32>, Problem> {
        let Some(name) = &self.name else {
            return Ok(self.types.iter().map(|t| t.association_type_id).collect());
        };
        let spec = types::spec(pair.from, pair.to);
        let known = spec.into_iter().flat_map(|s| [Some(s.default), s.primary]).flatten();
        let mut named =
            known.filter(|t| *name == types::v3_name(pair.from, pair.to, *t) || *name == t.to_string());
        let bad = || Problem::invalid(format!("{name} is not a valid association type"));
        Ok(vec![named.next().ok_or_else(bad)?])
    }
}

/// `batch/create` → 201; v3 answers both directions.
pub fn create(hub: &mut Hub, by: By<'_>, ask: &Ask, pair_: Pair) -> Result<Reply, Problem> {
    let (mut results, mut errors) = (Vec::new(), Vec::new());
    for link in inputs::<Link>(ask, CREATES)? {
        let ((from, to), types) = (link.ends(pair_)?, link.types(pair_)?);
        match hub.state.associate(by, from, to, &types) {
            Ok(_) if pair_.v3 => {
                let name =
                    |a: Node, b: Node| types::spec(a.0, b.0).map(|s| types::v3_name(a.0, b.0, s.default));
                for (a, b) in [(from, to), (to, from)] {
                    results.push(json!({
                        "from": {"id": a.1.to_string()}, "to": {"id": b.1.to_string()}, "type": name(a, b),
                    }));
                }
            }
            Ok(_) => results.push(pair(from, to, &types)),
            Err(problem) => errors.push(problem.as_item()),
        }
    }
    Ok(answer(by, 201, &results, &errors))
}

/// `batch/associate/default` → 200.
pub fn associate_default(hub: &mut Hub, by: By<'_>, ask: &Ask, pair: Pair) -> Result<Reply, Problem> {
    let (mut results, mut errors) = (Vec::new(), Vec::new());
    for link in inputs::<Link>(ask, CREATES)? {
        let (from, to) = link.ends(pair)?;
        match hub.state.associate(by, from, to, &[]) {
            Ok(_) => results.extend([default_json(from, to), default_json(to, from)]),
            Err(problem) => errors.push(problem.as_item()),
        }
    }
    Ok(answer(by, 200, &results, &errors))
}

#[derive(Deserialize)]
struct Unlink {
    from: Ref,
    /// One in v3, several in v4.
    to: Value,
}

/// `batch/archive` → 204.
pub fn archive(hub: &mut Hub, by: By<'_>, ask: &Ask, pair: Pair) -> Result<Reply, Problem> {
    for unlink in inputs::<Unlink>(ask, CREATES)? {
        let Ok(from) = unlink.from.id.parse() else { continue };
        let many = unlink.to.as_array().cloned().unwrap_or_else(|| vec![unlink.to.clone()]);
        for to in many.iter().filter_map(|t| text_of(&t["id"]).parse().ok()) {
            hub.state.dissociate(by, (pair.from, from), (pair.to, to), None);
        }
    }
    Ok(Reply::empty())
}

/// `batch/labels/archive` → 204: takes only the named types away.
pub fn archive_labels(hub: &mut Hub, by: By<'_>, ask: &Ask, pair: Pair) -> Result<Reply, Problem> {
    for link in inputs::<Link>(ask, CREATES)? {
        let ((from, to), types) = (link.ends(pair)?, link.types(pair)?);
        hub.state.dissociate(by, from, to, Some(&types));
    }
    Ok(Reply::empty())
}
