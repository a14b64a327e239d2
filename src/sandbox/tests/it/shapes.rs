//! Answers against the schemas of the official client for 2026-03.

use crate::desk::{Desk, NOON, shared};
use http::Method;
use sandbox::Kind;
use sandbox::team::Size;
use serde_json::{Value, json};

/// Just as much of JSON Schema as those files use.
struct Checker<'a> {
    root: &'a Value,
    complaints: Vec<String>,
}

impl Checker<'_> {
    fn check(&mut self, at: &str, schema: &Value, value: &Value) {
        if let Some(name) = schema["$ref"].as_str() {
            let target = self.root["$defs"][name.trim_start_matches("#/$defs/")].clone();
            assert!(!target.is_null(), "{name}");
            return self.check(at, &target, value);
        }
        if let Some(choices) = schema["anyOf"].as_array() {
            let fits = |choice: &Value| {
                let mut other = Checker { root: self.root, complaints: Vec::new() };
                other.check(at, choice, value);
                other.complaints.is_empty()
            };
            if !choices.iter().any(fits) {
                self.complaints.push(format!("{at}: {value} is none of the choices"));
            }
            return;
        }
        if schema["enum"].as_array().is_some_and(|all| !all.contains(value))
            || schema.get("const").is_some_and(|only| only != value)
        {
            self.complaints.push(format!("{at}: {value} is not allowed"));
        }
        match schema["type"].as_str() {
            Some("object") => self.object(at, schema, value),
            Some("array") => match value.as_array() {
                Some(items) => {
                    for item in items {
                        self.check(&format!("{at}[]"), &schema["items"], item);
                    }
                }
                None => self.complaints.push(format!("{at}: {value} is no list")),
            },
            Some(kind) if !is_a(kind, at, value) => {
                self.complaints.push(format!("{at}: {value} is no {kind}"));
            }
            _ => {}
        }
    }

    fn object(&mut self, at: &str, schema: &Value, value: &Value) {
        let Some(members) = value.as_object() else {
            self.complaints.push(format!("{at}: {value} is no object"));
            return;
        };
        for required in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !members.contains_key(required) {
                self.complaints.push(format!("{at}: {required} is missing"));
            }
        }
        for (name, member) in members {
            let known = schema["properties"].get(name).or_else(|| {
                schema["additionalProperties"].as_object().map(|_| &schema["additionalProperties"])
            });
            if let Some(known) = known {
                self.check(&format!("{at}.{name}"), known, member);
            }
        }
    }
}

/// The listed deviations of live traffic from the schemas: values may be null, `toObjectId` is a number.
fn is_a(kind: &str, at: &str, value: &Value) -> bool {
    match kind {
        "string" if value.is_null() => at.contains(".properties."),
        "string" if value.is_number() => at.ends_with(".toObjectId"),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("{at}: a type {other} in the schema"),
    }
}

fn account() -> (Desk, u64, u64, u64) {
    let desk = Desk::plain();
    desk.sandbox.populate(&Size::small());
    let deal = desk.sandbox.ids(Kind::Deal)[0];
    let shot = desk.sandbox.snapshot();
    let first = |to: &str| {
        shot.get(Kind::Deal, deal).unwrap().associations[to].keys().next().unwrap().parse().unwrap()
    };
    (desk, deal, first("contacts"), first("companies"))
}

