//! `GET calendars/{id}/events/{id}`: one event or occurrence, cancelled ones too for a while.

use super::{events, read, segment, whole};
use crate::{errors::accepted, options::CALENDAR};
use bytes::Bytes;
use connect::{Call, Effect, Error};
use http::{Request, response::Parts};
use url::Url;

/// One event.
pub struct Get<'a> {
    /// The calendar's id.
    pub calendar: &'a str,
    /// The event's.
    pub id: &'a str,
}

impl Call for Get<'_> {
    /// The resource as it came.
    type Out = Bytes;
    const EFFECT: Effect = Effect::None;
    const NAME: &'static str = "google.event";
    fn bucket(&self) -> &'static str {
        CALENDAR
    }
    fn request(&self, base: &Url) -> Result<Request<Bytes>, Error> {
        read(&format!("{}/{}", events(base, self.calendar), segment(self.id)), &[])
    }
    fn parse(&self, parts: &Parts, body: &Bytes) -> Result<Bytes, Error> {
        accepted(Self::NAME, parts, body)?;
        whole(Self::NAME, body)
    }
}
