//! The API described for programs (`OpenAPI` 3.1), made from the table of operations.

use crate::{
    operation::{ALL, Audience, Effect, Operation},
    problem::Problem,
};
use schemars::schema_for;
use serde_json::{Map, Value, json};

/// The whole document.
pub fn document() -> Value {
    let paths: Map<String, Value> =
        ALL.iter().map(|one| (format!("/api/v1/{}", one.name), json!({ "post": operation(one) }))).collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "sales-orchestrator",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "What agents and people ask of the orchestrator. Each operation is also an MCP tool of the same name.",
        },
        "servers": [{ "url": "/" }],
        "security": [{ "token": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
            "schemas": schemas(),
            "responses": {
                "Problem": {
                    "description": "Why it was not done",
                    "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
                },
            },
        },
    })
}

fn operation(one: &Operation) -> Value {
    let mut parameters = Vec::new();
    if one.effect == Effect::Acts {
        parameters.push(json!({
            "name": "Idempotency-Key", "in": "header", "required": false,
            "description": "The same key with the same call, within seven days, does nothing twice and gives the first answer, with `repeated`; with another call it is refused (409).",
            "schema": { "type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$" },
        }));
    }
    let mut responses = Map::new();
    let schema = format!("#/components/schemas/{}", one.output);
    responses.insert(
        "200".to_owned(),
        json!({ "description": "Done", "content": { "application/json": { "schema": { "$ref": schema } } } }),
    );
    for status in ["400", "401", "403", "404", "409", "413", "422", "503"] {
        responses.insert(status.to_owned(), json!({ "$ref": "#/components/responses/Problem" }));
    }
    json!({
        "operationId": one.name,
        "summary": one.about,
        "description": match one.audience {
            Audience::Everybody => "For everybody.",
            Audience::People => "For people, not for agents.",
        },
        "parameters": parameters,
        "requestBody": {
            "required": false,
            "content": { "application/json": { "schema": (one.input)() } },
        },
        "responses": responses,
    })
}

fn assigned() -> Value {
    let object = json!({ "type": "object" });
    json!({
        "type": "object", "required": ["order", "new", "task", "to", "against", "ranking"],
        "properties": {
            "order": { "type": ["string", "null"] }, "new": { "type": "boolean" }, "task": object,
            "to": { "type": ["string", "null"] }, "against": { "type": ["string", "null"] },
            "ranking": { "type": "array", "items": object },
        },
    })
}

fn rebalanced() -> Value {
    let object = json!({ "type": "object" });
    json!({
        "type": "object", "required": ["moves", "looked_at", "movable", "before", "after", "order"],
        "properties": {
            "moves": { "type": "array", "items": object }, "looked_at": { "type": "integer" },
            "movable": { "type": "integer" }, "before": { "type": "integer" }, "after": { "type": "integer" },
            "without_agent": object, "more": { "type": "boolean" }, "order": { "type": ["string", "null"] },
        },
    })
}

fn simulated() -> Value {
    let texts = json!({ "type": "array", "items": { "type": "string" } });
    let (today, other) = (json!({ "type": "object" }), json!({ "type": ["object", "null"] }));
    json!({
        "type": "object", "required": ["notes", "today", "what_if"],
        "properties": { "notes": texts, "today": today, "what_if": other },
    })
}

fn advice() -> Value {
    json!({
        "type": "object", "required": ["state", "since", "advice"],
        "properties": {
            "state": { "enum": ["running", "done"] }, "since": { "type": "string" },
            "advice": { "type": ["object", "null"] },
        },
    })
}

/// Shapes of what is answered.
fn schemas() -> Value {
    let text = json!({ "type": "string" });
    let object = json!({ "type": "object" });
    let list = |name: &str, of: &Value| json!({ "type": "object", "required": [name], "properties": { name: { "type": "array", "items": of } } });
    let page = |name: &str, of: &Value| {
        json!({
            "type": "object", "required": [name, "next", "more"],
            "properties": {
                name: { "type": "array", "items": of },
                "next": { "type": ["string", "null"] },
                "more": { "type": "boolean" },
            },
        })
    };
    let task = json!({
        "type": "object",
        "required": ["id", "action", "subject", "stage", "state", "priority", "params", "untrusted"],
        "properties": {
            "id": text, "action": text, "subject": text, "stage": text, "state": object,
            "priority": { "type": "integer" }, "due": { "type": ["string", "null"] },
            "holder": { "type": ["string", "null"] }, "params": object,
            "progress": { "type": ["integer", "null"] }, "untrusted": object,
        },
    });
    let said = json!({
        "type": "object", "required": ["message_id", "repeated", "effect"],
        "properties": { "message_id": text, "repeated": { "type": "boolean" }, "effect": object },
    });
    json!({
        "Problem": schema_for!(Problem),
        "Task": task,
        "NextTask": {
            "type": "object", "required": ["task"],
            "properties": { "task": { "anyOf": [{ "$ref": "#/components/schemas/Task" }, { "type": "null" }] } },
        },
        "TaskView": {
            "type": "object", "required": ["task", "documents", "why"],
            "properties": {
                "task": { "$ref": "#/components/schemas/Task" },
                "documents": { "type": "array", "items": object },
                "why": { "type": "array", "items": object },
            },
        },
        "Said": said,
        "Raised": {
            "type": "object", "required": ["raised", "occasion"],
            "properties": { "raised": { "type": "boolean" }, "occasion": text },
        },
        "Assigned": assigned(),
        "Rebalanced": rebalanced(),
        "Simulated": simulated(),
        "Advice": advice(),
        "Context": {
            "type": "object", "required": ["subject", "tasks", "untrusted"],
            "properties": { "subject": text, "tasks": { "type": "array", "items": object }, "untrusted": object },
        },
        "Found": list("found", &object),
        "Status": {
            "type": "object", "required": ["at", "deals", "tasks"],
            "properties": { "at": text, "deals": object, "tasks": object },
        },
        "Agents": list("agents", &object),
        "Tasks": page("tasks", &json!({ "$ref": "#/components/schemas/Task" })),
        "Handoffs": page("handoffs", &object),
        "Escalations": page("escalations", &object),
        "Performance": {
            "type": "object", "required": ["at", "currency", "agents", "stages"],
            "properties": {
                "at": text, "currency": text, "agents": { "type": "array", "items": object },
                "stages": { "type": "array", "items": object },
            },
        },
        "Learnings": list("learnings", &object),
        "Messages": page("messages", &object),
        "Events": page("events", &object),
    })
}
