//! Full pass and increments, and what both need: links, cursors that must advance.

use crate::{
    HubSpot,
    calls::{Records, associations, associations::Associations, list::List, search, search::Search},
    cursor::{ListPlace, Place, SincePlace, expired},
    errors::garbled,
    fields::Object,
    view::{Seen, Unread, tidy},
};
use connect::{Cx, Error, ErrorKind, Page, Position};
use model::{Change, Cursor, ExternalRef, Gone, GoneHow, Kind, Links, Observed, Target};
use std::collections::{HashMap, HashSet};

impl HubSpot {
    /// Everything that is alive, by list: from the database, with links inline.
    pub(crate) async fn full(
        &self,
        cx: &Cx<'_>,
        object: &Object,
        from: Option<&Cursor>,
    ) -> Result<Page, Error> {
        let mut place = match from.and_then(Place::read) {
            Some(Place::List(place)) => place,
            _ => ListPlace::begin(cx.clock.now()),
        };
        let records = self.list(cx, object, &mut place).await?;
        let ended = place.after.is_none();
        let mut items = records.items;
        self.complete_links(cx, object, &mut items).await?;
        let changes = self.changes(object, items);
        let position = if ended {
            let complete = place.whole && self.plausible(cx, object, place.listed).await?;
            let since = SincePlace::after_full(place.began, crate::GUARD);
            Position::CaughtUp { cursor: Place::Since(since).cursor(), complete }
        } else {
            Position::More(Place::List(place).cursor())
        };
        Ok(Page { changes, position })
    }

    /// What changed in the next window of time, by search: frozen while it is walked by id, so that neither a
    /// change in mid-walk nor any number of records with one date can hide a record.
    pub(crate) async fn since(
        &self,
        cx: &Cx<'_>,
        object: &Object,
        from: Option<&Cursor>,
    ) -> Result<Page, Error> {
        let Some(Place::Since(mut place)) = from.and_then(Place::read) else { return Err(expired()) };
        let now = cx.clock.now();
        let mut window = place.window(now, crate::GUARD, self.settings.overlap);
        let call = Search {
            api: &self.settings.api,
            reader: self.reader(object, false),
            window: Some((window.from, window.to)),
            above: &window.last,
            skip: 0,
            limit: search::LIMIT,
        };
        let records = self.send(cx, &call).await?;
        let more = records.items.len() >= search::LIMIT;
        let last = highest(&records.items).filter(|last| above(last, &window.last)).map(str::to_owned);
        match last {
            Some(last) => window.last = last,
            None if more => return Err(garbled("hubspot.search", "a whole page without a higher id")),
            None => {}
        }
        let again = window.to - self.settings.overlap;
        let mut fresh = records.items;
        fresh.retain(|item| {
            let Ok(Seen { record, .. }) = item else { return true };
            let (id, modified) = (&record.reference.id, record.modified);
            if modified >= again {
                window.next.add(id, modified);
            }
            !place.recent.has(id, modified)
        });
        self.relink(cx, object, &mut fresh).await?;
        let changes = self.changes(object, fresh);
        if more {
            place.window = Some(window);
            return Ok(Page { changes, position: Position::More(Place::Since(place).cursor()) });
        }
        let place = place.finished(window, now, records.date, crate::GUARD);
        let cursor = Place::Since(place).cursor();
        Ok(Page { changes, position: Position::CaughtUp { cursor, complete: false } })
    }

    /// One page of a list; moves the place on. A token that may not read the linked types gets the records
    /// without their links.
    pub(crate) async fn list(
        &self,
        cx: &Cx<'_>,
        object: &Object,
        place: &mut ListPlace,
    ) -> Result<Records, Error> {
        let records = loop {
            let reader = self.reader(object, !place.bare);
            let after = place.after.as_deref();
            let call = List { api: &self.settings.api, reader, archived: place.archived, after };
            match self.send(cx, &call).await {
                Err(error) if !place.bare && of_others(&error, object) => place.bare = true,
                answer => break answer?,
            }
        };
        if let (Some(before), Some(next)) = (&place.after, &records.after)
            && !above(next, before)
        {
            return Err(garbled("hubspot.list", "its cursor does not advance"));
        }
        place.whole &= records.items.iter().all(|item| match item {
            Ok(_) => true,
            Err(unread) => unread.id.is_some(),
        });
        if !place.archived {
            place.listed += records.items.len() as u64;
        }
        place.after.clone_from(&records.after);
        Ok(records)
    }

    /// Does the index know of many more records than were listed? Then the list was cut short somewhere, and
    /// nothing may be called deleted because of it.
    pub(crate) async fn plausible(&self, cx: &Cx<'_>, object: &Object, listed: u64) -> Result<bool, Error> {
        let total = self.total(cx, object).await?;
        Ok(listed + (total / 100).max(10) >= total)
    }

    /// How many records the index knows.
    pub(crate) async fn total(&self, cx: &Cx<'_>, object: &Object) -> Result<u64, Error> {
        let bare = object.bare();
        let reader = self.reader(&bare, false);
        let call = Search { api: &self.settings.api, reader, window: None, above: "0", skip: 0, limit: 1 };
        let records = self.send(cx, &call).await?;
        Ok(records.total.unwrap_or(records.items.len() as u64))
    }

    /// Reads all links of the given records anew.
    pub(crate) async fn relink(
        &self,
        cx: &Cx<'_>,
        object: &Object,
        items: &mut [Result<Seen, Unread>],
    ) -> Result<(), Error> {
        let ids: Vec<String> =
            items.iter().flatten().map(|seen| seen.record.reference.id.to_string()).collect();
        if ids.is_empty() {
            return Ok(());
        }
        for to in object.links {
            let Some(mut links) = self.links(cx, object.kind, *to, &ids).await? else { continue };
            for seen in items.iter_mut().flatten() {
                if let Some(targets) = links.remove(&*seen.record.reference.id) {
                    set_links(&mut seen.record, *to, targets);
                }
            }
        }
        Ok(())
    }

