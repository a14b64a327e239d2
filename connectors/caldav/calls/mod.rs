//! The endpoints of a CalDAV server, one per file.

pub mod get;
pub mod list;
pub mod members;
pub mod multiget;
pub mod put;
pub mod query;
pub mod refusal;
pub mod sync;
#[cfg(test)]
pub mod tests;
pub mod who;

use crate::xml;
use bytes::Bytes;
use connect::{Error, ErrorKind};
use http::{Method, Request, StatusCode, header, response::Parts};
use model::Timestamp;
use url::Url;

/// Namespaces of all requests.
const NAMESPACES: &str =
    r#"xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:CS="http://calendarserver.org/ns/""#;

/// A request with an XML body.
fn dav(
    base: &Url,
    method: &'static str,
    path: &str,
    depth: &'static str,
    body: &str,
) -> Result<Request<Bytes>, Error> {
    let body = format!("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n{body}");
    Request::builder()
        .method(Method::from_bytes(method.as_bytes()).map_err(|error| unsendable(path, &error))?)
        .uri(url(base, path).as_str())
        .header("depth", depth)
        .header(header::CONTENT_TYPE, "application/xml; charset=utf-8")
        .body(Bytes::from(body))
        .map_err(|error| unsendable(path, &error))
}

/// A path at the server of the connection, and no other.
fn url(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(path);
    url.set_query(None);
    url
}

fn unsendable(path: &str, error: &dyn std::fmt::Display) -> Error {
    Error::unsent(ErrorKind::Config, format!("{path} can't be asked for: {error}"))
}

/// Reads a multistatus, or turns a refusal into an error. Returns the sync token.
fn multistatus(
    call: &str,
    parts: &Parts,
    body: &Bytes,
    each: impl FnMut(xml::Response),
) -> Result<Option<String>, Error> {
    if parts.status != StatusCode::MULTI_STATUS {
        return Err(refusal::error(call, parts, body));
    }
    xml::multistatus(body, each).map_err(|why| {
        Error::answered(ErrorKind::Garbled, format!("{call}: the answer can't be understood: {why}"))
    })
}

/// The server's clock, from the answer's `Date` header (whole seconds).
fn server_time(parts: &Parts) -> Option<Timestamp> {
    let text = parts.headers.get(header::DATE)?.to_str().ok()?;
    let at = jiff::fmt::rfc2822::parse(text).ok()?;
    Some(Timestamp::from_millis(at.timestamp().as_millisecond()))
}

/// The entity tag of an answer; empty where the server gives none.
fn tag(parts: &Parts) -> Box<str> {
    parts.headers.get(header::ETAG).and_then(|tag| tag.to_str().ok()).unwrap_or_default().into()
}
