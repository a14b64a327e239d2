//! Walking the calendars: full, increment, census, audit.

use crate::{
    Caldav,
    calls::{
        get::Get,
        list::Collection,
        multiget::{Data, Got, Multiget},
    },
    component,
    cursor::{At, MOST_TAGS, Mark, Place, Work},
    ical::{
        Component, Object,
        expand::{Window, instant},
        zone::Zone,
    },
    listing::{Listing, Wanted},
    map::Source,
    path,
};
use bytes::Bytes;
use connect::{Cx, Error, ErrorKind, Page, Position};
use model::{Change, Cursor, ExternalRef, Gone, GoneHow, Kind, Pass, Stream, Timestamp};
use std::{collections::BTreeSet, time::Duration};

/// Objects per page.
pub const BATCH: usize = 250;
/// Names per page of a census.
const CENSUS_BATCH: usize = 5_000;
/// A page ends once it has this many changes, so that long series don't fill the memory.
const MOST_CHANGES: usize = 2_000;
/// How often the window of occurrences is laid anew.
const ROLL: Duration = Duration::from_secs(7 * 86_400);

/// What a page is made in.
pub struct Walk<'a> {
    /// What the records are.
    pub kind: Kind,
    /// What the objects are.
    pub component: Component,
    /// Which occurrences are records.
    pub window: Window,
    /// Where times without a zone count.
    pub floating: &'a Zone,
    /// Now.
    pub now: Timestamp,
    /// What was reported before counts: an occurrence that is no longer there is gone.
    pub remembers: bool,
}

impl Caldav {
    pub(crate) async fn page(
        &self,
        cx: &Cx<'_>,
        stream: Stream,
        pass: &Pass,
        from: Option<&Cursor>,
    ) -> Result<Page, Error> {
        let component = component(stream).ok_or_else(|| {
            Error::unsent(ErrorKind::Invalid, format!("calendars have no stream of {}", stream.plural()))
        })?;
        let place = match from {
            None => Place::default(),
            Some(cursor) => Place::read(cursor).ok_or_else(|| {
                Error::unsent(ErrorKind::CursorExpired, format!("the cursor of {stream} can't be read"))
            })?,
        };
        match pass {
            Pass::These(ids) => self.these(cx, stream, component, ids, place).await,
            Pass::Full | Pass::Since | Pass::Census | Pass::Audit { .. } => {
                self.walk(cx, (stream, component), pass, place).await
            }
        }
    }

    async fn walk(
        &self,
        cx: &Cx<'_>,
        (stream, component): (Stream, Component),
        pass: &Pass,
        mut place: Place,
    ) -> Result<Page, Error> {
        let now = cx.clock.now();
        let collections = self.collections(cx, place.at.is_none()).await?;
        let mut at = place.at.take().unwrap_or_else(|| begin(&mut place, pass, now));
        loop {
            let collection = match at.work {
                Work::Next => collections.iter().find(|one| one.path > at.path && one.takes(component)),
                Work::All | Work::Delta | Work::Roll => collections.iter().find(|one| one.path == at.path),
            };
            let Some(collection) = collection else {
                if at.work == Work::Next {
                    break;
                }
                // It went away in the middle: on to the next.
                at.work = Work::Next;
                continue;
            };
            if at.work == Work::Next {
                let work = first_work(pass, &place, collection);
                at = At { path: collection.path.clone(), work, ..At::default() };
                continue;
            }
            let walk = Walk {
                kind: stream,
                component,
                window: place.window(now, self.options.past_days, self.options.future_days),
                floating: self
                    .options
                    .zone
                    .is_none()
                    .then_some(collection.zone.as_ref())
                    .flatten()
                    .unwrap_or(&self.floating),
                now,
                remembers: *pass == Pass::Since && at.work != Work::All,
            };
            let mark = place.marks.remove(&collection.path).unwrap_or_default();
            let (changes, mark) = self.step(cx, &walk, pass, collection, &mut at, mark).await?;
            if keeps(pass) {
                place.marks.insert(collection.path.clone(), mark);
            }
            if !changes.is_empty() || !at.after.is_empty() {
                place.at = Some(at);
                return Ok(Page { changes, position: Position::More(place.write()) });
            }
        }
        // What is known of calendars that are no longer there is of no more use; their records are found by the census.
        place.marks.retain(|path, _| collections.iter().any(|one| one.path == *path));
        place.rolling = false;
        let complete = matches!(pass, Pass::Full | Pass::Census);
        Ok(Page { changes: Vec::new(), position: Position::CaughtUp { cursor: place.write(), complete } })
    }