    /// Reads the links that a list answer had to cut off.
    async fn complete_links(
        &self,
        cx: &Cx<'_>,
        object: &Object,
        items: &mut [Result<Seen, Unread>],
    ) -> Result<(), Error> {
        for to in object.links {
            let cut = |seen: &&mut Seen| seen.cut.contains(to);
            let mut short: Vec<&mut Seen> = items.iter_mut().flatten().filter(cut).collect();
            if short.is_empty() {
                continue;
            }
            let ids: Vec<String> = short.iter().map(|seen| seen.record.reference.id.to_string()).collect();
            let mut links = self.links(cx, object.kind, *to, &ids).await?.unwrap_or_default();
            for seen in &mut short {
                match links.remove(&*seen.record.reference.id) {
                    Some(targets) => set_links(&mut seen.record, *to, targets),
                    // Half a set would read as links removed.
                    None => seen.record.links.retain(|links| links.to != *to),
                }
            }
        }
        Ok(())
    }

    /// All links of records to one kind; a record of which nothing can be said is absent. `None` when the
    /// token may not read them.
    pub(crate) async fn links(
        &self,
        cx: &Cx<'_>,
        from: Kind,
        to: Kind,
        ids: &[String],
    ) -> Result<Option<HashMap<String, Vec<Target>>>, Error> {
        let mut all: HashMap<String, Vec<Target>> = ids.iter().map(|id| (id.clone(), Vec::new())).collect();
        let mut waiting: Vec<(String, Option<String>)> = ids.iter().map(|id| (id.clone(), None)).collect();
        let mut asked: HashSet<(String, String)> = HashSet::new();
        while !waiting.is_empty() {
            let now: Vec<_> = waiting.drain(..waiting.len().min(associations::LIMIT)).collect();
            let call = Associations { api: &self.settings.api, from, to, inputs: &now };
            let answer = match self.send(cx, &call).await {
                Err(Error { kind: ErrorKind::Forbidden { .. }, .. }) => return Ok(None),
                answer => answer?,
            };
            for failed in answer.failed {
                all.remove(&failed);
            }
            for (id, targets, after) in answer.found {
                if let Some(known) = all.get_mut(&id) {
                    known.extend(targets);
                }
                if let Some(after) = after {
                    if !asked.insert((id.clone(), after.clone())) {
                        return Err(garbled("hubspot.associations", "its cursor does not advance"));
                    }
                    waiting.push((id, Some(after)));
                }
            }
        }
        Ok(Some(all))
    }

    /// Records as changes: each one, and what was merged into it.
    pub(crate) fn changes(&self, object: &Object, items: Vec<Result<Seen, Unread>>) -> Vec<Change> {
        let mut changes = Vec::with_capacity(items.len());
        for item in items {
            match item {
                Ok(seen) => self.change(seen, &mut changes),
                Err(unread) => changes.push(self.unreadable(object.kind, unread)),
            }
        }
        changes
    }

    fn change(&self, seen: Seen, changes: &mut Vec<Change>) {
        let Seen { record, merged, archived, .. } = seen;
        let (kind, into, at) = (record.reference.kind, record.reference.id.clone(), record.modified);
        match archived {
            Some(at) => {
                changes.push(Change::Gone(Gone { reference: record.reference, how: GoneHow::Archived, at }));
            }
            None => changes.push(Change::Seen(record)),
        }
        changes.extend(merged.into_iter().map(|id| {
            let reference = ExternalRef::new(&self.connection, kind, id);
            Change::Gone(Gone { reference, how: GoneHow::Merged { into: into.clone() }, at })
        }));
    }

    pub(crate) fn unreadable(&self, kind: Kind, unread: Unread) -> Change {
        let Unread { id, reason, raw } = unread;
        let reference = id.map(|id| ExternalRef::new(&self.connection, kind, id));
        Change::Unreadable { reference, reason, raw }
    }
}

fn set_links(record: &mut Observed, to: Kind, mut targets: Vec<Target>) {
    tidy(&mut targets);
    match record.links.iter_mut().find(|links| links.to == to) {
        Some(links) => links.targets = targets,
        None => record.links.push(Links { to, targets }),
    }
}

/// Is a permission missing that has to do with other types than this one?
fn of_others(error: &Error, object: &Object) -> bool {
    match &error.kind {
        ErrorKind::Forbidden { missing } => {
            !object.links.is_empty()
                && !missing.is_empty()
                && !missing.iter().any(|scope| scope.contains(scope_of(object.kind)))
        }
        _ => false,
    }
}

/// Activities are read under the contact scopes.
fn scope_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Company => "companies",
        Kind::Deal => "deals",
        Kind::Email => "email",
        Kind::Contact | Kind::Task | Kind::Note | Kind::Meeting | Kind::Call => "contacts",
        Kind::Owner | Kind::Pipeline => "owners",
    }
}

/// Ids and cursors are numbers as a rule; where they are not, all that can be told is that they differ.
pub(crate) fn above(one: &str, other: &str) -> bool {
    match (one.parse::<u64>(), other.parse::<u64>()) {
        (Ok(one), Ok(other)) => one > other,
        _ => one != other,
    }
}

/// The highest id among records.
fn highest(items: &[Result<Seen, Unread>]) -> Option<&str> {
    let ids = items.iter().filter_map(|item| match item {
        Ok(seen) => Some(&*seen.record.reference.id),
        Err(unread) => unread.id.as_deref(),
    });
    ids.max_by_key(|id| id.parse::<u64>().unwrap_or_default())
}
