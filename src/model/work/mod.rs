//! Work: tasks, the agents who do it, and who got what.

pub mod agent;
pub mod assignment;
pub mod relation;
pub mod task;
pub mod view;

pub use agent::{AgentSpec, Capacity, Handoff, Hours, Layer, MetricTarget, Reach, Window};
pub use assignment::{AgentLoad, Assignment, Board, Candidate, Excluded, Exclusion, QueuePlace, TrackRecord};
pub use relation::{ActivityLink, ActivityView, KnownContact, KnownDeal, Mate, Related, Standing};
pub use task::{Need, Responsibility, Subject, Task, TaskState};
pub use view::{ActivityBrief, Direction, SubjectView, TaskBrief};
