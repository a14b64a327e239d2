//! Refusals in Google's error form.

use crate::hubspot::reply::Reply;
use serde_json::{Value, json};

/// Why a request is refused.
#[derive(Clone, Debug)]
pub struct Problem {
    pub code: u16,
    pub domain: &'static str,
    pub reason: &'static str,
    pub message: String,
    /// Name of the parameter at fault.
    pub parameter: Option<&'static str>,
    pub retry_after_s: Option<u32>,
}

impl Problem {
    pub fn new(code: u16, domain: &'static str, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, domain, reason, message: message.into(), parameter: None, retry_after_s: None }
    }
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "global", "invalid", message)
    }
    pub fn parameter(name: &'static str, message: impl Into<String>) -> Self {
        Self { parameter: Some(name), ..Self::invalid(message) }
    }
    pub fn not_found(message: &str) -> Self {
        Self::new(404, "global", "notFound", message)
    }
    /// The same limit is told in two ways.
    pub fn too_many(as_403: bool) -> Self {
        if as_403 {
            Self::new(403, "usageLimits", "rateLimitExceeded", "Rate Limit Exceeded")
        } else {
            Self::new(429, "usageLimits", "rateLimitExceeded", "Too many requests for this user.")
        }
    }

    fn status(&self) -> &'static str {
        match self.code {
            400 => "INVALID_ARGUMENT",
            401 => "UNAUTHENTICATED",
            403 => "PERMISSION_DENIED",
            404 => "NOT_FOUND",
            409 => "ALREADY_EXISTS",
            412 => "FAILED_PRECONDITION",
            429 => "RESOURCE_EXHAUSTED",
            503 => "UNAVAILABLE",
            _ => "INTERNAL",
        }
    }

    pub fn reply(&self) -> Reply {
        let mut detail = json!({"domain": self.domain, "reason": self.reason, "message": self.message});
        if let (Some(name), Some(map)) = (self.parameter, detail.as_object_mut()) {
            map.insert("locationType".to_owned(), Value::from("parameter"));
            map.insert("location".to_owned(), Value::from(name));
        }
        let body = json!({"error": {
            "code": self.code, "message": self.message, "errors": [detail], "status": self.status(),
        }});
        let mut reply = Reply::json(self.code, &body);
        reply.headers.extend(self.retry_after_s.map(|s| ("retry-after", s.to_string())));
        reply
    }
}
