//! Answers for tests.

use crate::testing::shared;
use bytes::Bytes;
use http::{Response, response::Parts};

/// An answer with these headers.
pub fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> (Parts, Bytes) {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(Bytes::copy_from_slice(body.as_bytes())).unwrap().into_parts()
}

/// An answer of a real Radicale, by its number; `None`, with a visible line, where the recordings are not here.
pub fn recorded(number: &str) -> Option<(Parts, Bytes)> {
    let file = shared(&format!("mailcal/recorded/caldav-radicale/{number}.http"))?;
    let text = std::fs::read_to_string(file).unwrap();
    let (_, response) = text.split_once("=== RESPONSE ").unwrap();
    let (head, body) = response.split_once("\n\n").unwrap_or((response, ""));
    let mut lines = head.lines();
    let status = lines.next().unwrap().trim().parse().unwrap();
    let headers: Vec<_> = lines.filter_map(|line| line.split_once(": ")).collect();
    Some(answer(status, &headers, body))
}
