//! Answers of a real Odoo 19.0, as recorded (tracebacks shortened).

use bytes::Bytes;
use http::{Response, response::Parts};

/// Reads `recorded/<name>.http`: status line, headers, empty line, body.
pub fn recorded(name: &str) -> (Parts, Bytes) {
    let path = format!("{}/recorded/{name}.http", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let (head, body) = text.split_once("\n\n").expect("head and body");
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).expect("status");
    let mut response = Response::builder().status(status);
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        response = response.header(name, value);
    }
    response.body(Bytes::from(body.to_owned())).expect("response").into_parts()
}

/// Body of a request as JSON.
pub fn sent(request: &http::Request<Bytes>) -> serde_json::Value {
    serde_json::from_slice(request.body()).expect("JSON")
}

/// Base URL of the tests.
pub fn base() -> url::Url {
    "https://crm.example/".parse().expect("URL")
}
