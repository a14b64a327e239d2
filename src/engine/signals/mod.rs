//! Signals in what people write: phrase lists per language, with what withdraws a phrase.
//!
//! "We'd like a demo" is a signal; "we don't need a demo", "if we want a demo we'll call" and, for some signals,
//! a question are none. The lists are configuration (`config/phrases/*.toml`, and the user's own file laid over
//! them); what is here is how they are read and looked for. Callers give the new text of a mail: quotes and
//! signatures are cut off before.

mod find;
mod list;
mod pattern;
#[cfg(test)]
mod tests;
mod text;

use crate::config::{Problem, Source};
use aho_corasick::AhoCorasick;

/// The signals that phrases can give.
pub const SIGNALS: [&str; 15] = [
    "positive_intent",
    "negative_intent",
    "interest_confirmed",
    "demo_requested",
    "proposal_requested",
    "terms_discussed",
    "verbal_commitment",
    "contract_executed",
    "budget_confirmed",
    "authority_confirmed",
    "need_confirmed",
    "timeline_confirmed",
    "competitor_mentioned",
    "security_review",
    "unsubscribe",
];

/// A signal found in a text.
#[derive(Clone, PartialEq, Eq)]
pub struct Hit {
    /// One of [`SIGNALS`].
    pub signal: &'static str,
    /// The sentence that says so, or the part of it around the phrase: at most [`EVIDENCE`] characters.
    pub phrase: String,
}

/// Longest evidence, in characters.
pub const EVIDENCE: usize = 120;

/// All phrase lists, ready to be looked for.
#[derive(Debug)]
pub struct Phrases {
    rules: Vec<list::Rule>,
    cues: Vec<list::Cues>,
    /// Every piece of every phrase; `uses` says of each whose it is.
    pieces: AhoCorasick,
    uses: Vec<Vec<list::Use>>,
    /// Domains of services that send notices of signed contracts.
    notaries: Vec<Box<str>>,
}

impl Phrases {
    /// The built-in lists, and the user's file over them. The error lists everything wrong by file and line.
    pub fn load(user: Option<Source<'_>>) -> Result<Self, Vec<Problem>> {
        list::load(user)
    }

    /// The signals in the new text of a mail, each at most once. Total, and one pass over the text.
    pub fn find(&self, content: &str) -> Vec<Hit> {
        find::find(self, content)
    }

    /// What counts in a mail that a program wrote: that a contract was signed, when a service for signatures says
    /// so. `sender` is an address in normal form.
    pub fn find_in_notice(&self, sender: &str, content: &str) -> Vec<Hit> {
        let host = sender.rsplit_once('@').map_or("", |(_, host)| host);
        let known = self.notaries.iter().any(|domain| {
            host.strip_suffix(&**domain).is_some_and(|before| before.is_empty() || before.ends_with('.'))
        });
        let mut hits = if known { self.find(content) } else { Vec::new() };
        hits.retain(|hit| hit.signal == "contract_executed");
        hits
    }
}
