//! What is to be done on a deal or lead, and where it goes next.

pub mod book;
pub mod condition;
mod dealings;
mod facts;
mod fields;
mod make;
mod progress;
mod segments;
#[cfg(test)]
pub(crate) mod tests;
mod text;
mod writes;

pub use book::{
    ActionSpec, Each, Next, Per, Segment, SignalSpec, StageBook, StageSpec, TransitionMode, TransitionSpec,
    TriggerSpec,
};
pub use condition::{Condition, ConditionError, Holds};
pub use facts::{Evidence, FlowPolicy, in_currency};
pub(crate) use progress::task;
pub use progress::{
    Progress, Signal, Transition, is_enterprise, progress, signals_of, stage_entry, stage_of,
};
pub use segments::{asked_task, segment_tasks, trigger_tasks};
pub use text::task_text;
pub use writes::{Place, close_write, event_key, event_move, event_write, place, stage_writes, writes_for};

pub(crate) use dealings::{Standing, stands};

use dealings::Dealings;
use facts::Facts;
use model::{Timestamp, work::SubjectView};

/// Does a condition hold of a deal or lead as it stands? For conditions without signals.
pub fn holds(condition: &Condition, view: &SubjectView, policy: &FlowPolicy, now: Timestamp) -> Holds {
    Facts::of(view, &Dealings::of(view, now), policy, now).holds(condition)
}
