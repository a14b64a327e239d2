//! Records as JSON, written straight into the answer: list pages must cost next to nothing.

use super::associations::types::v3_name;
use super::catalog;
use super::kinds::Kind;
use super::props::PropId;
use super::record::Record;
use super::schema::{CREATED, MODIFIED, OBJECT_ID, Schema};
use super::state::State;
use crate::clock::iso;
use serde_json::{Map, Value, json};

/// Which properties an answer shows, in order of name.
#[derive(Debug)]
pub struct Columns {
    /// (`"name":`, property, write `null` where unset)
    columns: Vec<(String, PropId, bool)>,
    history: Vec<PropId>,
}

impl Columns {
    /// The asked-for properties (unknown ones are left out), or the default set, and always the three of the system.
    pub fn asked(schema: &Schema, names: &[&str], history: &[&str]) -> Self {
        let names = if names.is_empty() { catalog::defaults(schema.kind) } else { names };
        let mut ids: Vec<PropId> = names.iter().chain(history).filter_map(|name| schema.id(name)).collect();
        ids.extend([OBJECT_ID, CREATED, MODIFIED]);
        let history = history.iter().filter_map(|name| schema.id(name)).collect();
        Self { columns: Self::sorted(schema, &ids, true), history }
    }

    /// All properties that are set, as a create answers.
    pub fn all(schema: &Schema) -> Self {
        let ids: Vec<PropId> = schema.by_name().map(|(id, _)| id).collect();
        Self { columns: Self::sorted(schema, &ids, false), history: Vec::new() }
    }

    /// What an update answers: what was sent and what HubSpot derives.
    pub fn changed(schema: &Schema, names: &[&str]) -> Self {
        const SYSTEM: [&str; 7] = [
            "hs_is_contact",
            "hs_is_unworked",
            "hs_object_source",
            "hs_object_source_id",
            "hs_object_source_label",
            "hs_pipeline",
            "lifecyclestage",
        ];
        let mut ids: Vec<PropId> = names.iter().chain(&SYSTEM).filter_map(|name| schema.id(name)).collect();
        ids.extend(schema.id("hs_email_domain").filter(|_| names.contains(&"email")));
        ids.extend([OBJECT_ID, CREATED, MODIFIED]);
        Self { columns: Self::sorted(schema, &ids, false), history: Vec::new() }
    }

    fn sorted(schema: &Schema, ids: &[PropId], null: bool) -> Vec<(String, PropId, bool)> {
        let mut columns: Vec<_> =
            ids.iter().filter_map(|id| Some((schema.def(*id)?.key.clone(), *id, null))).collect();
        columns.sort();
        columns.dedup();
        columns
    }
}

/// Parts of an object that only some answers have.
#[derive(Clone, Copy, Debug, Default)]
pub struct Extra<'a> {
    pub associations: Option<&'a Map<String, Value>>,
    pub new: Option<bool>,
    pub trace: Option<&'a str>,
}

/// Writes one object.
pub fn object(out: &mut Vec<u8>, record: &Record, columns: &Columns, extra: Extra<'_>) {
    let (id, created) = (record.id.to_string(), iso(record.created));
    let updated = if record.updated == record.created { created.clone() } else { iso(record.updated) };
    out.extend_from_slice(b"{\"id\":\"");
    out.extend_from_slice(id.as_bytes());
    out.extend_from_slice(b"\",\"properties\":{");
    let mut first = true;
    for (key, prop, null) in &columns.columns {
        let value = match *prop {
            OBJECT_ID => Some(id.as_str()),
            CREATED => Some(created.as_str()),
            MODIFIED => Some(updated.as_str()),
            other => record.props.get(other),
        };
        if value.is_none() && !null {
            continue;
        }
        if !first {
            out.push(b',');
        }
        first = false;
        out.extend_from_slice(key.as_bytes());
        match value {
            Some(text) => string(out, text),
            None => out.extend_from_slice(b"null"),
        }
    }
    out.push(b'}');
    if !columns.history.is_empty() {
        member(out, "propertiesWithHistory", &history(record, columns));
    }
    for (name, at) in [("createdAt", &created), ("updatedAt", &updated)] {
        out.extend_from_slice(format!(",\"{name}\":\"{at}\"").as_bytes());
    }
    out.extend_from_slice(if record.is_live() { b",\"archived\":false" } else { b",\"archived\":true" });
    if let Some(at) = record.archived {
        member(out, "archivedAt", &iso(at).into());
    }
    optional(out, extra);
    out.push(b'}');
}

fn optional(out: &mut Vec<u8>, extra: Extra<'_>) {
    if let Some(associations) = extra.associations.filter(|a| !a.is_empty()) {
        member(out, "associations", &Value::Object(associations.clone()));
    }
    if let Some(new) = extra.new {
        member(out, "new", &new.into());
    }
    if let Some(trace) = extra.trace {
        member(out, "objectWriteTraceId", &trace.into());
    }
}

fn member(out: &mut Vec<u8>, name: &str, value: &Value) {
    out.extend_from_slice(format!(",\"{name}\":{value}").as_bytes());
}

fn string(out: &mut Vec<u8>, text: &str) {
    if text.bytes().any(|b| b < 0x20 || b == b'"' || b == b'\\') {
        out.extend_from_slice(Value::from(text).to_string().as_bytes());
        return;
    }
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

/// `propertiesWithHistory`: newest first.
fn history(record: &Record, columns: &Columns) -> Value {
    let mut all = Map::new();
    for prop in &columns.history {
        let Some((key, ..)) = columns.columns.iter().find(|(_, id, _)| id == prop) else { continue };
        let mut values: Vec<Value> = record
            .history
            .iter()
            .rev()
            .filter(|past| past.prop == *prop)
            .map(|past| json!({"value": past.value, "timestamp": iso(past.at), "sourceType": past.source}))
            .collect();
        if let (true, Some(value)) = (values.is_empty(), record.value(*prop)) {
            values.push(json!({"value": value, "timestamp": iso(record.created), "sourceType": "IMPORT"}));
        }
        all.insert(key.trim_end_matches(':').trim_matches('"').to_owned(), values.into());
    }
    Value::Object(all)
}

/// How many associations a read shows inside a record, per type.
const INLINE: usize = 100;

/// The `associations` member of a list or get answer; cut at 100 per type, with paging of its own.
pub fn inline_associations(state: &State, kind: Kind, id: u64, types: &[Kind]) -> Map<String, Value> {
    let mut all = Map::new();
    for to in types {
        let mut flat = Vec::new();
        for (other, ids) in state.associated((kind, id), *to) {
            flat.extend(ids.iter().map(|t| json!({"id": other.to_string(), "type": v3_name(kind, *to, *t)})));
        }
        if flat.is_empty() {
            continue;
        }
        let more = flat.len() > INLINE;
        flat.truncate(INLINE);
        let mut part = json!({"results": flat});
        if let (true, Some(map)) = (more, part.as_object_mut()) {
            let after = flat.last().and_then(|a| a["id"].as_str()).unwrap_or("").to_owned();
            let link = format!(
                "https://api.hubapi.com/crm/v3/objects/{}/{id}/associations/{}?after={after}",
                kind.plural(),
                to.plural()
            );
            map.insert("paging".to_owned(), json!({"next": {"after": after, "link": link}}));
        }
        all.insert(to.plural().to_owned(), part);
    }
    all
}