    /// One page of work in one calendar.
    async fn step(
        &self,
        cx: &Cx<'_>,
        walk: &Walk<'_>,
        pass: &Pass,
        collection: &Collection,
        at: &mut At,
        mut mark: Mark,
    ) -> Result<(Vec<Change>, Mark), Error> {
        let census = *pass == Pass::Census;
        let (path, component) = (collection.path.clone(), walk.component);
        let wanted = Wanted { path, component, work: at.work, series: census };
        let first = at.after.is_empty();
        let listing = self.listing(cx, collection, &wanted, &mark, first).await?;
        if listing.expired {
            mark = Mark { series: mark.series, ..Mark::default() };
            *at = At { path: at.path.clone(), work: Work::All, ..At::default() };
            return Ok((Vec::new(), mark));
        }
        let mut changes = Vec::new();
        if first {
            at.token.clone_from(&listing.token);
            at.ctag.clone_from(&collection.ctag);
            if at.work == Work::All {
                mark.tags =
                    (listing.token.is_none() && listing.members.len() <= MOST_TAGS).then(Default::default);
            }
            for name in listing.gone.iter().chain(&lost_series(&listing, at.work, &mark)) {
                self.gone(walk, &collection.path, name, &mut mark, &mut changes);
            }
        }
        let done = if census {
            self.census(cx, walk, collection, &listing, at, &mut changes).await?
        } else {
            self.batch(cx, walk, pass, collection, (&listing, at), &mut mark, &mut changes).await?
        };
        if done {
            self.listings.drop(&wanted);
            finish(at, &mut mark, collection);
        }
        Ok((changes, mark))
    }

    /// Reads the next objects; true when there are no more.
    #[expect(clippy::too_many_arguments, reason = "it is the inside of one step")]
    async fn batch(
        &self,
        cx: &Cx<'_>,
        walk: &Walk<'_>,
        pass: &Pass,
        collection: &Collection,
        (listing, at): (&Listing, &mut At),
        mark: &mut Mark,
        changes: &mut Vec<Change>,
    ) -> Result<bool, Error> {
        let ours = |name: &str| match pass {
            Pass::Audit { slice, of } => slice_of(name, *of) == *slice,
            Pass::Full | Pass::Since | Pass::Census | Pass::These(_) => true,
        };
        let rest = listing.members.iter().filter(|member| *member.name > *at.after && ours(&member.name));
        let names: Vec<Box<str>> = rest.map(|member| member.name.clone()).take(BATCH + 1).collect();
        let (now, more) = names.split_at(names.len().min(BATCH));
        for got in self.read(cx, &collection.path, now).await? {
            self.emit(walk, &collection.path, &got, mark, changes);
            at.after = got.name;
            if changes.len() >= MOST_CHANGES && Some(&at.after) != now.last() {
                return Ok(false);
            }
        }
        Ok(more.is_empty())
    }

    /// The next names of a census, with the occurrences of series; true when there are no more.
    async fn census(
        &self,
        cx: &Cx<'_>,
        walk: &Walk<'_>,
        collection: &Collection,
        listing: &Listing,
        at: &mut At,
        changes: &mut Vec<Change>,
    ) -> Result<bool, Error> {
        let (mut names, mut series): (Vec<_>, Vec<Box<str>>) = (Vec::new(), Vec::new());
        let rest = listing.members.iter().filter(|member| *member.name > *at.after);
        for member in rest.take(CENSUS_BATCH + 1) {
            names.push(member.name.clone());
            if listing.series.contains(&member.name) {
                series.push(member.name.clone());
            }
            if names.len() > CENSUS_BATCH || series.len() > BATCH {
                break;
            }
        }
        let more = names.len() > CENSUS_BATCH || series.len() > BATCH;
        if more {
            let last = names.pop();
            series.retain(|name| Some(name) != last.as_ref());
        }
        let mut unread = Mark::default();
        for got in self.read(cx, &collection.path, &series).await? {
            let mut seen = Vec::new();
            self.emit(walk, &collection.path, &got, &mut unread, &mut seen);
            changes.extend(seen.into_iter().filter_map(|change| match change {
                Change::Seen(seen) => Some(Change::Exists(seen.reference)),
                // There, though nobody can read it.
                Change::Unreadable { reference, .. } => reference.map(Change::Exists),
                Change::Gone(_) | Change::Exists(_) => None,
            }));
        }
        let single = names.iter().filter(|name| !listing.series.contains(*name));
        changes.extend(single.map(|name| Change::Exists(self.reference(walk.kind, &collection.path, name))));
        at.after = names.pop().unwrap_or_default();
        Ok(!more)
    }

