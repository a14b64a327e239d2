//! Property definitions: list, get, create; and their groups.

use super::hub::Hub;
use super::kinds::Kind;
use super::problem::Problem;
use super::reply::Reply;
use super::request::Ask;
use super::schema::{Definition, Schema, Type};
use super::state::{By, State};
use crate::clock::iso;
use serde::Deserialize;
use serde_json::{Value, json};

impl Definition {
    fn json(&self) -> Value {
        let options: Vec<Value> = self
            .options
            .iter()
            .enumerate()
            .map(|(n, (value, label))| json!({"value": value, "label": label, "displayOrder": n, "hidden": false}))
            .collect();
        let mut body = json!({
            "name": self.name, "label": self.label, "type": self.kind.wire().0, "fieldType": self.field_type,
            "description": "", "groupName": self.group, "options": options, "displayOrder": -1,
            "hasUniqueValue": self.unique, "calculated": false, "externalOptions": self.kind == Type::Owner,
            "hidden": false, "hubspotDefined": self.built_in, "archived": false, "formField": !self.read_only,
            "modificationMetadata": {
                "archivable": !self.built_in, "readOnlyDefinition": self.built_in, "readOnlyValue": self.read_only,
            },
        });
        if let Some(map) = body.as_object_mut() {
            if self.kind == Type::Owner {
                map.insert("referencedObjectType".to_owned(), "OWNER".into());
            }
            if let Some(at) = self.created {
                map.insert("createdAt".to_owned(), iso(at).into());
                map.insert("updatedAt".to_owned(), iso(at).into());
            }
        }
        body
    }
}

/// `GET properties/{type}`: no paging, and none are archived here.
pub fn list(state: &State, ask: &Ask, kind: Kind) -> Reply {
    let all = state.schema(kind).by_name().filter(|_| !ask.flag("archived"));
    Reply::json(200, &json!({"results": all.map(|(_, d)| d.json()).collect::<Vec<_>>()}))
}

pub fn get(state: &State, kind: Kind, name: &str) -> Result<Reply, Problem> {
    let found = state.schema(kind).named(name).map(|d| Reply::json(200, &d.json()));
    found.ok_or_else(|| Problem::not_found(format!("Property {name} does not exist")))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewProperty {
    name: String,
    label: String,
    #[serde(rename = "type")]
    kind: String,
    field_type: String,
    group_name: String,
    #[serde(default)]
    has_unique_value: bool,
    #[serde(default)]
    options: Vec<NewOption>,
}

#[derive(Deserialize)]
struct NewOption {
    value: String,
    label: String,
}

/// At most this many unique properties of its own an account may have per type.
const UNIQUE: usize = 10;

/// `POST properties/{type}` → 201. Whether `hasUniqueValue` is possible on a type is the account's (configured) luck.
pub fn create(hub: &mut Hub, by: By<'_>, ask: &Ask, kind: Kind) -> Result<Reply, Problem> {
    let new: NewProperty = ask.json()?;
    let schema = hub.state.schema(kind);
    check(schema, &new, hub.unique_allowed.contains(kind.plural()))?;
    let type_ = Type::from_wire(&new.kind).ok_or_else(|| {
        Problem::invalid(format!("Invalid input JSON: {} is not a property type", new.kind))
    })?;
    let definition = Definition {
        label: new.label,
        field_type: new.field_type,
        unique: new.has_unique_value,
        options: new.options.into_iter().map(|o| (o.value, o.label)).collect(),
        built_in: false,
        created: Some(by.at),
        ..Definition::new(&new.name, type_, &new.group_name)
    };
    let body = definition.json();
    hub.state.schema_mut(kind).add(definition);
    Ok(Reply::json(201, &body))
}

fn check(schema: &Schema, new: &NewProperty, unique_allowed: bool) -> Result<(), Problem> {
    let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if new.name.is_empty() || !new.name.chars().all(word) {
        return Err(Problem::invalid(format!("{} is not a valid property name", new.name)));
    }
    if schema.id(&new.name).is_some() {
        let why = format!("A property named '{}' already exists.", new.name);
        return Err(Problem { category: "OBJECT_ALREADY_EXISTS", ..Problem::conflict(why) });
    }
    if !schema.groups.iter().any(|(name, _)| *name == new.group_name) {
        return Err(Problem::invalid(format!("Property group {} does not exist", new.group_name)));
    }
    if new.has_unique_value && !unique_allowed {
        let why = format!("Unique properties are not supported for object type {}", schema.kind.type_id());
        return Err(Problem::invalid(why).with_context("propertyName", &[&new.name]));
    }
    if new.has_unique_value && schema.by_name().filter(|(_, d)| d.unique && !d.built_in).count() >= UNIQUE {
        return Err(Problem::invalid(format!("The limit of {UNIQUE} unique properties is reached")));
    }
    Ok(())
}

/// `GET properties/{type}/groups`.
pub fn groups(state: &State, kind: Kind) -> Reply {
    let groups = state.schema(kind).groups.iter().enumerate();
    let list = groups.map(|(n, (name, label))| group_json(n, name, label));
    Reply::json(200, &json!({"results": list.collect::<Vec<_>>()}))
}

fn group_json(order: usize, name: &str, label: &str) -> Value {
    json!({"name": name, "label": label, "displayOrder": order, "archived": false})
}

#[derive(Deserialize)]
struct NewGroup {
    name: String,
    label: String,
}

/// `POST properties/{type}/groups` → 201.
pub fn create_group(hub: &mut Hub, ask: &Ask, kind: Kind) -> Result<Reply, Problem> {
    let new: NewGroup = ask.json()?;
    let schema = hub.state.schema_mut(kind);
    if schema.groups.iter().any(|(name, _)| *name == new.name) {
        return Err(Problem::conflict(format!("A group named '{}' already exists.", new.name)));
    }
    let body = group_json(schema.groups.len(), &new.name, &new.label);
    schema.groups.push((new.name, new.label));
    Ok(Reply::json(201, &body))
}
