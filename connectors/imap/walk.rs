//! Full passes and increments: one walk, from nothing or from where the last one ended.

use crate::{
    Imap,
    cursor::{self, Mark, Now, Place},
    fetch,
    folders::Folder,
    message::Source,
    session::{Chosen, Numbers, Session},
    uids::Uids,
};
use connect::{Cx, Error, Page, Position};
use model::{Change, Gone, GoneHow};
use std::collections::BTreeSet;

/// Messages per page.
pub const PAGE: usize = 500;
/// Folders that are opened for one page.
const FOLDERS: usize = 25;
/// Departures per page.
const DEPARTURES: usize = 5_000;

impl Imap {
    pub(crate) async fn walk(
        &self,
        cx: &Cx<'_>,
        session: &mut Session,
        full: bool,
        mut place: Place,
    ) -> Result<Page, Error> {
        if place.left.is_none() {
            self.begin(cx, session, &mut place).await?;
        }
        let mut changes = Vec::new();
        for _ in 0..FOLDERS {
            if changes.len() >= PAGE {
                break;
            }
            if place.now.is_some() {
                self.go_on(cx, session, &mut place, &mut changes).await?;
            } else if let Some(folder) = place.left.as_mut().and_then(BTreeSet::pop_first) {
                enter(cx, session, &mut place, &folder).await?;
            } else {
                return Ok(self.end(cx, full, place, changes));
            }
        }
        Ok(Page { changes, position: Position::More(cursor::write(&place)) })
    }

    /// Which folders have moved since they were read, and which are not there any more.
    async fn begin(&self, cx: &Cx<'_>, session: &mut Session, place: &mut Place) -> Result<(), Error> {
        let all = session.folders(cx, !place.folders.is_empty()).await?;
        let folders = self.chosen(&all)?;
        let mut left = BTreeSet::new();
        for folder in &folders {
            let still = match (place.folders.get(&folder.name), folder.numbers) {
                (Some(mark), Some(numbers)) => mark.is_at(&numbers),
                (Some(mark), None) => {
                    let numbers = session.numbers(cx, &folder.name).await?;
                    numbers.is_some_and(|numbers| mark.is_at(&numbers))
                }
                (None, _) => false,
            };
            if !still {
                left.insert(folder.name.clone());
            }
        }
        let among = |some: &[Folder], name: &str| some.iter().any(|folder| &*folder.name == name);
        let absent: Vec<_> = place.folders.keys().filter(|name| !among(&folders, name)).cloned().collect();
        for name in absent {
            // A list may be cut short; a folder is gone when it can't be asked about either.
            if among(&all, &name) || session.numbers(cx, &name).await?.is_none() {
                place.forget(&name);
            }
        }
        place.left = Some(left);
        Ok(())
    }

    /// Reads on in the present folder; at its end it counts as read.
    async fn go_on(
        &self,
        cx: &Cx<'_>,
        session: &mut Session,
        place: &mut Place,
        changes: &mut Vec<Change>,
    ) -> Result<(), Error> {
        let Some(mut now) = place.now.take() else { return Ok(()) };
        match still_open(cx, session, &now).await? {
            Some(validity) if validity == now.mark.validity => {}
            Some(_) => {
                // Its UIDs mean something else by now, those that were reported in this walk too.
                let folder = now.folder.clone();
                place.folders.insert(now.folder, now.mark);
                return enter(cx, session, place, &folder).await;
            }
            None => {
                // It stands where it stood before this walk.
                place.partial = true;
                return Ok(());
            }
        }
        let room = PAGE.saturating_sub(changes.len());
        let mut uids = now.changed.take(room);
        let mut next = Uids::default();
        if uids.is_empty() {
            let mut rest = session.listing(cx, now.from, now.mark.next).await?.unwrap_or_default();
            uids = rest.take(room);
            next = rest.take(PAGE);
            let Some(last) = uids.last() else {
                place.folders.insert(now.folder, now.mark);
                return Ok(());
            };
            now.from = last.saturating_add(1);
        }
        let source = self.source(&now.folder, now.mark.validity);
        let mut reported = Vec::with_capacity(uids.ranges());
        let mut drafts = Vec::new();
        for (uid, change) in fetch::messages(cx, session, &source, uids, &next).await? {
            if change.is_some() {
                reported.push(uid);
            } else {
                drafts.push(uid);
            }
            changes.extend(change);
        }
        now.mark.add(&reported.into_iter().collect());
        // Reported before, and a draft now: nobody's mail any more.
        let withdrawn = now.mark.remove(&drafts.into_iter().collect());
        place.depart(&now.folder, now.mark.validity, withdrawn);
        place.now = Some(now);
        Ok(())
    }

