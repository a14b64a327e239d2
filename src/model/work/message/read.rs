//! Reading a message strictly: what is wrong is said with the field's name.

use super::{Body, EscalationStatus, HandoffStatus, MOST_MESSAGE, MOST_TEXT, Message, Status};
use crate::{Timestamp, id::MessageId};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::fmt;

/// Longest id or name.
const MOST_NAME: usize = 200;
/// Levels of lists and objects: what is stored within something else must still be readable.
const DEEPEST: usize = 32;
/// The fields around the body.
const ENVELOPE: [&str; 7] = ["type", "id", "sent_at", "conversation", "in_reply_to", "from", "to"];

/// Why a message was not taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum MessageError {
    /// It, or a text in it, is too long.
    TooLong {
        /// Which part.
        what: String,
        /// Most bytes.
        most: usize,
    },
    /// Not what a message looks like.
    Wrong(String),
}

impl fmt::Display for MessageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { what, most } => write!(f, "{what} is longer than {most} bytes"),
            Self::Wrong(why) => f.write_str(why),
        }
    }
}
impl std::error::Error for MessageError {}

/// What stands in for fields that a sender left out.
#[derive(Clone, Default)]
pub struct Fill {
    /// Its id; without one the field is needed.
    pub id: Option<MessageId>,
    /// When it came; without one the field is needed.
    pub sent_at: Option<Timestamp>,
    /// Who sends it; one that says otherwise is refused.
    pub from: Option<Box<str>>,
}

impl Message {
    /// Reads JSON text. `fill` stands in for what may be left out by somebody whom we know.
    pub fn read(text: &str, fill: &Fill) -> Result<Self, MessageError> {
        if text.len() > MOST_MESSAGE {
            return Err(MessageError::TooLong { what: "the message".into(), most: MOST_MESSAGE });
        }
        match serde_json::from_str(text) {
            Ok(Value::Object(object)) => Self::from_object(object, fill),
            Ok(_) => Err(wrong("a message is a JSON object")),
            Err(error) => Err(wrong(format!("not JSON: {error}"))),
        }
    }

    /// Reads a JSON object.
    pub fn from_object(object: Map<String, Value>, fill: &Fill) -> Result<Self, MessageError> {
        for name in ENVELOPE {
            let length = object.get(name).and_then(Value::as_str).map_or(0, str::len);
            if length > MOST_NAME {
                return Err(MessageError::TooLong { what: format!("`{name}`"), most: MOST_NAME });
            }
        }
        let own = object.contains_key("id");
        let message = Self::build(object, fill)?;
        if own && message.id.is_reserved() {
            let id = &message.id;
            return Err(wrong(format!("`id` {id} is of the kind that the daemon gives: choose another")));
        }
        check(&message.body)?;
        Ok(message)
    }

    /// Reads an object that was kept, however long its texts are.
    pub(super) fn kept(object: Map<String, Value>) -> Result<Self, MessageError> {
        Self::build(object, &Fill::default())
    }

    fn build(mut object: Map<String, Value>, fill: &Fill) -> Result<Self, MessageError> {
        let kind = text(&mut object, "type")?.ok_or_else(|| missing("type"))?;
        let id = text(&mut object, "id")?.map(MessageId::new).or_else(|| fill.id.clone());
        let sent_at = match text(&mut object, "sent_at")? {
            Some(at) => Some(
                Timestamp::parse(&at)
                    .map_err(|_| wrong(format!("`sent_at` {at:?} is not an RFC 3339 time")))?,
            ),
            None => fill.sent_at,
        };
        let conversation = text(&mut object, "conversation")?;
        let in_reply_to = text(&mut object, "in_reply_to")?.map(MessageId::new);
        let from = sender(text(&mut object, "from")?, fill)?;
        let to = text(&mut object, "to")?.ok_or_else(|| missing("to"))?;
        let body = body(&kind, object)?;
        let id = id.ok_or_else(|| missing("id"))?;
        Ok(Self {
            conversation: conversation.map_or_else(|| own_conversation(&body, &id), Into::into),
            sent_at: sent_at.ok_or_else(|| missing("sent_at"))?,
            in_reply_to,
            from,
            to: to.into(),
            body,
            id,
        })
    }
}

fn wrong(why: impl Into<String>) -> MessageError {
    MessageError::Wrong(why.into())
}
fn missing(field: &str) -> MessageError {
    wrong(format!("`{field}` is missing"))
}

/// Takes a text field of the envelope.
fn text(object: &mut Map<String, Value>, field: &str) -> Result<Option<String>, MessageError> {
    match object.remove(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.trim().is_empty() => Err(wrong(format!("`{field}` is empty"))),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(wrong(format!("`{field}` is not a text"))),
    }
}

fn sender(said: Option<String>, fill: &Fill) -> Result<Box<str>, MessageError> {
    match (said, &fill.from) {
        (None, None) => Err(missing("from")),
        (Some(said), None) => Ok(said.into()),
        (None, Some(known)) => Ok(known.clone()),
        // `.EXE` is an alias that every agent has.
        (Some(said), Some(known)) if said == **known || said.trim_end_matches(".EXE") == &**known => {
            Ok(known.clone())
        }
        (Some(said), Some(known)) => Err(wrong(format!("`from` says {said:?}, but this is {known}"))),
    }
}

