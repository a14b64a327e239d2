//! `POST objects/{type}/batch/read`: up to 100 records by id. Those that are not there are missing from the
//! results, whatever the status, and results come in any order.

use super::{Records, records, write};
use crate::{api::Api, errors::accepted, view::Reader};
use bytes::Bytes;
use connect::{Call, Effect, Error};
use http::{Method, Request, response::Parts};
use serde::Serialize;
use url::Url;

/// Most ids of one call.
pub const LIMIT: usize = 100;

/// Several records.
pub struct BatchRead<'a> {
    /// Where.
    pub api: &'a Api,
    /// How they are read.
    pub reader: Reader<'a>,
    /// Which.
    pub ids: &'a [&'a str],
    /// Among the archived ones.
    pub archived: bool,
}

#[derive(Serialize)]
struct Body<'a> {
    inputs: Vec<Input<'a>>,
    properties: Vec<&'a str>,
}

#[derive(Serialize)]
struct Input<'a> {
    id: &'a str,
}

impl Call for BatchRead<'_> {
    type Out = Records;
    const EFFECT: Effect = Effect::None;
    const NAME: &'static str = "hubspot.batch_read";

    fn request(&self, base: &Url) -> Result<Request<Bytes>, Error> {
        let object = self.reader.object;
        let inputs = self.ids.iter().map(|id| Input { id }).collect();
        let archived = if self.archived { "?archived=true" } else { "" };
        let path = format!("{}/batch/read{archived}", self.api.objects(object.name));
        write(Method::POST, base, &path, &Body { inputs, properties: object.asked() })
    }

    fn parse(&self, parts: &Parts, body: &Bytes) -> Result<Records, Error> {
        accepted(Self::NAME, parts, body)?;
        records(Self::NAME, &self.reader, parts, body)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;
    use model::Kind;

    #[test]
    fn a_207_gives_what_is_there() {
        let (api, object, connection) = setting(Kind::Note);
        let reader = Reader { object: &object, connection: &connection, linked: false };
        let call = BatchRead { api: &api, reader, ids: &["5", "6"], archived: true };
        let request = call.request(&base()).unwrap();
        assert!(request.uri().to_string().ends_with("/notes/batch/read?archived=true"));
        assert_eq!(sent(&request)["inputs"], serde_json::json!([{"id": "5"}, {"id": "6"}]));
        let (parts, body) = answer(
            207,
            r#"{"status":"COMPLETE","results":[{"id":"6","properties":{"hs_note_body":"x"},"updatedAt":"2026-11-22T07:40:00.123Z","archived":true,"archivedAt":"2026-11-22T08:00:00Z"}],
            "numErrors":1,"errors":[{"status":"error","category":"OBJECT_NOT_FOUND","context":{"ids":["5"]}}]}"#,
        );
        let page = call.parse(&parts, &body).unwrap();
        let [Ok(seen)] = &page.items[..] else { panic!("{page:?}") };
        assert_eq!(seen.archived.unwrap().to_string(), "2026-11-22T08:00:00.000Z");
    }
}
