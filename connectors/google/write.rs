//! Writes into calendars: an event under an id of ours, and another time for an event under its entity tag.
//! Nobody gets a mail about either.

use crate::{
    Google,
    calls::{insert::Insert, patch::Patch},
    meeting::{Event, KEY, split},
};
use connect::{Applied, Cx, Error, ErrorKind, Landing, Sent, marker};
use model::{Field, Intent, Observed, Receipt, Timestamp, Value, Write, WriteKey};
use serde_json::{Value as Json, json};
use std::time::Duration;

/// How often somebody may delete our event before we stop making it.
const GENERATIONS: u32 = 8;
/// Readings of an event that others edit at the same time.
const PATIENCE: u32 = 3;
/// Longest description.
const DESCRIPTION: usize = 8_000;

/// Google knows whole seconds only.
fn whole(at: Timestamp) -> Timestamp {
    Timestamp::from_millis(at.as_millis().div_euclid(1_000) * 1_000)
}

/// Begins and ends the event then?
fn lies(event: &Event, start: Timestamp, end: Timestamp) -> bool {
    event.times() == (Some(whole(start)), Some(whole(end)))
}

/// The id of our event: a to v and digits only. An id whose event was deleted stays taken, so it has a generation.
pub fn event_id(key: WriteKey, generation: u32) -> String {
    format!("so{key}g{generation}")
}

impl Google {
    pub(crate) async fn written(&self, cx: &Cx<'_>, write: &Write) -> Result<Applied, Error> {
        match &write.intent {
            Intent::CreateEvent { subject, body, start, end } => {
                let resource = json!({
                    "summary": subject,
                    "description": marker::append(body, write.key, DESCRIPTION),
                    "start": {"dateTime": whole(*start).to_string()},
                    "end": {"dateTime": whole(*end).to_string()},
                    "extendedProperties": {"private": {(KEY): write.key.to_string()}},
                });
                self.create(cx, write, resource).await
            }
            Intent::MoveEvent { start, end } => self.shift(cx, write, *start, *end).await,
            Intent::CreateTask { .. }
            | Intent::CompleteTask { .. }
            | Intent::CreateNote { .. }
            | Intent::ChangeStage { .. }
            | Intent::ChangeOwner { .. }
            | Intent::Notify { .. } => Err(foreign(write)),
        }
    }

    async fn create(&self, cx: &Cx<'_>, write: &Write, mut resource: Json) -> Result<Applied, Error> {
        let calendar = &*write.target.id;
        for generation in 0..GENERATIONS {
            let id = event_id(write.key, generation);
            if let Some(map) = resource.as_object_mut() {
                map.insert("id".to_owned(), id.as_str().into());
            }
            match cx.send(&Insert { calendar, body: &resource }).await {
                Ok(_) => return Ok(Applied::Done(self.made(cx, calendar, &id, None, false))),
                Err(Error { kind: ErrorKind::Conflict { .. }, .. }) => {}
                Err(error) => return Err(error),
            }
            // Taken: by an earlier attempt of ours, or by an event that was deleted since.
            match self.event(cx, calendar, &id).await {
                Ok((event, _)) if !event.is_cancelled() && event.carries(write.key) => {
                    return Ok(Applied::Done(self.made(cx, calendar, &id, Some(&event), true)));
                }
                Ok(_) | Err(Error { kind: ErrorKind::NotFound, .. }) => {}
                // This insertion was refused, so nothing came of it.
                Err(error) => return Err(Error { sent: Sent::NotSent, ..error }),
            }
        }
        let why = format!("google: {GENERATIONS} events of this write were deleted by somebody");
        Err(Error::answered(ErrorKind::Invalid, why))
    }

    fn made(&self, cx: &Cx<'_>, calendar: &str, id: &str, event: Option<&Event>, found: bool) -> Receipt {
        let at = event.and_then(Event::modified).unwrap_or_else(|| cx.clock.now());
        Receipt { reference: crate::meeting::reference(&self.connection, calendar, id), at, found }
    }

    async fn shift(
        &self,
        cx: &Cx<'_>,
        write: &Write,
        start: Timestamp,
        end: Timestamp,
    ) -> Result<Applied, Error> {
        let (calendar, id) = place(write)?;
        // Null takes a whole day's date away.
        let at = |at: Timestamp| json!({"dateTime": whole(at).to_string(), "date": null});
        let body = json!({"start": at(start), "end": at(end)});
        for _ in 0..PATIENCE {
            let (event, now) = self.target(cx, write).await.map_err(before)?;
            if lies(&event, start, end) && !event.is_cancelled() {
                return Ok(Applied::Done(receipt(&now, false)));
            }
            if event.is_cancelled() || differs(write, &now) {
                return Ok(Applied::Moved(Box::new(now)));
            }
            let patch = Patch { calendar, id, etag: &event.etag, body: &body };
            if cx.send(&patch).await?.is_some() {
                let at = cx.clock.now();
                return Ok(Applied::Done(Receipt { reference: write.target.clone(), at, found: false }));
            }
            // Somebody changed it since it was read, or our own earlier attempt did: look again.
        }
        let why = "google: the event is being edited by somebody";
        Err(Error::answered(ErrorKind::Busy { after: Some(Duration::from_mins(1)) }, why))
    }

