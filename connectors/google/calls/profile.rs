//! `GET users/me/profile`: whose mailbox it is, and where its history stands.

use super::{gmail, json, read};
use crate::{errors::accepted, options::LIST};
use bytes::Bytes;
use connect::{Call, Effect, Error};
use http::{Request, response::Parts};
use serde::Deserialize;
use url::Url;

/// The mailbox.
pub struct GetProfile;

/// What is told of it.
#[derive(Deserialize, Debug)]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    /// The user's address.
    pub email_address: String,
    /// Number of the last change.
    pub history_id: String,
    /// Mails, drafts and discarded ones included.
    #[serde(default)]
    pub messages_total: u64,
}

impl Call for GetProfile {
    type Out = Profile;
    const EFFECT: Effect = Effect::None;
    const NAME: &'static str = "google.profile";
    fn bucket(&self) -> &'static str {
        LIST
    }
    fn request(&self, base: &Url) -> Result<Request<Bytes>, Error> {
        read(&gmail(base, "profile"), &[])
    }
    fn parse(&self, parts: &Parts, body: &Bytes) -> Result<Profile, Error> {
        accepted(Self::NAME, parts, body)?;
        json(Self::NAME, body)
    }
}
