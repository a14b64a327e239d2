//! `POST objects/{type}`: a new record with its associations, in one call, so that it never stands alone.

use super::{get, write};
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

/// A new record.
pub struct Create<'a> {
    /// Where.
    pub api: &'a Api,
    /// How the answer is read.
    pub reader: Reader<'a>,
    /// Its properties.
    pub properties: BTreeMap<&'static str, String>,
    /// The record beside which it stands: id and association type.
    pub beside: (&'a str, u32),
}

#[derive(Serialize)]
struct Body<'a> {
    properties: &'a BTreeMap<&'static str, String>,
    associations: [Association<'a>; 1],
}

#[derive(Serialize)]
struct Association<'a> {
    to: To<'a>,
    types: [Type; 1],
}

#[derive(Serialize)]
struct To<'a> {
    id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Type {
    association_category: &'static str,
    association_type_id: u32,
}

impl Call for Create<'_> {
    type Out = Seen;
    const EFFECT: Effect = Effect::Creates;
    const NAME: &'static str = "hubspot.create";

    fn request(&self, base: &Url) -> Result<Request<Bytes>, Error> {
        let (id, association_type_id) = self.beside;
        let types = [Type { association_category: "HUBSPOT_DEFINED", association_type_id }];
        let body =
            Body { properties: &self.properties, associations: [Association { to: To { id }, types }] };
        write(Method::POST, base, &self.api.objects(self.reader.object.name), &body)
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
    fn the_body_is_the_one_of_the_official_client() {
        let (api, object, connection) = setting(Kind::Task);
        let reader = Reader { object: &object, connection: &connection, linked: false };
        let properties = BTreeMap::from([
            ("hs_timestamp", "2026-11-23T09:00:00Z".to_owned()),
            ("hs_task_subject", "Call".to_owned()),
            ("hs_task_status", "NOT_STARTED".to_owned()),
        ]);
        let call = Create { api: &api, reader, properties, beside: ("11", 216) };
        let request = call.request(&base()).unwrap();
        assert_eq!((request.method(), request.uri().path()), (&Method::POST, "/crm/objects/2026-03/tasks"));
        assert_eq!(
            sent(&request),
            serde_json::json!({
                "associations": [{"to": {"id": "11"},
                    "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 216}]}],
                "properties": {"hs_timestamp": "2026-11-23T09:00:00Z", "hs_task_subject": "Call",
                    "hs_task_status": "NOT_STARTED"}
            })
        );
    }

    #[test]
    fn a_recorded_201_gives_the_new_record() {
        let Some((parts, body)) = recorded("companies__create", 0) else { return };
        let (api, object, connection) = setting(Kind::Company);
        let reader = Reader { object: &object, connection: &connection, linked: false };
        let call = Create { api: &api, reader, properties: BTreeMap::new(), beside: ("1", 1) };
        let seen = call.parse(&parts, &body).unwrap();
        assert_eq!(&*seen.record.reference.id, "23828159706");
    }

    #[test]
    fn a_page_of_html_with_status_200_is_no_proof_of_anything() {
        let (api, object, connection) = setting(Kind::Task);
        let reader = Reader { object: &object, connection: &connection, linked: false };
        let call = Create { api: &api, reader, properties: BTreeMap::new(), beside: ("1", 216) };
        let (parts, body) = answer(200, "<html>");
        let error = call.parse(&parts, &body).unwrap_err();
        assert_eq!(error.disposition(Effect::Creates), connect::Disposition::Verify);
    }
}