fn body(kind: &str, rest: Map<String, Value>) -> Result<Body, MessageError> {
    fn typed<T: DeserializeOwned>(kind: &str, rest: Map<String, Value>) -> Result<T, MessageError> {
        serde_json::from_value(Value::Object(rest)).map_err(|error| wrong(format!("{kind}: {error}")))
    }
    Ok(match kind {
        "TASK" => Body::Task(typed(kind, rest)?),
        "STATUS" => Body::Status(typed(kind, rest)?),
        "HANDOFF" => Body::Handoff(typed(kind, rest)?),
        "ESCALATION" => Body::Escalation(typed(kind, rest)?),
        other => {
            return Err(wrong(format!("`type` {other:?} is none of TASK, STATUS, HANDOFF, ESCALATION")));
        }
    })
}

/// The conversation of a message that names none: that of its task, handoff or escalation, else one of its own.
fn own_conversation(body: &Body, id: &MessageId) -> Box<str> {
    let name = match body {
        Body::Task(body) => format!("task:{}", body.task.id),
        Body::Status(body) => format!("task:{}", body.task_id),
        Body::Handoff(body) => match &body.handoff_id {
            Some(handoff) => format!("handoff:{handoff}"),
            None => format!("message:{id}"),
        },
        Body::Escalation(body) => match &body.escalation_id {
            Some(escalation) => format!("escalation:{escalation}"),
            None => format!("message:{id}"),
        },
    };
    name.into()
}

/// What types can't say.
fn check(body: &Body) -> Result<(), MessageError> {
    let fields = body.fields();
    fields.iter().try_for_each(|(name, value)| check_texts(name, value, 1))?;
    match body {
        Body::Task(_) => Ok(()),
        Body::Status(body) => {
            let needs_reason = matches!(body.status, Status::Declined | Status::Blocked | Status::Failed);
            need(!needs_reason || is_said(body.reason.as_ref()), body.status.name(), "reason")?;
            need(body.status != Status::Done || body.outcome.is_some(), "DONE", "outcome")?;
            only(body.status == Status::Done || body.outcome.is_none(), "outcome", "DONE")?;
            only(body.status == Status::Done || body.result.is_none(), "result", "DONE")?;
            if body.progress.is_some_and(|percent| percent > 100) {
                return Err(wrong("`progress` is percent, 0 to 100"));
            }
            Ok(())
        }
        Body::Handoff(body) => {
            let request = body.status == HandoffStatus::Requested;
            need(!request || body.lead.is_some(), "a HANDOFF request", "lead")?;
            need(request || body.handoff_id.is_some(), body.status.name(), "handoff_id")?;
            let declined = body.status == HandoffStatus::Declined;
            need(!declined || is_said(body.reason.as_ref()), "DECLINED", "reason")
        }
        Body::Escalation(body) => {
            let opens = body.status == EscalationStatus::Open;
            need(!opens || !body.reason.trim().is_empty(), "an open ESCALATION", "reason")?;
            need(opens || body.escalation_id.is_some(), body.status.name(), "escalation_id")?;
            let resolved = body.status == EscalationStatus::Resolved;
            need(!resolved || is_said(body.resolution.as_ref()), "RESOLVED", "resolution")
        }
    }
}

fn is_said(text: Option<&String>) -> bool {
    text.is_some_and(|text| !text.trim().is_empty())
}
fn need(met: bool, who: &str, field: &str) -> Result<(), MessageError> {
    if met { Ok(()) } else { Err(wrong(format!("{who} needs `{field}`"))) }
}
fn only(met: bool, field: &str, with: &str) -> Result<(), MessageError> {
    if met { Ok(()) } else { Err(wrong(format!("`{field}` belongs to {with} only"))) }
}

/// Is every name and text in what tasks are given short enough, and none of it nested too deeply, for the messages that
/// it travels in?
pub fn check_params(params: &Map<String, Value>) -> Result<(), MessageError> {
    check_object("params", params, 1)
}

fn check_object(name: &str, object: &Map<String, Value>, depth: usize) -> Result<(), MessageError> {
    object.iter().try_for_each(|(key, one)| {
        if key.len() > MOST_NAME {
            return Err(MessageError::TooLong { what: format!("a name in `{name}`"), most: MOST_NAME });
        }
        check_texts(&format!("{name}.{key}"), one, depth)
    })
}

fn check_texts(name: &str, value: &Value, depth: usize) -> Result<(), MessageError> {
    match value {
        Value::String(text) if text.len() > MOST_TEXT => {
            Err(MessageError::TooLong { what: format!("`{name}`"), most: MOST_TEXT })
        }
        Value::Array(_) | Value::Object(_) if depth >= DEEPEST => {
            let top: String = name.chars().take(60).collect();
            Err(wrong(format!("`{top}` is nested more than {DEEPEST} levels deep")))
        }
        Value::Array(list) => list.iter().try_for_each(|one| check_texts(name, one, depth + 1)),
        Value::Object(inner) => check_object(name, inner, depth + 1),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
    }
}
