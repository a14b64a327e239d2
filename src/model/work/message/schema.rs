//! The published JSON Schema (draft 2020-12) of a message.

use super::{EscalationBody, HandoffBody, MOST_TEXT, StatusBody, TaskBody};
use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

/// Schema of one message: one of four shapes by `type`.
pub fn schema() -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let shapes = [
        shape::<TaskBody>("TASK", &mut generator),
        shape::<StatusBody>("STATUS", &mut generator),
        shape::<HandoffBody>("HANDOFF", &mut generator),
        shape::<EscalationBody>("ESCALATION", &mut generator),
    ];
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Message",
        "description": format!("A message between agents, people and ORCHESTRATOR. Texts hold at most {MOST_TEXT} bytes."),
        "oneOf": shapes,
        "$defs": generator.take_definitions(true),
    })
}

/// The fields of a type's body beside those of every message.
fn shape<T: JsonSchema>(kind: &str, generator: &mut SchemaGenerator) -> Value {
    let body = T::json_schema(generator).to_value();
    let part = |name: &str| body.get(name).cloned();
    let mut properties = envelope(kind);
    if let Some(Value::Object(own)) = part("properties") {
        properties.extend(own);
    }
    let mut required = vec![json!("type"), json!("id"), json!("sent_at"), json!("from"), json!("to")];
    if let Some(Value::Array(own)) = part("required") {
        required.extend(own);
    }
    json!({
        "type": "object",
        "title": kind,
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn envelope(kind: &str) -> Map<String, Value> {
    let name =
        |what: &str| json!({ "type": "string", "minLength": 1, "maxLength": 200, "description": what });
    let fields = json!({
        "type": { "const": kind },
        "id": name("Given by the sender; the same id twice is the same message."),
        "sent_at": { "type": "string", "format": "date-time", "description": "By the sender's clock." },
        "conversation": name("What it belongs to; messages of one are in order."),
        "in_reply_to": name("The message that it answers."),
        "from": name("Agent, person or ORCHESTRATOR."),
        "to": name("Agent, person or ORCHESTRATOR."),
    });
    if let Value::Object(fields) = fields { fields } else { Map::new() }
}
