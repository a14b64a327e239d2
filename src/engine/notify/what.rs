//! What people can be told of.

use model::{EventKind, WriteKind};
use serde::{Deserialize, Serialize};

/// A sort of news.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// A record was seen for the first time.
    FirstSeen,
    /// A record left its source.
    Gone,
    /// It came back.
    Returned,
    /// A deal or lead entered a stage.
    StageEntered,
    /// A deal was won, lost or opened again.
    OutcomeChanged,
    /// A stage transition is advised.
    TransitionSuggested,
    /// A task was made.
    TaskCreated,
    /// A task is reserved for an agent, which has to accept it.
    TaskOffered,
    /// A task was given to an agent.
    TaskAssigned,
    /// A task ended.
    TaskEnded,
    /// A handoff was asked for or moved on.
    Handoff,
    /// An escalation was raised or moved on.
    Escalation,
    /// Nobody can tell whether a write happened.
    WriteUnknown,
    /// The vendor will never take a write.
    WriteRefused,
    /// A write was not sent, because the record had moved.
    WriteMoved,
    /// A mail to a contact could not be delivered.
    Bounced,
    /// A mail or meeting was found to belong to a deal or lead.
    ActivityLinked,
    /// The daemon noticed something.
    Noticed,
    /// A stream can't be read for five minutes.
    Trouble,
}

impl What {
    /// All, in the order in which they are documented.
    pub const ALL: [Self; 19] = [
        Self::FirstSeen,
        Self::Gone,
        Self::Returned,
        Self::StageEntered,
        Self::OutcomeChanged,
        Self::TransitionSuggested,
        Self::TaskCreated,
        Self::TaskOffered,
        Self::TaskAssigned,
        Self::TaskEnded,
        Self::Handoff,
        Self::Escalation,
        Self::WriteUnknown,
        Self::WriteRefused,
        Self::WriteMoved,
        Self::Bounced,
        Self::ActivityLinked,
        Self::Noticed,
        Self::Trouble,
    ];

    /// Name as configured.
    pub const fn name(self) -> &'static str {
        match self {
            Self::FirstSeen => "first_seen",
            Self::Gone => "gone",
            Self::Returned => "returned",
            Self::StageEntered => "stage_entered",
            Self::OutcomeChanged => "outcome_changed",
            Self::TransitionSuggested => "transition_suggested",
            Self::TaskCreated => "task_created",
            Self::TaskOffered => "task_offered",
            Self::TaskAssigned => "task_assigned",
            Self::TaskEnded => "task_ended",
            Self::Handoff => "handoff",
            Self::Escalation => "escalation",
            Self::WriteUnknown => "write_unknown",
            Self::WriteRefused => "write_refused",
            Self::WriteMoved => "write_moved",
            Self::Bounced => "bounced",
            Self::ActivityLinked => "activity_linked",
            Self::Noticed => "noticed",
            Self::Trouble => "trouble",
        }
    }

    /// What an event is; `None` for what nobody is told of. The fate of a notification is never news: telling of
    /// it would be one more that can fail.
    pub fn of(event: &EventKind) -> Option<Self> {
        Some(match event {
            EventKind::FirstSeen => Self::FirstSeen,
            EventKind::Gone { .. } => Self::Gone,
            EventKind::Returned => Self::Returned,
            EventKind::StageEntered { .. } => Self::StageEntered,
            EventKind::OutcomeChanged { .. } => Self::OutcomeChanged,
            EventKind::TransitionSuggested { .. } => Self::TransitionSuggested,
            EventKind::TaskCreated { .. } => Self::TaskCreated,
            EventKind::TaskOffered { .. } => Self::TaskOffered,
            EventKind::TaskAssigned { .. } => Self::TaskAssigned,
            EventKind::TaskEnded { .. } => Self::TaskEnded,
            EventKind::Handoff { .. } => Self::Handoff,
            EventKind::Escalation { .. } => Self::Escalation,
            EventKind::WriteSettled { kind, state, .. } if *kind != WriteKind::Notify => match &**state {
                "unknown" => Self::WriteUnknown,
                "refused" => Self::WriteRefused,
                "moved" => Self::WriteMoved,
                _ => return None,
            },
            EventKind::Bounced { .. } => Self::Bounced,
            EventKind::ActivityLinked { how: Some(_), .. } => Self::ActivityLinked,
            EventKind::Noticed { .. } => Self::Noticed,
            EventKind::WriteSettled { .. }
            | EventKind::ActivityLinked { how: None, .. }
            | EventKind::TaskReturned { .. }
            | EventKind::TaskReported { .. }
            | EventKind::Triggered { .. }
            | EventKind::Changed { .. }
            | EventKind::Relinked { .. }
            | EventKind::Joined { .. } => return None,
        })
    }
}
