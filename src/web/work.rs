//! What agents do with tasks.

use crate::{Web, caller::Caller, problem::Problem};
use model::{
    AgentId, Id, MessageId,
    work::{
        Message, ORCHESTRATOR, TaskDetail,
        message::{Body, Fill, ResultDocument, Status, StatusBody, TaskOutcome},
    },
};
use runtime::policy::{self, Spoken};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Number, Value, json};
use std::collections::BTreeMap;
use store::Said;

/// Of `next_task`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NextTask {
    /// For which agent; needed unless you are one.
    agent: Option<String>,
}

/// Names a task.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OfTask {
    /// The task's id.
    task_id: String,
}

/// Of `decline`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Decline {
    /// The task's id.
    task_id: String,
    /// Why, in one line.
    reason: String,
}

/// Of `report_status`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// The task's id.
    task_id: String,
    /// `IN_PROGRESS`, `BLOCKED`, `FAILED` or `CANCELLED`.
    status: Status,
    /// Percent.
    #[schemars(range(max = 100))]
    progress: Option<u8>,
    /// Figures by name.
    #[serde(default)]
    metrics: BTreeMap<String, Number>,
    /// Why, with `BLOCKED`, `FAILED` and `CANCELLED`.
    reason: Option<String>,
}

/// Of `complete`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Complete {
    /// The task's id.
    task_id: String,
    /// How it ended.
    outcome: TaskOutcome,
    /// What came out: Markdown for people, data for programs.
    result: Option<ResultDocument>,
    /// Figures by name.
    #[serde(default)]
    metrics: BTreeMap<String, Number>,
    /// What the next one should know, one line each.
    #[serde(default)]
    learnings: Vec<String>,
}

/// Of `say`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Say {
    /// A message in the published format.
    message: Map<String, Value>,
}

pub async fn next_task(web: &Web, caller: &Caller, input: NextTask) -> Result<Value, Problem> {
    let agent = match (caller.party.agent(), input.agent) {
        (Some(own), None) => own.clone(),
        (Some(own), Some(named)) if *own == AgentId::from(&*named) => own.clone(),
        (Some(_), Some(_)) => return Err(Problem::forbidden("an agent asks for its own work only")),
        (None, Some(named)) => AgentId::from(&*named),
        (None, None) => return Err(Problem::input("`agent` is missing: whose next task?")),
    };
    let next = web.store().next_task(&agent).await?;
    Ok(json!({ "task": next.as_ref().map(shown) }))
}

pub async fn task(web: &Web, caller: &Caller, input: OfTask) -> Result<Value, Problem> {
    let id = task_id(&input.task_id)?;
    let unknown = || Problem::unknown(format!("there is no task {id}"));
    let detail = web.store().task_detail(&caller.party, id).await?.ok_or_else(unknown)?;
    let documents = web.store().documents(&caller.party, id).await?;
    let (_, decisions) = web.store().task(id).await?.ok_or_else(unknown)?;
    Ok(json!({ "task": shown(&detail), "documents": documents, "why": decisions }))
}

pub async fn accept(web: &Web, caller: &Caller, input: OfTask) -> Result<Value, Problem> {
    report_as(web, caller, &input.task_id, Status::Accepted, |_| {}).await
}

pub async fn decline(web: &Web, caller: &Caller, input: Decline) -> Result<Value, Problem> {
    report_as(web, caller, &input.task_id, Status::Declined, |body| body.reason = Some(input.reason)).await
}

pub async fn report(web: &Web, caller: &Caller, input: Report) -> Result<Value, Problem> {
    let Report { task_id, status, progress, metrics, reason } = input;
    if !matches!(status, Status::InProgress | Status::Blocked | Status::Failed | Status::Cancelled) {
        return Err(Problem::input("`status` is IN_PROGRESS, BLOCKED, FAILED or CANCELLED here"));
    }
    let fill = |body: &mut StatusBody| {
        (body.progress, body.metrics, body.reason) = (progress, metrics, reason);
    };
    report_as(web, caller, &task_id, status, fill).await
}

pub async fn complete(web: &Web, caller: &Caller, input: Complete) -> Result<Value, Problem> {
    let Complete { task_id, outcome, result, metrics, learnings } = input;
    let fill = |body: &mut StatusBody| {
        body.outcome = Some(outcome);
        (body.result, body.metrics, body.learnings) = (result, metrics, learnings);
    };
    report_as(web, caller, &task_id, Status::Done, fill).await
}

