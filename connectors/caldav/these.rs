//! Single records that are asked for by their ids.

use crate::{
    Caldav,
    calls::{list::Collection, multiget::Got},
    cursor::{Mark, Place},
    ical::{Component, Object},
    path,
    read::{BATCH, Walk},
};
use connect::{Cx, Error, Page, Position};
use model::{Change, ExternalRef, Gone, GoneHow, Stream};
use std::collections::{BTreeMap, BTreeSet};

impl Caldav {
    pub(crate) async fn these(
        &self,
        cx: &Cx<'_>,
        stream: Stream,
        component: Component,
        ids: &[Box<str>],
        mut place: Place,
    ) -> Result<Page, Error> {
        let wanted: BTreeSet<&str> = ids.iter().map(AsRef::as_ref).collect();
        let rest = wanted.iter().copied().filter(|id| place.asked.as_deref().is_none_or(|asked| *id > asked));
        let mut chunk: Vec<&str> = rest.take(BATCH + 1).collect();
        // Not from memory: a calendar that is new must not make its records look deleted.
        let collections = self.collections(cx, place.asked.is_none()).await?;
        let more = chunk.len() > BATCH;
        chunk.truncate(BATCH);
        let now = cx.clock.now();
        let window = place.window(now, self.options.past_days, self.options.future_days);
        let walk = Walk { kind: stream, component, window, floating: &self.floating, now, remembers: false };
        let changes = self.asked(cx, &walk, &collections, &chunk).await?;
        place.asked = chunk.last().map(|id| (*id).into());
        let position = if more {
            Position::More(place.write())
        } else {
            Position::CaughtUp { cursor: Place::default().write(), complete: false }
        };
        Ok(Page { changes, position })
    }

    async fn asked(
        &self,
        cx: &Cx<'_>,
        walk: &Walk<'_>,
        collections: &[Collection],
        ids: &[&str],
    ) -> Result<Vec<Change>, Error> {
        let (mut changes, mut by_object): (Vec<Change>, BTreeMap<&str, Vec<&str>>) = Default::default();
        for id in ids {
            by_object.entry(path::parts(id).0).or_default().push(id);
        }
        let mut by_collection: BTreeMap<&str, Vec<Box<str>>> = BTreeMap::new();
        for (object, ids) in &by_object {
            match path::split(object).filter(|_| path::is_ours(object)) {
                Some((collection, name)) => by_collection.entry(collection).or_default().push(name.into()),
                None => changes.extend(ids.iter().map(|id| self.absent(walk, id))),
            }
        }
        for (collection, names) in by_collection {
            let known = collections.iter().find(|one| one.path == collection);
            let got = match known {
                Some(_) => self.read(cx, collection, &names).await?,
                // The calendar is not (or no longer) ours, so its objects are not there for us.
                None => Vec::new(),
            };
            let zone = known.and_then(|known| known.zone.as_ref()).filter(|_| self.options.zone.is_none());
            let walk = &Walk { floating: zone.unwrap_or(&self.floating), ..*walk };
            for name in names {
                let path = format!("{collection}{name}");
                let ids = by_object.get(path.as_str()).map(Vec::as_slice).unwrap_or_default();
                let data = got.iter().find(|got| got.name == name);
                for id in ids {
                    changes.push(
                        data.and_then(|got| self.one(walk, collection, got, id))
                            .unwrap_or_else(|| self.absent(walk, id)),
                    );
                }
            }
        }
        Ok(changes)
    }

    /// The record of an id; `None` when it is not there.
    fn one(&self, walk: &Walk<'_>, collection: &str, got: &Got, id: &str) -> Option<Change> {
        let data = got.data.as_ref()?;
        let (object_path, Some(key)) = path::parts(id) else {
            let mut changes = Vec::new();
            self.emit(walk, collection, got, &mut Mark::default(), &mut changes);
            return changes.into_iter().find(|change| match change {
                Change::Seen(seen) => *seen.reference.id == *id,
                Change::Unreadable { .. } => true,
                Change::Gone(_) | Change::Exists(_) => false,
            });
        };
        let whole = ExternalRef::new(&self.connection, walk.kind, object_path);
        // Whether it is within the window does not matter: it is asked for, and it is there or not.
        let object = Object::read(&data.text, walk.floating).ok()??;
        let found =
            object.occurrence(key).ok()?.filter(|_| object.recurs() && object.component == walk.component)?;
        Some(Change::Seen(self.occurrence(walk, &object, &found, data, &whole)))
    }

    fn absent(&self, walk: &Walk<'_>, id: &str) -> Change {
        let reference = ExternalRef::new(&self.connection, walk.kind, id);
        Change::Gone(Gone { reference, how: GoneHow::Absent, at: walk.now })
    }
}
