//! The agents as configured, and the rules by which work is given to them.

use crate::{config::nearest, coordinate::CoordinationRules};
pub use model::work::Policy;
use model::{AgentId, Stage, work::AgentSpec};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Everything in `agents.toml`, checked.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Roster {
    /// All agents, sorted by id, each id once.
    pub agents: Vec<AgentSpec>,
    /// How tasks are given out.
    pub rules: AssignRules,
}

impl Roster {
    /// The agent with this id or alias.
    pub fn find(&self, name: &str) -> Option<&AgentSpec> {
        let by_id = self.agents.iter().find(|agent| agent.id.as_str() == name);
        by_id.or_else(|| self.agents.iter().find(|agent| agent.aliases.iter().any(|alias| &**alias == name)))
    }
    /// The agent with this id or alias; else that there is none, with the name that may be meant.
    pub fn named(&self, name: &str) -> Result<&AgentSpec, String> {
        self.find(name).ok_or_else(|| {
            let aliases = self.agents.iter().flat_map(|agent| agent.aliases.iter().map(AsRef::as_ref));
            let known = self.agents.iter().map(|agent| agent.id.as_str()).chain(aliases);
            let meant = nearest(name, known).map(|near| format!("; did you mean {near:?}?"));
            format!("no agent is called {name:?}{}", meant.unwrap_or_default())
        })
    }
    /// The id that a name or alias stands for.
    pub fn resolve(&self, name: &str) -> Option<AgentId> {
        self.find(name).map(|agent| agent.id.clone())
    }
}

/// Section `[assignment]`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AssignRules {
    /// How the winner is picked among those who can, where nothing else is said.
    pub policy: Policy,
    /// Where something else is said.
    pub policies: Policies,
    /// Weights of the score's terms, in millionths.
    pub weights: Weights,
    /// Weight of the Beta prior, in cases.
    pub prior_cases: u32,
    /// Results lose half their weight in this time; used where track records are computed.
    pub half_life_days: u32,
    /// Points of priority that a waiting task gains per hour.
    pub ageing_per_hour: u32,
    /// When waiting work is an overflow.
    pub overflow: OverflowRules,
    /// Handoffs and escalations.
    pub coordination: CoordinationRules,
}

/// Policies of single actions and stages, where they differ from the general one.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Policies {
    /// By action; with its stage where it belongs to one.
    #[serde(with = "pairs")]
    pub actions: BTreeMap<(Option<Stage>, Box<str>), Policy>,
    /// By stage.
    pub stages: BTreeMap<Stage, Policy>,
}

impl AssignRules {
    /// How somebody is picked for an action: its own policy, else that of the stage, else the general one.
    pub fn policy_for(&self, action: &str, stage: Stage) -> Policy {
        let Policies { actions, stages } = &self.policies;
        let own = |stage| actions.get(&(stage, action.into()));
        own(Some(stage)).or_else(|| own(None)).or_else(|| stages.get(&stage)).copied().unwrap_or(self.policy)
    }
}

/// Weights of the score's terms, in millionths.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Weights {
    /// Capability match.
    pub capability: i64,
    /// Historical performance.
    pub performance: i64,
    /// Free capacity.
    pub free: i64,
    /// Specialisation.
    pub specialisation: i64,
}

/// When waiting work is a persistent overflow.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OverflowRules {
    /// The oldest waits longer than this.
    pub oldest_hours: u32,
    /// Or more than this many ...
    pub many: u32,
    /// ... wait this long.
    pub many_hours: u32,
}

impl Default for AssignRules {
    fn default() -> Self {
        Self {
            policy: Policy::Score,
            policies: Policies::default(),
            weights: Weights {
                capability: 400_000,
                performance: 300_000,
                free: 200_000,
                specialisation: 100_000,
            },
            prior_cases: 10,
            half_life_days: 90,
            ageing_per_hour: 1,
            overflow: OverflowRules { oldest_hours: 24, many: 20, many_hours: 3 },
            coordination: CoordinationRules::default(),
        }
    }
}

/// A map whose keys are no texts, as a list of pairs.
mod pairs {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use std::collections::BTreeMap;

    pub fn serialize<K: Serialize, V: Serialize, S: Serializer>(
        map: &BTreeMap<K, V>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_seq(map)
    }

    pub fn deserialize<'de, K, V, D>(from: D) -> Result<BTreeMap<K, V>, D::Error>
    where
        K: Deserialize<'de> + Ord,
        V: Deserialize<'de>,
        D: Deserializer<'de>,
    {
        Ok(Vec::deserialize(from)?.into_iter().collect())
    }
}
