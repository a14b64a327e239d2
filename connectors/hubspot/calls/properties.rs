//! `properties/{type}`: is there a unique property that can hold our write key, and making one.

use super::{json, read, write};
use crate::{
    api::Api,
    errors::{accepted, refusal},
    fields::KEY,
};
use bytes::Bytes;
use connect::{Call, Effect, Error, ErrorKind};
use http::{Method, Request, StatusCode, response::Parts};
use serde::{Deserialize, Serialize};
use url::Url;

/// `GET properties/{type}/so_key`: `None` when there is no such property, else whether its values are unique.
pub struct KeyProperty<'a> {
    /// Where.
    pub api: &'a Api,
    /// Object type.
    pub object: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Property {
    #[serde(default)]
    has_unique_value: bool,
    #[serde(default)]
    archived: bool,
}

impl Call for KeyProperty<'_> {
    type Out = Option<bool>;
    const EFFECT: Effect = Effect::None;
    const NAME: &'static str = "hubspot.key_property";

    fn request(&self, base: &Url) -> Result<Request<Bytes>, Error> {
        read(base, &format!("{}/{KEY}", self.api.properties(self.object)), &[])
    }

    fn parse(&self, parts: &Parts, body: &Bytes) -> Result<Option<bool>, Error> {
        if parts.status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        accepted(Self::NAME, parts, body)?;
        let property: Property = json(Self::NAME, body)?;
        Ok(if property.archived { None } else { Some(property.has_unique_value) })
    }
}

/// `GET properties/{type}/groups`: name of the first group, since a property must be in one.
pub struct FirstGroup<'a> {
    /// Where.
    pub api: &'a Api,
    /// Object type.
    pub object: &'a str,
}

#[derive(Deserialize)]
struct Groups {
    results: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    name: String,
}

impl Call for FirstGroup<'_> {
    type Out = Option<String>;
    const EFFECT: Effect = Effect::None;
    const NAME: &'static str = "hubspot.property_groups";

    fn request(&self, base: &Url) -> Result<Request<Bytes>, Error> {
        read(base, &format!("{}/groups", self.api.properties(self.object)), &[])
    }

    fn parse(&self, parts: &Parts, body: &Bytes) -> Result<Option<String>, Error> {
        accepted(Self::NAME, parts, body)?;
        let groups: Groups = json(Self::NAME, body)?;
        Ok(groups.results.into_iter().next().map(|group| group.name))
    }
}

/// `POST properties/{type}`: makes the property. True when it is there now, false when the account does not
/// allow it. Idempotent: a second one is refused as existing.
pub struct MakeKeyProperty<'a> {
    /// Where.
    pub api: &'a Api,
    /// Object type.
    pub object: &'a str,
    /// Group.
    pub group: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Definition<'a> {
    name: &'a str,
    label: &'a str,
    description: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    field_type: &'a str,
    group_name: &'a str,
    has_unique_value: bool,
    hidden: bool,
}

impl Call for MakeKeyProperty<'_> {
    type Out = bool;
    const EFFECT: Effect = Effect::Idempotent;
    const NAME: &'static str = "hubspot.make_key_property";

    fn request(&self, base: &Url) -> Result<Request<Bytes>, Error> {
        let definition = Definition {
            name: KEY,
            label: "Sales orchestrator key",
            description: "Keeps a task or note from being created twice.",
            kind: "string",
            field_type: "text",
            group_name: self.group,
            has_unique_value: true,
            hidden: true,
        };
        write(Method::POST, base, &self.api.properties(self.object), &definition)
    }

    fn parse(&self, parts: &Parts, body: &Bytes) -> Result<bool, Error> {
        match accepted(Self::NAME, parts, body) {
            Ok(()) => Ok(true),
            Err(_) if parts.status == StatusCode::CONFLICT => Ok(true),
            Err(_) => match refusal(Self::NAME, parts, body).kind {
                ErrorKind::Invalid | ErrorKind::Forbidden { .. } | ErrorKind::NotFound => Ok(false),
                _ => Err(refusal(Self::NAME, parts, body)),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;
    use crate::api::VERSION;

    #[test]
    fn a_missing_property_is_an_answer_and_a_missing_scope_an_error() {
        let api = Api::named(VERSION).unwrap();
        let call = KeyProperty { api: &api, object: "tasks" };
        assert!(call.request(&base()).unwrap().uri().path().ends_with("/properties/2026-03/tasks/so_key"));
        let (parts, body) = answer(404, r#"{"category":"OBJECT_NOT_FOUND"}"#);
        assert_eq!(call.parse(&parts, &body).unwrap(), None);
        let (parts, body) = answer(200, r#"{"name":"so_key","hasUniqueValue":true}"#);
        assert_eq!(call.parse(&parts, &body).unwrap(), Some(true));
        let Some((parts, body)) = recorded("contacts__properties_no_scope", 0) else { return };
        assert_eq!(
            call.parse(&parts, &body).unwrap_err().kind,
            ErrorKind::Forbidden { missing: vec!["contacts-read".into()] }
        );
    }

    #[test]
    fn an_account_that_refuses_the_property_is_no_error_but_a_failing_server_is() {
        let api = Api::named(VERSION).unwrap();
        let call = MakeKeyProperty { api: &api, object: "notes", group: "note" };
        assert_eq!(sent(&call.request(&base()).unwrap())["hasUniqueValue"], true);
        for (status, there) in [(201, true), (409, true), (400, false), (403, false)] {
            let (parts, body) = answer(status, "{}");
            assert_eq!(call.parse(&parts, &body).unwrap(), there, "{status}");
        }
        let (parts, body) = answer(500, "");
        assert_eq!(call.parse(&parts, &body).unwrap_err().kind, ErrorKind::Server);
    }
}
