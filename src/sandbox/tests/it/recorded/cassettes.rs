//! Single recorded calls of a private app: statuses, headers, and the shape of bodies.

use crate::desk::{Answer, Desk, shared};
use http::Method;
use sandbox::{Config, Limits, Token};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const SCOPES: [&str; 4] = [
    "crm.objects.contacts.read",
    "crm.objects.contacts.write",
    "crm.objects.companies.read",
    "crm.objects.companies.write",
];

struct Cassette {
    desk: Desk,
    name: String,
    ids: BTreeMap<String, String>,
}

impl Cassette {
    fn play(name: &str, interactions: &[Value]) -> usize {
        let limits = Limits { ten_secondly: 100, daily: 250_000, search_secondly: 4 };
        let tokens = vec![Token::all("wide"), Token::without("narrow", &SCOPES)];
        let mut desk = Desk::new(&Config { limits: Some(limits), tokens, ..Config::plain(1) });
        if name.ends_with("no_scope.json") { "narrow" } else { "wide" }.clone_into(&mut desk.token);
        let mut cassette = Self { desk, name: name.to_owned(), ids: BTreeMap::new() };
        for recorded in interactions {
            cassette.prepare(recorded);
        }
        for recorded in interactions {
            cassette.ask(recorded);
        }
        interactions.len()
    }

    fn path(recorded: &Value) -> String {
        recorded["url"].as_str().unwrap().trim_start_matches("https://api.hubapi.com").to_owned()
    }

    /// Records that are read before they're created were there before.
    fn prepare(&mut self, recorded: &Value) {
        let path = Self::path(recorded);
        let kind = path.split('/').nth(4).unwrap().split('?').next().unwrap().to_owned();
        let made = recorded["method"] == "POST" && !path.ends_with("search");
        let body = &recorded["response"];
        let list = body["results"].as_array().cloned().unwrap_or_else(|| vec![body.clone()]);
        for record in list.iter().filter(|r| r["properties"].is_object()) {
            let id = record["id"].as_str().unwrap().to_owned();
            if made {
                self.ids.insert(id, String::new());
            } else if !self.ids.contains_key(&id) {
                let mut values = record["properties"].clone();
                for system in ["createdate", "lastmodifieddate", "hs_lastmodifieddate", "hs_object_id"] {
                    values.as_object_mut().unwrap().remove(system);
                }
                let ours = self.create(&kind, &values);
                self.ids.insert(id, ours);
            }
        }
        // A page with a link to the next one needs a next one.
        if body["paging"].is_object() {
            for n in 0..body["total"].as_u64().unwrap_or(2) {
                self.create(&kind, &json!({"email": format!("more{n}@example.org"), "firstname": "Test"}));
            }
        }
    }

    fn create(&self, kind: &str, values: &Value) -> String {
        let answer = self.desk.post(&format!("/crm/v3/objects/{kind}"), &json!({"properties": values}));
        assert_eq!(answer.status, 201, "{}: {}", self.name, String::from_utf8_lossy(&answer.body));
        answer.json()["id"].as_str().unwrap().to_owned()
    }

    fn ask(&mut self, recorded: &Value) {
        let (mut path, mut body) = (Self::path(recorded), recorded["request"].to_string());
        for (theirs, ours) in &self.ids {
            path = path.replace(theirs, ours);
            body = body.replace(theirs, ours);
        }
        let method = Method::from_bytes(recorded["method"].as_str().unwrap().as_bytes()).unwrap();
        let body: Value = serde_json::from_str(&body).unwrap();
        self.desk.clock.advance(300);
        let answer = self.desk.try_send(method, &path, &body).unwrap();
        self.compare(recorded, &answer);
        if let (Some(theirs), Some(ours)) =
            (recorded["response"]["id"].as_str(), answer.json()["id"].as_str())
        {
            self.ids.insert(theirs.to_owned(), ours.to_owned());
        }
    }

    fn compare(&self, recorded: &Value, answer: &Answer) {
        let at = format!("{}: {} {}", self.name, recorded["method"], recorded["url"]);
        assert_eq!(u64::from(answer.status), recorded["status"].as_u64().unwrap(), "{at}");
        let theirs: BTreeSet<String> = recorded["headers"]
            .as_object()
            .unwrap()
            .keys()
            .map(|k| k.to_lowercase())
            .filter(|k| k != "date")
            .collect();
        let ours: BTreeSet<String> = answer.headers.keys().map(|k| k.as_str().to_owned()).collect();
        assert_eq!(ours, theirs, "{at}");
        assert_eq!(answer.header("content-type"), recorded["headers"]["Content-Type"].as_str(), "{at}");
        match &recorded["response"] {
            Value::String(page) => {
                assert_eq!(String::from_utf8_lossy(&answer.body).trim(), page.trim(), "{at}");
            }
            Value::Null => assert!(answer.body.is_empty(), "{at}"),
            body => same_shape(&at, body, &answer.json()),
        }
    }
}

/// The same members with values of the same type; of lists the first elements are compared.
fn same_shape(at: &str, theirs: &Value, ours: &Value) {
    match (theirs, ours) {
        (Value::Object(a), Value::Object(b)) => {
            let keys = |m: &serde_json::Map<String, Value>| {
                m.keys()
                    .filter(|k| !matches!(k.as_str(), "links" | "requiredScopes"))
                    .cloned()
                    .collect::<Vec<_>>()
            };
            assert_eq!(keys(b), keys(a), "{at}");
            for key in keys(a) {
                same_shape(&format!("{at} .{key}"), &a[&key], &b[&key]);
            }
        }
        (Value::Array(a), Value::Array(b)) => {
            if let (Some(a), Some(b)) = (a.first(), b.first()) {
                same_shape(&format!("{at}[0]"), a, b);
            } else {
                assert_eq!(a.is_empty(), b.is_empty(), "{at}");
            }
        }
        (a, b) => {
            assert_eq!(std::mem::discriminant(a), std::mem::discriminant(b), "{at}: {a} and {b}");
        }
    }
}

#[test]
fn the_recorded_calls_of_a_private_app_are_answered_in_the_same_shape() {
    let Some(dir) = shared("hubspot/sensadrome__ruby_hubspot_api", "replaying recorded calls") else {
        return;
    };
    let mut played = 0;
    let mut files: Vec<_> = std::fs::read_dir(dir).unwrap().map(|f| f.unwrap().path()).collect();
    files.sort();
    for path in files {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        // The object type `users` isn't emulated.
        if !name.starts_with("users") {
            let text = std::fs::read_to_string(&path).unwrap();
            let interactions: Vec<Value> = serde_json::from_str(&text).unwrap();
            played += Cassette::play(&name, &interactions);
        }
    }
    eprintln!("{played} recorded calls compared");
    assert!(played >= 40);
}
