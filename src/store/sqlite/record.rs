//! Canonical records to rows and back, the same code for every kind.

use super::{
    columns::{Column, Shape, Table, table},
    fail::{Fail, Outcome},
    links::{self, Living},
};
use model::{
    AgentId, Canonical, ExternalRef, Field, Fields, GoneHow, Id, Kind, Money, SourceValues, Timestamp, Value,
};
use rusqlite::{CachedStatement, Connection, Row, types::Value as Sql};
use serde::{Deserialize, Serialize};
use std::{collections::HashMap, rc::Rc};

/// One source of a record with two or more, as its provenance column keeps it.
#[derive(Serialize, Deserialize)]
struct Stored {
    reference: ExternalRef,
    modified: Timestamp,
    fields: Fields,
}

/// Binds a record to the statement that inserts or updates its kind and runs it; returns rows changed.
pub(super) fn write(
    statement: &mut CachedStatement<'_>,
    table: &Table,
    record: &Canonical,
) -> Outcome<usize> {
    statement.raw_bind_parameter(1, record.id.to_string())?;
    let (mut at, mut empty, mut kept) = (2, 0_i64, 0);
    for (place, column) in table.columns.iter().enumerate() {
        let value = record.fields.get(column.field);
        if value.is_some_and(Value::is_empty) {
            empty |= 1 << place;
            kept += 1;
        } else if value.is_some_and(|value| fits(column.shape, value)) {
            kept += 1;
        }
        at = bind(statement, at, column.shape, value)?;
    }
    let extra = if kept == record.fields.len() { None } else { Some(extra(table, &record.fields)?) };
    let gone = record.gone.as_ref().map(serde_json::to_string).transpose()?;
    statement.raw_bind_parameter(at, empty)?;
    statement.raw_bind_parameter(at + 1, extra)?;
    statement.raw_bind_parameter(at + 2, provenance(record)?)?;
    statement.raw_bind_parameter(at + 3, record.stage_since.map(Timestamp::as_millis))?;
    statement.raw_bind_parameter(at + 4, gone)?;
    Ok(statement.raw_execute()?)
}

/// Can this value lie in a column of this shape?
const fn fits(shape: Shape, value: &Value) -> bool {
    matches!(
        (shape, value),
        (Shape::Text, Value::Text(_))
            | (Shape::Ref, Value::Ref(_))
            | (Shape::Int, Value::Int(_))
            | (Shape::Bool, Value::Bool(_))
            | (Shape::Time, Value::Time(_))
            | (Shape::Money, Value::Money(_))
            | (Shape::Stage, Value::Stage(_))
            | (Shape::Outcome, Value::Outcome(_))
            | (Shape::Agent, Value::Agent(_))
    )
}

/// Binds one field from parameter `at` on; returns the next parameter.
fn bind(
    statement: &mut CachedStatement<'_>,
    at: usize,
    shape: Shape,
    value: Option<&Value>,
) -> rusqlite::Result<usize> {
    let none = None::<i64>;
    match (shape, value) {
        (Shape::Text, Some(Value::Text(text))) | (Shape::Ref, Some(Value::Ref(text))) => {
            statement.raw_bind_parameter(at, text.as_ref())?;
        }
        (Shape::Int, Some(Value::Int(number))) => statement.raw_bind_parameter(at, number)?,
        (Shape::Bool, Some(Value::Bool(yes))) => statement.raw_bind_parameter(at, yes)?,
        (Shape::Time, Some(Value::Time(time))) => statement.raw_bind_parameter(at, time.as_millis())?,
        (Shape::Stage, Some(Value::Stage(stage))) => statement.raw_bind_parameter(at, stage.name())?,
        (Shape::Outcome, Some(Value::Outcome(outcome))) => {
            statement.raw_bind_parameter(at, outcome.name())?;
        }
        (Shape::Agent, Some(Value::Agent(agent))) => statement.raw_bind_parameter(at, agent.as_str())?,
        (Shape::Money, value) => {
            let money = if let Some(Value::Money(money)) = value { Some(*money) } else { None };
            statement.raw_bind_parameter(at, money.map(|money| money.minor))?;
            let currency = money.and_then(|money| money.currency);
            statement.raw_bind_parameter(at + 1, currency.as_ref().map(model::Currency::as_str))?;
            return Ok(at + 2);
        }
        _ => statement.raw_bind_parameter(at, none)?,
    }
    Ok(at + 1)
}