pub async fn say(web: &Web, caller: &Caller, input: Say) -> Result<Value, Problem> {
    let from = caller.party.name().into();
    let id = Some(web.message_id(caller, "say"));
    let fill = Fill { id, sent_at: Some(web.now()), from: Some(from) };
    let message =
        Message::from_object(input.message, &fill).map_err(|error| Problem::input(error.to_string()))?;
    tell(web, caller, message).await
}

/// Says a status of a task.
pub async fn report_as(
    web: &Web,
    caller: &Caller,
    task: &str,
    status: Status,
    fill: impl FnOnce(&mut StatusBody),
) -> Result<Value, Problem> {
    let id = task_id(task)?;
    let mut body = StatusBody {
        task_id: id.to_string().into(),
        status,
        progress: None,
        metrics: BTreeMap::new(),
        outcome: None,
        result: None,
        reason: None,
        learnings: Vec::new(),
    };
    fill(&mut body);
    let what = format!("{status} {id}");
    send(web, caller, &what, format!("task:{id}"), Body::Status(body)).await
}

/// Sends a message of the caller's to the daemon.
pub async fn send(
    web: &Web,
    caller: &Caller,
    what: &str,
    conversation: String,
    body: Body,
) -> Result<Value, Problem> {
    let message = Message {
        id: web.message_id(caller, what),
        sent_at: web.now(),
        conversation: conversation.into(),
        in_reply_to: None,
        from: caller.party.name().into(),
        to: ORCHESTRATOR.into(),
        body,
    };
    check_and_tell(web, caller, message, false).await
}

/// The same rules hold for a message that we put together as for one that came whole. One that begins a
/// conversation is named by the rules of messages.
pub async fn check_and_tell(
    web: &Web,
    caller: &Caller,
    message: Message,
    begins: bool,
) -> Result<Value, Problem> {
    let wrong = |error: &dyn std::fmt::Display| Problem::input(error.to_string());
    let mut object = match serde_json::to_value(&message).map_err(|error| wrong(&error))? {
        Value::Object(object) => object,
        other => return Err(wrong(&format!("no message: {other}"))),
    };
    if begins {
        object.remove("conversation");
    }
    let message = Message::from_object(object, &Fill::default()).map_err(|error| wrong(&error))?;
    tell(web, caller, message).await
}

async fn tell(web: &Web, caller: &Caller, message: Message) -> Result<Value, Problem> {
    if matches!(message.body, Body::Task(_)) {
        return Err(Problem::forbidden("only the daemon gives out tasks: raise a trigger, or assign one"));
    }
    let id: MessageId = message.id.clone();
    match policy::say(web.store(), &web.rules(), &caller.party, message, web.now()).await? {
        Spoken::Said(Said { message: _, repeated, effect }) => {
            Ok(json!({ "message_id": id, "repeated": repeated, "effect": effect }))
        }
        Spoken::Waits { beyond, asked, escalation } => {
            let why = format!("waits for approval: {beyond}");
            Ok(json!({
                "waits_for_approval": beyond,
                "escalation": escalation,
                "message_id": asked,
                "repeated": false,
                "effect": { "effect": "ignored", "why": why },
            }))
        }
    }
}

/// A task as shown, with what its agent is to do and until when.
pub fn shown(detail: &TaskDetail) -> Value {
    let TaskDetail { task, params, progress, metrics, outcome, passed, status_at } = detail;
    json!({
        "id": task.id,
        "action": task.action,
        "subject": task.subject.to_string(),
        "stage": task.stage,
        "state": task.state,
        "priority": task.priority,
        "due": task.due,
        "holder": task.holder,
        "params": params,
        "progress": progress,
        "metrics": metrics,
        "outcome": outcome,
        "passed": passed,
        "status_at": status_at,
        // Titles name customers: their words, not ours.
        "untrusted": { "title": task.title, "cause": task.cause },
    })
}

/// Reads a task's id.
pub fn task_id(text: &str) -> Result<Id, Problem> {
    text.trim().parse().map_err(|_| Problem::input(format!("`task_id` {text:?} is no id of a task")))
}
