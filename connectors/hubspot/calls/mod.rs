//! HubSpot's endpoints, one per file: request and answer as values.

pub mod account;
pub mod associations;
pub mod batch_read;
pub mod create;
pub mod get;
pub mod labels;
pub mod list;
pub mod owners;
pub mod pipelines;
pub mod properties;
pub mod search;
pub mod update;

use crate::errors::garbled;
use crate::view::{Reader, Seen, Unread};
use bytes::Bytes;
use connect::{Error, ErrorKind};
use http::{Method, Request, header, response::Parts};
use model::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use url::Url;

/// Records of one answer, in its order.
#[derive(Debug)]
pub struct Records {
    /// Read one by one: a garbled one does not spoil the others.
    pub items: Vec<Result<Seen, Unread>>,
    /// Cursor of the next page.
    pub after: Option<String>,
    /// How many match (searches only).
    pub total: Option<u64>,
    /// When the vendor answered, by its own clock.
    pub date: Option<Timestamp>,
}

/// What list, search and batch read answer, with the records left as they came.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    results: Vec<&'a RawValue>,
    #[serde(default)]
    paging: Option<Paging>,
    #[serde(default)]
    total: Option<u64>,
}

/// `paging: {next: {after}}`; the link beside it is of no use to us.
#[derive(Deserialize, Debug)]
pub struct Paging {
    next: Option<Next>,
}

#[derive(Deserialize, Debug)]
struct Next {
    after: String,
}

/// Cursor of the next page, if there is one.
pub fn after(paging: Option<Paging>) -> Option<String> {
    paging.and_then(|paging| paging.next).map(|next| next.after).filter(|after| !after.is_empty())
}

/// Reads the records of an answer.
pub fn records(call: &str, reader: &Reader<'_>, parts: &Parts, body: &Bytes) -> Result<Records, Error> {
    let page: Envelope<'_> = json(call, body)?;
    let items = page.results.into_iter().map(|raw| reader.read(body, raw)).collect();
    Ok(Records { items, after: after(page.paging), total: page.total, date: date(parts) })
}

/// Reads a JSON answer; HTML, half an answer and anything else is garbled.
pub fn json<'a, T: Deserialize<'a>>(call: &str, body: &'a Bytes) -> Result<T, Error> {
    let text = std::str::from_utf8(body).map_err(|_| garbled(call, "it is not UTF-8"))?;
    serde_json::from_str(text).map_err(|error| {
        // Of what serde says only the place: the rest may quote a customer's data.
        garbled(call, format_args!("line {}, column {}", error.line(), error.column()))
    })
}

/// The `Date` header.
pub fn date(parts: &Parts) -> Option<Timestamp> {
    let text = parts.headers.get(header::DATE)?.to_str().ok()?;
    let at = jiff::fmt::rfc2822::parse(text).ok()?;
    Some(Timestamp::from_millis(at.timestamp().as_millisecond()))
}

/// A request without a body.
pub fn read(base: &Url, path: &str, query: &[(&str, &str)]) -> Result<Request<Bytes>, Error> {
    let mut url = address(base, path);
    if !query.is_empty() {
        let pairs = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
        url.push('?');
        url.push_str(&pairs);
    }
    finished(Request::builder().method(Method::GET).uri(url), Bytes::new())
}

/// A request with a JSON body.
pub fn write(method: Method, base: &Url, path: &str, body: &impl Serialize) -> Result<Request<Bytes>, Error> {
    let json = serde_json::to_vec(body).map_err(|e| Error::unsent(ErrorKind::Invalid, e.to_string()))?;
    let builder = Request::builder().method(method).uri(address(base, path));
    finished(builder.header(header::CONTENT_TYPE, "application/json"), json.into())
}

fn address(base: &Url, path: &str) -> String {
    format!("{}{path}", base.as_str().trim_end_matches('/'))
}

fn finished(builder: http::request::Builder, body: Bytes) -> Result<Request<Bytes>, Error> {
    let request = builder.header(header::ACCEPT, "application/json").body(body);
    request.map_err(|error| Error::unsent(ErrorKind::Config, format!("hubspot: the address is bad: {error}")))
}

/// An id as one segment of a path.
pub fn segment(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

#[cfg(test)]
pub mod testing;
