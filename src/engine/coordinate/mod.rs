//! Handoffs, escalations, offers and what is learnt from results: what follows as time goes by. Pure.

mod ask;
mod escalate;
mod hand;
mod insight;
mod package;
mod perform;
mod rules;
#[cfg(test)]
pub(crate) mod tests;

pub use ask::{Order, offer_message, silent, triggered_by, withdrawal};
pub use escalate::{Told, escalate_from_signals, escalation_of, escalation_task, route, step};
pub use hand::{
    Completion, complete, confirm_by_crm, handoff_message, handoff_writes, handoffs, routed, timed_out,
};
pub use insight::insight_message;
pub use package::package;
pub use perform::{Case, records};
pub use rules::{CoordinationRules, EscalationRule, Raised};
