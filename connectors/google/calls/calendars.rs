//! `GET users/me/calendarList`: the calendars that the user has in view.

use super::{calendar, json, read};
use crate::{errors::accepted, options::CALENDAR};
use bytes::Bytes;
use connect::{Call, Effect, Error};
use http::{Request, response::Parts};
use serde::Deserialize;
use url::Url;

/// One page.
pub struct Calendars<'a> {
    /// Token of the page; `None` for the first.
    pub page: Option<&'a str>,
}

/// What it holds.
#[derive(Deserialize, Debug)]
#[serde(rename_all = "camelCase")]
pub struct Entries {
    #[serde(default)]
    pub items: Vec<Entry>,
    pub next_page_token: Option<String>,
}

/// A calendar.
#[derive(Deserialize, Debug)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    pub id: String,
    /// `freeBusyReader`, `reader`, `writer` or `owner`.
    #[serde(default)]
    pub access_role: String,
    #[serde(default)]
    pub primary: bool,
    pub time_zone: Option<String>,
}

impl Entry {
    /// The user may write to it.
    pub fn writable(&self) -> bool {
        matches!(self.access_role.as_str(), "writer" | "owner")
    }
}

impl Call for Calendars<'_> {
    type Out = Entries;
    const EFFECT: Effect = Effect::None;
    const NAME: &'static str = "google.calendars";
    fn bucket(&self) -> &'static str {
        CALENDAR
    }
    fn request(&self, base: &Url) -> Result<Request<Bytes>, Error> {
        let mut query = vec![("maxResults", "250")];
        query.extend(self.page.map(|page| ("pageToken", page)));
        read(&calendar(base, "users/me/calendarList"), &query)
    }
    fn parse(&self, parts: &Parts, body: &Bytes) -> Result<Entries, Error> {
        accepted(Self::NAME, parts, body)?;
        json(Self::NAME, body)
    }
}
