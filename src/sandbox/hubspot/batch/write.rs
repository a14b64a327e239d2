//! `batch/create`, `batch/update`, `batch/upsert`. Without a trace id on every input one bad input fails them all.

use super::{MOST, answer, unknown, within_limit};
use crate::hubspot::check::Values;
use crate::hubspot::hub::Hub;
use crate::hubspot::kinds::Kind;
use crate::hubspot::objects::{NewObject, far_ends, make, resolve};
use crate::hubspot::problem::Problem;
use crate::hubspot::render::{Columns, Extra, object};
use crate::hubspot::reply::Reply;
use crate::hubspot::request::{Ask, id_text, value_map};
use crate::hubspot::state::{By, State};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeSet;

#[derive(Deserialize)]
struct Creates {
    inputs: Vec<NewObject>,
}

pub fn create(hub: &mut Hub, by: By<'_>, ask: &Ask, kind: Kind) -> Result<Reply, Problem> {
    let inputs = ask.json::<Creates>()?.inputs;
    within_limit(inputs.len(), MOST)?;
    let traces: Vec<_> = inputs.iter().map(|i| i.object_write_trace_id.as_deref()).collect();
    let partial = all_traced(&traces);
    if !partial {
        let mut seen = BTreeSet::new();
        for new in &inputs {
            hub.state.check_create(kind, &new.properties)?;
            far_ends(&hub.state, kind, new)?;
            twice(&hub.state, kind, &new.properties, &mut seen)?;
        }
    }
    let (mut results, mut errors) = (Vec::new(), Vec::new());
    for new in &inputs {
        let trace = new.object_write_trace_id.as_deref();
        match make(&mut hub.state, by, kind, new) {
            Ok(id) => results.push(written(&hub.state, kind, id, None, Extra { trace, ..Extra::default() })),
            Err(problem) => errors.push(failed(problem, trace)),
        }
    }
    Ok(answer(hub, by.at, 201, results, &errors))
}

/// Two inputs of one batch with the same unique value conflict with each other.
fn twice(
    state: &State,
    kind: Kind,
    values: &Values,
    seen: &mut BTreeSet<(String, String)>,
) -> Result<(), Problem> {
    for prop in state.schema(kind).unique_ids() {
        let name = state.schema(kind).name(prop);
        let Some(value) = values.get(name).filter(|v| !v.is_empty()) else { continue };
        if !seen.insert((name.to_owned(), value.to_lowercase())) {
            return Err(Problem::conflict(format!("Duplicate {name} in the inputs: {value}")));
        }
    }
    Ok(())
}

/// One input of update and upsert.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Change {
    #[serde(deserialize_with = "id_text")]
    id: String,
    id_property: Option<String>,
    #[serde(default, deserialize_with = "value_map")]
    properties: Values,
    object_write_trace_id: Option<String>,
}

#[derive(Deserialize)]
struct Changes {
    inputs: Vec<Change>,
}

pub fn update(hub: &mut Hub, by: By<'_>, ask: &Ask, kind: Kind) -> Result<Reply, Problem> {
    let inputs = ask.json::<Changes>()?.inputs;
    within_limit(inputs.len(), MOST)?;
    let traces: Vec<_> = inputs.iter().map(|i| i.object_write_trace_id.as_deref()).collect();
    let partial = all_traced(&traces);
    let (mut lost, mut good) = (Vec::new(), Vec::new());
    for change in &inputs {
        match resolve(&hub.state, kind, &change.id, change.id_property.as_deref()) {
            Ok(record) if record.is_live() => {
                if !partial {
                    hub.state.check_update(kind, record.id, &change.properties)?;
                }
                good.push((record.id, change));
            }
            Err(problem) if problem.status != 404 => return Err(problem),
            Ok(_) | Err(_) => lost.push(change.id.clone()),
        }
    }
    let (mut results, mut errors) = (Vec::new(), unknown(kind, &lost));
    for (id, change) in good {
        let trace = change.object_write_trace_id.as_deref();
        match hub.state.update(by, kind, id, &change.properties) {
            Ok(_) => {
                let extra = Extra { trace, ..Extra::default() };
                results.push(written(&hub.state, kind, id, Some(&change.properties), extra));
            }
            Err(problem) => errors.push(failed(problem, trace)),
        }
    }
    Ok(answer(hub, by.at, 200, results, &errors))
}

