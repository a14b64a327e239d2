//! Censuses, audits and single messages: what is there, without regard to what was read before.

use crate::{
    Imap,
    cursor::{self, After, Round},
    fetch,
    reference::{self, Place},
    session::{Chosen, Session},
    uids::Uids,
    walk::PAGE,
};
use connect::{Cx, Error, Page, Position};
use model::{Change, ExternalRef, Gone, GoneHow, Kind};
use std::collections::{BTreeMap, BTreeSet};

/// Ids per page of a census.
const IDS: usize = 5_000;
/// Folders that are opened for one page.
const FOLDERS: usize = 50;

/// What is wanted of each message.
#[derive(Clone, Copy)]
pub enum Wanted {
    /// That it exists.
    Ids,
    /// Everything, of one slice of all UIDs.
    Slice { slice: u32, of: u32 },
}

impl Imap {
    /// Goes through all folders.
    pub(crate) async fn round(
        &self,
        cx: &Cx<'_>,
        session: &mut Session,
        wanted: Wanted,
        mut round: Round,
    ) -> Result<Page, Error> {
        if round.left.is_none() {
            let folders = self.wanted(cx, session, false).await?;
            round.left = Some(folders.into_iter().map(|folder| folder.name).collect());
        }
        let most = if matches!(wanted, Wanted::Ids) { IDS } else { PAGE };
        let mut changes = Vec::new();
        for _ in 0..FOLDERS {
            if changes.len() >= most {
                break;
            }
            let next = round.now.take().or_else(|| {
                let folder = round.left.as_mut().and_then(BTreeSet::pop_first);
                folder.map(|folder| (folder, 0, 1))
            });
            let Some((folder, validity, from)) = next else {
                let complete = matches!(wanted, Wanted::Ids) && !round.partial;
                let cursor = cursor::write(&Round::default());
                return Ok(Page { changes, position: Position::CaughtUp { cursor, complete } });
            };
            // Of another generation everything is new.
            let (validity, from) = match reopened(cx, session, &folder).await? {
                Some(open) if open == validity => (open, from),
                Some(open) => (open, 1),
                None => {
                    round.partial = true;
                    continue;
                }
            };
            let room = most - changes.len();
            let next = self.some(cx, session, wanted, (&folder, validity, from), room, &mut changes).await?;
            match next {
                Some(0) => round.partial = true,
                Some(from) => round.now = Some((folder, validity, from)),
                None => {}
            }
        }
        Ok(Page { changes, position: Position::More(cursor::write(&round)) })
    }

    /// Some messages of the open folder; the UID to go on from, or 0 when the server does not say what is there.
    async fn some(
        &self,
        cx: &Cx<'_>,
        session: &mut Session,
        wanted: Wanted,
        (folder, validity, from): (&str, u32, u32),
        room: usize,
        changes: &mut Vec<Change>,
    ) -> Result<Option<u32>, Error> {
        let Some(there) = session.listing(cx, from, 0).await? else { return Ok(Some(0)) };
        let source = self.source(folder, validity);
        let uids: Vec<u32> = match wanted {
            Wanted::Ids => there.iter().take(room).collect(),
            Wanted::Slice { slice, of } => there.iter().filter(|uid| uid % of == slice).take(room).collect(),
        };
        let next = uids.last().map(|last| last.saturating_add(1));
        match wanted {
            Wanted::Ids => changes.extend(uids.into_iter().map(|uid| Change::Exists(source.reference(uid)))),
            Wanted::Slice { .. } => {
                let read =
                    fetch::messages(cx, session, &source, uids.into_iter().collect(), &Uids::default())
                        .await?;
                changes.extend(read.into_values().flatten());
            }
        }
        Ok(next)
    }

    /// Reads single messages; those that are not there are said to be gone.
    pub(crate) async fn these(
        &self,
        cx: &Cx<'_>,
        session: &mut Session,
        ids: &[Box<str>],
        from: After,
    ) -> Result<Page, Error> {
        let all: BTreeSet<&str> = ids.iter().map(AsRef::as_ref).filter(|id| **id > *from.after).collect();
        let asked: Vec<&str> = all.iter().take(PAGE).copied().collect();
        let mut places: BTreeMap<(Box<str>, u32), Vec<u32>> = BTreeMap::new();
        for place in asked.iter().filter_map(|id| reference::read(id)) {
            let Place { folder, validity, uid } = place;
            places.entry((folder, validity)).or_default().push(uid);
        }
        let folders = if places.is_empty() { Vec::new() } else { self.wanted(cx, session, false).await? };
        let mut changes = Vec::with_capacity(asked.len());
        for ((folder, validity), uids) in places {
            if folders.iter().any(|one| one.name == folder) {
                let uids = uids.into_iter().collect();
                changes.extend(self.those(cx, session, (&folder, validity), uids).await?);
            }
        }
        self.add_absent(cx, &asked, &mut changes);
        let position = match asked.last() {
            Some(last) if all.len() > asked.len() => {
                Position::More(cursor::write(&After { after: (*last).into() }))
            }
            _ => Position::CaughtUp { cursor: cursor::write(&After::default()), complete: false },
        };
        Ok(Page { changes, position })
    }

    async fn those(
        &self,
        cx: &Cx<'_>,
        session: &mut Session,
        (folder, validity): (&str, u32),
        uids: Uids,
    ) -> Result<Vec<Change>, Error> {
        match session.open_folder(cx, folder).await? {
            Chosen::Open(numbers) if numbers.validity == validity => {
                let read =
                    fetch::messages(cx, session, &self.source(folder, validity), uids, &Uids::default())
                        .await?;
                Ok(read.into_values().flatten().collect())
            }
            Chosen::Open(_) | Chosen::Absent => Ok(Vec::new()),
            Chosen::Refused(error) => Err(error),
        }
    }

    fn add_absent(&self, cx: &Cx<'_>, asked: &[&str], changes: &mut Vec<Change>) {
        let told: BTreeSet<Box<str>> = changes.iter().filter_map(subject).map(|of| of.id.clone()).collect();
        let (at, how) = (cx.clock.now(), GoneHow::Absent);
        changes.extend(asked.iter().filter(|id| !told.contains(**id)).map(|id| {
            let reference = ExternalRef::new(&self.connection, Kind::Email, *id);
            Change::Gone(Gone { reference, how: how.clone(), at })
        }));
    }
}

fn subject(change: &Change) -> Option<&ExternalRef> {
    match change {
        Change::Seen(observed) => Some(&observed.reference),
        Change::Unreadable { reference, .. } => reference.as_ref(),
        Change::Exists(reference) => Some(reference),
        Change::Gone(gone) => Some(&gone.reference),
    }
}

/// The generation of a folder's UIDs once it is open; as long as it stays open it is not opened again. `None`
/// where it can't be opened.
async fn reopened(cx: &Cx<'_>, session: &mut Session, folder: &str) -> Result<Option<u32>, Error> {
    if let Some(selected) = session.selected().filter(|selected| &*selected.folder == folder) {
        return Ok(Some(selected.numbers.validity));
    }
    match session.open_folder(cx, folder).await? {
        Chosen::Open(numbers) => Ok(Some(numbers.validity)),
        Chosen::Refused(_) | Chosen::Absent => Ok(None),
    }
}
