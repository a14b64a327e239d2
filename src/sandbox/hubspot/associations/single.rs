//! Associations of one record: list, put (default or labelled), delete; and the labels of a pair of types.

use super::graph::Node;
use super::{described, target, types};
use crate::clock::iso;
use crate::hubspot::hub::Hub;
use crate::hubspot::kinds::Kind;
use crate::hubspot::objects::TypeRef;
use crate::hubspot::problem::Problem;
use crate::hubspot::reply::Reply;
use crate::hubspot::request::Ask;
use crate::hubspot::state::{By, State};
use serde_json::{Value, json};

/// `GET objects/{from}/{id}/associations/{to}`.
pub fn list(state: &State, ask: &Ask, from: Kind, id: &str, to: Kind) -> Result<Reply, Problem> {
    let record =
        id.parse().ok().and_then(|id| state.find_live(from, id)).ok_or_else(Problem::not_found_page)?;
    let limit = ask.limit(500, 500)?;
    let after = ask.one("after").and_then(|a| a.parse::<u64>().ok()).unwrap_or(0);
    let all = state.associated((from, record.id), to);
    let mut rest = all.iter().filter(|(id, _)| *id >= after);
    let results: Vec<Value> = rest.by_ref().take(limit).map(|(id, ids)| target(from, to, *id, ids)).collect();
    let mut body = json!({"results": results});
    if let (Some((next, _)), Some(map)) = (rest.next(), body.as_object_mut()) {
        map.insert("paging".to_owned(), ask.paging(&next.to_string()));
    }
    Ok(Reply::json(200, &body))
}

/// The v3 form of a default association's answer.
pub fn default_json(from: Node, to: Node) -> Value {
    let type_id = types::spec(from.0, to.0).map(|s| s.default);
    json!({
        "from": {"id": from.1.to_string()}, "to": {"id": to.1.to_string()},
        "associationSpec": {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_id},
    })
}

fn node(kind: Kind, id: &str) -> Result<Node, Problem> {
    let bad = || Problem::invalid(format!("{id} is not a valid {} id", kind.singular()));
    Ok((kind, id.parse().map_err(|_| bad())?))
}

/// `PUT objects/{from}/{id}/associations/default/{to}/{toId}`: no body, idempotent.
pub fn put_default(
    hub: &mut Hub,
    by: By<'_>,
    (from, id): (Kind, &str),
    (to, to_id): (Kind, &str),
) -> Result<Reply, Problem> {
    let (from, to) = (node(from, id)?, node(to, to_id)?);
    hub.state.associate(by, from, to, &[])?;
    let at = iso(by.at);
    let results = [default_json(from, to), default_json(to, from)];
    Ok(Reply::json(
        200,
        &json!({"status": "COMPLETE", "results": results, "startedAt": at, "completedAt": at}),
    ))
}

/// `PUT objects/{from}/{id}/associations/{to}/{toId}` with the types in the body.
pub fn put(
    hub: &mut Hub,
    by: By<'_>,
    ask: &Ask,
    (from, id): (Kind, &str),
    (to, to_id): (Kind, &str),
) -> Result<Reply, Problem> {
    let (from, to) = (node(from, id)?, node(to, to_id)?);
    let types: Vec<u32> = ask.json::<Vec<TypeRef>>()?.iter().map(|t| t.association_type_id).collect();
    hub.state.associate(by, from, to, &types)?;
    Ok(Reply::json(201, &pair(from, to, &types)))
}

/// `LabelsBetweenObjectPair`.
pub fn pair(from: Node, to: Node, ids: &[u32]) -> Value {
    let labels: Vec<Value> =
        described(from.0, to.0, ids).iter().map(|d| d["label"].clone()).filter(|l| !l.is_null()).collect();
    json!({
        "fromObjectTypeId": from.0.type_id(), "fromObjectId": from.1.to_string(),
        "toObjectTypeId": to.0.type_id(), "toObjectId": to.1.to_string(), "labels": labels,
    })
}

/// `DELETE objects/{from}/{id}/associations/{to}/{toId}`: all types, 204.
pub fn delete(
    hub: &mut Hub,
    by: By<'_>,
    (from, id): (Kind, &str),
    (to, to_id): (Kind, &str),
) -> Result<Reply, Problem> {
    hub.state.dissociate(by, node(from, id)?, node(to, to_id)?, None);
    Ok(Reply::empty())
}

/// `GET associations/{from}/{to}/labels`.
pub fn labels(from: Kind, to: Kind) -> Result<Reply, Problem> {
    let spec = types::spec(from, to)
        .ok_or_else(|| Problem::invalid(format!("No associations between {from:?} and {to:?}")))?;
    let ids: Vec<u32> = spec.primary.into_iter().chain([spec.default]).collect();
    Ok(Reply::json(200, &json!({"results": described(from, to, &ids)})))
}
