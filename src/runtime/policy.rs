//! What an agent may not do by itself waits until a person has approved it, whichever way the agent says it.

use crate::{rules::Rules, settings::Policy};
use model::{
    AgentId, Id, MessageId, Timestamp,
    work::{
        EscalationCase, HandoffTo, Message, ORCHESTRATOR, Party, Reach,
        message::{Body, EscalationBody, EscalationStatus, ResultDocument, Status, StatusBody},
    },
};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::{collections::BTreeMap, str::FromStr};
use store::{CaseFilter, Effect, Error, Refusal, Said, Store};
use tracing::warn;

/// Reason of the escalation that asks for approval.
pub const REASON: &str = "APPROVAL_NEEDED";
/// In the escalation's context: what is asked for, and the message that waits.
const BEYOND: &str = "beyond_policy";
const HELD: &str = "held_message";
/// Escalations of a deal looked at.
const MOST: usize = 200;

/// What came of a message.
#[derive(Debug)]
pub enum Spoken {
    /// It was taken.
    Said(Said),
    /// Its task is blocked until a person has decided.
    Waits {
        /// What goes beyond the policy, in words.
        beyond: String,
        /// The message that asks for approval.
        asked: MessageId,
        /// The escalation that it opened.
        escalation: Effect,
    },
}

/// Says a message of an agent's or a person's. A result beyond `[policy]` is held: the task is blocked and a person
/// is asked. What a called program said is kept with the question and counts as soon as it is approved; others
/// say it again. Errors are those of [`store::Talk::say`].
pub async fn say(
    store: &dyn Store,
    rules: &Rules,
    by: &Party,
    mut message: Message,
    now: Timestamp,
) -> Result<Spoken, Error> {
    if let Body::Handoff(_) = &message.body {
        message.to = receiver(rules, &message.to);
    }
    if let Some((task, beyond)) = held_back(rules, by, &message) {
        let cases = approvals(store, task).await?;
        if !cases.iter().any(|case| is_approved(case, rules, task, &beyond)) {
            return wait(store, rules, by, (message, task, beyond), &cases, now).await;
        }
    }
    let settled = settled(&message);
    if let Some(case) = settled {
        decides(store, by, &message, case).await?;
    }
    let said = store.say(by, message, now).await?;
    if let (Some(case), Party::Person(_)) = (settled, by) {
        release(store, rules, case, now).await?;
    }
    Ok(Spoken::Said(said))
}

/// A receiver of a handoff by the id of its agent, whichever of its names was used.
fn receiver(rules: &Rules, to: &str) -> Box<str> {
    let known = |agent: &AgentId| rules.config.roster.resolve(agent.as_str());
    let to = match HandoffTo::from_str(to) {
        Ok(HandoffTo::Agent(agent)) => HandoffTo::Agent(known(&agent).unwrap_or(agent)),
        Ok(HandoffTo::Overlay(agent)) => HandoffTo::Overlay(known(&agent).unwrap_or(agent)),
        Ok(to) => to,
        Err(never) => match never {},
    };
    to.to_string().into()
}

/// The task and what goes beyond the policy, where the message ends a task so. People need no approval.
fn held_back(rules: &Rules, by: &Party, message: &Message) -> Option<(Id, String)> {
    by.agent()?;
    let Body::Status(StatusBody { task_id, status: Status::Done, result: Some(result), .. }) = &message.body
    else {
        return None;
    };
    let beyond = beyond(&rules.config.settings.policy, result)?;
    Some((task_id.trim().parse().ok()?, beyond))
}

/// What in a result is beyond the policy, in words. What can't be read as a figure is no excuse.
fn beyond(policy: &Policy, result: &ResultDocument) -> Option<String> {
    let mut parts = Vec::new();
    let most = policy.most_discount_percent;
    match result.data.get("discount_percent") {
        None | Some(Value::Null) => {}
        Some(said) => match percent(said) {
            Some(percent) if percent <= most => {}
            Some(percent) => parts.push(format!("a discount of {percent} % (at most {most} %)")),
            None => parts.push(format!("a discount that is no number (at most {most} %)")),
        },
    }
    let recipients = match result.data.get("send_to") {
        None | Some(Value::Null) => 0,
        Some(Value::Array(list)) => list.len(),
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => 1,
    };
    if recipients > 0 && !policy.agents_write_to_customers {
        let people = if recipients == 1 { "person" } else { "people" };
        parts.push(format!("mail to {recipients} {people} outside"));
    }
    (!parts.is_empty()).then(|| parts.join(" and "))
}

