//! `PATCH objects/{type}/{id}`: sets the properties that are sent and no others. Setting what is there already
//! answers 200 with the old modification date.

use super::{get, segment, write};
use crate::{
    api::Api,
    errors::accepted,
    view::{Reader, Seen},
};
use bytes::Bytes;
use connect::{Call, Effect, Error};
use http::{Method, Request, response::Parts};
use serde::Serialize;
use std::collections::BTreeMap;
use url::Url;

/// New values of a record.
pub struct Update<'a> {
    /// Where.
    pub api: &'a Api,
    /// How the answer is read.
    pub reader: Reader<'a>,
    /// Which record.
    pub id: &'a str,
    /// Values; an empty text clears.
    pub properties: BTreeMap<&'static str, String>,
}

#[derive(Serialize)]
struct Body<'a> {
    properties: &'a BTreeMap<&'static str, String>,
}

impl Call for Update<'_> {
    type Out = Seen;
    const EFFECT: Effect = Effect::Idempotent;
    const NAME: &'static str = "hubspot.update";

    fn request(&self, base: &Url) -> Result<Request<Bytes>, Error> {
        let path = format!("{}/{}", self.api.objects(self.reader.object.name), segment(self.id));
        write(Method::PATCH, base, &path, &Body { properties: &self.properties })
    }

    fn parse(&self, parts: &Parts, body: &Bytes) -> Result<Seen, Error> {
        accepted(Self::NAME, parts, body)?;
        get::one(Self::NAME, &self.reader, body)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;
    use model::Kind;

    #[test]
    fn only_what_changes_is_sent_and_a_recorded_answer_is_read() {
        let (api, object, connection) = setting(Kind::Company);
        let reader = Reader { object: &object, connection: &connection, linked: false };
        let properties = BTreeMap::from([("hubspot_owner_id", "7".to_owned())]);
        let call = Update { api: &api, reader, id: "11", properties };
        let request = call.request(&base()).unwrap();
        assert_eq!(
            (request.method(), request.uri().path()),
            (&Method::PATCH, "/crm/objects/2026-03/companies/11")
        );
        assert_eq!(sent(&request), serde_json::json!({"properties": {"hubspot_owner_id": "7"}}));
        let Some((parts, body)) = recorded("companies__patch_name", 1) else { return };
        assert!(call.parse(&parts, &body).is_ok());
    }
}
