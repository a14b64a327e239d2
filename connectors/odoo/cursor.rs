//! Where a walk over a model stands.
//!
//! Odoo shows `write_date` to the second, stores it to the microsecond and compares by either, depending on the
//! version; so neither `>` nor a keyset over (`write_date`, `id`) is safe. A walk asks for `write_date >= since`
//! in the order of the ids and goes on after the last id: nothing can be skipped however many records share
//! one second, and a record that changes behind the walk is seen by the next one, which begins where this one
//! began, by the server's clock, less an overlap.

use model::{Cursor, Timestamp};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, time::Duration};

/// Layout of the body.
const VERSION: u16 = 1;
/// `write_date` is the start of the transaction, which may become visible later: so far back an increment looks
/// again. Transactions that take longer are found by census and audit.
pub const OVERLAP: Duration = Duration::from_secs(120);
/// Most records of the overlap that are remembered; beyond, they are reported again, which changes nothing.
const REMEMBERED: usize = 400;

/// A place in a walk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Records changed at or after this second; `None`: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Last id seen.
    #[serde(default)]
    pub after: i64,
    /// Last id of this walk, where it is a slice of all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<i64>,
    /// From where the next walk looks; known once the first page has come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Timestamp>,
    /// Records that the walk before reported and that this one will meet again: id and fingerprint.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub known: BTreeMap<i64, u64>,
    /// Records of this walk that the next one will meet again.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fresh: BTreeMap<i64, u64>,
}

impl Place {
    /// Reads a cursor; `None` when it is not one of ours.
    pub fn read(cursor: &Cursor) -> Option<Self> {
        cursor.read(VERSION)
    }

    /// As a cursor.
    pub fn write(&self) -> Cursor {
        Cursor::write(VERSION, self)
    }

    /// Fixes where the next walk begins, when the first page of this one came at the server's time `at`.
    pub fn began(&mut self, at: Option<Timestamp>) {
        if self.next.is_none() {
            self.next = at.map(|at| at - OVERLAP).or(self.since);
        }
    }

    /// Notes a record. True when it is news: not the same as the walk before reported.
    pub fn meet(&mut self, id: i64, changed: Timestamp, fingerprint: u64) -> bool {
        self.after = self.after.max(id);
        let again = self.next.is_none_or(|next| changed >= next);
        if again && self.fresh.len() < REMEMBERED {
            self.fresh.insert(id, fingerprint);
        }
        self.known.get(&id) != Some(&fingerprint)
    }

    /// The place where the next increment begins, once this walk is at its end.
    pub fn ended(self) -> Self {
        Self { since: self.next, known: self.fresh, ..Self::default() }
    }
}

/// A fingerprint (FNV-1a) of a record's JSON, stable across versions: two changes within one second have the
/// same `write_date` but not the same fingerprint.
pub fn fingerprint(raw: &[u8]) -> u64 {
    raw.iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_millis(1_763_797_200_000 + second * 1000)
    }

    #[test]
    fn the_next_walk_begins_where_this_one_began_less_the_overlap() {
        let mut place = Place::default();
        place.began(Some(at(1000)));
        place.began(Some(at(1005)));
        assert_eq!(place.ended().since, Some(at(1000) - OVERLAP));
    }

    #[test]
    fn what_the_overlap_shows_again_is_no_news_unless_it_changed_within_the_second() {
        let mut place = Place::default();
        place.began(Some(at(1000)));
        assert!(place.meet(7, at(999), fingerprint(b"a")));
        assert!(place.meet(3, at(10), fingerprint(b"old")), "before the overlap: not remembered");
        let mut next = Place::read(&place.ended().write()).unwrap();
        next.began(Some(at(1001)));
        assert!(!next.meet(7, at(999), fingerprint(b"a")));
        assert!(next.meet(7, at(999), fingerprint(b"b")));
        assert!(next.meet(3, at(10), fingerprint(b"old")));
    }

    #[test]
    fn without_a_server_clock_the_window_does_not_move() {
        let mut place = Place { since: Some(at(5)), ..Place::default() };
        place.began(None);
        assert_eq!(place.ended().since, Some(at(5)));
    }

    #[test]
    fn a_cursor_of_another_layout_is_not_read() {
        assert_eq!(Place::read(&Cursor { version: 9, body: "{}".to_owned() }), None);
        assert_eq!(Place::read(&Cursor { version: VERSION, body: "{\"page\":1}".to_owned() }), None);
    }

    #[test]
    fn the_memory_of_the_overlap_is_bounded() {
        let mut place = Place::default();
        place.began(Some(at(1000)));
        (0..5000).for_each(|id| assert!(place.meet(id, at(1000), 1)));
        assert!(place.write().body.len() < 16_000);
    }
}
