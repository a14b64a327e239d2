//! `POST associations/{from}/{to}/batch/read`: the links of up to 1,000 records, from the database. A record
//! without links is not in the results but, as a rule, in the errors of a 207; results are in any order.

use super::{Paging, after, json, write};
use crate::{
    api::Api,
    errors::accepted,
    fields::object_name,
    view::{Text, has_primary},
};
use bytes::Bytes;
use connect::{Call, Effect, Error, ErrorKind};
use http::{Method, Request, response::Parts};
use model::{Kind, Target};
use serde::{Deserialize, Serialize};
use url::Url;

/// Most records of one call.
pub const LIMIT: usize = 1_000;

/// Links of several records to records of one kind.
pub struct Associations<'a> {
    /// Where.
    pub api: &'a Api,
    /// Kind of the records.
    pub from: Kind,
    /// Kind linked to.
    pub to: Kind,
    /// Record and, for its next page of links, the `after` of the page before.
    pub inputs: &'a [(String, Option<String>)],
}

/// What was answered; records that are in neither list have no links.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Record, some of its links, and the cursor of the rest.
    pub found: Vec<(String, Vec<Target>, Option<String>)>,
    /// Records of which nothing can be said.
    pub failed: Vec<String>,
}

#[derive(Serialize)]
struct Body<'a> {
    inputs: Vec<Input<'a>>,
}

#[derive(Serialize)]
struct Input<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<&'a str>,
}

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow, default)]
    results: Vec<One<'a>>,
    #[serde(default)]
    errors: Vec<Failure>,
}

#[derive(Deserialize)]
struct One<'a> {
    #[serde(borrow)]
    from: From<'a>,
    #[serde(borrow, default)]
    to: Vec<To<'a>>,
    paging: Option<Paging>,
}

#[derive(Deserialize)]
struct From<'a> {
    #[serde(borrow)]
    id: Text<'a>,
}

/// The specification says text, live answers have a number.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct To<'a> {
    #[serde(borrow)]
    to_object_id: Text<'a>,
    #[serde(default)]
    association_types: Vec<Type>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Type {
    type_id: u32,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Failure {
    sub_category: String,
    context: Context,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Context {
    from_object_id: Vec<String>,
}

const NONE: &str = "crm.associations.NO_ASSOCIATIONS_FOUND";

/// The primary type of a pair beside its unlabelled one.
const fn primary_type(from: Kind) -> u32 {
    if matches!(from, Kind::Contact) { 1 } else { 5 }
}

impl Call for Associations<'_> {
    type Out = Answer;
    const EFFECT: Effect = Effect::None;
    const NAME: &'static str = "hubspot.associations";

    fn request(&self, base: &Url) -> Result<Request<Bytes>, Error> {
        let (Some(from), Some(to)) = (object_name(self.from), object_name(self.to)) else {
            return Err(Error::unsent(ErrorKind::Invalid, "no associations between these kinds"));
        };
        let inputs = self.inputs.iter().map(|(id, after)| Input { id, after: after.as_deref() }).collect();
        write(Method::POST, base, &self.api.associations(from, to), &Body { inputs })
    }

    fn parse(&self, parts: &Parts, body: &Bytes) -> Result<Answer, Error> {
        accepted(Self::NAME, parts, body)?;
        let page: Page<'_> = json(Self::NAME, body)?;
        let primary = has_primary(self.from, self.to).then(|| primary_type(self.from));
        let target = |to: &To<'_>| Target {
            id: to.to_object_id.0.as_ref().into(),
            primary: to.association_types.iter().any(|t| Some(t.type_id) == primary),
        };
        let found = page
            .results
            .into_iter()
            .map(|one| (one.from.id.0.into_owned(), one.to.iter().map(target).collect(), after(one.paging)));
        let found = found.collect();
        let failed = page.errors.into_iter().filter(|error| error.sub_category != NONE);
        Ok(Answer { found, failed: failed.flat_map(|error| error.context.from_object_id).collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;
    use crate::api::VERSION;

    #[test]
    fn a_207_tells_no_links_from_not_known() {
        let api = Api::named(VERSION).unwrap();
        let inputs = [("11".to_owned(), None), ("12".to_owned(), Some("501".to_owned()))];
        let call = Associations { api: &api, from: Kind::Deal, to: Kind::Company, inputs: &inputs };
        let request = call.request(&base()).unwrap();
        assert!(request.uri().path().ends_with("/associations/2026-03/deals/companies/batch/read"));
        assert_eq!(sent(&request)["inputs"][1], serde_json::json!({"id": "12", "after": "501"}));
        let (parts, body) = answer(
            207,
            r#"{"status":"COMPLETE","results":[{"from":{"id":"12"},"to":[
              {"toObjectId":501,"associationTypes":[{"category":"HUBSPOT_DEFINED","typeId":341,"label":null},{"category":"HUBSPOT_DEFINED","typeId":5,"label":"Primary"}]},
              {"toObjectId":"502","associationTypes":[{"category":"HUBSPOT_DEFINED","typeId":341,"label":null}]}],
              "paging":{"next":{"after":"503","link":"?"}}}],
            "numErrors":2,"errors":[
              {"status":"error","category":"OBJECT_NOT_FOUND","subCategory":"crm.associations.NO_ASSOCIATIONS_FOUND","context":{"fromObjectId":["11"]}},
              {"status":"error","category":"INTERNAL","message":"x","context":{"fromObjectId":["13"]}}]}"#,
        );
        let got = call.parse(&parts, &body).unwrap();
        let target = |id: &str, primary| Target { id: id.into(), primary };
        let links = vec![target("501", true), target("502", false)];
        assert_eq!(got.found, [("12".to_owned(), links, Some("503".to_owned()))]);
        assert_eq!(got.failed, ["13"]);
    }
}
