//! What an agent that we called says in answer: messages as JSON, read strictly and taken on its behalf.

use crate::{
    policy::{self, Spoken},
    shared::Shared,
};
use model::{
    AgentId, Id, MessageId, Timestamp,
    work::{
        Message, Party,
        message::{Body, Fill, Status, StatusBody},
    },
};
use serde::Deserialize;
use std::collections::BTreeMap;
use store::{Effect, Push, Said};
use tracing::{info, warn};

/// Who answers to what. Statuses are numbered by attempt: each tells how that one went.
pub struct Answers<'a> {
    shared: &'a Shared,
    push: &'a Push,
    agent: AgentId,
    number: u32,
    /// The task of the message, when it is a TASK.
    task: Option<Box<str>>,
    /// The agent has said how it ended.
    pub ended: bool,
    /// Why the last word on how it ended did not count.
    pub refused: Option<String>,
    accepted: bool,
}

impl<'a> Answers<'a> {
    /// Answers of the receiver of `push`.
    pub fn to(shared: &'a Shared, push: &'a Push) -> Self {
        let task = match &push.message.body {
            Body::Task(body) => Some(body.task.id.clone()),
            Body::Status(_) | Body::Handoff(_) | Body::Escalation(_) => None,
        };
        let agent = AgentId::from(&*push.message.to);
        Self { shared, push, agent, number: 0, task, ended: false, refused: None, accepted: false }
    }

    /// Who answers, and to which message.
    pub const fn about(&self) -> (&AgentId, &MessageId) {
        (&self.agent, &self.push.message.id)
    }

    /// Takes one message as the agent wrote it; what is wrong with it is logged and said, and nothing happens.
    pub async fn take(&mut self, text: &str) -> Result<(), String> {
        let head = Head::of(text);
        let fill = Fill {
            id: Some(if head.as_ref().is_some_and(Head::opens_case) {
                self.id_of(text)
            } else {
                self.next_id()
            }),
            sent_at: Some(self.shared.clock.now()),
            from: Some(self.agent.as_str().into()),
        };
        match Message::read(text, &fill) {
            Ok(message) => self.say(message).await,
            Err(error) => {
                if head.is_some_and(|head| head.ends()) && !self.ended {
                    self.refused = Some(error.to_string());
                }
                Err(error.to_string())
            }
        }
    }

    /// Says a status on its behalf; nothing where the message is no TASK.
    pub async fn status(&mut self, status: Status, reason: Option<String>) -> Result<(), String> {
        self.status_of(status, reason, self.shared.clock.now()).await
    }

    async fn status_of(
        &mut self,
        status: Status,
        reason: Option<String>,
        sent_at: Timestamp,
    ) -> Result<(), String> {
        let Some(task_id) = self.task.clone() else { return Ok(()) };
        let outcome = (status == Status::Done).then_some(model::work::message::TaskOutcome::NoResult);
        let body = StatusBody {
            task_id,
            status,
            progress: None,
            metrics: BTreeMap::new(),
            outcome,
            result: None,
            reason,
            learnings: Vec::new(),
        };
        let message = Message {
            id: self.next_id(),
            sent_at,
            conversation: self.push.message.conversation.clone(),
            in_reply_to: Some(self.push.message.id.clone()),
            from: self.agent.as_str().into(),
            to: model::work::ORCHESTRATOR.into(),
            body: Body::Status(body),
        };
        self.say(message).await
    }

    /// The same words, in whichever delivery, open a handoff or an escalation once.
    fn id_of(&self, text: &str) -> MessageId {
        let id = self.push.message.id.as_str();
        MessageId::new(format!("{id}/{}", Id::derived(&[id, text])))
    }

    fn next_id(&mut self) -> MessageId {
        self.number += 1;
        MessageId::new(format!("{}/{}.{}", self.push.message.id, self.push.attempt, self.number))
    }

    async fn say(&mut self, message: Message) -> Result<(), String> {
        let id = |task: &str| task.trim().parse::<Id>().ok();
        // Only what it says of the task of this message counts here.
        let status = match &message.body {
            Body::Status(body) if id(&body.task_id) == self.task.as_deref().and_then(id) => Some(body.status),
            Body::Status(_) | Body::Task(_) | Body::Handoff(_) | Body::Escalation(_) => None,
        };
        let offered =
            matches!(status, Some(Status::InProgress | Status::Blocked | Status::Done | Status::Failed));
        if offered && !self.accepted {
            // Whoever reports on a task has taken it: no later than that, or the report would count as overtaken.
            if let Err(why) = Box::pin(self.status_of(Status::Accepted, None, message.sent_at)).await {
                warn!(agent = %self.agent, why, "not accepted on its behalf");
            }
        }
        let ends =
            matches!(status, Some(Status::Done | Status::Failed | Status::Cancelled | Status::Declined));
        let by = Party::Agent(self.agent.clone());
        let now: Timestamp = self.shared.clock.now();
        let rules = self.shared.rules();
        let said = policy::say(&*self.shared.store, &rules, &by, message, now).await;
        self.shared.nudges.all();
        let refused = match said {
            Ok(Spoken::Said(Said { effect: Effect::Ignored { why }, .. })) => Some(why),
            Ok(Spoken::Said(_)) => None,
            Ok(Spoken::Waits { beyond, .. }) => {
                info!(agent = %self.agent, beyond, "waits for approval");
                None
            }
            Err(error) => Some(error.to_string()),
        };
        self.accepted |= status == Some(Status::Accepted) && refused.is_none();
        if ends {
            // Only what counted is an end.
            (self.ended, self.refused) = (self.ended || refused.is_none(), refused.clone());
        }
        refused.map_or(Ok(()), Err)
    }
}

/// What a line says of itself, before it is read strictly.
#[derive(Deserialize)]
struct Head {
    #[serde(rename = "type")]
    kind: String,
    status: Option<String>,
}

impl Head {
    fn of(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
    fn opens_case(&self) -> bool {
        matches!(self.kind.as_str(), "HANDOFF" | "ESCALATION")
    }
    fn ends(&self) -> bool {
        self.kind == "STATUS" && matches!(self.status.as_deref(), Some("DONE" | "FAILED"))
    }
}