fn percent(said: &Value) -> Option<f64> {
    let text = said.as_str().map(|text| text.trim_end_matches(['%', ' ']).trim());
    said.as_f64().or_else(|| text?.parse().ok()).filter(|percent| percent.is_finite())
}

fn request(beyond: &str) -> String {
    format!("Approve or refuse: {beyond}")
}

/// The requests for approval of a task.
async fn approvals(store: &dyn Store, task: Id) -> Result<Vec<EscalationCase>, Error> {
    let mut cases = store.escalations(&Party::Daemon, &of_task(store, task).await?, MOST).await?;
    cases.retain(|case| case.task == Some(task) && &*case.reason == REASON);
    Ok(cases)
}

async fn of_task(store: &dyn Store, task: Id) -> Result<CaseFilter, Error> {
    let subject = store.task(task).await?.map(|(task, _)| task.subject);
    let record = subject.as_ref().and_then(crate::coordinate::record_of);
    Ok(CaseFilter { record, ..CaseFilter::default() })
}

/// A person has approved exactly this. An agent that settles its own request approves nothing.
fn is_approved(case: &EscalationCase, rules: &Rules, task: Id, beyond: &str) -> bool {
    case.task == Some(task) && case.request == request(beyond) && says_yes(case, rules)
}

fn says_yes(case: &EscalationCase, rules: &Rules) -> bool {
    let words = case.resolution.as_deref().unwrap_or_default();
    let by_person = case.by != case.from && rules.config.roster.find(&case.by).is_none();
    case.status == EscalationStatus::Resolved
        && words.trim().to_lowercase().starts_with("approved")
        && by_person
}

/// Blocks the task and asks a person, once. Where the task is not the agent's to end, nobody is asked.
async fn wait(
    store: &dyn Store,
    rules: &Rules,
    by: &Party,
    (message, task, beyond): (Message, Id, String),
    cases: &[EscalationCase],
    now: Timestamp,
) -> Result<Spoken, Error> {
    let reason = format!("waits for approval: {beyond}");
    store.say(by, blocked(by, &message, task, reason, now), now).await?;
    let asked = cases
        .iter()
        .find(|case| case.status != EscalationStatus::Resolved && case.request == request(&beyond));
    let (asked, escalation) = if let Some(EscalationCase { id, status, message: Some(asked), .. }) = asked {
        (asked.clone(), Effect::Escalation { escalation: *id, status: *status })
    } else {
        let question = question(rules, by, &message, task, &beyond, now);
        let asked = question.id.clone();
        (asked, store.say(by, question, now).await?.effect)
    };
    Ok(Spoken::Waits { beyond, asked, escalation })
}

/// A message of ours in the agent's name, with an id that follows from that of the message held back.
fn in_its_name(by: &Party, held: &Message, what: &str, body: Body, now: Timestamp) -> Message {
    let id = MessageId::new(Id::derived(&["approval", what, held.id.as_str()]).to_string());
    let conversation = match &body {
        Body::Status(body) => format!("task:{}", body.task_id),
        Body::Task(_) | Body::Handoff(_) | Body::Escalation(_) => format!("message:{id}"),
    };
    Message {
        id,
        sent_at: now,
        conversation: conversation.into(),
        in_reply_to: None,
        from: by.name().into(),
        to: ORCHESTRATOR.into(),
        body,
    }
}

fn question(rules: &Rules, by: &Party, held: &Message, task: Id, beyond: &str, now: Timestamp) -> Message {
    let mut context = Map::from_iter([(BEYOND.to_owned(), Value::from(beyond))]);
    let spec = by.agent().and_then(|agent| rules.config.roster.find(agent.as_str()));
    // A program that was called has ended by the time somebody decides.
    if spec.is_some_and(|spec| matches!(spec.reach, Reach::Webhook { .. } | Reach::Command { .. }))
        && let Ok(held) = serde_json::to_value(held)
    {
        context.insert(HELD.to_owned(), held);
    }
    let body = EscalationBody {
        escalation_id: None,
        status: EscalationStatus::Open,
        deal_id: None,
        task_id: Some(task.to_string().into()),
        reason: REASON.to_owned(),
        request: request(beyond),
        context,
        resolution: None,
    };
    in_its_name(by, held, "asked", Body::Escalation(body), now)
}

