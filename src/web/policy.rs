//! What an agent may not do by itself: it waits until a person has approved it.

use crate::{Web, caller::Caller, cases, problem::Problem, work};
use model::{
    Id,
    work::{
        Party,
        message::{EscalationStatus, ResultDocument, Status},
    },
};
use serde_json::{Map, Value, json};
use store::CaseFilter;

/// Reason of the escalation that asks for approval.
const REASON: &str = "APPROVAL_NEEDED";
/// Escalations of a task looked at.
const MOST: usize = 200;

/// The answer when a result has to wait for a person's approval first; `None` when it may stand.
pub async fn gate(
    web: &Web,
    caller: &Caller,
    task: Id,
    result: Option<&ResultDocument>,
) -> Result<Option<Value>, Problem> {
    match beyond(web, result) {
        Some(beyond) if !approved(web, caller, task).await? => {
            wait(web, caller, task, beyond).await.map(Some)
        }
        Some(_) | None => Ok(None),
    }
}

/// What in a result is beyond the policy, in words.
fn beyond(web: &Web, result: Option<&ResultDocument>) -> Option<String> {
    let data = &result?.data;
    let rules = web.rules();
    let policy = &rules.config.settings.policy;
    let discount = data.get("discount_percent").and_then(Value::as_f64);
    let recipients = data.get("send_to").and_then(Value::as_array).map_or(0, Vec::len);
    match discount {
        Some(percent) if percent > policy.most_discount_percent => {
            Some(format!("a discount of {percent} % (at most {} %)", policy.most_discount_percent))
        }
        _ if recipients > 0 && !policy.agents_write_to_customers => {
            Some(format!("mail to {recipients} people outside"))
        }
        _ => None,
    }
}

/// Has a person approved it for this task? People need no approval.
async fn approved(web: &Web, caller: &Caller, task: Id) -> Result<bool, Problem> {
    if matches!(caller.party, Party::Person(_)) {
        return Ok(true);
    }
    let asked = web.store().escalations(&Party::Daemon, &CaseFilter::default(), MOST).await?;
    Ok(asked.iter().any(|case| {
        let yes = case
            .resolution
            .as_deref()
            .is_some_and(|words| words.trim().to_lowercase().starts_with("approved"));
        // Only a person's word counts: an agent that settles its own request approves nothing.
        let by_person = !web.rules().config.roster.agents.iter().any(|spec| spec.id.as_str() == &*case.by);
        case.task == Some(task)
            && &*case.reason == REASON
            && case.status == EscalationStatus::Resolved
            && yes
            && by_person
    }))
}

/// Blocks the task and asks a person.
async fn wait(web: &Web, caller: &Caller, task: Id, beyond: String) -> Result<Value, Problem> {
    let request = format!("Approve or refuse: {beyond}");
    let context = Map::from_iter([("beyond_policy".to_owned(), Value::from(beyond.clone()))]);
    let asked = cases::open(web, caller, None, Some(task), REASON.to_owned(), request, context).await?;
    let reason = format!("waits for approval: {beyond}");
    let id = task.to_string();
    work::report_as(web, caller, &id, Status::Blocked, |body| body.reason = Some(reason.clone())).await?;
    Ok(json!({
        "waits_for_approval": beyond,
        "escalation": asked.get("effect"),
        "message_id": asked.get("message_id"),
        "repeated": false,
        "effect": { "effect": "ignored", "why": reason },
    }))
}
