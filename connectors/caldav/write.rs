//! Writing back, and looking whether a write landed.

use crate::{
    Caldav,
    calls::{
        get::Get,
        list::Collection,
        multiget::Data,
        put::{Answer, Put},
    },
    component,
    ical::{
        Component, Object, When,
        compose::{New, escaped, object_name, timed, uid, utc},
        edit::{Lines, Part},
        expand::Occurrence,
        zone::Zone,
    },
    map::Source,
    path,
};
use bytes::Bytes;
use connect::{Applied, Cx, Error, ErrorKind, Landing};
use model::{ExternalRef, Field, Intent, Kind, Observed, Receipt, Timestamp, Value, Write};
use std::time::Duration;

/// Calendar servers answer from what they keep: a write that was answered is there. This is for those behind a proxy
/// that finishes a request after giving up on it.
pub const VISIBILITY_LAG: Duration = Duration::from_secs(30);
/// How often a change is made anew because somebody else changed the object in between.
const ATTEMPTS: u32 = 3;

/// An object as it is now, and the record in it that a write is about.
struct Current {
    data: Data,
    object: Object,
    record: Observed,
}

impl Caldav {
    pub(crate) async fn write(&self, cx: &Cx<'_>, write: &Write) -> Result<Applied, Error> {
        if write.target.connection != self.connection {
            return Err(invalid(format!("{} is at another connection", write.target)));
        }
        match &write.intent {
            Intent::CreateEvent { subject, body, start, end } => {
                let lines = vec![
                    format!("DTSTART:{}", utc(start.to_jiff())),
                    format!("DTEND:{}", utc(end.to_jiff().max(start.to_jiff()))),
                    format!("X-SALES-ORCHESTRATOR-BECAUSE:{}", escaped(&write.because)),
                ];
                self.create(cx, write, Component::Event, (subject, body), lines).await
            }
            Intent::CreateTask { task: _, subject, body, due, owner: _, high } => {
                let lines = vec![
                    format!("DUE:{}", utc(due.to_jiff())),
                    "STATUS:NEEDS-ACTION".to_owned(),
                    format!("PRIORITY:{}", if *high { 1 } else { 5 }),
                    format!("X-SALES-ORCHESTRATOR-BECAUSE:{}", escaped(&write.because)),
                ];
                self.create(cx, write, Component::Todo, (subject, body), lines).await
            }
            Intent::MoveEvent { .. } | Intent::CompleteTask { .. } => self.change(cx, write).await,
            Intent::CreateNote { .. }
            | Intent::ChangeStage { .. }
            | Intent::ChangeOwner { .. }
            | Intent::Notify { .. } => Err(foreign(write)),
        }
    }

    /// Makes an object whose name follows from the key: it is made once, however often this is sent.
    async fn create(
        &self,
        cx: &Cx<'_>,
        write: &Write,
        component: Component,
        (subject, body): (&str, &str),
        lines: Vec<String>,
    ) -> Result<Applied, Error> {
        let collection = self.target(cx, &write.target, component).await?;
        let path = format!("{}{}", collection.path, object_name(write.key));
        let new = New { key: write.key, now: cx.clock.now().to_jiff(), subject, body, lines };
        let text = new.write(component);
        let made = cx.send(&Put { path: &path, text: &text, replaces: None }).await?;
        let found = made == Answer::Moved;
        if found && !self.ours(cx, write, &path).await? {
            let detail = format!("{path}: another object with this name or UID is there");
            return Err(Error::answered(ErrorKind::Conflict { existing: None }, detail));
        }
        let reference = ExternalRef::new(&self.connection, kind(component), path);
        Ok(Applied::Done(Receipt { reference, at: cx.clock.now(), found }))
    }

    /// The calendar that a target names: itself, or that of a record in it.
    async fn target(
        &self,
        cx: &Cx<'_>,
        target: &ExternalRef,
        wanted: Component,
    ) -> Result<Collection, Error> {
        if component(target.kind).is_none() {
            return Err(invalid(format!("{target} is no calendar and nothing in one")));
        }
        let (id, _) = path::parts(&target.id);
        let named = match path::split(id) {
            Some((collection, _)) => collection.to_owned(),
            None => id.to_owned(),
        };
        let whole = format!("{}/", id.trim_end_matches('/'));
        let among = |all: &[Collection]| {
            let found =
                all.iter().find(|one| one.path == whole).or_else(|| all.iter().find(|one| one.path == named));
            found.cloned()
        };
        let known = among(&self.collections(cx, false).await?);
        let collection = match known {
            Some(known) => known,
            None => among(&self.collections(cx, true).await?).ok_or_else(|| {
                Error::answered(ErrorKind::NotFound, format!("{target}: there is no such calendar"))
            })?,
        };
        if !collection.takes(wanted) {
            return Err(invalid(format!("{}: this calendar takes no {}", collection.path, wanted.name())));
        }
        Ok(collection)
    }

