//! What the configuration says about joining records and choosing values.

use crate::{relate::Ours, signals::Phrases};
use model::{ConnectionId, DealOutcome, Field, Stage};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

/// Domains shared by unrelated people: free mail, internet providers, social sites.
const SHARED: &str = include_str!("../../../config/freemail.txt");

/// How records are joined and which source wins.
#[derive(Clone, Debug)]
pub struct MergePolicy {
    /// Connections whose value of a field is preferred, best first; all others come after these, newest first.
    pub precedence: BTreeMap<Field, Vec<ConnectionId>>,
    /// What each stage of a connection, as `pipeline/stage` in the vendor's ids, means to us.
    pub stages: BTreeMap<ConnectionId, BTreeMap<Box<str>, Mapped>>,
    /// Registrable domains that identify no company: free mail, providers, and the organisation's own.
    pub shared_domains: BTreeSet<Box<str>>,
    /// When a complete listing that lacks records is doubted.
    pub drop_limits: DropLimits,
    /// What of mails and meetings is kept.
    pub mail: MailPolicy,
}

/// What of mails and meetings is kept, and what is read out of them. By default only what is needed to know who
/// spoke with whom and when.
#[derive(Clone, Default)]
pub struct MailPolicy {
    /// Keep whole texts and the vendor's own form, not only the first 200 characters.
    pub bodies: bool,
    /// Addresses and domains, in lower case, of which nothing is ever stored.
    pub ignore: BTreeSet<Box<str>>,
    /// Who we are.
    pub ours: Ours,
    /// What is looked for in what somebody wrote; nothing without.
    pub phrases: Option<Arc<Phrases>>,
}

impl fmt::Debug for MailPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MailPolicy")
            .field("bodies", &self.bodies)
            .field("ignore", &self.ignore.len())
            .field("phrases", &self.phrases.is_some())
            .finish_non_exhaustive()
    }
}

/// What a vendor's stage means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mapped {
    /// Our stage.
    pub stage: Stage,
    /// How a deal in it stands.
    pub outcome: DealOutcome,
}

/// Limits of belief in a listing. It is quarantined when it lacks more than `records` **and** more than
/// `thousandths` of what we know, or when it lacks all of at least `whole`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DropLimits {
    /// Absent records, always believed up to this many.
    pub records: u64,
    /// Share of the known records in thousandths, always believed up to this.
    pub thousandths: u64,
    /// A stream of at least this many records does not vanish altogether.
    pub whole: u64,
}

impl Default for DropLimits {
    fn default() -> Self {
        Self { records: 20, thousandths: 50, whole: 5 }
    }
}

impl Default for MergePolicy {
    /// No preferences, no stage mapped, the shipped list of shared domains.
    fn default() -> Self {
        Self {
            precedence: BTreeMap::new(),
            stages: BTreeMap::new(),
            shared_domains: shipped_domains().map(Box::from).collect(),
            drop_limits: DropLimits::default(),
            mail: MailPolicy::default(),
        }
    }
}

impl MergePolicy {
    /// Adds the organisation's own domains to those that identify no company.
    #[must_use]
    pub fn with_own_domains<'a>(mut self, own: impl IntoIterator<Item = &'a str>) -> Self {
        self.shared_domains.extend(own.into_iter().map(|domain| domain.trim().to_lowercase().into()));
        self
    }

    /// What a vendor's stage means; `None` when nobody mapped it.
    pub fn mapped(&self, connection: &ConnectionId, stage: &str) -> Option<Mapped> {
        self.stages.get(connection)?.get(stage).copied()
    }

    /// Place of a connection in a field's list of preference; the last place when it is not listed.
    pub(super) fn place(&self, field: Field, connection: &ConnectionId) -> usize {
        let listed = self.precedence.get(&field);
        listed.and_then(|list| list.iter().position(|one| one == connection)).unwrap_or(usize::MAX)
    }
}

fn shipped_domains() -> impl Iterator<Item = &'static str> {
    let lines = SHARED.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    lines.filter(|line| !line.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reconcile::normal::registrable;

    #[test]
    fn the_shipped_list_holds_registrable_domains_once_each() {
        let all: Vec<_> = shipped_domains().collect();
        let wrong: Vec<_> = all.iter().filter(|one| registrable(one).as_deref() != Some(**one)).collect();
        assert!(wrong.is_empty(), "{wrong:?}");
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
        assert!(all.contains(&"gmail.com") && all.contains(&"t-online.de"));
    }

    #[test]
    fn own_domains_identify_no_company_either() {
        let policy = MergePolicy::default().with_own_domains(["Ours.Example "]);
        assert!(policy.shared_domains.contains("ours.example"));
    }
}
