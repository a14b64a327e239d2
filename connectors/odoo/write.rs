//! Writing back, and looking whether a write landed.

use crate::{
    Odoo,
    calls::{
        action_feedback::ActionFeedback, load::Load, message_post::MessagePost, search_read::SearchRead,
        write::Write as Set,
    },
    read::number,
    records::{activity, lead, message, partner, stage},
    text::day,
};
use connect::{Applied, Cx, Error, ErrorKind, Landing, marker};
use model::{ExternalRef, Field, Intent, Kind, Observed, Receipt, Timestamp, Value, Write, WriteKey};
use serde::Deserialize;
use serde_json::json;
use std::time::Duration;

/// Odoo ends a request that takes longer (its `limit_time_real`): after that, a write that is not there will
/// not appear any more.
pub const VISIBILITY_LAG: Duration = Duration::from_secs(120);
/// Longest body written, in bytes of HTML.
const BODY: usize = 60_000;
/// Most records beside one target that can carry one key: one, unless people copied it.
const COPIES: usize = 20;

/// A task as a write describes it.
struct NewTask<'a> {
    subject: &'a str,
    body: &'a str,
    due: Timestamp,
    owner: Option<&'a str>,
}

impl Odoo {
    pub(crate) async fn write(&self, cx: &Cx<'_>, write: &Write) -> Result<Applied, Error> {
        if write.intent.field().is_some() || !write.expects.is_empty() {
            let Some(current) = self.current(cx, &write.target).await? else {
                return Err(Error::answered(ErrorKind::NotFound, format!("{} is not there", write.target)));
            };
            // A write sent before, or a person who did the same: nothing is left to do.
            if holds(&current, write.intent.field().as_ref()) {
                return Ok(Applied::Done(Receipt {
                    reference: write.target.clone(),
                    at: current.modified,
                    found: true,
                }));
            }
            if write.expects.iter().any(|(field, value)| differs(&current, *field, value)) {
                return Ok(Applied::Moved(Box::new(current)));
            }
        }
        let reference = self.send(cx, write).await?;
        Ok(Applied::Done(Receipt { reference, at: cx.clock.now(), found: false }))
    }

    async fn send(&self, cx: &Cx<'_>, write: &Write) -> Result<ExternalRef, Error> {
        let target = &write.target;
        match &write.intent {
            Intent::CreateTask { task: _, subject, body, due, owner, high: _ } => {
                let new = NewTask { subject, body, due: *due, owner: owner.as_deref() };
                let task = self.create_task(cx, target, &write.key, &new).await?;
                Ok(self.reference(Kind::Task, task))
            }
            Intent::CreateNote { body, at: _ } => {
                let (model, _) = beside(target)?;
                let body = marker::append_html(body, write.key, BODY);
                let call = MessagePost { site: &self.site, model, beside: id(target)?, body: &body };
                Ok(self.reference(Kind::Note, cx.send(&call).await?))
            }
            Intent::CompleteTask { task: _ } => {
                let call = ActionFeedback { site: &self.site, task: id(target)?, feedback: &write.because };
                cx.send(&call).await?;
                Ok(target.clone())
            }
            Intent::ChangeStage { to } => {
                let to = stage::number(to).ok_or_else(|| invalid(format!("{to} is no stage of Odoo")))?;
                self.set(cx, target, "stage_id", to).await
            }
            Intent::ChangeOwner { to } => self.set(cx, target, "user_id", user(to)?).await,
            Intent::CreateEvent { .. } | Intent::MoveEvent { .. } | Intent::Notify { .. } => {
                Err(foreign(write))
            }
        }
    }

    async fn create_task(
        &self,
        cx: &Cx<'_>,
        target: &ExternalRef,
        key: &WriteKey,
        new: &NewTask<'_>,
    ) -> Result<i64, Error> {
        let (_, beside_model) = beside(target)?;
        let note = marker::append_html(new.body, *key, BODY);
        let call = Load {
            site: &self.site,
            key,
            beside_model,
            beside: id(target)?,
            summary: new.subject,
            note: &note,
            due: day(new.due),
            user: new.owner.map(user).transpose()?,
        };
        cx.send(&call).await
    }

    async fn set(
        &self,
        cx: &Cx<'_>,
        target: &ExternalRef,
        field: &'static str,
        to: i64,
    ) -> Result<ExternalRef, Error> {
        let model = match target.kind {
            Kind::Deal => lead::MODEL,
            Kind::Company | Kind::Contact => partner::MODEL,
            Kind::Task => activity::MODEL,
            Kind::Owner | Kind::Pipeline | Kind::Note | Kind::Email | Kind::Meeting | Kind::Call => {
                return Err(invalid(format!("{field} of {target} can't be set")));
            }
        };
        cx.send(&Set { site: &self.site, model, id: id(target)?, field, to }).await?;
        Ok(target.clone())
    }

