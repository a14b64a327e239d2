//! `GET users/me/history`: what happened to mails since a number; 404 when that is too old.

use super::{gmail, json, read};
use crate::{errors::accepted, options::LIST};
use bytes::Bytes;
use connect::{Call, Effect, Error, ErrorKind};
use http::{Request, response::Parts};
use serde::Deserialize;
use url::Url;

/// One page.
pub struct History<'a> {
    /// After this number.
    pub start: &'a str,
    /// Token of the page; `None` for the first.
    pub page: Option<&'a str>,
}

const MOST: &str = "100";
const TYPES: [&str; 4] = ["messageAdded", "messageDeleted", "labelAdded", "labelRemoved"];

/// What it holds.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Steps {
    /// Absent when nothing happened.
    #[serde(default)]
    pub history: Vec<Step>,
    /// Number of the mailbox's last change.
    pub history_id: String,
    pub next_page_token: Option<String>,
}

/// The typed lists; `messages` beside them only repeats them.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub struct Step {
    pub messages_added: Vec<Touched>,
    /// For good; into the bin is a label.
    pub messages_deleted: Vec<Touched>,
    pub labels_added: Vec<Touched>,
    pub labels_removed: Vec<Touched>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Touched {
    pub message: Labelled,
    /// The labels that were added or removed.
    #[serde(default)]
    pub label_ids: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Labelled {
    pub id: String,
    #[serde(default)]
    pub label_ids: Vec<String>,
}

impl Call for History<'_> {
    type Out = Steps;
    const EFFECT: Effect = Effect::None;
    const NAME: &'static str = "google.history";
    fn bucket(&self) -> &'static str {
        LIST
    }
    fn request(&self, base: &Url) -> Result<Request<Bytes>, Error> {
        let mut query = vec![("startHistoryId", self.start), ("maxResults", MOST)];
        query.extend(TYPES.map(|name| ("historyTypes", name)));
        query.extend(self.page.map(|page| ("pageToken", page)));
        read(&gmail(base, "history"), &query)
    }
    fn parse(&self, parts: &Parts, body: &Bytes) -> Result<Steps, Error> {
        match accepted(Self::NAME, parts, body) {
            // Too old, or never given (400): either way the place is lost.
            Err(error) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::Invalid) => {
                Err(Error { kind: ErrorKind::CursorExpired, ..error })
            }
            Err(error) => Err(error),
            Ok(()) => json(Self::NAME, body),
        }
    }
}
