//! What is to be read of a calendar: all its objects, or those that changed.

use crate::{
    Caldav,
    calls::{
        list::Collection,
        members::{Member, Members},
        query::Query,
        sync::{self, Sync},
    },
    cursor::{Mark, Work},
    ical::Component,
};
use connect::{Cx, Error, ErrorKind};
use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

/// Listings kept between pages; one is a few megabytes for fifty thousand objects.
const KEPT: usize = 4;
/// Parts in which a server may give one answer.
const MOST_PARTS: usize = 10_000;

/// Objects of a calendar.
#[derive(Debug, Default)]
pub struct Listing {
    /// In the order of their names.
    pub members: Vec<Member>,
    /// Gone since the mark.
    pub gone: Vec<Box<str>>,
    /// Sync token as of this listing.
    pub token: Option<String>,
    /// Names of series; only filled for a census.
    pub series: BTreeSet<Box<str>>,
    /// The mark is of no use: the calendar is to be read anew.
    pub expired: bool,
}

impl Listing {
    /// A list of everything with what changed while it was made.
    fn after(mut self, since: Self) -> Self {
        let moved: BTreeSet<&str> = since
            .members
            .iter()
            .map(|member| &*member.name)
            .chain(since.gone.iter().map(|name| &**name))
            .collect();
        self.members.retain(|member| !moved.contains(&*member.name));
        self.members.extend(since.members);
        self.token = since.token;
        self
    }
}

/// Which listing.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Wanted {
    /// Calendar.
    pub path: String,
    /// Events or tasks.
    pub component: Component,
    /// All, or what changed.
    pub work: Work,
    /// With the names of series.
    pub series: bool,
}

/// Listings between pages of one pass, so that not every page lists anew. What is lost with the process is listed again.
#[derive(Default)]
pub struct Cache(Mutex<HashMap<Wanted, Arc<Listing>>>);

impl Cache {
    fn get(&self, wanted: &Wanted) -> Option<Arc<Listing>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(wanted).cloned()
    }
    fn put(&self, wanted: Wanted, listing: &Arc<Listing>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(wanted, listing.clone());
    }
    /// Done with it.
    pub fn drop(&self, wanted: &Wanted) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(wanted);
    }
}

impl Caldav {
    /// The listing for a page; kept ones only serve pages after the first.
    pub(crate) async fn listing(
        &self,
        cx: &Cx<'_>,
        collection: &Collection,
        wanted: &Wanted,
        mark: &Mark,
        first: bool,
    ) -> Result<Arc<Listing>, Error> {
        if let (Some(kept), false) = (self.listings.get(wanted), first) {
            return Ok(kept);
        }
        let mut listing = match wanted.work {
            Work::Next => Listing::default(),
            Work::All => everything(cx, collection).await?,
            Work::Delta => changed(cx, collection, mark).await?,
            Work::Roll => Listing {
                members: mark
                    .series
                    .keys()
                    .map(|name| Member { name: name.clone(), tag: "".into(), component: None })
                    .collect(),
                ..Listing::default()
            },
        };
        self.narrow(cx, collection, wanted, &mut listing).await?;
        listing.members.sort_unstable();
        listing.members.dedup_by(|a, b| a.name == b.name);
        let listing = Arc::new(listing);
        self.listings.put(wanted.clone(), &listing);
        Ok(listing)
    }

    /// Leaves what the stream is about, as far as the server tells, and finds series for a census.
    async fn narrow(
        &self,
        cx: &Cx<'_>,
        collection: &Collection,
        wanted: &Wanted,
        listing: &mut Listing,
    ) -> Result<(), Error> {
        let component = wanted.component;
        listing.members.retain(|member| member.component.is_none_or(|said| said == component));
        if !wanted.series {
            return Ok(());
        }
        let mixed =
            !collection.only(component) && listing.members.iter().any(|member| member.component.is_none());
        if mixed {
            let call = Query { collection: &collection.path, component, with: None };
            let names: BTreeSet<_> = cx.send(&call).await?.into_iter().collect();
            listing.members.retain(|member| member.component.is_some() || names.contains(&member.name));
        }
        if component == Component::Event {
            for with in ["RRULE", "RDATE", "RECURRENCE-ID"] {
                let call = Query { collection: &collection.path, component, with: Some(with) };
                match cx.send(&call).await {
                    Ok(names) => listing.series.extend(names),
                    // A census without series is still one of objects: what it misses is asked for one by one.
                    Err(error) if error.kind == ErrorKind::Invalid => return Ok(()),
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }
}

/// All objects. Where there is a token they are listed plainly, and what changed since the token is put in: then the
/// token fits to the list. To be told everything since the beginning takes Radicale seven times as long.
async fn everything(cx: &Cx<'_>, collection: &Collection) -> Result<Listing, Error> {
    let members = cx.send(&Members { collection: &collection.path }).await?;
    let plain = Listing { members, ..Listing::default() };
    let Some(token) = &collection.token else { return Ok(plain) };
    if let Some(since) = follow(cx, &collection.path, token).await?.filter(|since| !since.expired) {
        return Ok(plain.after(since));
    }
    // Some servers only know tokens that came with changes.
    match follow(cx, &collection.path, "").await?.filter(|found| !found.expired) {
        // Radicale also names what it once had; nobody asked for that.
        Some(found) => Ok(Listing { gone: Vec::new(), ..found }),
        None => Ok(plain),
    }
}

/// What changed since the mark.
async fn changed(cx: &Cx<'_>, collection: &Collection, mark: &Mark) -> Result<Listing, Error> {
    if let Some(token) = &mark.token
        && let Some(found) = follow(cx, &collection.path, token).await?
    {
        return Ok(found);
    }
    let Some(tags) = &mark.tags else { return Ok(Listing { expired: true, ..Listing::default() }) };
    let mut members = cx.send(&Members { collection: &collection.path }).await?;
    let there: BTreeSet<&str> = members.iter().map(|member| member.name.as_ref()).collect();
    let gone = tags.keys().filter(|name| !there.contains(name.as_ref())).cloned().collect();
    members.retain(|member| member.tag.is_empty() || tags.get(&member.name) != Some(&member.tag));
    Ok(Listing { members, gone, ..Listing::default() })
}

/// Changes since a token, all parts of them; `None` when the server can't.
async fn follow(cx: &Cx<'_>, path: &str, token: &str) -> Result<Option<Listing>, Error> {
    let (mut listing, mut token) = (Listing::default(), token.to_owned());
    for _ in 0..MOST_PARTS {
        let changes = match cx.send(&Sync { collection: path, token: &token }).await {
            Ok(sync::Answer::Changes(changes)) => changes,
            Ok(sync::Answer::Expired) => return Ok(Some(Listing { expired: true, ..Listing::default() })),
            Ok(sync::Answer::Unsupported) => return Ok(None),
            // Some servers announce it and fail; whether this one is only ill shows in the listing of tags.
            Err(error) if error.kind == ErrorKind::Server => return Ok(None),
            Err(error) => return Err(error),
        };
        // Within one answer, what came later counts.
        let again: BTreeSet<_> = changes.changed.iter().map(|member| member.name.clone()).collect();
        let gone: BTreeSet<_> = changes.gone.iter().cloned().collect();
        listing.members.retain(|member| !again.contains(&member.name) && !gone.contains(&member.name));
        listing.gone.retain(|name| !again.contains(name) && !gone.contains(name));
        listing.members.extend(changes.changed);
        listing.gone.extend(changes.gone);
        token = changes.token;
        if !changes.more {
            listing.token = Some(token);
            return Ok(Some(listing));
        }
    }
    Ok(None)
}
