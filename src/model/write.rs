//! Intended changes at a source and their way through the outbox.

use crate::{ConnectionId, ExternalRef, Field, Id, Timestamp, Value, hash};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Names one intended change for good: deciding the same thing twice gives the same key.
/// 128 bits, shown as 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct WriteKey([u8; 16]);

impl WriteKey {
    /// `cause` is the domain event or (rule, due instant); `slot` the stable id of the action, field or
    /// recipient inside that cause; `generation` rises only by a person's retry or a superseding decision.
    pub fn new(
        connection: &ConnectionId,
        kind: WriteKind,
        target: &ExternalRef,
        cause: &str,
        slot: &str,
        generation: u32,
    ) -> Self {
        let generation = generation.to_string();
        let parts = [
            connection.as_str(),
            kind.name(),
            target.kind.name(),
            &target.id,
            cause,
            slot,
            generation.as_str(),
        ];
        Self(hash::digest(&parts))
    }
}

impl fmt::Display for WriteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
impl fmt::Debug for WriteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
impl FromStr for WriteKey {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let number = if text.len() == 32 { u128::from_str_radix(text, 16).ok() } else { None };
        number.map(|n| Self(n.to_be_bytes())).ok_or_else(|| "a write key is 32 hexadecimal digits".to_owned())
    }
}
impl TryFrom<String> for WriteKey {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}
impl From<WriteKey> for String {
    fn from(key: WriteKey) -> Self {
        key.to_string()
    }
}

/// What a write does, without its data.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WriteKind {
    /// A new task at the source.
    CreateTask,
    /// A task of the source set to done.
    CompleteTask,
    /// A new note at the source.
    CreateNote,
    /// A deal moved to another stage of its pipeline.
    ChangeStage,
    /// A record given to another owner.
    ChangeOwner,
    /// A new event in a calendar.
    CreateEvent,
    /// An event moved to another time.
    MoveEvent,
    /// A message to a person, outside the CRM.
    Notify,
}

impl WriteKind {
    /// All kinds.
    pub const ALL: [Self; 8] = [
        Self::CreateTask,
        Self::CompleteTask,
        Self::CreateNote,
        Self::ChangeStage,
        Self::ChangeOwner,
        Self::CreateEvent,
        Self::MoveEvent,
        Self::Notify,
    ];
    /// Name as stored and shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CreateTask => "create_task",
            Self::CompleteTask => "complete_task",
            Self::CreateNote => "create_note",
            Self::ChangeStage => "change_stage",
            Self::ChangeOwner => "change_owner",
            Self::CreateEvent => "create_event",
            Self::MoveEvent => "move_event",
            Self::Notify => "notify",
        }
    }
    /// True when repeating it makes a second thing.
    pub const fn creates(self) -> bool {
        match self {
            Self::CreateTask | Self::CreateNote | Self::CreateEvent | Self::Notify => true,
            Self::CompleteTask | Self::ChangeStage | Self::ChangeOwner | Self::MoveEvent => false,
        }
    }
}

impl fmt::Display for WriteKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
impl FromStr for WriteKind {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|kind| kind.name() == text);
        found.ok_or_else(|| format!("unknown kind of write {text:?}"))
    }
}

/// What a write does, with its data.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Intent {
    /// Create a task beside the target.
    CreateTask {
        /// Our task that this one stands for; the observation that carries the marker is linked to it.
        task: Id,
        /// One line.
        subject: String,
        /// Plain text; the connector escapes it for its vendor and adds the marker.
        body: String,
        /// When it is due.
        due: Timestamp,
        /// The vendor's owner id, where the agent or the deal maps to one.
        owner: Option<Box<str>>,
        /// High priority at the vendor.
        high: bool,
    },
    /// Complete the target task.
    CompleteTask {
        /// Our task.
        task: Id,
    },
    /// Create a note beside the target.
    CreateNote {
        /// Plain text.
        body: String,
        /// The note's own time.
        at: Timestamp,
    },
    /// Move the target deal.
    ChangeStage {
        /// `pipeline/stage` in the vendor's ids.
        to: Box<str>,
    },
    /// Give the target to another owner.
    ChangeOwner {
        /// The vendor's owner id.
        to: Box<str>,
    },
    /// Create an event in the calendar that the target names. Nobody is invited by it.
    CreateEvent {
        /// One line.
        subject: String,
        /// Plain text.
        body: String,
        /// Begins.
        start: Timestamp,
        /// Ends.
        end: Timestamp,
    },
    /// Move the target event.
    MoveEvent {
        /// Begins.
        start: Timestamp,
        /// Ends.
        end: Timestamp,
    },
    /// Send a message to one recipient.
    Notify {
        /// Address of the recipient.
        to: Box<str>,
        /// One line.
        subject: String,
        /// Plain text.
        text: String,
        /// The same as HTML, where there is one; everything foreign in it is escaped already.
        html: Option<String>,
        /// Twice is better than never: sent again after a lost answer.
        insist: bool,
        /// When it was decided: the message's own date, so that a repetition is the same to the byte.
        at: Timestamp,
    },
}