    /// Objects by name, in the order asked for; those that the server leaves out of its answer are asked for alone.
    pub(crate) async fn read(&self, cx: &Cx<'_>, path: &str, names: &[Box<str>]) -> Result<Vec<Got>, Error> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let mut found = cx.send(&Multiget { collection: path, names }).await?;
        found.sort_by(|a, b| a.name.cmp(&b.name));
        let mut all = Vec::with_capacity(names.len());
        for name in names {
            if let Ok(nth) = found.binary_search_by(|got| got.name.cmp(name)) {
                all.extend(found.get(nth).cloned());
            } else {
                let data = cx.send(&Get { path: &format!("{path}{name}") }).await?;
                all.push(Got { name: name.clone(), data });
            }
        }
        Ok(all)
    }

    /// What an object as read means for its records.
    pub(crate) fn emit(
        &self,
        walk: &Walk<'_>,
        path: &str,
        got: &Got,
        mark: &mut Mark,
        changes: &mut Vec<Change>,
    ) {
        let Some(data) = &got.data else { return self.gone(walk, path, &got.name, mark, changes) };
        let reference = self.reference(walk.kind, path, &got.name);
        let unreadable = |reason| Change::Unreadable {
            reference: Some(reference.clone()),
            reason,
            raw: parked(&data.text),
        };
        let object = match Object::read(&data.text, walk.floating) {
            Ok(Some(object)) if object.component == walk.component => object,
            Ok(_) => return,
            Err(reason) => return changes.push(unreadable(reason)),
        };
        if let Some(tags) = &mut mark.tags {
            tags.insert(got.name.clone(), data.tag.clone());
        }
        if !object.recurs() {
            let Some(item) = &object.master else { return };
            let raw = Bytes::copy_from_slice(data.text.as_bytes());
            let source = Source {
                reference,
                object: &object,
                item,
                occurrence: None,
                tag: &data.tag,
                raw,
                now: walk.now,
            };
            changes.push(Change::Seen(source.observed()));
            let former = mark.forget(&got.name).unwrap_or_default();
            return self.vanished(walk, path, &got.name, former.iter().map(String::as_str), changes);
        }
        match object.occurrences(walk.window) {
            Err(reason) => changes.push(unreadable(reason)),
            Ok(found) => {
                let keys: Vec<String> = found.iter().map(|one| one.key.clone()).collect();
                changes.extend(
                    found
                        .iter()
                        .map(|one| Change::Seen(self.occurrence(walk, &object, one, data, &reference))),
                );
                self.series(walk, path, got, &keys, mark, changes);
            }
        }
    }

    /// The record of one occurrence of an object.
    pub(crate) fn occurrence(
        &self,
        walk: &Walk<'_>,
        object: &Object,
        one: &crate::ical::expand::Occurrence<'_>,
        data: &Data,
        whole: &ExternalRef,
    ) -> model::Observed {
        let reference = ExternalRef::new(&self.connection, walk.kind, path::occurrence(&whole.id, &one.key));
        let (tag, now) = (data.tag.as_ref(), walk.now);
        Source { reference, object, item: one.item, occurrence: Some(one), tag, raw: Bytes::new(), now }
            .observed()
    }

    /// What was reported of a series before and is no longer part of it is gone, and so is what it was before it was
    /// a series.
    fn series(
        &self,
        walk: &Walk<'_>,
        path: &str,
        got: &Got,
        keys: &[String],
        mark: &mut Mark,
        changes: &mut Vec<Change>,
    ) {
        match mark.forget(&got.name) {
            Some(former) => {
                let now: BTreeSet<&str> = keys.iter().map(String::as_str).collect();
                let lost = former.iter().map(String::as_str).filter(|key| !now.contains(key));
                self.vanished(walk, path, &got.name, lost, changes);
            }
            None if walk.remembers => changes.push(left(walk, self.reference(walk.kind, path, &got.name))),
            None => {}
        }
        mark.remember(&got.name, keys);
    }

