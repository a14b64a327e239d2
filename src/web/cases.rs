//! Handoffs and escalations.

use crate::{
    Web,
    assign::agent,
    caller::Caller,
    context::subject,
    problem::Problem,
    work::{send, task_id},
};
use model::{
    Id,
    work::{
        HandoffTo, Subject,
        message::{Body, EscalationBody, EscalationStatus, HandoffBody, HandoffStatus, Lead},
    },
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::str::FromStr;

/// Of `hand_off`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HandOff {
    /// `deal:ID` or `contact:ID`.
    subject: String,
    /// The receiving agent, `all_agents`, `external:NAME` or `overlay:AGENT`.
    to: String,
    /// What was reached (`MEETING_BOOKED`, `qualified_lead`).
    milestone: String,
    /// What the receiver must know: pain points, time line, budget.
    #[serde(default)]
    context: Map<String, Value>,
}

/// Names a handoff.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OfHandoff {
    /// The handoff's id.
    handoff_id: String,
}

/// Of `decline_handoff`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeclineHandoff {
    /// The handoff's id.
    handoff_id: String,
    /// Why, in one line.
    reason: String,
}

/// Of `escalate`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Escalate {
    /// `deal:ID` or `contact:ID`.
    subject: Option<String>,
    /// The task it is about.
    task_id: Option<String>,
    /// Code in capitals (`ENTERPRISE_COMPLEXITY`, `BLOCKED`).
    reason: String,
    /// What you ask for (`ACTIVATE_ENTERPRISE_AGENT`).
    request: String,
    /// Figures and facts.
    #[serde(default)]
    context: Map<String, Value>,
}

/// Names an escalation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OfEscalation {
    /// The escalation's id.
    escalation_id: String,
}

/// Of `resolve_escalation`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Resolve {
    /// The escalation's id.
    escalation_id: String,
    /// How it was settled. For one that waits for approval: begins with `approved` or `refused`.
    resolution: String,
}

pub async fn hand_off(web: &Web, caller: &Caller, input: HandOff) -> Result<Value, Problem> {
    let HandOff { subject: text, to, milestone, context } = input;
    let subject = subject(&text)?;
    is_somebody(web, &to)?;
    let lead = Lead {
        id: subject.to_string().into(),
        company: String::new(),
        contact: String::new(),
        stage: milestone,
        context,
    };
    let body =
        HandoffBody { handoff_id: None, status: HandoffStatus::Requested, lead: Some(lead), reason: None };
    let what = format!("handoff {subject} {to}");
    send_to(web, caller, &what, &to, Body::Handoff(body)).await
}

/// A handoff goes to somebody whom there is.
fn is_somebody(web: &Web, to: &str) -> Result<(), Problem> {
    match HandoffTo::from_str(to) {
        Ok(HandoffTo::Agent(name) | HandoffTo::Overlay(name)) => agent(web, name.as_str()).map(drop),
        Ok(HandoffTo::External(name)) if name.trim().is_empty() => {
            Err(Problem::input("`to` external:NAME needs a name: who takes over?"))
        }
        Ok(HandoffTo::External(_) | HandoffTo::AllAgents) => Ok(()),
        Err(never) => match never {},
    }
}

pub async fn confirm(web: &Web, caller: &Caller, input: OfHandoff) -> Result<Value, Problem> {
    answer(web, caller, &input.handoff_id, HandoffStatus::Confirmed, None).await
}

pub async fn decline(web: &Web, caller: &Caller, input: DeclineHandoff) -> Result<Value, Problem> {
    answer(web, caller, &input.handoff_id, HandoffStatus::Declined, Some(input.reason)).await
}

async fn answer(
    web: &Web,
    caller: &Caller,
    handoff: &str,
    status: HandoffStatus,
    reason: Option<String>,
) -> Result<Value, Problem> {
    let id = id(handoff, "handoff_id")?;
    let body = HandoffBody { handoff_id: Some(id.to_string().into()), status, lead: None, reason };
    let what = format!("handoff {id} {status}");
    send(web, caller, &what, format!("handoff:{id}"), Body::Handoff(body)).await
}

pub async fn escalate(web: &Web, caller: &Caller, input: Escalate) -> Result<Value, Problem> {
    let Escalate { subject: about, task_id: task, reason, request, context } = input;
    let about = about.as_deref().map(subject).transpose()?;
    let task = task.as_deref().map(task_id).transpose()?;
    if about.is_none() && task.is_none() {
        return Err(Problem::input("`subject` or `task_id` is needed: what is it about?"));
    }
    open(web, caller, about, task, reason, request, context).await
}

/// Raises an escalation.
pub async fn open(
    web: &Web,
    caller: &Caller,
    about: Option<Subject>,
    task: Option<Id>,
    reason: String,
    request: String,
    context: Map<String, Value>,
) -> Result<Value, Problem> {
    let body = EscalationBody {
        escalation_id: None,
        status: EscalationStatus::Open,
        deal_id: about.map(|subject| subject.to_string().into()),
        task_id: task.map(|task| task.to_string().into()),
        reason,
        request,
        context,
        resolution: None,
    };
    let what = format!(
        "escalate {} {} {}",
        body.deal_id.as_deref().unwrap_or_default(),
        body.task_id.as_deref().unwrap_or_default(),
        body.reason
    );
    send_to(web, caller, &what, model::work::ORCHESTRATOR, Body::Escalation(body)).await
}

pub async fn acknowledge(web: &Web, caller: &Caller, input: OfEscalation) -> Result<Value, Problem> {
    settle(web, caller, &input.escalation_id, EscalationStatus::Acknowledged, None).await
}

pub async fn resolve(web: &Web, caller: &Caller, input: Resolve) -> Result<Value, Problem> {
    settle(web, caller, &input.escalation_id, EscalationStatus::Resolved, Some(input.resolution)).await
}

async fn settle(
    web: &Web,
    caller: &Caller,
    escalation: &str,
    status: EscalationStatus,
    resolution: Option<String>,
) -> Result<Value, Problem> {
    let id = id(escalation, "escalation_id")?;
    let body = EscalationBody {
        escalation_id: Some(id.to_string().into()),
        status,
        deal_id: None,
        task_id: None,
        reason: String::new(),
        request: String::new(),
        context: Map::new(),
        resolution,
    };
    let what = format!("escalation {id} {status}");
    send(web, caller, &what, format!("escalation:{id}"), Body::Escalation(body)).await
}

/// A message that opens a conversation of its own.
async fn send_to(web: &Web, caller: &Caller, what: &str, to: &str, body: Body) -> Result<Value, Problem> {
    let message = model::work::Message {
        id: web.message_id(caller, what),
        sent_at: web.now(),
        conversation: what.chars().take(200).collect::<String>().into(),
        in_reply_to: None,
        from: caller.party.name().into(),
        to: to.into(),
        body,
    };
    crate::work::check_and_tell(web, caller, message, true).await
}

fn id(text: &str, field: &str) -> Result<Id, Problem> {
    text.trim().parse().map_err(|_| Problem::input(format!("`{field}` {text:?} is no id")))
}
