//! Where a walk over the folders stands.
//!
//! One watermark per question, each taken when its folder was opened and kept only with what was read up to it:
//! new mail by UID alone (`next`), changes and departures by `modseq`. Messages that came and left meanwhile are
//! the next walk's. What left is told at the end of a walk, after all that came: a mail that moved to another
//! folder, or whose folder got another name or another generation of UIDs, is known by its new name before its
//! old one goes.

use crate::{session::Numbers, uids::Uids};
use model::Cursor;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Layout of the body.
const VERSION: u16 = 1;
/// Most ranges of UIDs that are remembered of a folder (about 12 bytes each). Of one with more, the server has to
/// say what left, or the census finds out.
const RANGES: usize = 8_000;

/// A place in an increment or a full pass, which is an increment from nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Folders that were read, escaped names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub folders: BTreeMap<Box<str>, Mark>,
    /// Folders to be opened in this walk; `None` before it has begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<BTreeSet<Box<str>>>,
    /// The folder that is being read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now: Option<Now>,
    /// What left, to be told at the end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<Departed>,
    /// A folder could not be read: this walk proves nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub partial: bool,
}

/// Up to where a folder was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Generation of its UIDs.
    #[serde(rename = "v")]
    pub validity: u32,
    /// All messages with lower UIDs were read.
    #[serde(rename = "n")]
    pub next: u32,
    /// All changes up to this state were read.
    #[serde(rename = "m", default, skip_serializing_if = "Option::is_none")]
    pub modseq: Option<u64>,
    /// How many messages it had.
    #[serde(rename = "e")]
    pub exists: u32,
    /// UIDs of the messages that were reported; `None` when they are too many ranges to be remembered.
    #[serde(rename = "k", default, skip_serializing_if = "Option::is_none")]
    pub known: Option<Uids>,
}

/// A folder in the middle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Now {
    /// Which, escaped.
    pub folder: Box<str>,
    /// Where it will stand once it is read.
    pub mark: Mark,
    /// New messages from this UID on are to be read, up to the mark.
    pub from: u32,
    /// Earlier messages that changed and are to be read again.
    #[serde(default, skip_serializing_if = "Uids::is_empty")]
    pub changed: Uids,
}

/// Messages that left a folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Departed {
    /// Escaped.
    #[serde(rename = "f")]
    pub folder: Box<str>,
    /// Generation of the UIDs.
    #[serde(rename = "v")]
    pub validity: u32,
    /// Which.
    #[serde(rename = "u")]
    pub uids: Uids,
}

/// A place in a census or an audit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Round {
    /// Folders to be opened; `None` before it has begun.
    #[serde(default)]
    pub left: Option<BTreeSet<Box<str>>>,
    /// The folder that is being read, the generation of its UIDs, and the UID to go on from.
    #[serde(default)]
    pub now: Option<(Box<str>, u32, u32)>,
    /// A folder could not be read.
    #[serde(default)]
    pub partial: bool,
}

/// A place in a list of ids.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct After {
    /// The last id that was done.
    pub after: Box<str>,
}

/// Reads a cursor; `None` when it is not one of ours.
pub fn read<'a, T: Deserialize<'a>>(cursor: &'a Cursor) -> Option<T> {
    cursor.read(VERSION)
}

/// As a cursor.
pub fn write<T: Serialize>(place: &T) -> Cursor {
    Cursor::write(VERSION, place)
}

impl Mark {
    /// A folder of which nothing was read yet.
    pub fn unread(numbers: &Numbers) -> Self {
        Self {
            validity: numbers.validity,
            next: numbers.next,
            modseq: numbers.modseq,
            exists: numbers.exists,
            known: Some(Uids::default()),
        }
    }

    /// The same folder at a later state, before that was read.
    pub fn at(&self, numbers: &Numbers) -> Self {
        Self { known: self.known.clone(), ..Self::unread(numbers) }
    }

