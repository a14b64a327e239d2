//! An answer before its rate-limit and correlation headers are put on.

use super::problem::{Problem, html_page};
use bytes::Bytes;
use serde_json::Value;

#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub content_type: Option<&'static str>,
    pub headers: Vec<(&'static str, String)>,
    pub body: Bytes,
}

pub const JSON: &str = "application/json;charset=utf-8";
const HTML: &str = "text/html;charset=iso-8859-1";

impl Reply {
    pub fn json(status: u16, body: &Value) -> Self {
        Self::raw(status, body.to_string().into_bytes())
    }

    /// JSON that is already written.
    pub fn raw(status: u16, body: Vec<u8>) -> Self {
        Self { status, content_type: Some(JSON), headers: Vec::new(), body: body.into() }
    }

    pub fn empty() -> Self {
        Self { status: 204, content_type: None, headers: Vec::new(), body: Bytes::new() }
    }

    pub fn html(status: u16, reason: &str, text: &str) -> Self {
        let body = html_page(status, reason, text).into();
        Self { status, content_type: Some(HTML), headers: Vec::new(), body }
    }

    pub fn problem(problem: &Problem, correlation: &str) -> Self {
        if problem.html {
            Self::html(problem.status, "Not Found", "Resource not found")
        } else {
            Self::json(problem.status, &problem.body(correlation))
        }
    }

    #[must_use]
    pub fn with(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }
}
