//! `PATCH calendars/{id}/events/{id}` under `If-Match`: only what was read is changed.

use super::{events, segment, whole, write};
use crate::{errors::accepted, options::CALENDAR};
use bytes::Bytes;
use connect::{Call, Effect, Error};
use http::{Method, Request, StatusCode, response::Parts};
use serde_json::Value;
use url::Url;

/// A change of an event.
pub struct Patch<'a> {
    /// The calendar's id.
    pub calendar: &'a str,
    /// The event's.
    pub id: &'a str,
    /// Its entity tag as read.
    pub etag: &'a str,
    /// What changes.
    pub body: &'a Value,
}

impl Call for Patch<'_> {
    /// The resource as it came; `None` when it is no longer what was read.
    type Out = Option<Bytes>;
    const EFFECT: Effect = Effect::Idempotent;
    const NAME: &'static str = "google.patch";
    fn bucket(&self) -> &'static str {
        CALENDAR
    }
    fn request(&self, base: &Url) -> Result<Request<Bytes>, Error> {
        let address = format!("{}/{}", events(base, self.calendar), segment(self.id));
        write(Method::PATCH, &address, self.body, Some(self.etag))
    }
    fn parse(&self, parts: &Parts, body: &Bytes) -> Result<Option<Bytes>, Error> {
        if parts.status == StatusCode::PRECONDITION_FAILED {
            return Ok(None);
        }
        accepted(Self::NAME, parts, body)?;
        whole(Self::NAME, body).map(Some)
    }
}
