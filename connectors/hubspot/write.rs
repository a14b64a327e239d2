//! Writes. Each reads right before it writes: what is there already is not done again, and what a person has
//! changed since the decision is not overwritten.

use crate::{
    HubSpot,
    calls::{
        create::Create,
        get::Get,
        labels,
        properties::{FirstGroup, KeyProperty, MakeKeyProperty},
        update::Update,
    },
    fields::{KEY, Object},
    view::Seen,
};
use connect::{Applied, Cx, Error, ErrorKind, Sent, marker};
use model::{Field, Fields, Intent, Kind, Observed, Receipt, Value, Write};
use std::collections::BTreeMap;

/// Longest body of a task or note.
pub(crate) const BODY: usize = 65_536;

impl HubSpot {
    pub(crate) async fn written(&self, cx: &Cx<'_>, write: &Write) -> Result<Applied, Error> {
        match &write.intent {
            Intent::CreateTask { .. } => self.create(cx, write, Kind::Task).await,
            Intent::CreateNote { .. } => self.create(cx, write, Kind::Note).await,
            Intent::CompleteTask { .. } => {
                self.set(cx, write, [("hs_task_status", "COMPLETED".to_owned())].into()).await
            }
            Intent::ChangeOwner { to } => {
                self.set(cx, write, [("hubspot_owner_id", to.to_string())].into()).await
            }
            Intent::ChangeStage { to } => {
                let Some((pipeline, stage)) = to.split_once('/') else {
                    return Err(Error::unsent(
                        ErrorKind::Invalid,
                        format!("hubspot: {to:?} is not of the form pipeline/stage"),
                    ));
                };
                let values = [("pipeline", pipeline.to_owned()), ("dealstage", stage.to_owned())];
                self.set(cx, write, values.into()).await
            }
            Intent::CreateEvent { .. } | Intent::MoveEvent { .. } | Intent::Notify { .. } => {
                Err(foreign(write))
            }
        }
    }

    /// Sets properties of the target, unless it has them or is not what was expected.
    async fn set(
        &self,
        cx: &Cx<'_>,
        write: &Write,
        properties: BTreeMap<&'static str, String>,
    ) -> Result<Applied, Error> {
        let object = self.object(write.target.kind)?;
        let now = self.target(cx, object, write).await.map_err(before)?.record;
        if has_value(write, &now.fields) {
            return Ok(Applied::Done(receipt(&now, false)));
        }
        if now.reference != write.target || differs(write, &now.fields) {
            return Ok(Applied::Moved(Box::new(now)));
        }
        let reader = self.reader(object, false);
        let call = Update { api: &self.settings.api, reader, id: &write.target.id, properties };
        let done = self.send(cx, &call).await?;
        Ok(Applied::Done(receipt(&done.record, false)))
    }

    /// The target as it is now: by id, from the database.
    pub(crate) async fn target(&self, cx: &Cx<'_>, object: &Object, write: &Write) -> Result<Seen, Error> {
        let reader = self.reader(object, false);
        let call = Get { api: &self.settings.api, reader, id: &write.target.id, by: None, archived: false };
        self.send(cx, &call).await
    }

    /// Makes a task or note beside the target, in one call with its association and our key.
    async fn create(&self, cx: &Cx<'_>, write: &Write, kind: Kind) -> Result<Applied, Error> {
        let (object, beside) = (self.object(kind)?, write.target.kind);
        let published = labels::published(kind, beside);
        let Some(published) = published else {
            let why = format!("hubspot: a {kind} can't stand beside a {beside}");
            return Err(Error::unsent(ErrorKind::Invalid, why));
        };
        let association = self.learnt().types.get(&(kind, beside)).copied().unwrap_or(published);
        if !write.expects.is_empty() {
            let now = self.target(cx, self.object(beside)?, write).await.map_err(before)?.record;
            if differs(write, &now.fields) {
                return Ok(Applied::Moved(Box::new(now)));
            }
        }
        let keyed = self.keyed(cx, object).await.map_err(before)?;
        let mut properties = properties(write);
        if keyed {
            properties.insert(KEY, write.key.to_string());
        }
        let reader = self.reader(object, false);
        let call =
            Create { api: &self.settings.api, reader, properties, beside: (&write.target.id, association) };
        match self.send(cx, &call).await {
            Ok(made) => Ok(Applied::Done(receipt(&made.record, false))),
            // The account says that this very task exists: an earlier attempt had landed.
            Err(Error { kind: ErrorKind::Conflict { .. }, .. }) if keyed => {
                let made = self.by_key(cx, object, write).await?;
                let none = || {
                    Error::answered(
                        ErrorKind::Conflict { existing: None },
                        "hubspot.create: 409 for our own key",
                    )
                };
                made.map(|made| Applied::Done(receipt(&made.record, true))).ok_or_else(none)
            }
            Err(error) => Err(self.doubt_key(kind, keyed, error)),
        }
    }

