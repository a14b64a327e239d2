//! Messages between agents, people and the daemon: TASK, STATUS, HANDOFF and ESCALATION, as JSON.
//!
//! Each is one object: `type`, `id`, `sent_at`, `conversation`, `in_reply_to`, `from`, `to`, and the fields of its
//! type. Unknown fields are refused. A text holds at most 16 KB, a message 256 KB.

mod body;
mod read;
mod schema;
#[cfg(test)]
mod tests;

pub use body::{
    Body, EscalationBody, EscalationStatus, HandoffBody, HandoffStatus, Lead, ResultDocument, Status,
    StatusBody, TaskBody, TaskOrder, TaskOutcome,
};
pub use read::{Fill, MessageError, check_params};
pub use schema::schema;

use crate::{Timestamp, hash, id::MessageId};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use serde_json::{Map, Value};
use std::fmt;

/// Most bytes of one text in a message.
pub const MOST_TEXT: usize = 16 * 1024;
/// Most bytes of a whole message as JSON.
pub const MOST_MESSAGE: usize = 256 * 1024;

/// One message.
#[derive(Clone, PartialEq)]
pub struct Message {
    /// Given by the sender; the same id twice is the same message.
    pub id: MessageId,
    /// By the sender's clock.
    pub sent_at: Timestamp,
    /// What it belongs to (`task:...`, `handoff:...`, `escalation:...`); messages of one are in order.
    pub conversation: Box<str>,
    /// The message of that conversation which it answers.
    pub in_reply_to: Option<MessageId>,
    /// An agent's name, a person's, or `ORCHESTRATOR`.
    pub from: Box<str>,
    /// The same.
    pub to: Box<str>,
    /// By type.
    pub body: Body,
}

impl Message {
    /// Equal for messages that say the same; the sender's clock does not count, so that a repeated call is the
    /// same message. 32 hexadecimal digits.
    pub fn content_hash(&self) -> String {
        let body = serde_json::to_string(&Value::Object(self.body.fields())).unwrap_or_default();
        let reply = self.in_reply_to.as_ref().map_or("", MessageId::as_str);
        let parts = [self.body.kind(), &self.conversation, reply, &self.from, &self.to, &body];
        format!("{:032x}", u128::from_be_bytes(hash::digest(&parts)))
    }

    fn to_object(&self) -> Map<String, Value> {
        let mut all = Map::new();
        let mut put = |name: &str, value: &str| all.insert(name.to_owned(), Value::from(value));
        put("type", self.body.kind());
        put("id", self.id.as_str());
        put("sent_at", &self.sent_at.to_string());
        put("conversation", &self.conversation);
        if let Some(reply) = &self.in_reply_to {
            put("in_reply_to", reply.as_str());
        }
        put("from", &self.from);
        put("to", &self.to);
        all.extend(self.body.fields());
        all
    }
}

impl Serialize for Message {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.to_object().serialize(to)
    }
}

/// Reads what was kept. Whether it may be said was asked when it was: limits that it goes beyond now must not hide it.
impl<'de> Deserialize<'de> for Message {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let object = Map::deserialize(from)?;
        Self::kept(object).map_err(D::Error::custom)
    }
}

/// What customers wrote may be in it: only the envelope shows.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} from {} to {}", self.body.kind(), self.id, self.from, self.to)
    }
}
