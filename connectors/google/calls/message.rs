//! `GET users/me/messages/{id}`: one mail; its header, or with its text.

use super::{gmail, json, read, segment};
use crate::{errors::accepted, options::MAIL};
use bytes::Bytes;
use connect::{Call, Effect, Error};
use http::{Request, response::Parts};
use serde::Deserialize;
use url::Url;

/// One mail.
pub struct Get<'a> {
    /// Its id.
    pub id: &'a str,
    /// With its text.
    pub full: bool,
}

/// Headers that say who wrote to whom about what, and whether a person wrote.
pub const HEADERS: [&str; 28] = [
    "From",
    "Sender",
    "Reply-To",
    "Return-Path",
    "To",
    "Cc",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "Auto-Submitted",
    "Precedence",
    "List-Id",
    "List-Unsubscribe",
    "List-Post",
    "Feedback-ID",
    "X-Autoreply",
    "X-Autorespond",
    "X-Auto-Response-Suppress",
    "X-Failed-Recipients",
    "X-Loop",
    "X-Mailer",
    "X-Campaign-Id",
    "X-Precedence",
    "Content-Type",
    "MIME-Version",
    "Delivered-To",
];

/// A mail as it comes.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    pub id: String,
    #[serde(default)]
    pub thread_id: String,
    #[serde(default)]
    pub label_ids: Vec<String>,
    /// Its first words, with HTML entities.
    #[serde(default)]
    pub snippet: String,
    #[serde(default)]
    pub history_id: String,
    /// When it arrived, epoch milliseconds.
    pub internal_date: Option<String>,
    pub payload: Option<Part>,
}

/// A part of a mail.
#[derive(Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[derive(Default)]
pub struct Part {
    pub mime_type: String,
    pub filename: String,
    pub headers: Vec<Header>,
    pub body: Body,
    pub parts: Vec<Part>,
}

#[derive(Deserialize)]
pub struct Header {
    /// In the sender's spelling.
    pub name: String,
    #[serde(default)]
    pub value: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Body {
    /// Decoded content as base64url; absent of attachments.
    pub data: String,
}

impl Call for Get<'_> {
    type Out = Message;
    const EFFECT: Effect = Effect::None;
    const NAME: &'static str = "google.message";
    fn bucket(&self) -> &'static str {
        MAIL
    }
    fn request(&self, base: &Url) -> Result<Request<Bytes>, Error> {
        let mut query = vec![("format", if self.full { "full" } else { "metadata" })];
        if !self.full {
            query.extend(HEADERS.map(|name| ("metadataHeaders", name)));
        }
        read(&gmail(base, &format!("messages/{}", segment(self.id))), &query)
    }
    fn parse(&self, parts: &Parts, body: &Bytes) -> Result<Message, Error> {
        accepted(Self::NAME, parts, body)?;
        json(Self::NAME, body)
    }
}