    /// True when the object at this path is the one that the write makes.
    async fn ours(&self, cx: &Cx<'_>, write: &Write, path: &str) -> Result<bool, Error> {
        let Some(data) = cx.send(&Get { path }).await? else { return Ok(false) };
        let object = Object::read(&data.text, &self.floating).ok().flatten();
        Ok(object.is_some_and(|object| object.uid == uid(write.key)))
    }

    /// Changes an object, unless it is no longer what the decision saw.
    async fn change(&self, cx: &Cx<'_>, write: &Write) -> Result<Applied, Error> {
        for _ in 0..ATTEMPTS {
            let Some(current) = self.current(cx, &write.target).await? else {
                return Err(Error::answered(ErrorKind::NotFound, format!("{} is not there", write.target)));
            };
            let receipt = |found| Receipt { reference: write.target.clone(), at: cx.clock.now(), found };
            // A write sent before, or a person who did the same: nothing is left to do.
            if holds(&current.record, &write.intent) {
                return Ok(Applied::Done(receipt(true)));
            }
            if write.expects.iter().any(|(field, value)| differs(&current.record, *field, value)) {
                return Ok(Applied::Moved(Box::new(current.record)));
            }
            if current.data.tag.is_empty() || current.data.tag.starts_with("W/") {
                return Err(invalid(format!(
                    "{}: the server gives no tag to change it safely",
                    write.target
                )));
            }
            let text = changed(&current, write, cx.clock.now().to_jiff())?;
            let (path, _) = path::parts(&write.target.id);
            let put = Put { path, text: &text, replaces: Some(&current.data.tag) };
            match cx.send(&put).await? {
                Answer::Done => return Ok(Applied::Done(receipt(false))),
                // Somebody was faster, or our own first try landed: look again and decide again.
                Answer::Moved => {}
            }
        }
        let detail = format!("{} changes faster than it can be read", write.target);
        Err(Error::answered(ErrorKind::Busy { after: None }, detail))
    }

    /// A record and its object as they are now; `None` when it is not there.
    async fn current(&self, cx: &Cx<'_>, target: &ExternalRef) -> Result<Option<Current>, Error> {
        let (path, key) = path::parts(&target.id);
        let wanted = component(target.kind).filter(|_| path::is_ours(path) && path::split(path).is_some());
        let wanted = wanted.ok_or_else(|| invalid(format!("{target} is no record of a calendar")))?;
        let Some(data) = cx.send(&Get { path }).await? else { return Ok(None) };
        let garbled = |why: String| Error::answered(ErrorKind::Garbled, format!("{target}: {why}"));
        let floating = self.zone_of(cx, path).await?;
        let object = Object::read(&data.text, &floating).map_err(garbled)?;
        let Some(object) = object.filter(|object| object.component == wanted) else { return Ok(None) };
        let occurrence = key.map(|key| object.occurrence(key)).transpose().map_err(garbled)?.flatten();
        let item = match (&occurrence, &object.master) {
            (Some(found), _) => found.item,
            (None, Some(master)) if key.is_none() && !object.recurs() => master,
            (None, _) => return Ok(None),
        };
        let source = Source {
            reference: target.clone(),
            object: &object,
            item,
            occurrence: occurrence.as_ref().filter(|_| object.recurs()),
            tag: &data.tag,
            raw: Bytes::new(),
            now: cx.clock.now(),
        };
        let record = source.observed();
        Ok(Some(Current { data, object, record }))
    }

    async fn zone_of(&self, cx: &Cx<'_>, path: &str) -> Result<Zone, Error> {
        let Some((collection, _)) = path::split(path).filter(|_| self.options.zone.is_none()) else {
            return Ok(self.floating.clone());
        };
        let collections = self.collections(cx, false).await?;
        let zone = collections.iter().find(|one| one.path == collection).and_then(|one| one.zone.clone());
        Ok(zone.unwrap_or_else(|| self.floating.clone()))
    }