    /// The record that carries the write's key in the unique property.
    pub(crate) async fn by_key(
        &self,
        cx: &Cx<'_>,
        object: &Object,
        write: &Write,
    ) -> Result<Option<Seen>, Error> {
        let key = write.key.to_string();
        let reader = self.reader(object, false);
        let call = Get { api: &self.settings.api, reader, id: &key, by: Some(KEY), archived: false };
        match self.send(cx, &call).await {
            Ok(seen) => Ok(Some(seen)),
            Err(Error { kind: ErrorKind::NotFound, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Is there a unique property for our key? Made on first use where the account allows it; remembered.
    pub(crate) async fn keyed(&self, cx: &Cx<'_>, object: &Object) -> Result<bool, Error> {
        if !self.settings.key_property {
            return Ok(false);
        }
        let known = self.learnt().keys.get(&object.kind).copied();
        if let Some(keyed) = known {
            return Ok(keyed);
        }
        let keyed = self.probe_key(cx, object, true).await?;
        self.learnt().keys.insert(object.kind, keyed);
        Ok(keyed)
    }

    /// Looks for the property; makes it when asked to. A token that may not see property definitions has none.
    pub(crate) async fn probe_key(&self, cx: &Cx<'_>, object: &Object, make: bool) -> Result<bool, Error> {
        let (api, object) = (&self.settings.api, object.name);
        match self.send(cx, &KeyProperty { api, object }).await {
            Ok(Some(unique)) => return Ok(unique),
            Ok(None) if !make => return Ok(false),
            Ok(None) => {}
            Err(Error { kind: ErrorKind::Forbidden { .. }, .. }) => return Ok(false),
            Err(error) => return Err(error),
        }
        let Some(group) = self.send(cx, &FirstGroup { api, object }).await? else { return Ok(false) };
        self.send(cx, &MakeKeyProperty { api, object, group: &group }).await
    }

    /// A refused value may mean that somebody took the property away: look again before giving up.
    fn doubt_key(&self, kind: Kind, keyed: bool, error: Error) -> Error {
        if keyed && error.kind == ErrorKind::Invalid && error.detail.contains(KEY) {
            self.learnt().keys.remove(&kind);
            return Error { kind: ErrorKind::Busy { after: None }, ..error };
        }
        error
    }
}

/// The properties of a new task or note.
fn properties(write: &Write) -> BTreeMap<&'static str, String> {
    let mut properties = BTreeMap::new();
    match &write.intent {
        Intent::CreateTask { task: _, subject, body, due, owner, high } => {
            properties.insert("hs_timestamp", due.to_string());
            properties.insert("hs_task_subject", subject.clone());
            properties.insert("hs_task_body", marker::append_html(body, write.key, BODY));
            properties.insert("hs_task_status", "NOT_STARTED".to_owned());
            properties.insert("hs_task_type", "TODO".to_owned());
            properties.insert("hs_task_priority", if *high { "HIGH" } else { "NONE" }.to_owned());
            properties.extend(owner.as_ref().map(|owner| ("hubspot_owner_id", owner.to_string())));
        }
        Intent::CreateNote { body, at } => {
            properties.insert("hs_timestamp", at.to_string());
            properties.insert("hs_note_body", marker::append_html(body, write.key, BODY));
        }
        Intent::CompleteTask { .. }
        | Intent::ChangeStage { .. }
        | Intent::ChangeOwner { .. }
        | Intent::CreateEvent { .. }
        | Intent::MoveEvent { .. }
        | Intent::Notify { .. } => {}
    }
    properties
}

/// A kind of write that this connector does not describe.
pub(crate) fn foreign(write: &Write) -> Error {
    Error::unsent(ErrorKind::Invalid, format!("hubspot: {} is not written here", write.intent.kind()))
}

/// The read before a write failed: the write itself never left.
fn before(error: Error) -> Error {
    Error { sent: Sent::NotSent, ..error }
}

/// The target has the value that the write sets.
pub(crate) fn has_value(write: &Write, now: &Fields) -> bool {
    write.intent.field().is_some_and(|(field, value)| now.get(field) == Some(&value))
}

/// A field that the decision was based on has another value now. Fields that this source does not tell are not
/// judged.
fn differs(write: &Write, now: &Fields) -> bool {
    write.expects.iter().any(|(field, expected)| match now.get(*field) {
        Some(value) => !same(*field, value, expected),
        None => false,
    })
}

fn same(field: Field, one: &Value, other: &Value) -> bool {
    match (one.as_text(), other.as_text()) {
        // Reconciliation normalises addresses.
        (Some(one), Some(other)) if matches!(field, Field::Email | Field::Domain) => {
            one.trim().eq_ignore_ascii_case(other.trim())
        }
        (Some(one), Some(other)) => one.trim() == other.trim(),
        _ => one == other,
    }
}

pub(crate) fn receipt(record: &Observed, found: bool) -> Receipt {
    Receipt { reference: record.reference.clone(), at: record.modified, found }
}