fn blocked(by: &Party, held: &Message, task: Id, reason: String, now: Timestamp) -> Message {
    let body = StatusBody {
        task_id: task.to_string().into(),
        status: Status::Blocked,
        progress: None,
        metrics: BTreeMap::new(),
        outcome: None,
        result: None,
        reason: Some(reason),
        learnings: Vec::new(),
    };
    in_its_name(by, held, "blocked", Body::Status(body), now)
}

/// The escalation that a message settles.
fn settled(message: &Message) -> Option<Id> {
    let Body::Escalation(EscalationBody { escalation_id, status: EscalationStatus::Resolved, .. }) =
        &message.body
    else {
        return None;
    };
    escalation_id.as_deref()?.parse().ok()
}

/// A request for approval is settled by a person, in words that say yes or no.
async fn decides(store: &dyn Store, by: &Party, message: &Message, case: Id) -> Result<(), Error> {
    let filter = CaseFilter { id: Some(case), ..CaseFilter::default() };
    let found = store.escalations(&Party::Daemon, &filter, 1).await?;
    if !found.iter().any(|case| &*case.reason == REASON && case.status != EscalationStatus::Resolved) {
        return Ok(());
    }
    let refused = |refusal, why: &str| Err(Error::Refused { refusal, why: why.to_owned() });
    if by.agent().is_some() {
        return refused(Refusal::NotYours, "a person approves or refuses this");
    }
    let Body::Escalation(EscalationBody { resolution: Some(words), .. }) = &message.body else {
        return Ok(());
    };
    let words = words.trim().to_lowercase();
    if words.starts_with("approved") || words.starts_with("refused") {
        return Ok(());
    }
    refused(Refusal::Wrong, "an approval is settled by words that begin with `approved` or `refused`")
}

/// What waited with an approved request is said now. A task that went on meanwhile is left as it is.
pub(crate) async fn release(store: &dyn Store, rules: &Rules, case: Id, now: Timestamp) -> Result<(), Error> {
    let filter = CaseFilter { id: Some(case), ..CaseFilter::default() };
    let found = store.escalations(&Party::Daemon, &filter, 1).await?;
    let Some(case) = found.iter().find(|case| &*case.reason == REASON && says_yes(case, rules)) else {
        return Ok(());
    };
    let held = case.context.get(HELD).and_then(|held| Message::deserialize(held).ok());
    let Some(held) = held.filter(|held| held.from == case.from) else { return Ok(()) };
    let agent = AgentId::new(&*case.from);
    let asked = held_back(rules, &Party::Agent(agent.clone()), &held);
    if asked.is_some_and(|(task, beyond)| !is_approved(case, rules, task, &beyond)) {
        return Ok(());
    }
    match store.say(&Party::Agent(agent), Message { sent_at: now, ..held }, now).await {
        Ok(_) => Ok(()),
        Err(Error::Refused { why, .. }) => {
            warn!(escalation = %case.id, why, "what was approved is no longer possible");
            Ok(())
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn beyond_of(data: &Value) -> Option<String> {
        let result = serde_json::json!({ "markdown": "offer", "data": data });
        beyond(&Policy::default(), &serde_json::from_value(result).unwrap())
    }

    #[test]
    fn a_discount_or_mail_beyond_the_policy_is_found_however_it_is_written() {
        use serde_json::json;
        for (data, found) in [
            (json!({}), None),
            (json!({ "discount_percent": 15 }), None),
            (json!({ "discount_percent": "12.5 %" }), None),
            (json!({ "send_to": [] }), None),
            (json!({ "discount_percent": 40 }), Some("a discount of 40 % (at most 15 %)")),
            (json!({ "discount_percent": "40%" }), Some("a discount of 40 % (at most 15 %)")),
            (json!({ "discount_percent": "half" }), Some("a discount that is no number (at most 15 %)")),
            (json!({ "send_to": "x@example.com" }), Some("mail to 1 person outside")),
            (
                json!({ "discount_percent": 16, "send_to": ["a", "b"] }),
                Some("a discount of 16 % (at most 15 %) and mail to 2 people outside"),
            ),
        ] {
            assert_eq!(beyond_of(&data).as_deref(), found, "{data}");
        }
    }
}
