//! `GET calendars/{id}/events`: events with series told as occurrences; from a sync token what changed since.

use super::{events, json, read};
use crate::{errors::accepted, options::CALENDAR};
use bytes::Bytes;
use connect::{Call, Effect, Error, ErrorKind};
use http::{Request, response::Parts};
use model::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use url::Url;

/// One page.
pub struct Events<'a> {
    /// The calendar's id.
    pub calendar: &'a str,
    /// Token of the page; `None` for the first.
    pub page: Option<&'a str>,
    /// Only what changed since; then neither of the times is allowed.
    pub sync: Option<&'a str>,
    /// Only what ends after this.
    pub from: Option<Timestamp>,
    /// Only what begins before this.
    pub to: Option<Timestamp>,
    /// Cancelled ones too. A sync token knows it and holds to it.
    pub deleted: bool,
}

const MOST: &str = "200";

/// What it holds, event by event as it came.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Page {
    #[serde(default)]
    pub items: Vec<Box<RawValue>>,
    /// A page may be empty and still have a next one.
    pub next_page_token: Option<String>,
    /// Only on the last page.
    pub next_sync_token: Option<String>,
}

impl Call for Events<'_> {
    type Out = Page;
    const EFFECT: Effect = Effect::None;
    const NAME: &'static str = "google.events";
    fn bucket(&self) -> &'static str {
        CALENDAR
    }
    fn request(&self, base: &Url) -> Result<Request<Bytes>, Error> {
        let (from, to) = (self.from.map(|at| at.to_string()), self.to.map(|at| at.to_string()));
        let mut query = vec![("singleEvents", "true"), ("maxResults", MOST)];
        if self.deleted {
            query.push(("showDeleted", "true"));
        }
        query.extend(from.as_deref().map(|from| ("timeMin", from)));
        query.extend(to.as_deref().map(|to| ("timeMax", to)));
        query.extend(self.sync.map(|sync| ("syncToken", sync)));
        query.extend(self.page.map(|page| ("pageToken", page)));
        read(&events(base, self.calendar), &query)
    }
    fn parse(&self, parts: &Parts, body: &Bytes) -> Result<Page, Error> {
        match accepted(Self::NAME, parts, body) {
            // A token that is none of Google's, or belongs to other parameters, is as good as expired.
            Err(error)
                if error.kind == ErrorKind::Invalid && (self.sync.is_some() || self.page.is_some()) =>
            {
                Err(Error { kind: ErrorKind::CursorExpired, ..error })
            }
            Err(error) => Err(error),
            Ok(()) => json(Self::NAME, body),
        }
    }
}
