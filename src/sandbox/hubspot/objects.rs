//! Single records and lists: list, get, create, update, archive, merge.

use super::check::Values;
use super::hub::Hub;
use super::kinds::Kind;
use super::problem::Problem;
use super::record::Record;
use super::render::{Columns, Extra, inline_associations, object};
use super::reply::Reply;
use super::request::{Ask, id_text, value_map};
use super::state::{By, State};
use serde::Deserialize;

/// `GET objects/{type}`: by id ascending, from the database (not the index). `after` is the last id + 1.
pub fn list(state: &State, ask: &Ask, kind: Kind) -> Result<Reply, Problem> {
    let history = ask.many("propertiesWithHistory");
    let limit = ask.limit(10, if history.is_empty() { 100 } else { 50 })?;
    let after = match ask.one("after").filter(|a| !a.is_empty()) {
        Some(text) => text
            .parse::<u64>()
            .map_err(|_| Problem::invalid(format!("Invalid after: {text} is not a valid offset")))?,
        None => 0,
    };
    let archived = ask.flag("archived");
    let columns = Columns::asked(state.schema(kind), &ask.many("properties"), &history);
    let inline = inline_types(ask)?;
    let mut found = state.all(kind).range(after..).map(|(_, r)| r).filter(|r| r.is_live() != archived);
    let mut out = Vec::with_capacity(limit * 1500);
    out.extend_from_slice(b"{\"results\":[");
    let mut last = None;
    for record in found.by_ref().take(limit) {
        if last.is_some() {
            out.push(b',');
        }
        write_one(&mut out, state, kind, record, &columns, &inline);
        last = Some(record.id);
    }
    out.push(b']');
    if let (Some(last), Some(_)) = (last, found.next()) {
        out.extend_from_slice(format!(",\"paging\":{}", ask.paging(&(last + 1).to_string())).as_bytes());
    }
    out.push(b'}');
    Ok(Reply::raw(200, out))
}

fn inline_types(ask: &Ask) -> Result<Vec<Kind>, Problem> {
    let names = ask.many("associations").into_iter();
    names
        .map(|name| {
            Kind::named(name)
                .ok_or_else(|| Problem::invalid(format!("Unable to infer object type from: {name}")))
        })
        .collect()
}

fn write_one(
    out: &mut Vec<u8>,
    state: &State,
    kind: Kind,
    record: &Record,
    columns: &Columns,
    inline: &[Kind],
) {
    let associations = (!inline.is_empty()).then(|| inline_associations(state, kind, record.id, inline));
    object(out, record, columns, Extra { associations: associations.as_ref(), ..Extra::default() });
}

/// Finds a record by id or by a unique property; a merged id finds the winner.
pub fn resolve<'s>(state: &'s State, kind: Kind, id: &str, by: Option<&str>) -> Result<&'s Record, Problem> {
    let missing = Problem::not_found_page;
    let Some(name) = by.filter(|name| *name != "hs_object_id") else {
        return id.parse().ok().and_then(|id| state.find(kind, id)).ok_or_else(missing);
    };
    let definition = state.schema(kind).named(name).filter(|d| d.unique);
    if definition.is_none() {
        return Err(Problem::invalid(format!(
            "Property {name} is not a unique property and can't be used as idProperty"
        )));
    }
    let prop = state.schema(kind).id(name);
    prop.and_then(|prop| state.find_unique(kind, prop, id))
        .and_then(|id| state.find(kind, id))
        .ok_or_else(missing)
}

/// `GET objects/{type}/{id}`.
pub fn get(state: &State, ask: &Ask, kind: Kind, id: &str) -> Result<Reply, Problem> {
    let record = resolve(state, kind, id, ask.one("idProperty"))?;
    if record.is_live() == ask.flag("archived") {
        return Err(Problem::not_found_page());
    }
    let columns =
        Columns::asked(state.schema(kind), &ask.many("properties"), &ask.many("propertiesWithHistory"));
    let mut out = Vec::new();
    write_one(&mut out, state, kind, record, &columns, &inline_types(ask)?);
    Ok(Reply::raw(200, out))
}