    /// The target event as it is now.
    async fn target(&self, cx: &Cx<'_>, write: &Write) -> Result<(Event, Observed), Error> {
        let (calendar, id) = place(write)?;
        let (event, raw) = self.event(cx, calendar, id).await?;
        let text = std::str::from_utf8(&raw).unwrap_or_default();
        let observed = event.observed(write.target.clone(), text, cx.clock.now());
        let observed = observed.map_err(|why| crate::errors::garbled("google.event", why))?;
        Ok((event, observed))
    }

    /// Did the write land? An event is looked for under its own id, from the calendar itself.
    pub(crate) async fn landing(
        &self,
        cx: &Cx<'_>,
        write: &Write,
        sent: Timestamp,
    ) -> Result<Landing, Error> {
        let landed = match &write.intent {
            Intent::CreateEvent { .. } => self.look_for(cx, write).await?,
            Intent::MoveEvent { start, end } => match self.target(cx, write).await {
                Ok((event, now)) if lies(&event, *start, *end) => Some(receipt(&now, true)),
                Ok(_) | Err(Error { kind: ErrorKind::NotFound, .. }) => None,
                Err(error) => return Err(error),
            },
            Intent::CreateTask { .. }
            | Intent::CompleteTask { .. }
            | Intent::CreateNote { .. }
            | Intent::ChangeStage { .. }
            | Intent::ChangeOwner { .. }
            | Intent::Notify { .. } => return Err(foreign(write)),
        };
        let settled = sent + self.timeout + crate::VISIBILITY_LAG;
        Ok(match landed {
            Some(receipt) => Landing::Landed(receipt),
            None if cx.clock.now() > settled => Landing::Absent,
            None => Landing::Unknown { look_again: Some(settled + Duration::from_secs(1)) },
        })
    }

    /// An event of ours that somebody deleted since has landed all the same: it is not made again.
    async fn look_for(&self, cx: &Cx<'_>, write: &Write) -> Result<Option<Receipt>, Error> {
        let (calendar, mut deleted) = (&*write.target.id, None);
        for generation in 0..GENERATIONS {
            let id = event_id(write.key, generation);
            match self.event(cx, calendar, &id).await {
                Ok((event, _)) => {
                    let receipt = self.made(cx, calendar, &id, Some(&event), true);
                    if !event.is_cancelled() {
                        return Ok(Some(receipt));
                    }
                    deleted = Some(receipt);
                }
                Err(Error { kind: ErrorKind::NotFound, .. }) => break,
                Err(error) => return Err(error),
            }
        }
        Ok(deleted)
    }
}

fn place(write: &Write) -> Result<(&str, &str), Error> {
    let wrong = || {
        let why = format!("google: {:?} is not of the form calendar/event", write.target.id);
        Error::unsent(ErrorKind::Invalid, why)
    };
    split(&write.target.id).ok_or_else(wrong)
}

fn foreign(write: &Write) -> Error {
    Error::unsent(ErrorKind::Invalid, format!("google: {} is not written here", write.intent.kind()))
}

/// The read before a write failed: the write itself never left.
fn before(error: Error) -> Error {
    Error { sent: Sent::NotSent, ..error }
}

fn receipt(record: &Observed, found: bool) -> Receipt {
    Receipt { reference: record.reference.clone(), at: record.modified, found }
}

/// A field that the decision was based on has another value now. Addresses are normalised by reconciliation.
fn differs(write: &Write, now: &Observed) -> bool {
    let plain = |value: &Value| value.as_text().map(|text| text.trim().to_ascii_lowercase());
    write.expects.iter().any(|(field, expected)| match (*field, now.fields.get(*field), expected) {
        (_, None, _) => false,
        (Field::Sender | Field::Status, Some(value), _) => plain(value) != plain(expected),
        (_, Some(Value::Time(is)), Value::Time(was)) => whole(*is) != whole(*was),
        (_, Some(value), _) => value != expected,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_ids_are_made_of_the_characters_that_google_allows() {
        let id = event_id("00112233445566778899aabbccddeeff".parse().unwrap(), 3);
        assert_eq!(id, "so00112233445566778899aabbccddeeffg3");
        assert!(id.chars().all(|c| c.is_ascii_digit() || ('a'..='v').contains(&c)));
    }
}