    /// What left, and then the end.
    fn end(&self, cx: &Cx<'_>, full: bool, mut place: Place, mut changes: Vec<Change>) -> Page {
        let at = cx.clock.now();
        let mut room = DEPARTURES;
        while room > 0
            && let Some(mut departed) = place.gone.pop()
        {
            let first = departed.uids.take(room);
            let source = self.source(&departed.folder, departed.validity);
            let before = changes.len();
            changes.extend(first.iter().map(|uid| {
                Change::Gone(Gone { reference: source.reference(uid), how: GoneHow::Deleted, at })
            }));
            room = room.saturating_sub(changes.len() - before);
            if !departed.uids.is_empty() {
                place.gone.push(departed);
            }
        }
        let position = if place.gone.is_empty() {
            let complete = full && !place.partial;
            Position::CaughtUp { cursor: cursor::write(&place.ended()), complete }
        } else {
            Position::More(cursor::write(&place))
        };
        Page { changes, position }
    }

    pub(crate) fn source<'a>(&'a self, folder: &'a str, validity: u32) -> Source<'a> {
        Source { connection: &self.connection, folder, validity, bodies: self.bodies }
    }
}

/// The generation of the UIDs of the folder that is being read; `None` where it can't be opened. It stays open
/// between pages, unless what is open was opened before the walk came to it: then its list may be too short.
async fn still_open(cx: &Cx<'_>, session: &mut Session, now: &Now) -> Result<Option<u32>, Error> {
    let open = session.selected().filter(|selected| selected.folder == now.folder);
    if let Some(selected) = open.filter(|selected| selected.numbers.next >= now.mark.next) {
        return Ok(Some(selected.numbers.validity));
    }
    match session.open_folder(cx, &now.folder).await? {
        Chosen::Open(numbers) => Ok(Some(numbers.validity)),
        Chosen::Refused(_) | Chosen::Absent => Ok(None),
    }
}

/// Opens a folder and finds out what is to be read in it.
async fn enter(cx: &Cx<'_>, session: &mut Session, place: &mut Place, folder: &str) -> Result<(), Error> {
    let numbers = match session.open_folder(cx, folder).await? {
        Chosen::Open(numbers) => numbers,
        // The next walk's list will say whether it is gone for good.
        Chosen::Absent => return Ok(()),
        Chosen::Refused(_) => {
            place.partial = true;
            return Ok(());
        }
    };
    let before = place.folders.get(folder).cloned();
    match before {
        Some(mark) if mark.validity == numbers.validity => {
            news(cx, session, place, folder, &mark, &numbers).await
        }
        Some(_) | None => {
            place.forget(folder);
            let mut mark = Mark::unread(&numbers);
            mark.next = end(cx, session, 1, &numbers).await?;
            place.now = Some(Now { folder: folder.into(), mark, from: 1, changed: Uids::default() });
            Ok(())
        }
    }
}

/// The UID before which everything is to be read now; found out where the server does not say it.
async fn end(cx: &Cx<'_>, session: &mut Session, from: u32, numbers: &Numbers) -> Result<u32, Error> {
    if numbers.next != 0 {
        return Ok(numbers.next);
    }
    let last = session.listing(cx, from, 0).await?.unwrap_or_default().last();
    Ok(last.map_or(from, |last| last.saturating_add(1)))
}

/// A folder that was read before: what came, what changed, what left.
async fn news(
    cx: &Cx<'_>,
    session: &mut Session,
    place: &mut Place,
    folder: &str,
    before: &Mark,
    numbers: &Numbers,
) -> Result<(), Error> {
    let mut mark = before.at(numbers);
    mark.next = end(cx, session, before.next, numbers).await?.max(before.next);
    let mut changed = Uids::default();
    let mut left = Uids::default();
    let told = match (before.modseq, numbers.modseq) {
        (Some(since), Some(state)) if state == since => session.offers("QRESYNC"),
        (Some(since), Some(_)) => {
            let news = session.changed(cx, before.next, since).await?;
            (changed, left) = (news.changed, news.vanished);
            session.offers("QRESYNC")
        }
        (_, _) => false,
    };
    if !told && let Some(known) = &before.known {
        // Whoever is missing from the list has left. A list that did not come says nothing.
        let there = session.listing(cx, 1, mark.next).await?;
        left = there.map(|there| known.without(&there)).unwrap_or_default();
    }
    let left = mark.remove(&left.and(&Uids::below(before.next)));
    place.depart(folder, mark.validity, left);
    place.now = Some(Now { folder: folder.into(), mark, from: before.next, changed });
    Ok(())
}