/// Fields that have no column, or a value of another shape than their column.
fn extra(table: &Table, fields: &Fields) -> Outcome<String> {
    let in_column = |field: Field, value: &Value| {
        let column = table.columns.iter().find(|column| column.field == field);
        column.is_some_and(|column| value.is_empty() || fits(column.shape, value))
    };
    let rest: Fields = fields
        .iter()
        .filter(|(field, value)| !in_column(*field, value))
        .map(|(field, value)| (field, value.clone()))
        .collect();
    Ok(serde_json::to_string(&rest)?)
}

fn provenance(record: &Canonical) -> Outcome<Option<String>> {
    if record.sources.len() < 2 {
        return Ok(None);
    }
    let stored: Vec<Stored> = record
        .sources
        .iter()
        .map(|source| Stored {
            reference: source.reference.clone(),
            modified: source.modified,
            fields: source.fields.clone(),
        })
        .collect();
    Ok(Some(serde_json::to_string(&stored)?))
}

/// Reads records of one kind by id; those that do not exist are absent from the answer.
pub(super) fn read(connection: &Connection, kind: Kind, ids: &[Id]) -> Outcome<HashMap<Id, Canonical>> {
    let mut found = HashMap::with_capacity(ids.len());
    if ids.is_empty() {
        return Ok(found);
    }
    let table = table(kind);
    let mut statement = connection.prepare_cached(&table.select)?;
    let mut rows = statement.query([keys(ids)])?;
    let mut stored = Vec::with_capacity(ids.len());
    while let Some(row) = rows.next()? {
        stored.push(parse(table, row)?);
    }
    let living = links::living(connection, &stored.iter().map(|(record, _)| record.id).collect::<Vec<_>>())?;
    for (mut record, provenance) in stored {
        record.sources = sources(&record, provenance, living.get(&record.id).map_or(&[], Vec::as_slice))?;
        found.insert(record.id, record);
    }
    Ok(found)
}

/// Reads records whose kind is not known.
pub(super) fn read_any(connection: &Connection, ids: &[Id]) -> Outcome<HashMap<Id, Canonical>> {
    let mut found = HashMap::with_capacity(ids.len());
    let mut rest = ids.to_vec();
    for kind in [Kind::Deal, Kind::Contact, Kind::Company].into_iter().chain(Kind::ALL) {
        if rest.is_empty() {
            break;
        }
        found.extend(read(connection, kind, &rest)?);
        rest.retain(|id| !found.contains_key(id));
    }
    Ok(found)
}

/// Records of a kind in id order.
pub(super) fn page(
    connection: &Connection,
    kind: Kind,
    after: Option<Id>,
    most: usize,
) -> Outcome<Vec<Canonical>> {
    let table = table(kind);
    let mut statement = connection.prepare_cached(&table.page)?;
    let after = after.map(|id| id.to_string()).unwrap_or_default();
    let mut rows = statement.query((after, super::most(most)))?;
    let mut stored = Vec::new();
    while let Some(row) = rows.next()? {
        stored.push(parse(table, row)?);
    }
    let living = links::living(connection, &stored.iter().map(|(record, _)| record.id).collect::<Vec<_>>())?;
    let complete = |(mut record, provenance): (Canonical, Option<String>)| {
        record.sources = sources(&record, provenance, living.get(&record.id).map_or(&[], Vec::as_slice))?;
        Ok(record)
    };
    stored.into_iter().map(complete).collect()
}