    /// Does the folder stand where it was read up to? A server without states of flags is believed when neither
    /// the next UID nor the number of messages has moved.
    pub fn is_at(&self, numbers: &Numbers) -> bool {
        let same =
            (self.validity, self.exists, self.modseq) == (numbers.validity, numbers.exists, numbers.modseq);
        same && self.next == numbers.next && numbers.next != 0
    }

    /// Messages that were reported.
    pub fn add(&mut self, uids: &Uids) {
        if let Some(known) = &mut self.known {
            known.extend(uids);
            if known.ranges() > RANGES {
                self.known = None;
            }
        }
    }

    /// Takes out those of `uids` that may have been reported, because they left.
    pub fn remove(&mut self, uids: &Uids) -> Uids {
        match &mut self.known {
            Some(known) => {
                let left = known.and(uids);
                *known = known.without(&left);
                left
            }
            None => uids.and(&Uids::below(self.next)),
        }
    }
}

impl Place {
    /// The place where the next increment begins, once this walk is at its end.
    pub fn ended(self) -> Self {
        Self { folders: self.folders, ..Self::default() }
    }

    /// Notes what left.
    pub fn depart(&mut self, folder: &str, validity: u32, uids: Uids) {
        if !uids.is_empty() {
            self.gone.push(Departed { folder: folder.into(), validity, uids });
        }
    }

    /// Forgets a folder that is not there any more, or whose UIDs mean nothing any more.
    pub fn forget(&mut self, folder: &str) {
        if let Some(Mark { validity, known: Some(known), .. }) = self.folders.remove(folder) {
            self.depart(folder, validity, known);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(known: &str) -> Mark {
        Mark { validity: 1, next: 100, modseq: Some(7), exists: 3, known: Uids::parse(known) }
    }

    #[test]
    fn only_what_was_reported_can_leave() {
        // A server that forgot its history calls every UID below the first message vanished.
        let mut known = mark("5:9,20");
        assert_eq!(known.remove(&Uids::parse("1:7,30:4000000000").unwrap()).to_string(), "5:7");
        assert_eq!(known.known.unwrap().to_string(), "8:9,20");
        let mut unknown = Mark { known: None, ..mark("") };
        assert_eq!(unknown.remove(&Uids::parse("7,99:200").unwrap()).to_string(), "7,99");
    }

    #[test]
    fn a_folder_in_shreds_is_not_remembered() {
        let mut shreds = mark("");
        shreds.add(&(0..40_000).map(|uid| uid * 2).collect());
        assert_eq!(shreds.known, None);
        let place = Place { folders: [("INBOX".into(), shreds)].into(), ..Place::default() };
        assert!(write(&place).body.len() < 200);
    }

    #[test]
    fn a_place_comes_back_and_one_of_another_layout_does_not() {
        let mut place = Place { folders: [("INBOX".into(), mark("1:3,9"))].into(), ..Place::default() };
        place.now = Some(Now { folder: "Sent".into(), mark: mark(""), from: 4, changed: Uids::below(3) });
        place.depart("Old", 3, Uids::below(9));
        assert_eq!(read(&write(&place)), Some(place));
        assert_eq!(read::<Place>(&Cursor { version: 9, body: "{}".to_owned() }), None);
        assert_eq!(read::<Place>(&Cursor { version: VERSION, body: "]".to_owned() }), None);
        assert_eq!(read::<Place>(&Cursor { version: VERSION, body: r#"{"page":1}"#.to_owned() }), None);
    }

    #[test]
    fn a_folder_has_moved_when_any_number_has() {
        let numbers = Numbers { validity: 1, next: 100, modseq: Some(7), exists: 3 };
        assert!(mark("").is_at(&numbers));
        for moved in [
            Numbers { validity: 2, ..numbers },
            Numbers { next: 101, ..numbers },
            Numbers { modseq: Some(8), ..numbers },
            Numbers { exists: 2, ..numbers },
        ] {
            assert!(!mark("").is_at(&moved), "{moved:?}");
        }
    }
}
