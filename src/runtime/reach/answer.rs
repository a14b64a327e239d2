//! What an agent that we called says in answer: messages as JSON, read strictly and taken on its behalf.

use crate::{
    policy::{self, Spoken},
    shared::Shared,
};
use model::{
    AgentId, MessageId, Timestamp,
    work::{
        Message, Party,
        message::{Body, Fill, Status, StatusBody},
    },
};
use std::collections::BTreeMap;
use store::Push;
use tracing::{info, warn};

/// Who answers to what. Answers are numbered, so that a repeated delivery gives the same messages.
pub struct Answers<'a> {
    shared: &'a Shared,
    push: &'a Push,
    agent: AgentId,
    number: u32,
    /// The task of the message, when it is a TASK.
    task: Option<Box<str>>,
    /// The agent has said how it ended.
    pub ended: bool,
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
        Self { shared, push, agent, number: 0, task, ended: false, accepted: false }
    }

    /// Takes one message as the agent wrote it; what is wrong with it is logged and said, and nothing happens.
    pub async fn take(&mut self, text: &str) -> Result<(), String> {
        let fill = Fill {
            id: Some(self.next_id()),
            sent_at: Some(self.shared.clock.now()),
            from: Some(self.agent.as_str().into()),
        };
        let message = Message::read(text, &fill).map_err(|error| error.to_string())?;
        self.say(message).await
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

    fn next_id(&mut self) -> MessageId {
        self.number += 1;
        MessageId::new(format!("{}/{}.{}", self.push.message.id, self.push.attempt, self.number))
    }

    async fn say(&mut self, message: Message) -> Result<(), String> {
        let status = match &message.body {
            Body::Status(body) => Some(body.status),
            Body::Task(_) | Body::Handoff(_) | Body::Escalation(_) => None,
        };
        let offered =
            matches!(status, Some(Status::InProgress | Status::Blocked | Status::Done | Status::Failed));
        if offered && !self.accepted {
            // Whoever reports on a task has taken it: no later than that, or the report would count as overtaken.
            self.accepted = true;
            Box::pin(self.status_of(Status::Accepted, None, message.sent_at)).await.unwrap_or_else(|why| {
                warn!(agent = %self.agent, why, "not accepted on its behalf");
            });
        }
        self.accepted |= status == Some(Status::Accepted);
        self.ended |=
            matches!(status, Some(Status::Done | Status::Failed | Status::Cancelled | Status::Declined));
        let by = Party::Agent(self.agent.clone());
        let now: Timestamp = self.shared.clock.now();
        let rules = self.shared.rules();
        let said = policy::say(&*self.shared.store, &rules, &by, message, now).await;
        self.shared.nudges.all();
        match said.map_err(|error| error.to_string())? {
            Spoken::Said(_) => {}
            Spoken::Waits { beyond, .. } => info!(agent = %self.agent, beyond, "waits for approval"),
        }
        Ok(())
    }
}
