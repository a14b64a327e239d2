//! From drafts to the plan: rows, events, and what is to be looked at.

use super::{
    desk::Desk,
    draft::{Draft, Seat, Source},
    merge, normal, stage,
    take::is_worked,
};
use model::{
    Canonical, ConnectionId, DealOutcome, Event, EventKind, Field, Fields, GoneHow, Intake, Kind, Links,
    MatchKey, RecordRow, SourceRow, SourceValues, Stage, Timestamp, Value,
};
use std::collections::HashSet;

/// Name under which our own doing stands in events.
const ENGINE: &str = "engine";

impl Desk<'_> {
    /// Everything that is to be written.
    pub fn finish(mut self) -> Intake {
        for gone in std::mem::take(&mut self.merges) {
            self.merged(&gone);
        }
        for seat in std::mem::take(&mut self.seats) {
            self.close_seat(seat);
        }
        for draft in std::mem::take(&mut self.drafts) {
            self.close_draft(draft);
        }
        let mut dirty: HashSet<_> = self.intake.dirty.iter().copied().collect();
        let about = std::mem::take(&mut self.about);
        self.intake.dirty.extend(about.into_iter().filter(|id| dirty.insert(*id)));
        self.intake
    }

    fn close_seat(&mut self, seat: Seat<'_>) {
        let draft = self.draft(seat.draft);
        let record = draft.id;
        if let Some(known) = seat.known {
            let news = seat.links.iter().filter_map(|set| relinked(&known.links, set));
            draft.link_news.extend(news.map(|news| (news, seat.reference.connection.clone())));
        }
        if seat.moved {
            self.intake.relinks.push((seat.reference.clone(), record));
        }
        if let (Some(how), Some(at)) = (&seat.gone, seat.went) {
            self.intake.gone.push((seat.reference.clone(), how.clone(), at));
        }
        if seat.stored {
            self.intake.sources.push(SourceRow {
                reference: seat.reference,
                record,
                version: seat.version,
                modified: seat.modified,
                raw: seat.raw,
                links: seat.links,
                new: seat.known.is_none(),
            });
        }
    }

    fn close_draft(&mut self, mut draft: Draft<'_>) {
        let Some(result) = self.result(&mut draft) else {
            self.tell(&mut draft, None);
            return;
        };
        self.tell(&mut draft, Some(&result));
        if result.stored(&draft) {
            let row = self.row(draft, result);
            self.intake.records.push(row);
        }
    }

    /// The record as it is now; `None` when nothing about it can have changed.
    fn result(&self, draft: &mut Draft<'_>) -> Option<Outcome> {
        if draft.before.is_some() && !draft.touched && !self.restaged(draft) {
            return None;
        }
        let gone = if draft.sources.is_empty() {
            draft.gone.take().or_else(|| draft.before.and_then(|before| before.gone.clone()))
        } else {
            None
        };
        let sources =
            if draft.sources.is_empty() { draft.last.as_mut_slice() } else { draft.sources.as_mut_slice() };
        let fields = match (sources, draft.before) {
            ([], Some(before)) => before.fields.clone(),
            ([], None) => return None,
            (sources, _) => merge::canonical(draft.kind, sources, self.policy),
        };
        let changes = draft.before.map_or_else(Vec::new, |before| differences(&before.fields, &fields));
        let stage_since = self.stage_since(draft, &fields);
        Some(Outcome { fields, changes, stage_since, gone })
    }

    /// The configuration gives the deal's stage another meaning than when it was stored.
    fn restaged(&self, draft: &Draft<'_>) -> bool {
        let source = merge::winner(&draft.sources, Field::SourceStage, self.policy);
        let (Kind::Deal, Some(source), Some(before)) = (draft.kind, source, draft.before) else {
            return false;
        };
        stage::standing(source, self.policy) != (before.fields.stage(), before.fields.outcome())
    }

    fn stage_since(&self, draft: &Draft<'_>, fields: &Fields) -> Option<Timestamp> {
        if draft.kind != Kind::Deal {
            return draft.before.and_then(|before| before.stage_since);
        }
        let modified = merge::winner(&draft.sources, Field::SourceStage, self.policy).map(|one| one.modified);
        match draft.before {
            None => stage::first_entered(fields, modified?),
            Some(before) if before.fields.stage() == fields.stage() => before.stage_since,
            Some(_) => modified.map(|at| at.min(self.now)),
        }
    }

    /// Events in the order in which people would tell them, and whether the record is to be looked at.
    fn tell(&mut self, draft: &mut Draft<'_>, result: Option<&Outcome>) {
        let new = draft.before.is_none();
        let mut news = Vec::new();
        if new && !draft.ours && result.is_some() {
            news.push((EventKind::FirstSeen, draft.by.clone()));
        }
        let left =
            draft.news.iter().any(|(kind, _)| matches!(kind, EventKind::Gone { .. } | EventKind::Returned));
        news.append(&mut draft.news);
        if let Some(result) = result
            && let Some(before) = draft.before
        {
            result.tell(draft, &before.fields, &mut news);
        }
        news.append(&mut draft.link_news);
        let changed = result.is_some_and(|result| !result.changes.is_empty());
        let worked = result.is_some_and(|result| is_worked(draft.kind, &result.fields))
            || draft.before.is_some_and(|before| is_worked(draft.kind, &before.fields));
        if worked && (new || changed || left || draft.relinked) {
            self.intake.dirty.push(draft.id);
        }
        let (at, subject) = (self.now, Some(draft.id));
        let event =
            |(kind, by): (EventKind, ConnectionId)| Event { at, subject, kind, source: by.as_str().into() };
        self.intake.events.extend(news.into_iter().map(event));
    }

    fn row(&self, draft: Draft<'_>, result: Outcome) -> RecordRow {
        let merged = matches!(result.gone, Some(GoneHow::Merged { .. }));
        let match_keys = if merged { Some(Vec::new()) } else { self.match_keys(&draft, &result.fields) };
        // One source's values are the record's own.
        let several = draft.sources.len() > 1;
        let sources = if several { draft.sources.into_iter().map(values).collect() } else { Vec::new() };
        let Outcome { fields, changes: _, stage_since, gone } = result;
        let record = Canonical { id: draft.id, kind: draft.kind, fields, sources, stage_since, gone };
        RecordRow { record, new: draft.before.is_none(), match_keys }
    }

    /// All match keys, when they differ from before. A record that left keeps its own.
    fn match_keys(&self, draft: &Draft<'_>, fields: &Fields) -> Option<Vec<MatchKey>> {
        normal::match_field(draft.kind)?;
        if draft.sources.is_empty() && draft.before.is_some() {
            return None;
        }
        let of = |fields: &Fields| normal::match_key(draft.kind, fields, self.policy);
        // A single source's values are the record's own by now.
        let mut now: Vec<_> = match draft.sources.as_slice() {
            [] | [_] => of(fields).into_iter().collect(),
            several => several.iter().filter_map(|one| of(&one.fields)).collect(),
        };
        now.sort_unstable();
        now.dedup();
        let Some(before) = draft.before else { return Some(now) };
        let mut was: Vec<_> = match before.sources.as_slice() {
            [] => of(&before.fields).into_iter().collect(),
            sources => sources.iter().filter_map(|one| of(&one.fields)).collect(),
        };
        was.sort_unstable();
        was.dedup();
        // A record that comes back from a merge has lost its keys.
        let returned = matches!(before.gone, Some(GoneHow::Merged { .. }));
        (returned || now != was).then_some(now)
    }
}

