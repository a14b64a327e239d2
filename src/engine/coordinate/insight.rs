//! Results that go to everybody.

use model::{
    MessageId, Timestamp,
    work::{
        AgentSpec, Body, Document, Handoff, Message,
        message::{HandoffBody, HandoffStatus, Lead},
    },
};
use serde_json::{Map, Value};

/// The message by which all learn of a result, of agents that hand off to all; it is called what the author puts
/// out. One per document, by its id.
pub fn insight_message(document: &Document, author: &AgentSpec, now: Timestamp) -> Option<Message> {
    if author.handoff != Handoff::AllAgents {
        return None;
    }
    let result = &document.content;
    let words = [
        ("title", result.title.clone().map_or(Value::Null, Value::from)),
        ("markdown", result.markdown.as_str().into()),
        ("data", result.data.clone().into()),
    ];
    let context: Map<String, Value> = words.map(|(name, said)| (name.to_owned(), said)).into_iter().collect();
    let task = format!("task:{}", document.task);
    let stage = author.outputs.first().map_or("insight", AsRef::as_ref).to_owned();
    let id = format!("insight-{}", document.id);
    let lead =
        Lead { id: task.as_str().into(), company: String::new(), contact: String::new(), stage, context };
    Some(Message {
        id: MessageId::new(id.as_str()),
        sent_at: now,
        conversation: task.into(),
        in_reply_to: None,
        from: author.id.as_str().into(),
        to: "all_agents".into(),
        body: Body::Handoff(HandoffBody {
            handoff_id: Some(id.into()),
            status: HandoffStatus::Completed,
            lead: Some(lead),
            reason: None,
        }),
    })
}