/// Needs a unique property; a repeat becomes an update, and `new` says which it was.
pub fn upsert(hub: &mut Hub, by: By<'_>, ask: &Ask, kind: Kind) -> Result<Reply, Problem> {
    let inputs = ask.json::<Changes>()?.inputs;
    within_limit(inputs.len(), MOST)?;
    let traces: Vec<_> = inputs.iter().map(|i| i.object_write_trace_id.as_deref()).collect();
    let partial = all_traced(&traces);
    let mut seen = BTreeSet::new();
    for change in &inputs {
        if !seen.insert((change.id_property.clone(), change.id.to_lowercase())) {
            return Err(Problem::invalid(format!("Duplicate IDs found in batch input: {}", change.id)));
        }
        if !partial {
            check_upsert(&hub.state, kind, change)?;
        }
    }
    let (mut results, mut errors) = (Vec::new(), Vec::new());
    for change in &inputs {
        let trace = change.object_write_trace_id.as_deref();
        match upsert_one(&mut hub.state, by, kind, change) {
            Ok((id, new)) => {
                let extra = Extra { trace, new: Some(new), ..Extra::default() };
                results.push(written(&hub.state, kind, id, None, extra));
            }
            Err(problem) => errors.push(failed(problem, trace)),
        }
    }
    Ok(answer(hub, by.at, 200, results, &errors))
}

/// The record an upsert meets, and the values with the identifying one among them.
fn target(state: &State, kind: Kind, change: &Change) -> Result<(Option<u64>, Values), Problem> {
    let Some(name) = change.id_property.as_deref() else {
        return Err(Problem::invalid("idProperty is required for upsert"));
    };
    let found = match resolve(state, kind, &change.id, Some(name)) {
        Ok(record) => Some(record.id),
        Err(problem) if problem.status == 404 => None,
        Err(problem) => return Err(problem),
    };
    let mut values = change.properties.clone();
    if found.is_none() {
        values.entry(name.to_owned()).or_insert_with(|| change.id.clone());
    }
    Ok((found, values))
}

fn check_upsert(state: &State, kind: Kind, change: &Change) -> Result<(), Problem> {
    match target(state, kind, change)? {
        (Some(id), values) => state.check_update(kind, id, &values).map(drop),
        (None, values) => state.check_create(kind, &values).map(drop),
    }
}

fn upsert_one(state: &mut State, by: By<'_>, kind: Kind, change: &Change) -> Result<(u64, bool), Problem> {
    match target(state, kind, change)? {
        (Some(id), values) => state.update(by, kind, id, &values).map(|_| (id, false)),
        (None, values) => state.create(by, kind, &values).map(|id| (id, true)),
    }
}

fn all_traced(traces: &[Option<&str>]) -> bool {
    let distinct: BTreeSet<&str> = traces.iter().flatten().copied().collect();
    !traces.is_empty() && distinct.len() == traces.len()
}

fn failed(problem: Problem, trace: Option<&str>) -> Value {
    match trace {
        Some(trace) => problem.with_context("objectWriteTraceId", &[trace]).as_item(),
        None => problem.as_item(),
    }
}

fn written(state: &State, kind: Kind, id: u64, sent: Option<&Values>, extra: Extra<'_>) -> Vec<u8> {
    let schema = state.schema(kind);
    let columns = match sent {
        Some(values) => {
            let names: Vec<&str> = values.keys().map(String::as_str).collect();
            Columns::changed(schema, &names)
        }
        None => Columns::all(schema),
    };
    let mut out = Vec::new();
    if let Some(record) = state.find(kind, id) {
        object(&mut out, record, &columns, extra);
    }
    out
}