    fn gone(&self, walk: &Walk<'_>, path: &str, name: &str, mark: &mut Mark, changes: &mut Vec<Change>) {
        if let Some(tags) = &mut mark.tags {
            tags.remove(name);
        }
        match mark.forget(name) {
            Some(former) => self.vanished(walk, path, name, former.iter().map(String::as_str), changes),
            None => changes.push(left(walk, self.reference(walk.kind, path, name))),
        }
    }

    /// Occurrences that are no longer there. Those that only left the window behind them stay what they were.
    fn vanished<'k>(
        &self,
        walk: &Walk<'_>,
        path: &str,
        name: &str,
        keys: impl Iterator<Item = &'k str>,
        changes: &mut Vec<Change>,
    ) {
        let recent = keys.filter(|key| instant(key).is_none_or(|at| at >= walk.window.from));
        changes.extend(recent.map(|key| {
            let id = path::occurrence(&format!("{path}{name}"), key);
            left(walk, ExternalRef::new(&self.connection, walk.kind, id))
        }));
    }

    pub(crate) fn reference(&self, kind: Kind, path: &str, name: &str) -> ExternalRef {
        ExternalRef::new(&self.connection, kind, format!("{path}{name}"))
    }
}

fn left(walk: &Walk<'_>, reference: ExternalRef) -> Change {
    Change::Gone(Gone { reference, how: GoneHow::Deleted, at: walk.now })
}

/// Series that a calendar read anew no longer has.
fn lost_series(listing: &Listing, work: Work, mark: &Mark) -> Vec<Box<str>> {
    if work != Work::All {
        return Vec::new();
    }
    let there: BTreeSet<&str> = listing.members.iter().map(|member| member.name.as_ref()).collect();
    mark.series.keys().filter(|name| !there.contains(name.as_ref())).cloned().collect()
}

/// Marks are for increments; a census and an audit leave none.
fn keeps(pass: &Pass) -> bool {
    matches!(pass, Pass::Full | Pass::Since)
}

/// A pass begins: the window of occurrences is laid, or stays for some days, since moving it reads every series again.
fn begin(place: &mut Place, pass: &Pass, now: Timestamp) -> At {
    let due = place.laid.is_none_or(|laid| now.since(laid) >= ROLL);
    place.rolling = due && *pass == Pass::Since && place.laid.is_some();
    if due || *pass != Pass::Since {
        place.laid = Some(now);
    }
    if *pass != Pass::Since {
        place.marks.clear();
    }
    At::default()
}

/// What is to be done first in a calendar.
fn first_work(pass: &Pass, place: &Place, collection: &Collection) -> Work {
    match place.marks.get(&collection.path) {
        Some(mark) if *pass == Pass::Since => {
            if place.rolling && !mark.series.is_empty() {
                Work::Roll
            } else {
                after_roll(mark, collection)
            }
        }
        Some(_) | None => Work::All,
    }
}

/// Nothing, where the server says that nothing changed.
fn after_roll(mark: &Mark, collection: &Collection) -> Work {
    let same = match (&mark.token, &collection.token) {
        (Some(known), Some(now)) => known == now,
        (None, _) | (_, None) => mark.ctag.is_some() && mark.ctag == collection.ctag && mark.token.is_none(),
    };
    if same { Work::Next } else { Work::Delta }
}

fn finish(at: &mut At, mark: &mut Mark, collection: &Collection) {
    let work = if at.work == Work::Roll {
        after_roll(mark, collection)
    } else {
        (mark.token, mark.ctag) = (at.token.take(), at.ctag.take());
        Work::Next
    };
    let progress = at.after.clone();
    *at = At { path: at.path.clone(), work, ..At::default() };
    // Says that something was read: the page is to be handed over before the next begins.
    if work == Work::Next {
        at.after = progress;
    }
}

/// An unreadable object is parked as it came, unless it says that it is private.
fn parked(text: &str) -> Bytes {
    let private = text.lines().any(|line| {
        let line = line.to_ascii_uppercase();
        line.starts_with("CLASS") && !line.trim_end().ends_with("PUBLIC")
    });
    if private { Bytes::new() } else { Bytes::copy_from_slice(text.as_bytes()) }
}

/// Which slice of an audit an object is in: by its name, so that it stays there.
fn slice_of(name: &str, of: u32) -> u32 {
    let [a, b, c, d, ..] = model::hash::digest(&[name]);
    u32::from_be_bytes([a, b, c, d]) % of.max(1)
}