impl Intent {
    /// The kind.
    pub const fn kind(&self) -> WriteKind {
        match self {
            Self::CreateTask { .. } => WriteKind::CreateTask,
            Self::CompleteTask { .. } => WriteKind::CompleteTask,
            Self::CreateNote { .. } => WriteKind::CreateNote,
            Self::ChangeStage { .. } => WriteKind::ChangeStage,
            Self::ChangeOwner { .. } => WriteKind::ChangeOwner,
            Self::CreateEvent { .. } => WriteKind::CreateEvent,
            Self::MoveEvent { .. } => WriteKind::MoveEvent,
            Self::Notify { .. } => WriteKind::Notify,
        }
    }
    /// The field of the target that it sets: a newer decision on the same (target, field) supersedes.
    pub fn field(&self) -> Option<(Field, Value)> {
        match self {
            Self::ChangeStage { to } => Some((Field::SourceStage, Value::Text(to.clone()))),
            Self::ChangeOwner { to } => Some((Field::Owner, Value::Ref(to.clone()))),
            Self::CompleteTask { .. } => Some((Field::Done, Value::Bool(true))),
            Self::MoveEvent { start, .. } => Some((Field::At, Value::Time(*start))),
            Self::CreateTask { .. }
            | Self::CreateNote { .. }
            | Self::CreateEvent { .. }
            | Self::Notify { .. } => None,
        }
    }
}

/// One intended change at a source.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Write {
    /// Its name for good.
    pub key: WriteKey,
    /// The record that is changed, or beside which one is created.
    pub target: ExternalRef,
    /// What to do.
    pub intent: Intent,
    /// Values of the target that the decision was based on; another value means: do not write, decide again.
    pub expects: Vec<(Field, Value)>,
    /// Who decided and why, in one line for people.
    pub because: String,
}

/// What may be written to a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Never writes.
    Observe,
    /// Writes wait for approval.
    #[default]
    Propose,
    /// Writes go out.
    Auto,
}

impl Mode {
    /// Name as configured and shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Observe => "observe",
            Self::Propose => "propose",
            Self::Auto => "auto",
        }
    }
}

/// Where a write stands. `Done`, `Refused`, `Superseded` and `Skipped` are final.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum WriteState {
    /// Waits for a person's approval.
    Proposed,
    /// May be claimed.
    Pending,
    /// Claimed: from now on it may have happened.
    Sending {
        /// Which attempt, from 1.
        attempt: u32,
        /// Epoch of the lease under which it was claimed.
        epoch: i64,
    },
    /// Known to have happened, once.
    Done,
    /// Known not to have happened; again at.
    Retry {
        /// Not before.
        at: Timestamp,
    },
    /// May have happened: look before anything else.
    Verify {
        /// Not before.
        at: Timestamp,
    },
    /// The source had moved: not written; a new decision is due.
    Moved,
    /// The vendor will never take it.
    Refused,
    /// Nobody can find out.
    Unknown,
    /// A newer decision replaced it before it was sent.
    Superseded {
        /// The newer write.
        by: WriteKey,
    },
    /// A person decided against it, or its reason went away.
    Skipped {
        /// Who or what.
        who: String,
    },
}

impl WriteState {
    /// Name as stored and shown.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Pending => "pending",
            Self::Sending { .. } => "sending",
            Self::Done => "done",
            Self::Retry { .. } => "retry",
            Self::Verify { .. } => "verify",
            Self::Moved => "moved",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
            Self::Superseded { .. } => "superseded",
            Self::Skipped { .. } => "skipped",
        }
    }

    /// The state table. Anything else is a defect and is refused by the store.
    pub const fn may_become(&self, next: &Self) -> bool {
        use WriteState as S;
        match self {
            S::Proposed => matches!(next, S::Pending | S::Superseded { .. } | S::Skipped { .. }),
            S::Pending => {
                // Done: an attempt thought lost was seen at the source before the next one went out.
                matches!(
                    next,
                    S::Sending { .. } | S::Proposed | S::Done | S::Superseded { .. } | S::Skipped { .. }
                )
            }
            S::Retry { .. } => {
                matches!(
                    next,
                    S::Sending { .. } | S::Pending | S::Done | S::Superseded { .. } | S::Skipped { .. }
                )
            }
            S::Sending { .. } => matches!(
                next,
                S::Done
                    | S::Retry { .. }
                    | S::Verify { .. }
                    | S::Moved
                    | S::Refused
                    | S::Unknown
                    | S::Skipped { .. }
            ),
            S::Verify { .. } => matches!(
                next,
                S::Done | S::Retry { .. } | S::Verify { .. } | S::Unknown | S::Refused | S::Sending { .. }
            ),
            S::Unknown => matches!(next, S::Done | S::Pending | S::Skipped { .. }),
            S::Moved | S::Refused => matches!(next, S::Pending | S::Skipped { .. } | S::Superseded { .. }),
            S::Done | S::Superseded { .. } | S::Skipped { .. } => false,
        }
    }
}

/// A claimed write on its way out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Delivery {
    /// Row in the outbox.
    pub row: i64,
    /// What to do.
    pub write: Write,
    /// `Sending` when it is to be sent, `Verify` when it is to be looked for first.
    pub look_first: bool,
    /// When the attempt in question began (source of truth for visibility lags); now, for a fresh one.
    pub sent: Timestamp,
    /// Which attempt this is, from 1.
    pub attempt: u32,
}

/// What became of a delivery.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SettledAs {
    /// It happened.
    Done(Receipt),
    /// It did not happen; again at.
    Retry {
        /// Not before.
        at: Timestamp,
        /// Why, for people.
        why: String,
    },
    /// It may have happened; look at.
    Verify {
        /// Not before.
        at: Timestamp,
        /// Why, for people.
        why: String,
    },
    /// The source had moved.
    Moved {
        /// What differed, for people.
        why: String,
    },
    /// Never.
    Refused {
        /// The vendor's reason.
        why: String,
    },
    /// Nobody can find out.
    Unknown {
        /// Why.
        why: String,
    },
}

/// Proof that a write happened.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Receipt {
    /// The record that was created or changed.
    pub reference: ExternalRef,
    /// When, by the source if it says.
    pub at: Timestamp,
    /// Found by looking rather than by the vendor's answer.
    pub found: bool,
}
