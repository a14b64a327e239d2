//! `POST objects/{type}/batch/read` and `batch/archive`.

use super::{MOST, answer, unknown, within_limit};
use crate::hubspot::hub::Hub;
use crate::hubspot::kinds::Kind;
use crate::hubspot::objects::{Ref, resolve};
use crate::hubspot::problem::Problem;
use crate::hubspot::render::{Columns, Extra, object};
use crate::hubspot::reply::Reply;
use crate::hubspot::request::Ask;
use crate::hubspot::state::By;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Read {
    inputs: Vec<Ref>,
    #[serde(default)]
    properties: Vec<String>,
    #[serde(default)]
    properties_with_history: Vec<String>,
    id_property: Option<String>,
}

/// Unknown ids are missing from the results (207); a merged id answers with its winner, once.
pub fn read(hub: &mut Hub, at: i64, ask: &Ask, kind: Kind) -> Result<Reply, Problem> {
    let body: Read = ask.json()?;
    within_limit(body.inputs.len(), if body.properties_with_history.is_empty() { MOST } else { 50 })?;
    let archived = ask.flag("archived");
    let names: Vec<&str> = body.properties.iter().map(String::as_str).collect();
    let history: Vec<&str> = body.properties_with_history.iter().map(String::as_str).collect();
    let columns = Columns::asked(hub.state.schema(kind), &names, &history);
    let (mut results, mut lost) = (Vec::new(), Vec::new());
    let mut seen = std::collections::BTreeSet::new();
    for input in &body.inputs {
        let found = match resolve(&hub.state, kind, &input.id, body.id_property.as_deref()) {
            Ok(record) => Some(record).filter(|r| r.is_live() != archived),
            Err(problem) if problem.status == 404 => None,
            Err(problem) => return Err(problem),
        };
        match found {
            Some(record) if seen.insert(record.id) => {
                let mut out = Vec::new();
                object(&mut out, record, &columns, Extra::default());
                results.push(out);
            }
            Some(_) => {}
            None => lost.push(input.id.clone()),
        }
    }
    Ok(answer(hub, at, 200, results, &unknown(kind, &lost)))
}

#[derive(Deserialize)]
struct Inputs {
    inputs: Vec<Ref>,
}

/// 204 without a word on single inputs.
pub fn archive(hub: &mut Hub, by: By<'_>, ask: &Ask, kind: Kind) -> Result<Reply, Problem> {
    let body: Inputs = ask.json()?;
    within_limit(body.inputs.len(), MOST)?;
    for id in body.inputs.iter().filter_map(|input| input.id.parse().ok()) {
        hub.state.archive(by, kind, id);
    }
    Ok(Reply::empty())
}
