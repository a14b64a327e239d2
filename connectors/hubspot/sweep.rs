//! The passes that find what increments can't: census, audit, and records asked for by id.

use crate::{
    HubSpot,
    calls::{batch_read, batch_read::BatchRead, get::Get, search, search::Search},
    cursor::{AuditPlace, ListPlace, Place},
    fields::Object,
    view::{Seen, Unread},
};
use connect::{Cx, Error, ErrorKind, Page, Position};
use model::{Change, Cursor, ExternalRef, Gone, GoneHow};
use std::collections::HashSet;

impl HubSpot {
    /// Ids of everything: live ones exist, archived and merged ones are gone, and the rest was deleted.
    pub(crate) async fn census(
        &self,
        cx: &Cx<'_>,
        object: &Object,
        from: Option<&Cursor>,
    ) -> Result<Page, Error> {
        let mut place = match from.and_then(Place::read) {
            Some(Place::List(place)) => place,
            _ => ListPlace::begin(cx.clock.now()),
        };
        let bare = object.bare();
        let archived = place.archived;
        let records = self.list(cx, &bare, &mut place).await?;
        let mut changes = self.changes(object, records.items);
        for change in &mut changes {
            let Change::Seen(record) = change else { continue };
            *change = Change::Exists(record.reference.clone());
        }
        let position = match (place.after.is_some(), archived) {
            (false, true) => {
                let complete = place.whole && self.plausible(cx, object, place.listed).await?;
                Position::CaughtUp { cursor: Place::Over.cursor(), complete }
            }
            (more, _) => {
                place.archived = archived || !more;
                Position::More(Place::List(place).cursor())
            }
        };
        Ok(Page { changes, position })
    }

    /// One slice of all records, by rank of id, read in full with their links: finds what moved no date. The
    /// slice's beginning is found by search, one request per 10,000 records before it.
    pub(crate) async fn audit(
        &self,
        cx: &Cx<'_>,
        object: &Object,
        slice: u32,
        of: u32,
        from: Option<&Cursor>,
    ) -> Result<Page, Error> {
        let place = match from.and_then(Place::read) {
            Some(Place::Audit(place)) => Some(place),
            _ => self.open_audit(cx, object, slice, of.max(1)).await?,
        };
        let over = || Position::CaughtUp { cursor: Place::Over.cursor(), complete: false };
        let Some(mut place) = place else { return Ok(Page { changes: Vec::new(), position: over() }) };
        let most = place.left.map_or(batch_read::LIMIT, |left| {
            usize::try_from(left).unwrap_or(usize::MAX).min(batch_read::LIMIT)
        });
        let ids = self.ids_above(cx, object, &place.last, 0, most).await?;
        let refs: Vec<&str> = ids.iter().map(String::as_str).collect();
        let changes = self.fetch(cx, object, &refs).await?;
        let read = ids.len() as u64;
        place.left = place.left.map(|left| left.saturating_sub(read));
        let position = match ids.into_iter().next_back() {
            Some(last) if read == most as u64 && place.left != Some(0) => {
                Position::More(Place::Audit(AuditPlace { last, ..place }).cursor())
            }
            _ => over(),
        };
        Ok(Page { changes, position })
    }

    /// The place before the first record of a slice; `None` when the slice is empty.
    async fn open_audit(
        &self,
        cx: &Cx<'_>,
        object: &Object,
        slice: u32,
        of: u32,
    ) -> Result<Option<AuditPlace>, Error> {
        let total = self.total(cx, object).await?;
        let size = total.div_ceil(u64::from(of));
        let mut skip = size * u64::from(slice);
        if skip >= total {
            return Ok(None);
        }
        let mut last = "0".to_owned();
        while skip > 0 {
            let step = skip.min(search::DEEPEST + 1);
            match self.ids_above(cx, object, &last, step - 1, 1).await?.pop() {
                Some(id) => last = id,
                None => return Ok(None),
            }
            skip -= step;
        }
        Ok(Some(AuditPlace { last, left: (slice + 1 < of).then_some(size) }))
    }

