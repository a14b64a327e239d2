//! `GET objects/{type}`: all records by id, live or archived ones, from the database rather than the index.

use super::{Records, read, records};
use crate::{api::Api, errors::accepted, fields::object_name, view::Reader};
use bytes::Bytes;
use connect::{Call, Effect, Error};
use http::{Request, response::Parts};
use url::Url;

/// Most records of one page.
pub const LIMIT: usize = 100;

/// One page of a list.
pub struct List<'a> {
    /// Where.
    pub api: &'a Api,
    /// How its records are read.
    pub reader: Reader<'a>,
    /// Archived ones instead of live ones.
    pub archived: bool,
    /// The `after` of the page before.
    pub after: Option<&'a str>,
}

impl Call for List<'_> {
    type Out = Records;
    const EFFECT: Effect = Effect::None;
    const NAME: &'static str = "hubspot.list";

    fn request(&self, base: &Url) -> Result<Request<Bytes>, Error> {
        let object = self.reader.object;
        let (limit, properties) = (LIMIT.to_string(), object.asked().join(","));
        let links: Vec<&str> = object.links.iter().filter_map(|kind| object_name(*kind)).collect();
        let links = links.join(",");
        let mut query = vec![("limit", limit.as_str()), ("properties", &properties)];
        if self.reader.linked && !links.is_empty() {
            query.push(("associations", &links));
        }
        if self.archived {
            query.push(("archived", "true"));
        }
        query.extend(self.after.map(|after| ("after", after)));
        read(base, &self.api.objects(object.name), &query)
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
    use model::{Field, Kind};

    #[test]
    fn asks_for_the_mapped_properties_and_links_of_one_page() {
        let (api, object, connection) = setting(Kind::Contact);
        let reader = Reader { object: &object, connection: &connection, linked: true };
        let call = List { api: &api, reader, archived: false, after: Some("102") };
        let request = call.request(&base()).unwrap();
        let uri = request.uri().to_string();
        assert!(uri.starts_with("https://api.hubapi.com/crm/objects/2026-03/contacts?limit=100&properties="));
        assert!(
            uri.contains("lastmodifieddate") && uri.ends_with("&associations=companies&after=102"),
            "{uri}"
        );
    }

    #[test]
    fn a_recorded_page_is_read_with_its_cursor_and_date() {
        let Some((parts, body)) = recorded("contacts__list_first_with_props", 0) else { return };
        let (api, object, connection) = setting(Kind::Contact);
        let reader = Reader { object: &object, connection: &connection, linked: false };
        let page = List { api: &api, reader, archived: false, after: None }.parse(&parts, &body).unwrap();
        let seen = page.items[0].as_ref().unwrap();
        assert_eq!(&*seen.record.reference.id, "51854903509");
        assert_eq!(seen.record.modified.to_string(), "2024-10-21T02:57:29.952Z");
        assert_eq!(seen.record.fields.text(Field::FirstName), Some("Maria"));
        assert_eq!(page.after.as_deref(), Some("51854903510"));
        assert_eq!(page.date.unwrap().to_string(), "2024-10-23T22:42:36.000Z");
    }

    #[test]
    fn half_an_answer_and_a_page_of_html_are_garbled() {
        let (api, object, connection) = setting(Kind::Deal);
        let reader = Reader { object: &object, connection: &connection, linked: false };
        let call = List { api: &api, reader, archived: false, after: None };
        for body in ["{\"results\":[{\"id\":\"1\",", "<html>proxy</html>", ""] {
            let (parts, body) = answer(200, body);
            assert_eq!(call.parse(&parts, &body).unwrap_err().kind, connect::ErrorKind::Garbled, "{body:?}");
        }
    }
}