    pub(crate) async fn look(&self, cx: &Cx<'_>, write: &Write, sent: Timestamp) -> Result<Landing, Error> {
        // Taken before the look: what lands while we read must not count as absent.
        let now = cx.clock.now();
        let found = match &write.intent {
            Intent::CreateTask { .. } => self.carrier(cx, write, Kind::Task).await?,
            Intent::CreateNote { .. } => self.carrier(cx, write, Kind::Note).await?,
            Intent::CompleteTask { .. } | Intent::ChangeStage { .. } | Intent::ChangeOwner { .. } => self
                .current(cx, &write.target)
                .await?
                .filter(|current| holds(current, write.intent.field().as_ref()))
                .map(|current| (current.reference, current.modified)),
            Intent::CreateEvent { .. } | Intent::MoveEvent { .. } | Intent::Notify { .. } => {
                return Err(foreign(write));
            }
        };
        if let Some((reference, at)) = found {
            return Ok(Landing::Landed(Receipt { reference, at, found: true }));
        }
        let certain = sent + cx.timeout + VISIBILITY_LAG;
        if now > certain {
            return Ok(Landing::Absent);
        }
        Ok(Landing::Unknown { look_again: Some(certain + Duration::from_millis(1)) })
    }

    /// The record beside the write's target that carries its key. PostgreSQL answers from its tables, not from
    /// an index that lags; a finished task is found too.
    async fn carrier(
        &self,
        cx: &Cx<'_>,
        write: &Write,
        kind: Kind,
    ) -> Result<Option<(ExternalRef, Timestamp)>, Error> {
        let (model, beside_field, text_field) = match kind {
            Kind::Task => (activity::MODEL, "res_model", "note"),
            _ => (message::MODEL, "model", "body"),
        };
        let (beside_model, _) = beside(&write.target)?;
        let call = SearchRead {
            site: &self.site,
            model,
            domain: json!([
                [beside_field, "=", beside_model],
                ["res_id", "=", id(&write.target)?],
                [text_field, "ilike", write.key.to_string()],
            ]),
            fields: &[text_field, "create_date"],
            limit: COPIES,
        };
        let listing = cx.send(&call).await?;
        let at = listing.at.unwrap_or_else(|| cx.clock.now());
        let found =
            listing.rows.iter().filter_map(|row| serde_json::from_slice::<Carrier>(row).ok()).find(|row| {
                row.body
                    .as_deref()
                    .or(row.note.as_deref())
                    .is_some_and(|text| marker::carries(text, write.key))
            });
        Ok(found.map(|row| (self.reference(kind, row.id), crate::text::time(&row.create_date).unwrap_or(at))))
    }
}

#[derive(Deserialize)]
struct Carrier {
    id: i64,
    #[serde(default)]
    note: Option<String>,
    #[serde(default)]
    body: Option<String>,
    create_date: String,
}

/// Odoo's model of a record that can have tasks and notes, and that model's own external id.
fn beside(target: &ExternalRef) -> Result<(&'static str, &'static str), Error> {
    match target.kind {
        Kind::Deal => Ok((lead::MODEL, "crm.model_crm_lead")),
        Kind::Company | Kind::Contact => Ok((partner::MODEL, "base.model_res_partner")),
        Kind::Owner | Kind::Pipeline | Kind::Task | Kind::Note | Kind::Email | Kind::Meeting | Kind::Call => {
            Err(invalid(format!("nothing can be put beside {target}")))
        }
    }
}

fn holds(current: &Observed, wanted: Option<&(Field, Value)>) -> bool {
    wanted.is_some_and(|(field, value)| current.fields.get(*field) == Some(value))
}

/// A field that Odoo does not have can't have changed there.
fn differs(current: &Observed, field: Field, expected: &Value) -> bool {
    current.fields.get(field).is_some_and(|value| value != expected)
}

fn id(target: &ExternalRef) -> Result<i64, Error> {
    number(target.kind, &target.id).ok_or_else(|| invalid(format!("{target} is no id of Odoo")))
}

fn user(owner: &str) -> Result<i64, Error> {
    number(Kind::Owner, owner).ok_or_else(|| invalid(format!("{owner} is no user of Odoo")))
}

/// A kind of write that this connector does not describe.
fn foreign(write: &Write) -> Error {
    invalid(format!("{} is not written to Odoo", write.intent.kind()))
}

fn invalid(detail: String) -> Error {
    Error::unsent(ErrorKind::Invalid, detail)
}
