//! A sandbox with a clock to turn by hand, and short ways to ask it.

use bytes::Bytes;
use http::{Method, Request, Response};
use sandbox::clock::Hand;
use sandbox::{Broken, Config, Sandbox};
use serde_json::Value;
use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

pub const NOON: i64 = 1_763_812_800_000;
pub const TOKEN: &str = "pat-eu1-sandbox";

pub struct Desk {
    pub sandbox: Arc<Sandbox>,
    pub clock: Hand,
    pub token: String,
}

pub struct Answer {
    pub status: u16,
    pub headers: http::HeaderMap,
    pub body: Bytes,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|v| v.to_str().ok())
    }

    pub fn ids(&self) -> Vec<u64> {
        let list = self.json()["results"].as_array().cloned().unwrap_or_default();
        list.iter().map(|r| r["id"].as_str().unwrap().parse().unwrap()).collect()
    }
}

impl Desk {
    pub fn new(config: &Config) -> Self {
        let clock = Hand::at(NOON);
        Self { sandbox: Sandbox::new(config, clock.clock()), clock, token: TOKEN.to_owned() }
    }

    /// No limits, no lag.
    pub fn plain() -> Self {
        Self::new(&Config::plain(1))
    }

    pub fn try_send(&self, method: Method, uri: &str, body: &Value) -> Result<Answer, Broken> {
        let bytes = if body.is_null() { Bytes::new() } else { body.to_string().into() };
        self.raw(method, uri, bytes)
    }

    pub fn raw(&self, method: Method, uri: &str, body: Bytes) -> Result<Answer, Broken> {
        let request = Request::builder()
            .method(method)
            .uri(format!("https://api.hubapi.com{uri}"))
            .header("authorization", format!("Bearer {}", self.token))
            .body(body)
            .unwrap();
        let response: Response<Bytes> = now(self.sandbox.call(request))?;
        let (parts, body) = response.into_parts();
        Ok(Answer { status: parts.status.as_u16(), headers: parts.headers, body })
    }

    pub fn get(&self, uri: &str) -> Answer {
        self.try_send(Method::GET, uri, &Value::Null).unwrap()
    }

    pub fn post(&self, uri: &str, body: &Value) -> Answer {
        self.try_send(Method::POST, uri, body).unwrap()
    }

    pub fn patch(&self, uri: &str, body: &Value) -> Answer {
        self.try_send(Method::PATCH, uri, body).unwrap()
    }

    pub fn delete(&self, uri: &str) -> Answer {
        self.try_send(Method::DELETE, uri, &Value::Null).unwrap()
    }

    pub fn put(&self, uri: &str, body: &Value) -> Answer {
        self.try_send(Method::PUT, uri, body).unwrap()
    }
}

/// In-memory calls never wait: one poll must do.
pub fn now<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(out) => out,
        Poll::Pending => panic!("an in-memory call waited"),
    }
}

/// The shared reference data, or `None` with a visible reason.
pub fn shared(part: &str, what: &str) -> Option<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let base = std::env::var_os("SHARED_DATA").map_or_else(|| root.join("../shared/data"), PathBuf::from);
    let path = base.join(part);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: {what} because {} is absent", path.display());
    None
}