/// The body of a create, also one input of a batch create.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewObject {
    #[serde(default, deserialize_with = "value_map")]
    pub properties: Values,
    #[serde(default)]
    pub associations: Vec<NewAssociation>,
    pub object_write_trace_id: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct NewAssociation {
    pub to: Ref,
    #[serde(default)]
    pub types: Vec<TypeRef>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Ref {
    #[serde(deserialize_with = "id_text")]
    pub id: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TypeRef {
    pub association_type_id: u32,
}

/// A record to associate with, and by which types.
pub type FarEnd = ((Kind, u64), Vec<u32>);

/// The far ends of a create's associations, found by their type ids; everything is checked before anything is done.
pub fn far_ends(state: &State, kind: Kind, new: &NewObject) -> Result<Vec<FarEnd>, Problem> {
    new.associations
        .iter()
        .map(|association| {
            let types: Vec<u32> = association.types.iter().map(|t| t.association_type_id).collect();
            let first = types.first().copied().unwrap_or_default();
            let to = Kind::ALL
                .into_iter()
                .find(|to| super::associations::types::reverse(kind, *to, first).is_some())
                .ok_or_else(|| {
                    Problem::invalid(format!(
                        "{first} is not a valid association type for {}",
                        kind.type_id()
                    ))
                })?;
            let record = association.to.id.parse().ok().and_then(|id| state.find_live(to, id));
            let found = record.ok_or_else(|| {
                let id = &association.to.id;
                Problem::invalid(format!("Invalid association: {} {id} does not exist", to.singular()))
                    .with_context("id", &[id])
            })?;
            Ok(((to, found.id), types))
        })
        .collect()
}

/// Creates a record with its associations, or nothing at all.
pub fn make(state: &mut State, by: By<'_>, kind: Kind, new: &NewObject) -> Result<u64, Problem> {
    let ends = far_ends(state, kind, new)?;
    let id = state.create(by, kind, &new.properties)?;
    for (to, types) in ends {
        state.associate(by, (kind, id), to, &types)?;
    }
    Ok(id)
}

/// `POST objects/{type}` → 201 with `Location`.
pub fn create(hub: &mut Hub, by: By<'_>, ask: &Ask, kind: Kind) -> Result<Reply, Problem> {
    let new: NewObject = ask.json()?;
    let id = make(&mut hub.state, by, kind, &new)?;
    let record = hub.state.find(kind, id).ok_or_else(Problem::not_found_page)?;
    let mut out = Vec::new();
    let extra = Extra { trace: new.object_write_trace_id.as_deref(), ..Extra::default() };
    object(&mut out, record, &Columns::all(hub.state.schema(kind)), extra);
    let location = format!("https://api.hubapi.com{}/{id}", ask.path.trim_end_matches('/'));
    Ok(Reply::raw(201, out).with("location", location))
}

/// `PATCH objects/{type}/{id}`: the same value again is a no-op that keeps `updatedAt`.
pub fn update(hub: &mut Hub, by: By<'_>, ask: &Ask, kind: Kind, id: &str) -> Result<Reply, Problem> {
    let body: NewObject = ask.json()?;
    let id = resolve(&hub.state, kind, id, ask.one("idProperty"))?.id;
    hub.state.update(by, kind, id, &body.properties)?;
    let record = hub.state.find(kind, id).ok_or_else(Problem::not_found_page)?;
    let names: Vec<&str> = body.properties.keys().map(String::as_str).collect();
    let mut out = Vec::new();
    object(&mut out, record, &Columns::changed(hub.state.schema(kind), &names), Extra::default());
    Ok(Reply::raw(200, out))
}

/// `DELETE objects/{type}/{id}` → 204, whether there was anything or not.
pub fn archive(hub: &mut Hub, by: By<'_>, kind: Kind, id: &str) -> Reply {
    if let Ok(id) = id.parse() {
        hub.state.archive(by, kind, id);
    }
    Reply::empty()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Merge {
    #[serde(deserialize_with = "id_text")]
    primary_object_id: String,
    #[serde(deserialize_with = "id_text")]
    object_id_to_merge: String,
}

/// `POST objects/{type}/merge`.
pub fn merge(hub: &mut Hub, by: By<'_>, ask: &Ask, kind: Kind) -> Result<Reply, Problem> {
    let body: Merge = ask.json()?;
    let id = |text: &str| text.parse::<u64>().map_err(|_| Problem::not_found_page());
    let kept = hub.state.merge(by, kind, id(&body.primary_object_id)?, id(&body.object_id_to_merge)?)?;
    let record = hub.state.find(kind, kept).ok_or_else(Problem::not_found_page)?;
    let mut out = Vec::new();
    object(&mut out, record, &Columns::all(hub.state.schema(kind)), Extra::default());
    Ok(Reply::raw(200, out))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Purge {
    #[serde(deserialize_with = "id_text")]
    object_id: String,
    id_property: Option<String>,
}

/// `POST objects/{type}/gdpr-delete` → 204: nothing is left, not even in the bin.
pub fn purge(hub: &mut Hub, by: By<'_>, ask: &Ask, kind: Kind) -> Result<Reply, Problem> {
    let body: Purge = ask.json()?;
    let id = resolve(&hub.state, kind, &body.object_id, body.id_property.as_deref()).map(|r| r.id);
    if let Ok(id) = id {
        hub.state.purge(by, kind, id);
    }
    Ok(Reply::empty())
}