    pub(crate) async fn look(&self, cx: &Cx<'_>, write: &Write, sent: Timestamp) -> Result<Landing, Error> {
        // Taken before the look: what lands while we read must not count as absent.
        let now = cx.clock.now();
        let found = match &write.intent {
            Intent::CreateEvent { .. } => self.made(cx, write, Component::Event).await?,
            Intent::CreateTask { .. } => self.made(cx, write, Component::Todo).await?,
            Intent::MoveEvent { .. } | Intent::CompleteTask { .. } => {
                let current = self.current(cx, &write.target).await?;
                current.filter(|current| holds(&current.record, &write.intent)).map(|_| write.target.clone())
            }
            Intent::CreateNote { .. }
            | Intent::ChangeStage { .. }
            | Intent::ChangeOwner { .. }
            | Intent::Notify { .. } => return Err(foreign(write)),
        };
        if let Some(reference) = found {
            return Ok(Landing::Landed(Receipt { reference, at: now, found: true }));
        }
        let certain = sent + cx.timeout + VISIBILITY_LAG;
        if now > certain {
            return Ok(Landing::Absent);
        }
        Ok(Landing::Unknown { look_again: Some(certain + Duration::from_millis(1)) })
    }

    async fn made(
        &self,
        cx: &Cx<'_>,
        write: &Write,
        component: Component,
    ) -> Result<Option<ExternalRef>, Error> {
        let collection = self.target(cx, &write.target, component).await?;
        let path = format!("{}{}", collection.path, object_name(write.key));
        let ours = self.ours(cx, write, &path).await?;
        Ok(ours.then(|| ExternalRef::new(&self.connection, kind(component), path)))
    }
}

/// The object's text with the change; everything else stays as it was.
fn changed(current: &Current, write: &Write, now: jiff::Timestamp) -> Result<String, Error> {
    let mut lines = Lines::read(&current.data.text);
    let lost = || invalid(format!("{}: its lines can't be told apart", write.target));
    let mut part = if let Intent::MoveEvent { start, end } = &write.intent {
        moved(&mut lines, current, write, (*start, *end))?
    } else {
        let master = current.object.master.as_ref().ok_or_else(lost)?;
        if !master.rules.is_empty() {
            return Err(invalid(format!(
                "{} recurs: only its calendar can complete one of it",
                write.target
            )));
        }
        let mut part = lines.part(Component::Todo.name(), master.nth).ok_or_else(lost)?;
        lines.set(&mut part, "STATUS:COMPLETED");
        lines.set(&mut part, &format!("COMPLETED:{}", utc(now)));
        lines.set(&mut part, "PERCENT-COMPLETE:100");
        part
    };
    let sequence = lines.get(&part, "SEQUENCE");
    let sequence =
        sequence.and_then(|line| line.rsplit(':').next()?.trim().parse::<i64>().ok()).unwrap_or_default();
    lines.set(&mut part, &format!("SEQUENCE:{}", sequence.saturating_add(1)));
    lines.set(&mut part, &format!("LAST-MODIFIED:{}", utc(now)));
    lines.set(&mut part, &format!("DTSTAMP:{}", utc(now)));
    lines.silence(&part);
    Ok(lines.write())
}

/// Moves a single event, or one occurrence, which then is written out beside its series.
fn moved(
    lines: &mut Lines,
    current: &Current,
    write: &Write,
    (start, end): (Timestamp, Timestamp),
) -> Result<Part, Error> {
    let object = &current.object;
    let lost = || invalid(format!("{}: its lines can't be told apart", write.target));
    let (_, key) = path::parts(&write.target.id);
    let occurrence = key.map(|key| object.occurrence(key)).transpose().map_err(invalid)?.flatten();
    let (part, old) = match &occurrence {
        None => {
            let master = object.master.as_ref().ok_or_else(lost)?;
            (
                lines.part(Component::Event.name(), master.nth).ok_or_else(lost)?,
                master.start.clone().ok_or_else(lost)?,
            )
        }
        Some(one) => (written_out(lines, object, one).ok_or_else(lost)?, one.start.clone()),
    };
    let mut part = part;
    let line = lines.get(&part, "DTSTART");
    let begins = placed(&old, start);
    let ends = placed(&old, end);
    // Whole days stay whole days, times stay in the zone of the event.
    let days = old.date && [start, end].iter().all(|at| at.as_millis() % 86_400_000 == 0) && end > start;
    let (begins, ends) = if days || !old.date { (begins, ends) } else { (in_utc(start), in_utc(end)) };
    let (Some(begins), Some(ends)) = (begins, ends) else { return Err(lost()) };
    // A date's line has no zone, and a floating time becomes one in UTC, which says what was meant.
    lines.remove(&mut part, &["DURATION"]);
    lines.set(&mut part, &timed("DTEND", &ends, line.as_deref()));
    lines.set(&mut part, &timed("DTSTART", &begins, line.as_deref()));
    Ok(part)
}

