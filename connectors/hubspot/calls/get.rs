//! `GET objects/{type}/{id}`: one record, by id or by a unique property. A merged id answers with its winner,
//! under the winner's id.

use super::{read, segment};
use crate::{
    api::Api,
    errors::{accepted, garbled},
    view::{Reader, Seen},
};
use bytes::Bytes;
use connect::{Call, Effect, Error};
use http::{Request, response::Parts};
use serde_json::value::RawValue;
use url::Url;

/// One record.
pub struct Get<'a> {
    /// Where.
    pub api: &'a Api,
    /// How it is read.
    pub reader: Reader<'a>,
    /// Its id, or the value of `by`.
    pub id: &'a str,
    /// A unique property.
    pub by: Option<&'a str>,
    /// Among the archived ones.
    pub archived: bool,
}

impl Call for Get<'_> {
    type Out = Seen;
    const EFFECT: Effect = Effect::None;
    const NAME: &'static str = "hubspot.get";

    fn request(&self, base: &Url) -> Result<Request<Bytes>, Error> {
        let object = self.reader.object;
        let properties = object.asked().join(",");
        let mut query = vec![("properties", properties.as_str())];
        query.extend(self.by.map(|by| ("idProperty", by)));
        if self.archived {
            query.push(("archived", "true"));
        }
        read(base, &format!("{}/{}", self.api.objects(object.name), segment(self.id)), &query)
    }

    fn parse(&self, parts: &Parts, body: &Bytes) -> Result<Seen, Error> {
        accepted(Self::NAME, parts, body)?;
        one(Self::NAME, &self.reader, body)
    }
}

/// Reads an answer that is one record.
pub fn one(call: &str, reader: &Reader<'_>, body: &Bytes) -> Result<Seen, Error> {
    let raw: &RawValue = super::json(call, body)?;
    reader.read(body, raw).map_err(|unread| garbled(call, unread.reason))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;
    use connect::ErrorKind;
    use model::{Field, Kind};

    #[test]
    fn one_record_is_asked_for_by_a_unique_property() {
        let (api, object, connection) = setting(Kind::Task);
        let reader = Reader { object: &object, connection: &connection, linked: false };
        let call = Get { api: &api, reader, id: "0a b", by: Some("so_key"), archived: true };
        let uri = call.request(&base()).unwrap().uri().to_string();
        assert!(uri.contains("/crm/objects/2026-03/tasks/0a%20b?properties="), "{uri}");
        assert!(uri.ends_with("&idProperty=so_key&archived=true"), "{uri}");
    }

    #[test]
    fn a_recorded_company_and_the_404_page_after_it_was_deleted() {
        let (api, object, connection) = setting(Kind::Company);
        let reader = Reader { object: &object, connection: &connection, linked: false };
        let call = Get { api: &api, reader, id: "23828159705", by: None, archived: false };
        let Some((parts, body)) = recorded("companies__delete", 1) else { return };
        let seen = call.parse(&parts, &body).unwrap();
        assert_eq!(seen.record.fields.text(Field::Domain), Some("example-2024-10-20-20-50-46.com"));
        let (parts, body) = recorded("companies__delete", 3).unwrap();
        assert_eq!(call.parse(&parts, &body).unwrap_err().kind, ErrorKind::NotFound);
    }
}
