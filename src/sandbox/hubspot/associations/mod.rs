//! Associations: type ids, the graph, and the endpoints around them.

pub mod batch;
pub mod graph;
pub mod single;
pub mod types;

use crate::hubspot::kinds::Kind;
use serde_json::{Value, json};

/// Category, id and label of each type of one association.
fn described(from: Kind, to: Kind, ids: &[u32]) -> Vec<Value> {
    let primary = types::spec(from, to).and_then(|s| s.primary);
    ids.iter()
        .map(|id| {
            let label = if Some(*id) == primary { json!("Primary") } else { Value::Null };
            json!({"category": "HUBSPOT_DEFINED", "typeId": id, "label": label})
        })
        .collect()
}

/// One associated record in v4 form; `toObjectId` is a JSON number.
fn target(from: Kind, to: Kind, id: u64, ids: &[u32]) -> Value {
    json!({"toObjectId": id, "associationTypes": described(from, to, ids)})
}
