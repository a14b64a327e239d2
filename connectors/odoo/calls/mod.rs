//! Odoo's endpoints, one per file. They are all `POST /json/2/<model>/<method>` with named arguments in a JSON
//! body and the bare result as the answer (vendor: "External JSON-2 API", Odoo 19).

pub mod action_feedback;
pub mod context_get;
pub mod has_access;
pub mod load;
pub mod message_post;
pub mod refusal;
pub mod search;
pub mod search_count;
pub mod search_read;
#[cfg(test)]
pub mod tests;
pub mod write;

use bytes::Bytes;
use connect::{Error, ErrorKind};
use http::{Method, Request, header, response::Parts};
use model::Timestamp;
use serde::{Serialize, de::DeserializeOwned};
use std::sync::Arc;
use url::Url;

/// Which database of the server is meant; a server with one database needs no name.
#[derive(Clone, Debug, Default)]
pub struct Site {
    /// Name of the database.
    pub database: Option<Arc<str>>,
}

impl Site {
    /// A request for `model.method`.
    fn post<T: Serialize>(
        &self,
        base: &Url,
        model: &str,
        method: &str,
        arguments: &T,
    ) -> Result<Request<Bytes>, Error> {
        let url = format!("{}/json/2/{model}/{method}", base.as_str().trim_end_matches('/'));
        let body = serde_json::to_vec(arguments).map_err(|error| unsendable(model, method, &error))?;
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(url)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "application/json");
        if let Some(database) = &self.database {
            request = request.header("x-odoo-database", database.as_ref());
        }
        request.body(Bytes::from(body)).map_err(|error| unsendable(model, method, &error))
    }
}

fn unsendable(model: &str, method: &str, error: &dyn std::fmt::Display) -> Error {
    Error::unsent(ErrorKind::Config, format!("{model}.{method} can't be sent: {error}"))
}

/// Reads the result of a call, or turns a refusal into an error.
fn result<T: DeserializeOwned>(call: &str, parts: &Parts, body: &Bytes) -> Result<T, Error> {
    if parts.status != http::StatusCode::OK {
        return Err(refusal::error(call, parts, body));
    }
    serde_json::from_slice(body).map_err(|error| {
        Error::answered(ErrorKind::Garbled, format!("{call}: the answer can't be understood: {error}"))
    })
}

/// The server's clock, from the answer's `Date` header (whole seconds).
fn server_time(parts: &Parts) -> Option<Timestamp> {
    let text = parts.headers.get(header::DATE)?.to_str().ok()?;
    let at = jiff::fmt::rfc2822::parse(text).ok()?;
    Some(Timestamp::from_millis(at.timestamp().as_millisecond()))
}