/// (method, address, body, schema)
type Call = (Method, String, Value, &'static str);

fn reads(deal: u64, contact: u64) -> Vec<Call> {
    let get = |uri: String, schema| (Method::GET, uri, Value::Null, schema);
    let post = |uri: &str, body, schema| (Method::POST, uri.to_owned(), body, schema);
    let ids = json!({"inputs": [{"id": deal.to_string()}]});
    vec![
        get(
            format!("/crm/objects/2026-03/contacts/{contact}?properties=phone,fax"),
            "SimplePublicObjectWithAssociations",
        ),
        get(
            format!(
                "/crm/objects/2026-03/deals/{deal}?associations=companies&propertiesWithHistory=dealstage"
            ),
            "SimplePublicObjectWithAssociations",
        ),
        post(
            "/crm/objects/2026-03/0-3/search",
            json!({"limit": 5}),
            "CollectionResponseWithTotalSimplePublicObject",
        ),
        post("/crm/objects/2026-03/deals/batch/read", ids.clone(), "BatchResponseSimplePublicObject"),
        post(
            "/crm/objects/2026-03/deals/batch/read",
            json!({"inputs": [{"id": "1"}]}),
            "BatchResponseSimplePublicObject",
        ),
        post(
            "/crm/associations/2026-03/deals/companies/batch/read",
            ids,
            "BatchResponsePublicAssociationMultiWithLabel",
        ),
        get(
            "/crm/associations/2026-03/deals/companies/labels".to_owned(),
            "CollectionResponseAssociationSpecWithLabelNoPaging",
        ),
        get("/crm/owners/2026-03/41629700".to_owned(), "PublicOwner"),
        get("/crm/pipelines/2026-03/deals".to_owned(), "CollectionResponsePipelineNoPaging"),
        get("/crm/pipelines/2026-03/deals/default".to_owned(), "Pipeline"),
        get(
            "/crm/pipelines/2026-03/deals/default/stages".to_owned(),
            "CollectionResponsePipelineStageNoPaging",
        ),
        get("/crm/pipelines/2026-03/deals/default/stages/closedwon".to_owned(), "PipelineStage"),
        get("/crm/properties/2026-03/deals".to_owned(), "CollectionResponsePropertyNoPaging"),
        get("/crm/properties/2026-03/deals/hubspot_owner_id".to_owned(), "Property"),
        get("/crm/properties/2026-03/deals/groups".to_owned(), "CollectionResponsePropertyGroupNoPaging"),
        get("/account-info/2026-03/details".to_owned(), "PortalInformationResponse"),
        get(
            "/account-info/2026-03/api-usage/daily/private-apps".to_owned(),
            "CollectionResponseAPIUsageNoPaging",
        ),
    ]
}

fn writes(deal: u64, contact: u64, company: u64) -> Vec<Call> {
    let post = |uri: &str, body, schema| (Method::POST, uri.to_owned(), body, schema);
    let task = json!({"properties": {"hs_timestamp": NOON.to_string()}});
    let pair = json!({"from": {"id": deal.to_string()}, "to": {"id": contact.to_string()},
        "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 3}]});
    let put = |uri: String, body, schema| (Method::PUT, uri, body, schema);
    vec![
        post("/crm/objects/2026-03/tasks", task.clone(), "SimplePublicObject"),
        post(
            "/crm/objects/2026-03/tasks/batch/create",
            json!({"inputs": [task]}),
            "BatchResponseSimplePublicObject",
        ),
        (
            Method::PATCH,
            format!("/crm/objects/2026-03/deals/{deal}"),
            json!({"properties": {"amount": "7"}}),
            "SimplePublicObject",
        ),
        post(
            "/crm/objects/2026-03/deals/batch/update",
            json!({"inputs": [{"id": deal.to_string(), "properties": {"amount": "8"}}]}),
            "BatchResponseSimplePublicObject",
        ),
        post(
            "/crm/objects/2026-03/contacts/batch/upsert",
            json!({"inputs": [
            {"id": "u@x.test", "idProperty": "email", "properties": {}, "objectWriteTraceId": "1"},
            {"id": "v@x.test", "idProperty": "email", "properties": {"nonsense": "1"}, "objectWriteTraceId": "2"}]}),
            "BatchResponseSimplePublicUpsertObject",
        ),
        put(
            format!("/crm/objects/2026-03/deals/{deal}/associations/default/companies/{company}"),
            Value::Null,
            "BatchResponsePublicDefaultAssociation",
        ),
        put(
            format!("/crm/objects/2026-03/deals/{deal}/associations/contacts/{contact}"),
            pair["types"].clone(),
            "LabelsBetweenObjectPair",
        ),
        post(
            "/crm/associations/2026-03/deals/contacts/batch/create",
            json!({"inputs": [pair]}),
            "BatchResponseLabelsBetweenObjectPair",
        ),
        post(
            "/crm/associations/2026-03/deals/contacts/batch/associate/default",
            json!({"inputs": [pair]}),
            "BatchResponsePublicDefaultAssociation",
        ),
        post("/crm/properties/2026-03/deals/groups", json!({"name": "own", "label": "Own"}), "PropertyGroup"),
        post(
            "/crm/properties/2026-03/deals",
            json!({"name": "k", "label": "K", "type": "string", "fieldType": "text", "groupName": "own"}),
            "Property",
        ),
    ]
}

#[test]
fn answers_have_the_shape_that_the_official_client_expects() {
    let Some(path) =
        shared("hubspot/sdk-derived/response-schemas-2026-03.json", "schemas of the official client")
    else {
        return;
    };
    let all: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let (desk, deal, contact, company) = account();
    let mut complaints = Vec::new();
    for (method, uri, body, name) in reads(deal, contact).into_iter().chain(writes(deal, contact, company)) {
        let answer = desk.try_send(method.clone(), &uri, &body).unwrap();
        assert!(answer.status < 300, "{method} {uri}: {}", String::from_utf8_lossy(&answer.body));
        let schema = &all["schemas"][name];
        assert!(schema.is_object(), "{name}");
        let mut checker = Checker { root: schema, complaints: Vec::new() };
        checker.check(name, schema, &answer.json());
        complaints.extend(checker.complaints.into_iter().map(|c| format!("{method} {uri}: {c}")));
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn the_checker_finds_what_is_wrong() {
    let schema = json!({"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}});
    let mut checker = Checker { root: &schema, complaints: Vec::new() };
    checker.check("x", &schema, &json!({"id": 1}));
    checker.check("x", &schema, &json!({}));
    assert_eq!(checker.complaints, ["x.id: 1 is no string", "x: id is missing"]);
}
