//! From what a connection showed to what we know: which record it is, what changed, what of it we caused
//! ourselves, and everything that one transaction then writes.
//!
//! ```text
//! let mut batch = Batch::new(connection, stream, changes);
//! let mut known = Known::default();
//! loop {
//!     match reconcile(&known, &mut batch, &policy, now, &mut ids) {
//!         Round::Ask(keys) => known.absorb(store.known(&keys)?),
//!         Round::Plan(intake) => break intake,
//!     }
//! }
//! ```
//!
//! Identity: the link of a source's record decides. A record that has none joins by exact key (a person's
//! address, a company's registrable domain), and only with records that no other record of the same connection
//! belongs to: if the vendor keeps two apart, so do we. Nothing joins by similarity. Mails and meetings are the
//! exception: one mail lies in many mailboxes, often in two folders of one, so their keys join within a connection.

mod ask;
mod by_hand;
mod conflict;
mod deleted;
mod desk;
mod draft;
mod echo;
mod finish;
mod leave;
mod mail;
mod match_up;
mod merge;
mod normal;
mod policy;
mod stage;
mod take;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use by_hand::{NotPossible, merge_by_hand, restage, unmerge};
pub use conflict::still_expected;
pub use deleted::{Census, Verdict, absent};
pub use merge::{Explained, Reason, explain_field};
pub(crate) use normal::registrable;
pub use policy::{DropLimits, MailPolicy, Mapped, MergePolicy};

use crate::ids::Ids;
use model::{Change, ConnectionId, Intake, Key, Known, MatchKey, Stream, Timestamp};

/// What came in one page, kept between rounds. Records move out of it into the plan.
#[derive(Debug)]
pub struct Batch {
    connection: ConnectionId,
    stream: Stream,
    changes: Vec<Change>,
    /// Match key of the change at the same place.
    keys: Vec<Option<MatchKey>>,
    asked: Asked,
}

/// Which rounds of questions are behind us.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Asked {
    Nothing,
    Names,
    Matches,
}

impl Batch {
    /// One page of a stream, or several joined in the order in which they were read.
    pub fn new(connection: ConnectionId, stream: Stream, changes: Vec<Change>) -> Self {
        Self { connection, stream, changes, keys: Vec::new(), asked: Asked::Nothing }
    }

    fn prepare(&mut self, policy: &MergePolicy) {
        self.changes.retain_mut(|change| match change {
            Change::Seen(seen) => mail::observation(seen, &policy.mail),
            Change::Gone(_) | Change::Exists(_) | Change::Unreadable { .. } => true,
        });
        self.keys = self
            .changes
            .iter_mut()
            .map(|change| match change {
                Change::Seen(seen) => {
                    normal::observation(seen);
                    normal::match_key(seen.reference.kind, &seen.fields, policy)
                }
                Change::Gone(_) | Change::Exists(_) | Change::Unreadable { .. } => None,
            })
            .collect();
    }
}

/// What [`reconcile`] answers.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "one per page, matched at once")]
pub enum Round {
    /// Look these up, add the answers to `known` and call again with the same batch. At most twice per batch:
    /// names first, then the match keys of what is new.
    Ask(Vec<Key>),
    /// All that is to be written. `positions` are left to the caller. The batch is used up.
    Plan(Intake),
}

/// Reconciles a batch with what is known. Pure: the same arguments give the same plan, to the order of events.
pub fn reconcile(
    known: &Known,
    batch: &mut Batch,
    policy: &MergePolicy,
    now: Timestamp,
    ids: &mut Ids,
) -> Round {
    if batch.asked == Asked::Nothing {
        batch.prepare(policy);
        batch.asked = Asked::Names;
        let keys = ask::names(&batch.changes);
        if !keys.is_empty() {
            return Round::Ask(keys);
        }
    }
    if batch.asked == Asked::Names {
        batch.asked = Asked::Matches;
        let keys = ask::matches(&batch.changes, &batch.keys, known);
        if !keys.is_empty() {
            return Round::Ask(keys);
        }
    }
    let (changes, keys) = (std::mem::take(&mut batch.changes), std::mem::take(&mut batch.keys));
    let mut desk = desk::Desk::new(known, policy, now, ids);
    for (change, key) in changes.into_iter().zip(keys) {
        desk.take(change, key, &batch.connection, batch.stream);
    }
    Round::Plan(desk.finish())
}
