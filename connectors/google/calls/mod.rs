//! Google's endpoints, one per file: request and answer as values.

pub mod calendars;
pub mod event;
pub mod events;
pub mod history;
pub mod insert;
pub mod message;
pub mod messages;
pub mod patch;
pub mod profile;

use crate::errors::garbled;
use bytes::Bytes;
use connect::{Error, ErrorKind};
use http::{Method, Request, header};
use serde::Deserialize;
use url::Url;

/// Calendar's host, beside which Gmail has its own.
const SHARED_HOST: &str = "www.googleapis.com";
const GMAIL: &str = "https://gmail.googleapis.com";

/// Address of a Gmail endpoint of the user.
pub fn gmail(base: &Url, path: &str) -> String {
    let root = if base.host_str() == Some(SHARED_HOST) { GMAIL } else { base.as_str().trim_end_matches('/') };
    format!("{root}/gmail/v1/users/me/{path}")
}

/// Address of a Calendar endpoint.
pub fn calendar(base: &Url, path: &str) -> String {
    format!("{}/calendar/v3/{path}", base.as_str().trim_end_matches('/'))
}

/// Address of a calendar's events.
pub fn events(base: &Url, id: &str) -> String {
    calendar(base, &format!("calendars/{}/events", segment(id)))
}

/// A request without a body.
pub fn read(address: &str, query: &[(&str, &str)]) -> Result<Request<Bytes>, Error> {
    let pairs = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
    let address = if query.is_empty() { address.to_owned() } else { format!("{address}?{pairs}") };
    finished(Request::builder().method(Method::GET).uri(address), Bytes::new())
}

/// A request with a JSON body that mails nobody about it.
pub fn write(
    method: Method,
    address: &str,
    body: &serde_json::Value,
    if_match: Option<&str>,
) -> Result<Request<Bytes>, Error> {
    let mut builder = Request::builder().method(method).uri(format!("{address}?sendUpdates=none"));
    if let Some(tag) = if_match {
        builder = builder.header(header::IF_MATCH, tag);
    }
    finished(builder.header(header::CONTENT_TYPE, "application/json"), body.to_string().into())
}

fn finished(builder: http::request::Builder, body: Bytes) -> Result<Request<Bytes>, Error> {
    let request = builder.header(header::ACCEPT, "application/json").body(body);
    request.map_err(|error| Error::unsent(ErrorKind::Config, format!("google: the address is bad: {error}")))
}

/// An id as one segment of a path.
pub fn segment(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

/// Reads a JSON answer; HTML, half an answer and anything else is garbled.
pub fn json<'a, T: Deserialize<'a>>(call: &str, body: &'a Bytes) -> Result<T, Error> {
    serde_json::from_slice(body).map_err(|error| {
        // Of what serde says only the place: the rest may quote a customer's data.
        garbled(call, format_args!("line {}, column {}", error.line(), error.column()))
    })
}

/// An answer that is to be read later, if it came whole.
pub fn whole(call: &str, body: &Bytes) -> Result<Bytes, Error> {
    json::<serde::de::IgnoredAny>(call, body)?;
    Ok(body.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gmail_has_a_host_of_its_own_beside_calendar_and_none_elsewhere() {
        let real: Url = "https://www.googleapis.com".parse().unwrap();
        assert_eq!(gmail(&real, "profile"), "https://gmail.googleapis.com/gmail/v1/users/me/profile");
        assert_eq!(
            events(&real, "a b@x/y"),
            "https://www.googleapis.com/calendar/v3/calendars/a%20b%40x%2Fy/events"
        );
        let other: Url = "http://127.0.0.1:4711".parse().unwrap();
        assert_eq!(gmail(&other, "profile"), "http://127.0.0.1:4711/gmail/v1/users/me/profile");
    }
}
