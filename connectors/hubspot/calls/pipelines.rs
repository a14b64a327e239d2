//! `GET pipelines/deals`: the stages of all pipelines, without paging.

use super::{json, read};
use crate::{
    api::Api,
    errors::accepted,
    view::{Text, Unread, instant, source_stage},
};
use bytes::Bytes;
use connect::{Call, Effect, Error};
use http::{Request, response::Parts};
use model::{ConnectionId, ExternalRef, Field, Fields, Kind, Money, Observed, Value, Version, hash};
use serde::Deserialize;
use serde_json::value::RawValue;
use url::Url;

/// All pipelines of deals.
pub struct Pipelines<'a> {
    /// Where.
    pub api: &'a Api,
    /// The connection that they are of.
    pub connection: &'a ConnectionId,
}

/// Stages of one answer.
pub struct Answer {
    /// Each stage read by itself.
    pub items: Vec<Result<Observed, Unread>>,
}

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    results: Vec<Pipeline<'a>>,
}

#[derive(Deserialize)]
struct Pipeline<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow, default)]
    label: Text<'a>,
    #[serde(default)]
    archived: bool,
    #[serde(borrow, default)]
    stages: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stage<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow, default)]
    label: Text<'a>,
    #[serde(default)]
    display_order: i64,
    #[serde(borrow, default)]
    updated_at: Text<'a>,
    #[serde(default)]
    archived: bool,
    #[serde(borrow, default)]
    metadata: Metadata<'a>,
}

/// All values are texts.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Metadata<'a> {
    #[serde(borrow)]
    is_closed: Text<'a>,
    #[serde(borrow)]
    probability: Text<'a>,
}

/// Certainty, in millionths.
const CERTAIN: i64 = 1_000_000;

impl Stage<'_> {
    fn fields(&self, pipeline: &str) -> Fields {
        // Six decimals of a probability are the minor unit of a currency with six places.
        let odds = Money::parse(&format!("{}E6", self.probability()), "JPY".parse().ok()).map(|m| m.minor);
        let closed = match self.metadata.is_closed.filled() {
            Some(flag) => flag == "true",
            None => matches!(odds, Some(0 | CERTAIN)),
        };
        let mut fields: Fields = [
            (Field::Name, Value::text(self.label.filled())),
            (Field::PipelineName, Value::text(Some(pipeline))),
            (Field::Position, Value::Int(self.display_order)),
            (Field::Done, Value::Bool(closed)),
            (Field::Won, Value::Bool(closed && odds == Some(CERTAIN))),
        ]
        .into_iter()
        .collect();
        if let Some(odds) = odds {
            fields.set(Field::Probability, Value::Int(odds));
        }
        fields
    }

    fn probability(&self) -> &str {
        self.metadata.probability.filled().unwrap_or("-")
    }
}

impl Pipelines<'_> {
    fn stage(
        &self,
        pipeline: &Pipeline<'_>,
        raw: &RawValue,
        body: &Bytes,
    ) -> Option<Result<Observed, Unread>> {
        let bytes = body.slice_ref(raw.get().as_bytes());
        let stage: Stage<'_> = match serde_json::from_str(raw.get()) {
            Ok(stage) => stage,
            Err(error) => return Some(Err(Unread { id: None, reason: error.to_string(), raw: bytes })),
        };
        if stage.archived {
            return None;
        }
        let label = pipeline.label.filled().unwrap_or(&pipeline.id.0);
        // A pipeline's new name moves no date of its stages.
        let tag = u128::from_be_bytes(hash::digest(&[raw.get(), label]));
        Some(Ok(Observed {
            reference: ExternalRef::new(
                self.connection,
                Kind::Pipeline,
                source_stage(&pipeline.id.0, &stage.id.0),
            ),
            version: Version::Tag(format!("{tag:032x}").into()),
            modified: instant(&stage.updated_at.0).unwrap_or_default(),
            marker: None,
            fields: stage.fields(label),
            links: Vec::new(),
            raw: bytes,
        }))
    }
}

impl Call for Pipelines<'_> {
    type Out = Answer;
    const EFFECT: Effect = Effect::None;
    const NAME: &'static str = "hubspot.pipelines";

    fn request(&self, base: &Url) -> Result<Request<Bytes>, Error> {
        read(base, &self.api.deal_pipelines(), &[])
    }

    fn parse(&self, parts: &Parts, body: &Bytes) -> Result<Answer, Error> {
        accepted(Self::NAME, parts, body)?;
        let page: Page<'_> = json(Self::NAME, body)?;
        let mut items = Vec::new();
        for pipeline in page.results.iter().filter(|pipeline| !pipeline.archived) {
            items.extend(pipeline.stages.iter().filter_map(|raw| self.stage(pipeline, raw, body)));
        }
        Ok(Answer { items })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;
    use crate::api::VERSION;

    #[test]
    fn each_living_stage_becomes_one_record_of_its_pipeline() {
        let (api, connection) = (Api::named(VERSION).unwrap(), ConnectionId::from("hubspot"));
        let call = Pipelines { api: &api, connection: &connection };
        let (parts, body) = answer(
            200,
            r#"{"results":[{"id":"default","label":"Sales","displayOrder":0,"archived":false,"stages":[
              {"id":"a","label":"New","displayOrder":0,"metadata":{"isClosed":"false","probability":"0.2"},"updatedAt":"2026-11-22T07:40:00.123Z","archived":false},
              {"id":"w","label":"Won","displayOrder":1,"metadata":{"isClosed":"true","probability":"1.0"},"updatedAt":"2026-11-22T07:40:00.123Z"},
              {"id":"l","label":"Lost","displayOrder":2,"metadata":{"isClosed":"true","probability":"0.0"}},
              {"id":"x","label":"Old","displayOrder":3,"metadata":{},"archived":true}]}]}"#,
        );
        let page = call.parse(&parts, &body).unwrap();
        let stages: Vec<&Observed> = page.items.iter().map(|item| item.as_ref().unwrap()).collect();
        let told: Vec<_> = stages
            .iter()
            .map(|s| {
                let f = &s.fields;
                (&*s.reference.id, f.int(Field::Probability), f.bool(Field::Done), f.bool(Field::Won))
            })
            .collect();
        assert_eq!(
            told,
            [
                ("default/a", Some(200_000), Some(false), Some(false)),
                ("default/w", Some(1_000_000), Some(true), Some(true)),
                ("default/l", Some(0), Some(true), Some(false)),
            ]
        );
        assert_eq!(stages[0].fields.text(Field::PipelineName), Some("Sales"));
    }
}