/// What became of a draft.
struct Outcome {
    fields: Fields,
    /// (field, before, after) of all that differ.
    changes: Vec<(Field, Value, Value)>,
    stage_since: Option<Timestamp>,
    gone: Option<GoneHow>,
}

impl Outcome {
    fn stored(&self, draft: &Draft<'_>) -> bool {
        let Some(before) = draft.before else { return true };
        let provenance = draft.sources.len() > 1 || (before.sources.len() > 1) != (draft.sources.len() > 1);
        !self.changes.is_empty()
            || self.gone != before.gone
            || self.stage_since != before.stage_since
            || (provenance && draft.touched)
    }

    /// News of fields. What our own writes put there is none; but that a deal entered a stage is told whoever
    /// moved it, since the stage's work and figures hang on it.
    fn tell(&self, draft: &Draft<'_>, before: &Fields, news: &mut Vec<(EventKind, ConnectionId)>) {
        let ours = |field: Field, after: Option<&Value>| {
            draft.echoed.iter().any(|(name, value)| *name == field && normal::same(Some(value), after))
        };
        let moved_by_us = ours(Field::SourceStage, self.fields.get(Field::SourceStage));
        let (stage, outcome) = (self.fields.stage(), self.fields.outcome());
        let told_apart = |field| match field {
            Field::Outcome => true,
            Field::Stage => stage.is_some() || moved_by_us,
            _ => false,
        };
        let told =
            |(field, _, after): &&(Field, Value, Value)| !told_apart(*field) && !ours(*field, Some(after));
        let fields: Vec<_> = self.changes.iter().filter(told).cloned().collect();
        if !fields.is_empty() {
            news.push((EventKind::Changed { fields }, draft.by.clone()));
        }
        let by = || if moved_by_us { ConnectionId::from(ENGINE) } else { draft.by.clone() };
        let entered = |to: Stage| (EventKind::StageEntered { from: before.stage(), to }, by());
        news.extend(stage.filter(|_| before.stage() != stage).map(entered));
        if draft.kind == Kind::Deal && before.outcome() != outcome {
            let to: DealOutcome = outcome;
            news.push((EventKind::OutcomeChanged { to }, by()));
        }
    }
}

fn values(source: Source<'_>) -> SourceValues {
    let Source { reference, modified, fields } = source;
    SourceValues { reference, modified, fields: fields.into_owned() }
}

/// Fields whose value differs, in order.
fn differences(before: &Fields, after: &Fields) -> Vec<(Field, Value, Value)> {
    let mut all: Vec<Field> = before.iter().chain(after.iter()).map(|(field, _)| field).collect();
    all.sort_unstable();
    all.dedup();
    let differs = |field: &Field| !normal::same(before.get(*field), after.get(*field));
    let value = |fields: &Fields, field| fields.get(field).cloned().unwrap_or(Value::Empty);
    all.into_iter().filter(differs).map(|field| (field, value(before, field), value(after, field))).collect()
}

/// What is new about the links to one kind; `None` when the same records are linked.
fn relinked(known: &[Links], now: &Links) -> Option<EventKind> {
    let was = known.iter().find(|set| set.to == now.to).map_or(&[][..], |set| &set.targets);
    let missing = |from: &[model::Target], of: &[model::Target]| -> Vec<Box<str>> {
        let ids: HashSet<&str> = of.iter().map(|target| &*target.id).collect();
        from.iter().filter(|target| !ids.contains(&*target.id)).map(|target| target.id.clone()).collect()
    };
    let (added, removed) = (missing(&now.targets, was), missing(was, &now.targets));
    (!added.is_empty() || !removed.is_empty()).then_some(EventKind::Relinked { to: now.to, added, removed })
}
