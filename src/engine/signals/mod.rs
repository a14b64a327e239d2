//! Signals in what people write: phrase lists per language, with what withdraws a phrase.
//!
//! "We'd like a demo" is a signal; "we don't need a demo", "if we want a demo we'll call" and, for some signals,
//! a question are none. The lists are configuration (`config/phrases/*.toml`, and the user's own files laid over
//! them); what is here is how they are read and looked for. Callers give the new text of a mail: quotes and
//! signatures are cut off before.

mod find;
mod list;
mod overlay;
mod pattern;
#[cfg(test)]
mod tests;
mod text;

use crate::config::{Problem, Source};
use aho_corasick::AhoCorasick;
use std::sync::{Arc, LazyLock};

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

/// A user's phrase file. It adds to the built-in lists of its language and takes away from them, or brings a new
/// language with its own words for "not" and "if".
#[derive(Clone, Copy, Debug)]
pub struct Own<'a> {
    /// The file's name without its ending: `de`.
    pub language: &'a str,
    /// The file.
    pub source: Source<'a>,
}

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
    /// The built-in lists, and the user's files over them. The error lists everything wrong by file and line.
    pub fn load(own: &[Own<'_>]) -> Result<Self, Vec<Problem>> {
        list::load(own)
    }

    /// The same, with the built-in ones read once.
    pub fn shared(own: &[Own<'_>]) -> Result<Arc<Self>, Vec<Problem>> {
        static BUILT_IN: LazyLock<Result<Arc<Phrases>, Vec<Problem>>> =
            LazyLock::new(|| Phrases::load(&[]).map(Arc::new));
        if own.is_empty() { BUILT_IN.clone() } else { Self::load(own).map(Arc::new) }
    }

    /// The signals in the new text of a mail, each at most once. Total, and one pass over the text.
    pub fn find(&self, content: &str) -> Vec<Hit> {
        find::find(self, content)
    }

    /// What counts in a mail that a program wrote: that a contract was signed, when a service for signatures says
    /// so. `sender` is an address in normal form.
    pub fn find_in_notice(&self, sender: &str, content: &str) -> Vec<Hit> {
        let mut hits = if self.is_notary(sender) { self.find(content) } else { Vec::new() };
        hits.retain(|hit| hit.signal == "contract_executed");
        hits
    }

    /// An address of a service for signatures, in normal form.
    pub fn is_notary(&self, sender: &str) -> bool {
        let host = sender.rsplit_once('@').map_or("", |(_, host)| host);
        self.notaries.iter().any(|domain| {
            host.strip_suffix(&**domain).is_some_and(|before| before.is_empty() || before.ends_with('.'))
        })
    }
}
