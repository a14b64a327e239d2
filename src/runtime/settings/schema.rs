//! JSON Schema of the names that the domain fixes, for editors.

use engine::notify::What;
use model::{Kind, Mode, Stage, WriteKind};
use schemars::{Schema, SchemaGenerator, json_schema};

type Gen<'a> = &'a mut SchemaGenerator;

fn one_of(names: &[&str]) -> Schema {
    json_schema!({ "type": "string", "enum": names })
}
fn map_of(names: &[&str], value: &Schema) -> Schema {
    json_schema!({
        "type": "object", "propertyNames": { "enum": names }, "additionalProperties": value
    })
}

pub fn mode(_: Gen<'_>) -> Schema {
    one_of(&[Mode::Observe.name(), Mode::Propose.name(), Mode::Auto.name()])
}
pub fn streams(_: Gen<'_>) -> Schema {
    json_schema!({ "type": "array", "items": one_of(&Kind::ALL.map(Kind::name)) })
}
pub fn every_per_stream(generator: Gen<'_>) -> Schema {
    let every = generator.subschema_for::<super::Every>();
    map_of(&Kind::ALL.map(Kind::name), &every)
}
pub fn caps(_: Gen<'_>) -> Schema {
    map_of(&WriteKind::ALL.map(WriteKind::name), &json_schema!({ "type": "integer", "minimum": 0 }))
}
pub fn whats(_: Gen<'_>) -> Schema {
    json_schema!({ "type": "array", "items": one_of(&What::ALL.map(What::name)) })
}
pub fn stage(_: Gen<'_>) -> Schema {
    json_schema!({ "enum": Stage::ALL.map(|stage| Some(stage.name())).into_iter().chain([None]).collect::<Vec<_>>() })
}
pub fn outcome(_: Gen<'_>) -> Schema {
    json_schema!({ "enum": ["open", "won", "lost"] })
}
pub fn rates(_: Gen<'_>) -> Schema {
    json_schema!({
        "type": "object", "propertyNames": { "pattern": "^[A-Z]{3}$" },
        "additionalProperties": { "type": "number", "exclusiveMinimum": 0 }
    })
}
