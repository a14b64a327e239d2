//! `POST calendars/{id}/events` under an id of ours: Google itself refuses a second one.

use super::{events, whole, write};
use crate::{errors::accepted, options::CALENDAR};
use bytes::Bytes;
use connect::{Call, Effect, Error};
use http::{Method, Request, response::Parts};
use serde_json::Value;
use url::Url;

/// A new event.
pub struct Insert<'a> {
    /// The calendar's id.
    pub calendar: &'a str,
    /// The resource, with our id.
    pub body: &'a Value,
}

impl Call for Insert<'_> {
    /// The resource as it came.
    type Out = Bytes;
    const EFFECT: Effect = Effect::Creates;
    const NAME: &'static str = "google.insert";
    fn bucket(&self) -> &'static str {
        CALENDAR
    }
    fn request(&self, base: &Url) -> Result<Request<Bytes>, Error> {
        write(Method::POST, &events(base, self.calendar), self.body, None)
    }
    fn parse(&self, parts: &Parts, body: &Bytes) -> Result<Bytes, Error> {
        accepted(Self::NAME, parts, body)?;
        whole(Self::NAME, body)
    }
}
