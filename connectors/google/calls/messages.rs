//! `GET users/me/messages`: ids of mails, newest first, without spam and what was thrown away. Drafts are among
//! them.

use super::{gmail, json, read};
use crate::{errors::accepted, options::LIST};
use bytes::Bytes;
use connect::{Call, Effect, Error};
use http::{Request, response::Parts};
use model::Timestamp;
use serde::Deserialize;
use url::Url;

/// One page.
pub struct List<'a> {
    /// Token of the page; `None` for the first.
    pub page: Option<&'a str>,
    /// Most ids, at most 500.
    pub most: usize,
    /// Only mails that arrived after this.
    pub after: Option<Timestamp>,
    /// Only those with this label.
    pub label: Option<&'a str>,
}

/// What it holds.
#[derive(Deserialize, Debug)]
#[serde(rename_all = "camelCase")]
pub struct Ids {
    /// Absent when there is none.
    #[serde(default)]
    pub messages: Vec<Named>,
    /// A page may be empty and still have a next one.
    pub next_page_token: Option<String>,
}

/// A mail's id.
#[derive(Deserialize, Debug)]
pub struct Named {
    /// Hexadecimal.
    pub id: String,
}

impl Call for List<'_> {
    type Out = Ids;
    const EFFECT: Effect = Effect::None;
    const NAME: &'static str = "google.messages";
    fn bucket(&self) -> &'static str {
        LIST
    }
    fn request(&self, base: &Url) -> Result<Request<Bytes>, Error> {
        let (most, after) =
            (self.most.to_string(), self.after.map(|at| format!("after:{}", at.as_millis() / 1000)));
        let mut query = vec![("maxResults", most.as_str())];
        query.extend(self.page.map(|page| ("pageToken", page)));
        query.extend(after.as_deref().map(|after| ("q", after)));
        query.extend(self.label.map(|label| ("labelIds", label)));
        read(&gmail(base, "messages"), &query)
    }
    fn parse(&self, parts: &Parts, body: &Bytes) -> Result<Ids, Error> {
        accepted(Self::NAME, parts, body)?;
        json(Self::NAME, body)
    }
}