/// Ids as the array parameter of a query.
pub(super) fn keys(ids: &[Id]) -> Rc<Vec<Sql>> {
    Rc::new(ids.iter().map(|id| Sql::Text(id.to_string())).collect())
}

/// A record without its sources, and its provenance column.
fn parse(table: &Table, row: &Row<'_>) -> Outcome<(Canonical, Option<String>)> {
    let id = super::id(row, 0)?;
    let after = 1 + table.columns.len() + table.columns.iter().filter(|c| c.shape == Shape::Money).count();
    let empty: i64 = row.get(after)?;
    let mut fields = Fields::with_capacity(table.columns.len());
    let mut at = 1;
    for (place, column) in table.columns.iter().enumerate() {
        if empty & (1 << place) != 0 {
            fields.set(column.field, Value::Empty);
        } else if let Some(value) = value(row, at, column)? {
            fields.set(column.field, value);
        }
        at += if column.shape == Shape::Money { 2 } else { 1 };
    }
    if let Some(extra) = row.get_ref(after + 1)?.as_str_or_null().map_err(|e| Fail::Stored(Box::new(e)))? {
        for (field, value) in serde_json::from_str::<Fields>(extra)?.iter() {
            fields.set(field, value.clone());
        }
    }
    let gone: Option<String> = row.get(after + 4)?;
    let gone = gone.map(|how| serde_json::from_str::<GoneHow>(&how)).transpose()?;
    let stage_since = row.get::<_, Option<i64>>(after + 3)?.map(Timestamp::from_millis);
    let record = Canonical { id, kind: table.kind, fields, sources: Vec::new(), stage_since, gone };
    Ok((record, row.get(after + 2)?))
}

fn value(row: &Row<'_>, at: usize, column: &Column) -> Outcome<Option<Value>> {
    let raw = row.get_ref(at)?;
    let text = || raw.as_str_or_null().map_err(|e| Fail::Stored(Box::new(e)));
    let number = || raw.as_i64_or_null().map_err(|e| Fail::Stored(Box::new(e)));
    Ok(match column.shape {
        Shape::Text => text()?.map(|text| Value::Text(text.into())),
        Shape::Ref => text()?.map(|text| Value::Ref(text.into())),
        Shape::Int => number()?.map(Value::Int),
        Shape::Bool => number()?.map(|number| Value::Bool(number != 0)),
        Shape::Time => number()?.map(|millis| Value::Time(Timestamp::from_millis(millis))),
        Shape::Stage => {
            text()?.map(|text| text.parse().map(Value::Stage)).transpose().map_err(Fail::stored)?
        }
        Shape::Outcome => {
            text()?.map(|text| text.parse().map(Value::Outcome)).transpose().map_err(Fail::stored)?
        }
        Shape::Agent => text()?.map(|text| Value::Agent(AgentId::from(text))),
        Shape::Money => match number()? {
            None => None,
            Some(minor) => {
                let currency = row.get::<_, Option<String>>(at + 1)?.map(|text| text.parse()).transpose();
                Some(Value::Money(Money {
                    minor,
                    currency: currency.map_err(|e| Fail::Stored(Box::new(e)))?,
                }))
            }
        },
    })
}

/// What each living source says. With one source its values are the canonical ones; with more they lie in the
/// provenance, of which only what still lives and belongs here counts.
fn sources(record: &Canonical, provenance: Option<String>, living: &[Living]) -> Outcome<Vec<SourceValues>> {
    let Some(provenance) = provenance else {
        let of = |source: &Living| SourceValues {
            reference: source.reference.clone(),
            modified: source.modified,
            fields: record.fields.clone(),
        };
        return Ok(living.iter().map(of).collect());
    };
    let stored: Vec<Stored> = serde_json::from_str(&provenance)?;
    Ok(stored
        .into_iter()
        .filter(|one| living.iter().any(|source| source.reference == one.reference))
        .map(|one| SourceValues { reference: one.reference, modified: one.modified, fields: one.fields })
        .collect())
}
