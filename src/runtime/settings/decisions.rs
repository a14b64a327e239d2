//! `[assignment]`, `[matching]` and `[flow]`: what decisions are made by.

use super::{
    Share, Span,
    read::{Listed, leaf, section},
    schema,
};
use model::Stage;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

section! {
    /// Who gets a task.
    pub struct Assignment {
        /// How one of the able and available is picked.
        pub policy: Policy = Policy::Best,
        /// Weights of the terms of the score.
        pub weights: Weights = Weights::default(),
        /// Cases that the prior of an agent's performance counts for.
        pub prior_weight: f64 = 10.0,
        /// After this long a result counts half.
        pub half_life: Span = Span::seconds(90 * 86_400),
        /// Points of priority that a queued task gains per hour. No task is overtaken by one that arrived more
        /// than 100 / this hours later.
        pub ageing_per_hour: f64 = 1.0,
        /// How long after a return an agent gets no more than its fair share per hour.
        pub ease_in: Span = Span::seconds(86_400),
        /// When too much waits.
        pub overflow: Overflow = Overflow::default(),
    }
}

section! {
    /// Weights of the score's terms.
    pub struct Weights {
        /// How well the agent's capabilities match.
        pub capability: f64 = 0.4,
        /// How it did on such tasks.
        pub performance: f64 = 0.3,
        /// How much room it has.
        pub free: f64 = 0.2,
        /// Whether stage, segment or earlier work on the deal speak for it.
        pub specialisation: f64 = 0.1,
    }
}

section! {
    /// When overflow counts as persistent and is raised as an alert.
    pub struct Overflow {
        /// The oldest queued task waits longer than this.
        pub oldest: Span = Span::seconds(86_400),
        /// Or more than so many wait
        pub waiting: u32 = 20,
        /// for this long.
        pub waiting_for: Span = Span::seconds(3 * 3600),
    }
}

/// How one of the able and available agents is picked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// The best score; ties by longest idle, then id.
    Best,
    /// In turn.
    RoundRobin,
    /// By chance in proportion to score.
    Weighted,
    /// Whoever already holds work on the deal, else the best.
    StickyOwner,
}

section! {
    /// How records of several sources become one.
    pub struct Matching {
        /// Our own domains: never a customer's.
        pub own_domains: Vec<String> = Vec::new(),
        /// Further domains that say nothing about the company (free mail is known already).
        pub ignored_domains: Vec<String> = Vec::new(),
        /// Per field (`phone`) the connections whose word goes first. Without one the newest change wins.
        pub precedence: BTreeMap<String, Vec<String>> = BTreeMap::new(),
        /// A full listing that lacks more than this share of a stream is quarantined and shown, not applied.
        pub quarantine_share: Share = Share(0.1),
        /// Unless it lacks no more records than this.
        pub quarantine_least: u32 = 20,
    }
}

section! {
    /// How deals move on.
    pub struct Flow {
        /// What happens when the signals of the transition out of a stage are there: `auto` writes the next
        /// stage at the source, `suggest` makes a task for the owner, `off` does nothing.
        #[schemars(schema_with = "schema::transitions")]
        pub transitions: BTreeMap<Stage, TransitionMode> = suggest_all(),
        /// A confirmed handoff also changes the deal's owner, where both agents map to owners.
        pub change_owner: bool = false,
        /// Segments of the market; awareness work belongs to one.
        pub segment: Vec<Segment> = Vec::new(),
    }
}

fn suggest_all() -> BTreeMap<Stage, TransitionMode> {
    Stage::ALL.into_iter().map(|stage| (stage, TransitionMode::Suggest)).collect()
}

/// What happens when a transition's signals are there.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TransitionMode {
    /// The next stage is written at the source.
    Auto,
    /// A task for the owner says so.
    Suggest,
    /// Nothing.
    Off,
}

section! {
    /// A segment of the market.
    pub struct Segment {
        /// Its name.
        pub id: String = String::new(),
        /// What it is, for whoever works on it.
        pub description: String = String::new(),
    }
}

impl Listed for Segment {
    const NAME: &'static str = "id";
    fn named(name: &str) -> Self {
        Self { id: name.to_owned(), ..Self::default() }
    }
    fn name(&self) -> &str {
        &self.id
    }
    fn complete(&self) -> Result<(), String> {
        if self.id.trim().is_empty() { Err("a segment needs a name".to_owned()) } else { Ok(()) }
    }
}

leaf!(Policy, TransitionMode);
