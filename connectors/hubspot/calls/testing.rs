//! What the tests of calls share.

use crate::api::{Api, VERSION};
use crate::fields::{Object, object};
use bytes::Bytes;
use http::response::Parts;
use model::{ConnectionId, Kind};
use serde_json::Value;
use url::Url;

pub fn base() -> Url {
    "https://api.hubapi.com".parse().unwrap()
}

pub fn setting(kind: Kind) -> (Api, Object, ConnectionId) {
    (Api::named(VERSION).unwrap(), object(kind, None).unwrap().unwrap(), "hubspot".into())
}

pub fn answer(status: u16, body: &str) -> (Parts, Bytes) {
    let (parts, ()) = http::Response::builder().status(status).body(()).unwrap().into_parts();
    (parts, Bytes::copy_from_slice(body.as_bytes()))
}

pub fn sent(request: &http::Request<Bytes>) -> Value {
    serde_json::from_slice(request.body()).unwrap()
}

/// An answer that HubSpot once gave, where the recordings are at hand.
pub fn recorded(cassette: &str, at: usize) -> Option<(Parts, Bytes)> {
    let base = std::env::var("SHARED_DATA")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data").to_owned());
    let path = format!("{base}/hubspot/sensadrome__ruby_hubspot_api/{cassette}.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("skipped: {cassette} because the recordings are not at {base}");
        return None;
    };
    let all: Value = serde_json::from_str(&text).unwrap();
    let one = &all[at];
    let mut builder =
        http::Response::builder().status(u16::try_from(one["status"].as_u64().unwrap()).unwrap());
    for (name, value) in one["headers"].as_object().unwrap() {
        builder = builder.header(name.as_str(), value.as_str().unwrap());
    }
    let (parts, ()) = builder.body(()).unwrap().into_parts();
    let body = match &one["response"] {
        Value::String(page) => page.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    Some((parts, body.into()))
}