    async fn ids_above(
        &self,
        cx: &Cx<'_>,
        object: &Object,
        above: &str,
        skip: u64,
        limit: usize,
    ) -> Result<Vec<String>, Error> {
        let bare = object.bare();
        let reader = self.reader(&bare, false);
        let call = Search { api: &self.settings.api, reader, window: None, above, skip, limit };
        let records = self.send(cx, &call).await?;
        let id = |item: Result<Seen, Unread>| match item {
            Ok(seen) => Some(seen.record.reference.id.into()),
            Err(unread) => unread.id.map(Into::into),
        };
        Ok(records.items.into_iter().filter_map(id).collect())
    }

    /// Just these, a hundred at a time.
    pub(crate) async fn these(
        &self,
        cx: &Cx<'_>,
        object: &Object,
        ids: &[Box<str>],
        from: Option<&Cursor>,
    ) -> Result<Page, Error> {
        let done = match from.and_then(Place::read) {
            Some(Place::These { done }) => done,
            _ => 0,
        };
        let rest = ids.get(done..).unwrap_or_default();
        let now: Vec<&str> = rest.iter().take(batch_read::LIMIT).map(|id| &**id).collect();
        let changes = if now.is_empty() { Vec::new() } else { self.fetch(cx, object, &now).await? };
        let position = if rest.len() > now.len() {
            Position::More(Place::These { done: done + now.len() }.cursor())
        } else {
            Position::CaughtUp { cursor: Place::Over.cursor(), complete: false }
        };
        Ok(Page { changes, position })
    }

    /// Records by id with their links. What does not answer is looked for among the archived ones, then one by
    /// one: a merged id answers with its winner, and only what is nowhere is deleted.
    async fn fetch(&self, cx: &Cx<'_>, object: &Object, ids: &[&str]) -> Result<Vec<Change>, Error> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let (mut items, missing) = self.batch(cx, object, ids, false).await?;
        self.relink(cx, object, &mut items).await?;
        let mut changes = self.changes(object, items);
        if missing.is_empty() {
            return Ok(changes);
        }
        let missing: Vec<&str> = missing.iter().map(String::as_str).collect();
        let (archived, missing) = self.batch(cx, object, &missing, true).await?;
        changes.extend(self.changes(object, archived));
        for id in missing {
            changes.extend(self.look_for(cx, object, &id).await?);
        }
        Ok(changes)
    }

    /// One batch read: what was found, and the ids that nothing found speaks for.
    async fn batch(
        &self,
        cx: &Cx<'_>,
        object: &Object,
        ids: &[&str],
        archived: bool,
    ) -> Result<(Vec<Result<Seen, Unread>>, Vec<String>), Error> {
        let reader = self.reader(object, false);
        let call = BatchRead { api: &self.settings.api, reader, ids, archived };
        let items = self.send(cx, &call).await?.items;
        let mut told: HashSet<&str> = HashSet::new();
        for item in &items {
            match item {
                Ok(seen) => {
                    told.insert(&seen.record.reference.id);
                    told.extend(seen.merged.iter().map(|id| &**id));
                }
                Err(unread) => told.extend(unread.id.as_deref()),
            }
        }
        let missing = ids.iter().filter(|id| !told.contains(**id)).map(|id| (*id).to_owned()).collect();
        Ok((items, missing))
    }

    async fn look_for(&self, cx: &Cx<'_>, object: &Object, id: &str) -> Result<Vec<Change>, Error> {
        let call = Get {
            api: &self.settings.api,
            reader: self.reader(object, false),
            id,
            by: None,
            archived: false,
        };
        let reference = ExternalRef::new(&self.connection, object.kind, id);
        let at = cx.clock.now();
        match self.send(cx, &call).await {
            Ok(seen) => {
                let into = seen.record.reference.id.clone();
                let mut changes = self.changes(object, vec![Ok(seen)]);
                if *into != *id {
                    let how = GoneHow::Merged { into };
                    changes.push(Change::Gone(Gone { reference, how, at }));
                }
                Ok(changes)
            }
            Err(Error { kind: ErrorKind::NotFound, .. }) => {
                Ok(vec![Change::Gone(Gone { reference, how: GoneHow::Deleted, at })])
            }
            Err(error) => Err(error),
        }
    }
}
