//! The way to a vendor: a request becomes a response, or it is said how far it got.

use crate::{Error, ErrorKind, Sent};
use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use std::time::Duration;

/// A way to send requests. In production a pooled client; in tests a router called in memory.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Sends a request and collects its answer whole, or fails after `timeout`.
    async fn send(&self, request: Request<Bytes>, timeout: Duration) -> Result<Response<Bytes>, Broken>;
}

/// No answer.
#[derive(Debug, Clone)]
pub struct Broken {
    /// How far it got: `NotSent` only when that is certain.
    pub sent: Sent,
    /// It took too long.
    pub timeout: bool,
    /// For people; no URL, no secret.
    pub why: String,
}

impl Broken {
    /// The same as an error of a call.
    pub fn into_error(self, call: &str) -> Error {
        let kind = if self.timeout { ErrorKind::Timeout } else { ErrorKind::Network };
        Error { kind, sent: self.sent, detail: format!("{call}: {}", self.why) }
    }
}
