//! `GET owners`: the account's users, active or deactivated ones. Deals go on pointing at deactivated ones.

use super::{Paging, after, json, read};
use crate::{
    api::Api,
    errors::accepted,
    view::{Text, Unread, instant},
};
use bytes::Bytes;
use connect::{Call, Effect, Error};
use http::{Request, response::Parts};
use model::{ConnectionId, ExternalRef, Field, Fields, Kind, Observed, Value, Version};
use serde::Deserialize;
use serde_json::value::RawValue;
use url::Url;

/// One page of owners.
pub struct Owners<'a> {
    /// Where.
    pub api: &'a Api,
    /// The connection that they are of.
    pub connection: &'a ConnectionId,
    /// Deactivated ones.
    pub archived: bool,
    /// The `after` of the page before.
    pub after: Option<&'a str>,
}

/// Owners of one answer.
pub struct Answer {
    /// Each read by itself.
    pub items: Vec<Result<Observed, Unread>>,
    /// Cursor of the next page.
    pub after: Option<String>,
}

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    results: Vec<&'a RawValue>,
    paging: Option<Paging>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Owner<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow, default)]
    email: Text<'a>,
    #[serde(borrow, default)]
    first_name: Text<'a>,
    #[serde(borrow, default)]
    last_name: Text<'a>,
    #[serde(borrow, default)]
    created_at: Text<'a>,
    #[serde(borrow, default)]
    updated_at: Text<'a>,
    #[serde(default)]
    archived: bool,
}

impl Owner<'_> {
    fn observed(&self, connection: &ConnectionId, raw: Bytes) -> Observed {
        let gap = if self.first_name.0.is_empty() || self.last_name.0.is_empty() { "" } else { " " };
        let name = format!("{}{gap}{}", self.first_name.0, self.last_name.0);
        let name = if name.is_empty() { self.email.filled() } else { Some(name.as_str()) };
        let modified = instant(&self.updated_at.0).unwrap_or_default();
        let mut fields: Fields = [
            (Field::Name, Value::text(name)),
            (Field::Email, Value::text(self.email.filled())),
            (Field::Done, Value::Bool(self.archived)),
        ]
        .into_iter()
        .collect();
        if let Some(created) = instant(&self.created_at.0) {
            fields.set(Field::CreatedAt, Value::Time(created));
        }
        Observed {
            reference: ExternalRef::new(connection, Kind::Owner, self.id.0.as_ref()),
            // Deactivation moves no date that we could see.
            version: Version::Tag(format!("{}{}", modified.as_millis(), u8::from(self.archived)).into()),
            modified,
            marker: None,
            fields,
            links: Vec::new(),
            raw,
        }
    }
}

impl Call for Owners<'_> {
    type Out = Answer;
    const EFFECT: Effect = Effect::None;
    const NAME: &'static str = "hubspot.owners";

    fn request(&self, base: &Url) -> Result<Request<Bytes>, Error> {
        let archived = if self.archived { "true" } else { "false" };
        let mut query = vec![("limit", "100"), ("archived", archived)];
        query.extend(self.after.map(|after| ("after", after)));
        read(base, &self.api.owners(), &query)
    }

    fn parse(&self, parts: &Parts, body: &Bytes) -> Result<Answer, Error> {
        accepted(Self::NAME, parts, body)?;
        let page: Page<'_> = json(Self::NAME, body)?;
        let read = |raw: &RawValue| {
            let bytes = body.slice_ref(raw.get().as_bytes());
            match serde_json::from_str::<Owner<'_>>(raw.get()) {
                Ok(owner) if !owner.id.0.is_empty() => Ok(owner.observed(self.connection, bytes)),
                Ok(_) => Err(Unread { id: None, reason: "it has no id".to_owned(), raw: bytes }),
                Err(error) => Err(Unread { id: None, reason: error.to_string(), raw: bytes }),
            }
        };
        let items = page.results.into_iter().map(read).collect();
        Ok(Answer { items, after: after(page.paging) })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;
    use crate::api::VERSION;

    #[test]
    fn owners_are_named_by_their_owner_id_and_a_garbled_one_is_put_aside() {
        let (api, connection) = (Api::named(VERSION).unwrap(), ConnectionId::from("hubspot"));
        let call = Owners { api: &api, connection: &connection, archived: true, after: Some("7") };
        let uri = call.request(&base()).unwrap().uri().to_string();
        assert_eq!(uri, "https://api.hubapi.com/crm/owners/2026-03?limit=100&archived=true&after=7");
        let (parts, body) = answer(
            200,
            r#"{"results":[{"id":"41629779","email":"o@x.test","type":"PERSON","firstName":"O","lastName":"W","userId":9586504,"createdAt":"2020-01-01T00:00:00Z","updatedAt":"2026-11-22T07:40:00.123Z","archived":true},
            {"id":null}, 5]}"#,
        );
        let page = call.parse(&parts, &body).unwrap();
        let owner = page.items[0].as_ref().unwrap();
        assert_eq!(&*owner.reference.id, "41629779");
        assert_eq!(owner.fields.text(Field::Name), Some("O W"));
        assert_eq!(owner.fields.bool(Field::Done), Some(true));
        assert!(page.items[1].is_err() && page.items[2].is_err());
    }
}
