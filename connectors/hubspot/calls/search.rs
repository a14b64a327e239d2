//! `POST objects/{type}/search`: records from the index, by id. The index lags behind by seconds, knows no
//! archived records, and never goes past the 10,000th result: so a walk is by id, not by offset.

use super::{Records, records, write};
use crate::{api::Api, errors::accepted, view::Reader};
use bytes::Bytes;
use connect::{Call, Effect, Error};
use http::{Method, Request, response::Parts};
use model::Timestamp;
use serde::Serialize;
use url::Url;

/// Most records of one page.
pub const LIMIT: usize = 200;
/// Last offset that is answered.
pub const DEEPEST: u64 = 9_999;

/// One page of a search, ordered by id.
pub struct Search<'a> {
    /// Where.
    pub api: &'a Api,
    /// How its records are read.
    pub reader: Reader<'a>,
    /// Modified from (inclusive) until (exclusive).
    pub window: Option<(Timestamp, Timestamp)>,
    /// Only ids above this one.
    pub above: &'a str,
    /// Results to skip, at most [`DEEPEST`].
    pub skip: u64,
    /// Most results.
    pub limit: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    filter_groups: Vec<Group<'a>>,
    sorts: [Sort; 1],
    properties: Vec<&'a str>,
    limit: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<String>,
}

#[derive(Serialize)]
struct Group<'a> {
    filters: Vec<Filter<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Filter<'a> {
    property_name: &'a str,
    operator: &'static str,
    value: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Sort {
    property_name: &'static str,
    direction: &'static str,
}

const ID: &str = "hs_object_id";

impl Search<'_> {
    fn filters(&self) -> Vec<Filter<'_>> {
        let modified = self.reader.object.modified;
        let time = |operator, at: Timestamp| Filter {
            property_name: modified,
            operator,
            value: at.as_millis().to_string(),
        };
        let mut filters = Vec::new();
        if let Some((from, to)) = self.window {
            filters.extend([time("GTE", from), time("LT", to)]);
        }
        filters.push(Filter { property_name: ID, operator: "GT", value: self.above.to_owned() });
        filters
    }
}

impl Call for Search<'_> {
    type Out = Records;
    const EFFECT: Effect = Effect::None;
    const NAME: &'static str = "hubspot.search";

    fn bucket(&self) -> &'static str {
        "search"
    }

    fn request(&self, base: &Url) -> Result<Request<Bytes>, Error> {
        let object = self.reader.object;
        let body = Body {
            filter_groups: vec![Group { filters: self.filters() }],
            sorts: [Sort { property_name: ID, direction: "ASCENDING" }],
            properties: object.asked(),
            limit: self.limit,
            after: (self.skip > 0).then(|| self.skip.to_string()),
        };
        write(Method::POST, base, &format!("{}/search", self.api.objects(object.name)), &body)
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
    fn a_window_is_walked_by_id_and_never_by_offset() {
        let (api, object, connection) = setting(Kind::Contact);
        let reader = Reader { object: &object, connection: &connection, linked: false };
        let window = Some((Timestamp::from_millis(1_000), Timestamp::from_millis(2_000)));
        let call = Search { api: &api, reader, window, above: "77", skip: 0, limit: LIMIT };
        let body = sent(&call.request(&base()).unwrap());
        assert_eq!(
            body["filterGroups"],
            serde_json::json!([{"filters": [
                {"propertyName": "lastmodifieddate", "operator": "GTE", "value": "1000"},
                {"propertyName": "lastmodifieddate", "operator": "LT", "value": "2000"},
                {"propertyName": "hs_object_id", "operator": "GT", "value": "77"},
            ]}])
        );
        assert_eq!(
            body["sorts"],
            serde_json::json!([{"propertyName": "hs_object_id", "direction": "ASCENDING"}])
        );
        assert_eq!((body["limit"].as_u64(), body.get("after")), (Some(200), None));
        assert_eq!(call.bucket(), "search");
    }

    #[test]
    fn a_recorded_answer_is_read_to_its_total() {
        let Some((parts, body)) = recorded("contacts__search", 0) else { return };
        let (api, object, connection) = setting(Kind::Contact);
        let reader = Reader { object: &object, connection: &connection, linked: false };
        let call = Search { api: &api, reader, window: None, above: "0", skip: 0, limit: LIMIT };
        let page = call.parse(&parts, &body).unwrap();
        assert_eq!(page.total, Some(10));
        assert!(!page.items.is_empty() && page.items.iter().all(Result::is_ok));
    }
}
