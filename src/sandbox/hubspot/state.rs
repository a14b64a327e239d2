//! The account: its records, how they hang together, its people and its definitions.

use super::associations::graph::Graph;
use super::catalog;
use super::check::Values;
use super::ids::Ids;
use super::kinds::Kind;
use super::owners::Owner;
use super::pipelines::{self, Pipeline};
use super::props::PropId;
use super::record::Record;
use super::schema::{Definition, Schema, Type};
use crate::config::{Config, Lag};
use crate::dice::Dice;
use crate::journal::{Actor, Journal};
use std::collections::{BTreeMap, BTreeSet};

/// Who does something, and when (epoch ms).
#[derive(Clone, Copy, Debug)]
pub struct By<'a> {
    pub actor: &'a Actor,
    pub at: i64,
}

impl By<'_> {
    /// The `sourceType` of property history.
    pub fn source(self) -> &'static str {
        match self.actor {
            Actor::Api(_) => "INTEGRATION",
            Actor::World => "CRM_UI",
            Actor::Seed => "IMPORT",
        }
    }
}

#[derive(Debug)]
pub struct State {
    schemas: BTreeMap<Kind, Schema>,
    records: BTreeMap<Kind, BTreeMap<u64, Record>>,
    /// Lower-cased unique values of live records.
    pub(super) unique: BTreeMap<(Kind, PropId), BTreeMap<String, u64>>,
    /// Loser to winner.
    pub(super) merged: BTreeMap<(Kind, u64), u64>,
    pub graph: Graph,
    pub owners: BTreeMap<u64, Owner>,
    pub pipelines: BTreeMap<Kind, Vec<Pipeline>>,
    pub journal: Journal,
    pub(super) ids: Ids,
    lag: Lag,
    lag_dice: Dice,
    pub(super) merge_makes_new_id: bool,
    pub(super) restamp: Option<Dice>,
    /// (due, type, id) of modified dates that will move by themselves.
    pub(super) restamps: BTreeSet<(i64, Kind, u64)>,
}

impl State {
    pub fn new(config: &Config) -> Self {
        let mut state = Self {
            schemas: Kind::ALL.into_iter().map(|kind| (kind, Schema::built_in(kind))).collect(),
            records: Kind::ALL.into_iter().map(|kind| (kind, BTreeMap::new())).collect(),
            unique: BTreeMap::new(),
            merged: BTreeMap::new(),
            graph: Graph::default(),
            owners: BTreeMap::new(),
            pipelines: pipelines::built_in(),
            journal: Journal::new(config.journal),
            ids: Ids::new(Dice::new(config.seed, 1)),
            lag: config.lag,
            lag_dice: Dice::new(config.seed, 2),
            merge_makes_new_id: config.merge_makes_new_id,
            restamp: config.restamp_after_create.then(|| Dice::new(config.seed, 3)),
            restamps: BTreeSet::new(),
        };
        state.publish_pipelines();
        state
    }

    /// Brings the options of the stage properties and the entered-stage properties into line with the pipelines.
    pub fn publish_pipelines(&mut self) {
        for (kind, pipeline, stage) in
            [(Kind::Deal, "pipeline", "dealstage"), (Kind::Ticket, "hs_pipeline", "hs_pipeline_stage")]
        {
            let list = self.pipelines.get(&kind).cloned().unwrap_or_default();
            let Some(schema) = self.schemas.get_mut(&kind) else { continue };
            schema.set_options(pipeline, list.iter().map(|p| (p.id.clone(), p.label.clone())).collect());
            let stages: Vec<_> = list.iter().flat_map(|p| &p.stages).collect();
            schema.set_options(stage, stages.iter().map(|s| (s.id.clone(), s.label.clone())).collect());
            for entered in stages.iter().map(|s| format!("hs_v2_date_entered_{}", s.id)) {
                if schema.id(&entered).is_none() {
                    let definition = Definition::new(&entered, Type::Datetime, catalog::group(kind));
                    schema.add(Definition { read_only: true, ..definition });
                }
            }
        }
    }

    #[expect(clippy::expect_used, reason = "the map is filled for all kinds in `new` and never shrinks")]
    pub fn schema(&self, kind: Kind) -> &Schema {
        self.schemas.get(&kind).expect("every kind has a schema")
    }

    #[expect(clippy::expect_used, reason = "the map is filled for all kinds in `new` and never shrinks")]
    pub fn schema_mut(&mut self, kind: Kind) -> &mut Schema {
        self.schemas.get_mut(&kind).expect("every kind has a schema")
    }

    #[expect(clippy::expect_used, reason = "the map is filled for all kinds in `new` and never shrinks")]
    pub fn all(&self, kind: Kind) -> &BTreeMap<u64, Record> {
        self.records.get(&kind).expect("every kind has its records")
    }

    #[expect(clippy::expect_used, reason = "the map is filled for all kinds in `new` and never shrinks")]
    pub(super) fn all_mut(&mut self, kind: Kind) -> &mut BTreeMap<u64, Record> {
        self.records.get_mut(&kind).expect("every kind has its records")
    }

    /// The record behind an id, following merges: the answer may have another id.
    pub fn find(&self, kind: Kind, id: u64) -> Option<&Record> {
        let mut id = id;
        while let Some(winner) = self.merged.get(&(kind, id)) {
            id = *winner;
        }
        self.all(kind).get(&id)
    }

    pub fn find_live(&self, kind: Kind, id: u64) -> Option<&Record> {
        self.find(kind, id).filter(|r| r.is_live())
    }

    /// The live record that holds a unique value.
    pub fn find_unique(&self, kind: Kind, prop: PropId, value: &str) -> Option<u64> {
        self.unique.get(&(kind, prop))?.get(&value.to_lowercase()).copied()
    }

    pub fn is_live(&self, kind: Kind, id: u64) -> bool {
        self.all(kind).get(&id).is_some_and(Record::is_live)
    }

    /// The values of a record by name.
    pub fn values(&self, kind: Kind, record: &Record) -> Values {
        let schema = self.schema(kind);
        record.props.iter().map(|(id, value)| (schema.name(id).to_owned(), value.to_owned())).collect()
    }

    pub fn set_lag(&mut self, lag: Lag) {
        self.lag = lag;
    }

    /// When the index will show a change made now.
    pub(super) fn visible_at(&mut self, by: By<'_>) -> i64 {
        match by.actor {
            Actor::Seed => by.at,
            Actor::Api(_) | Actor::World => {
                by.at.saturating_add(self.lag_dice.between(self.lag.low_ms, self.lag.high_ms))
            }
        }
    }
}
