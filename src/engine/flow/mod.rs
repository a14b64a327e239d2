//! What is to be done on a deal or lead, and where it goes next.

pub mod book;
pub mod condition;
pub mod fields;

pub use book::{
    ActionSpec, Next, Per, Segment, SignalSpec, StageBook, StageSpec, TransitionMode, TransitionSpec,
    TriggerSpec,
};
pub use condition::{Condition, ConditionError, Holds};
