//! `GET associations/{from}/{to}/labels`: the association types of a pair, to check the ids that we write.

use super::{json, read};
use crate::{api::Api, errors::accepted, fields::object_name};
use bytes::Bytes;
use connect::{Call, Effect, Error, ErrorKind};
use http::{Request, response::Parts};
use model::Kind;
use serde::Deserialize;
use url::Url;

/// Types of a pair.
pub struct Labels<'a> {
    /// Where.
    pub api: &'a Api,
    /// From.
    pub from: Kind,
    /// To.
    pub to: Kind,
}

#[derive(Deserialize)]
struct Page {
    results: Vec<Type>,
}

#[derive(Deserialize)]
struct Type {
    category: String,
    #[serde(rename = "typeId")]
    id: u32,
    label: Option<String>,
}

/// The unlabelled type of an activity to a record, by HubSpot's published list; ids differ by direction.
pub const fn published(from: Kind, to: Kind) -> Option<u32> {
    match (from, to) {
        (Kind::Task, Kind::Contact) => Some(204),
        (Kind::Task, Kind::Company) => Some(192),
        (Kind::Task, Kind::Deal) => Some(216),
        (Kind::Note, Kind::Contact) => Some(202),
        (Kind::Note, Kind::Company) => Some(190),
        (Kind::Note, Kind::Deal) => Some(214),
        _ => None,
    }
}

impl Call for Labels<'_> {
    /// HubSpot's own unlabelled type.
    type Out = Option<u32>;
    const EFFECT: Effect = Effect::None;
    const NAME: &'static str = "hubspot.labels";

    fn request(&self, base: &Url) -> Result<Request<Bytes>, Error> {
        let (Some(from), Some(to)) = (object_name(self.from), object_name(self.to)) else {
            return Err(Error::unsent(ErrorKind::Invalid, "no associations between these kinds"));
        };
        read(base, &self.api.labels(from, to), &[])
    }

    fn parse(&self, parts: &Parts, body: &Bytes) -> Result<Option<u32>, Error> {
        accepted(Self::NAME, parts, body)?;
        let page: Page = json(Self::NAME, body)?;
        let mut own = page.results.iter().filter(|t| t.category == "HUBSPOT_DEFINED");
        Ok(own.find(|t| t.label.as_deref().unwrap_or_default().is_empty()).map(|t| t.id))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;
    use crate::api::VERSION;

    #[test]
    fn the_unlabelled_type_is_found_among_the_labels() {
        let api = Api::named(VERSION).unwrap();
        let call = Labels { api: &api, from: Kind::Task, to: Kind::Deal };
        assert!(call.request(&base()).unwrap().uri().path().ends_with("/2026-03/tasks/deals/labels"));
        let (parts, body) = answer(
            200,
            r#"{"results":[{"category":"USER_DEFINED","typeId":9,"label":null},{"category":"HUBSPOT_DEFINED","typeId":7,"label":"Main"},{"category":"HUBSPOT_DEFINED","typeId":216,"label":null}]}"#,
        );
        assert_eq!(call.parse(&parts, &body).unwrap(), published(Kind::Task, Kind::Deal));
    }
}
