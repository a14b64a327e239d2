//! Work: tasks, the agents who do it, and who got what.

pub mod access;
pub mod agent;
pub mod assignment;
pub mod escalation;
pub mod handoff;
pub mod message;
pub mod metric;
pub mod order;
pub mod outcome;
pub mod party;
pub mod past;
pub mod relation;
pub mod task;
pub mod view;

pub use access::{Role, Token};
pub use agent::{Absence, AgentSpec, Capacity, Handoff, Hours, Layer, MetricTarget, Reach, Window};
pub use assignment::{
    AgentLoad, Assignment, Backlog, Basis, Board, Candidate, Excluded, Exclusion, Loads, Passed, Policy,
    QueuePlace, Scene, TaskKind, TrackRecord,
};
pub use escalation::{EscalationCase, EscalationLevel, RESOLVE};
pub use handoff::{HandoffCase, HandoffTo};
pub use message::{Body, Message};
pub use metric::{DealFact, MailFact, MeetingFact, MetricInputs, MetricSpan, TaskFact, Tried};
pub use order::{ASKED_FOR, Give, Order};
pub use outcome::{Document, Learning, TaskDetail};
pub use party::{ORCHESTRATOR, Party};
pub use past::{Asked, PastTask};
pub use relation::{ActivityLink, ActivityView, KnownContact, KnownDeal, Mate, Related, Standing};
pub use task::{Need, Responsibility, Subject, Task, TaskState, Withdrawn};
pub use view::{ActivityBrief, Direction, SubjectView, TaskBrief};
