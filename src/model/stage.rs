//! The seven stages of the pipeline and how a deal ends.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A stage of the pipeline, in order. A deal (or, before there is one, a lead) is in exactly one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Nobody in particular yet: work for a segment.
    Awareness,
    /// A person to win.
    LeadGeneration,
    /// Is there a need, a budget, a date?
    Qualification,
    /// Show it.
    Demonstration,
    /// Offer it.
    Proposal,
    /// Agree on terms.
    Negotiation,
    /// Sign, pay, hand over.
    Close,
}

impl Stage {
    /// All stages in order.
    pub const ALL: [Self; 7] = [
        Self::Awareness,
        Self::LeadGeneration,
        Self::Qualification,
        Self::Demonstration,
        Self::Proposal,
        Self::Negotiation,
        Self::Close,
    ];
    /// Name as configuration spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Awareness => "awareness",
            Self::LeadGeneration => "lead_generation",
            Self::Qualification => "qualification",
            Self::Demonstration => "demonstration",
            Self::Proposal => "proposal",
            Self::Negotiation => "negotiation",
            Self::Close => "close",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Stage {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|stage| stage.name() == text);
        found.ok_or_else(|| format!("unknown stage {text:?}"))
    }
}

/// Whether a deal is still being worked on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Still in a stage.
    #[default]
    Open,
    /// The source says it is won.
    Won,
    /// The source says it is lost.
    Lost,
}

impl Outcome {
    /// Name as stored and shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Won => "won",
            Self::Lost => "lost",
        }
    }
}

impl FromStr for Outcome {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let found = [Self::Open, Self::Won, Self::Lost].into_iter().find(|outcome| outcome.name() == text);
        found.ok_or_else(|| format!("unknown outcome {text:?}"))
    }
}