/// The component of one occurrence; made from what it has in common with others where it has none of its own.
fn written_out(lines: &mut Lines, object: &Object, one: &Occurrence<'_>) -> Option<Part> {
    let name = Component::Event.name();
    let own = one
        .item
        .replaces
        .as_ref()
        .is_some_and(|replaces| replaces.at == one.origin.at || replaces.key() == one.key);
    let original = lines.part(name, one.item.nth)?;
    if own {
        // One that stands for all that follow can't be moved alone.
        return (!one.item.and_following).then_some(original);
    }
    let first = object.master.as_ref().map_or(one.item.nth, |master| master.nth);
    let series = lines.part(name, first)?;
    let start = lines.get(&series, "DTSTART");
    let mut part = lines.copy(&original);
    lines.remove(&mut part, &["RRULE", "RDATE", "EXDATE", "EXRULE", "RECURRENCE-ID"]);
    lines.set(&mut part, &timed("RECURRENCE-ID", &one.origin, start.as_deref()));
    Some(part)
}

fn placed(old: &When, at: Timestamp) -> Option<When> {
    old.moved(old.zone.wall(at.to_jiff()))
}

fn in_utc(at: Timestamp) -> Option<When> {
    When::new(Zone::UTC.wall(at.to_jiff()), false, &Zone::UTC)
}

/// True when the record is as the write would make it.
fn holds(current: &Observed, intent: &Intent) -> bool {
    match intent {
        Intent::MoveEvent { start, end } => {
            let is = |field, at: Timestamp| current.fields.time(field).map(second) == Some(second(at));
            is(Field::At, *start) && is(Field::EndAt, *end)
        }
        Intent::CompleteTask { .. } => current.fields.bool(Field::Done) == Some(true),
        Intent::CreateTask { .. }
        | Intent::CreateNote { .. }
        | Intent::ChangeStage { .. }
        | Intent::ChangeOwner { .. }
        | Intent::CreateEvent { .. }
        | Intent::Notify { .. } => false,
    }
}

/// A field that calendars do not have can't have changed there.
fn differs(current: &Observed, field: Field, expected: &Value) -> bool {
    current.fields.get(field).is_some_and(|value| match (value, expected) {
        (Value::Time(is), Value::Time(was)) => second(*is) != second(*was),
        (is, was) => is != was,
    })
}

/// Calendars keep whole seconds (RFC 5545, 3.3.12).
const fn second(at: Timestamp) -> i64 {
    at.as_millis().div_euclid(1_000)
}

const fn kind(component: Component) -> Kind {
    match component {
        Component::Event => Kind::Meeting,
        Component::Todo => Kind::Task,
    }
}

/// A kind of write that this connector does not describe.
fn foreign(write: &Write) -> Error {
    invalid(format!("{} is not written to calendars", write.intent.kind()))
}

fn invalid(detail: String) -> Error {
    Error::unsent(ErrorKind::Invalid, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_between_seconds_is_known_again_although_calendars_keep_whole_ones() {
        let at = Timestamp::from_millis;
        let fields = [(Field::At, Value::Time(at(7_000))), (Field::EndAt, Value::Time(at(9_000)))];
        let current = Observed {
            reference: ExternalRef::new(&"office".into(), Kind::Meeting, "/sales/1.ics"),
            version: model::Version::Tag("1".into()),
            modified: at(0),
            marker: None,
            fields: fields.into_iter().collect(),
            links: Vec::new(),
            raw: Bytes::new(),
        };
        assert!(holds(&current, &Intent::MoveEvent { start: at(7_400), end: at(9_999) }));
        assert!(!holds(&current, &Intent::MoveEvent { start: at(7_400), end: at(10_000) }));
        assert!(!differs(&current, Field::At, &Value::Time(at(7_400))));
        assert!(differs(&current, Field::At, &Value::Time(at(8_000))));
    }
}
