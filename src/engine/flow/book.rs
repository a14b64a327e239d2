//! The stages as configured: what is to be done in each, by whom, and what leads on to the next.

use super::condition::Condition;
use crate::signals::Phrases;
use model::{AgentId, Stage, work::Need, work::Responsibility};
use std::sync::Arc;

/// Everything in `stages.toml`, checked.
#[derive(Clone, Debug)]
pub struct StageBook {
    /// The seven stages, in order.
    pub stages: Vec<StageSpec>,
    /// Named conditions, in the order in which they are evaluated: each may use those before it.
    pub signals: Vec<SignalSpec>,
    /// Tasks that are made when somebody raises a trigger.
    pub triggers: Vec<TriggerSpec>,
    /// Segments of the market that awareness work is done for.
    pub segments: Vec<Segment>,
    /// A lead for which this holds is no longer worked on.
    pub lead_ended: Option<Condition>,
    /// Work that arises in whatever stage a deal or lead is, each time that something happens.
    pub any_stage: Vec<ActionSpec>,
    /// Template of the task that asks the owner to move a deal on.
    pub advance: ActionSpec,
    /// Hash of everything above.
    pub hash: Box<str>,
    /// What is a signal in people's words; `None` only in a book put together by hand.
    pub phrases: Option<Arc<Phrases>>,
}

impl StageBook {
    /// The specification of a stage; `None` only in a book put together by hand.
    pub fn stage(&self, stage: Stage) -> Option<&StageSpec> {
        self.stages.iter().find(|spec| spec.stage == stage)
    }

    /// Every template: of the stages, of any stage, of triggers, and the one that asks to move on.
    pub fn actions(&self) -> impl Iterator<Item = &ActionSpec> {
        let staged = self.stages.iter().flat_map(|spec| spec.actions.iter().chain(&spec.supports));
        let raised = self.triggers.iter().flat_map(|trigger| &trigger.actions);
        staged.chain(&self.any_stage).chain(raised).chain(std::iter::once(&self.advance))
    }
}

/// One stage.
#[derive(Clone, Debug)]
pub struct StageSpec {
    /// Which.
    pub stage: Stage,
    /// Agent that answers for it.
    pub primary: AgentId,
    /// The stage's own work.
    pub actions: Vec<ActionSpec>,
    /// Work of other agents that helps it; `by` is always set.
    pub supports: Vec<ActionSpec>,
    /// What leads out of it.
    pub transition: Option<TransitionSpec>,
    /// Names of the figures by which it is judged.
    pub metrics: Vec<Box<str>>,
    /// What entering it means to agents: names that they list among their triggers.
    pub raises: Vec<Box<str>>,
}

/// Template of a task.
#[derive(Clone, Debug)]
pub struct ActionSpec {
    /// `DISCOVERY_CALL`.
    pub id: Box<str>,
    /// One line for people.
    pub title: String,
    /// What to do, for the body of the task.
    pub text: String,
    /// Agent it is meant for; the stage's primary one when absent.
    pub by: Option<AgentId>,
    /// Capability, preferred ones, unit of capacity.
    pub need: Need,
    /// 0-100.
    pub priority: u8,
    /// Business hours the agent has.
    pub allowed_hours: u32,
    /// Only when this holds.
    pub when: Option<Condition>,
    /// Open ones are dropped, and none is made, while this holds.
    pub drop_when: Option<Condition>,
    /// Open ones are done, and none is made, while this holds.
    pub done_when: Option<Condition>,
    /// One for each of these, instead of one for each entry into the stage.
    pub each: Option<Each>,
    /// Due when the next meeting with the buyer begins, where one is booked.
    pub due_at_meeting: bool,
    /// Minutes to keep free for it in the calendar, before it is due.
    pub calendar_minutes: Option<u32>,
    /// For whom it is made.
    pub per: Per,
    /// Which part of the deal its holder answers for.
    pub responsibility: Responsibility,
}

/// For whom an action's tasks are made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Per {
    /// Each deal or lead that enters the stage.
    Record,
    /// Each segment, once a week.
    Segment,
}

/// What an action's tasks are made for, one each.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Each {
    /// A mail of theirs, or several until we answer.
    Reply,
    /// A meeting that took place.
    HeldMeeting,
    /// A meeting that was called off or that they missed, until another one is booked.
    LostMeeting,
}

/// A named condition.
#[derive(Clone, Debug)]
pub struct SignalSpec {
    /// `demo_requested`.
    pub id: Box<str>,
    /// When it holds.
    pub when: Condition,
    /// It rests on wording alone, whatever its condition reads: no transition goes above `suggest` by it.
    pub phrase: bool,
    /// What it means, in words for a reason (`they replied`).
    pub says: Box<str>,
}

/// What leads out of a stage.
#[derive(Clone, Debug)]
pub struct TransitionSpec {
    /// Where to.
    pub to: Next,
    /// When.
    pub when: Condition,
    /// What is done then.
    pub mode: TransitionMode,
}

/// Where a transition leads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Next {
    /// To a later stage.
    Stage(Stage),
    /// The deal is won.
    Won,
}

/// What is done when a transition's condition holds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum TransitionMode {
    /// Nothing.
    Off,
    /// A task for the owner, with the evidence.
    Suggest,
    /// The stage is written at the source.
    Auto,
}

/// Tasks that a trigger makes.
#[derive(Clone, Debug)]
pub struct TriggerSpec {
    /// `product_launch`.
    pub id: Box<str>,
    /// Templates; `by` is the agent that lists the trigger and has the capability.
    pub actions: Vec<ActionSpec>,
}

/// A segment of the market.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Segment {
    /// `technical-founders`.
    pub id: Box<str>,
    /// For people.
    pub name: String,
}
