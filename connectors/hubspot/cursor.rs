//! Where a pass stands: the body of our cursors.

use connect::{Error, ErrorKind};
use model::{Cursor, Timestamp};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Layout of the bodies below.
const VERSION: u16 = 1;

/// A pass over a list, live records first.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ListPlace {
    /// When the pass began: increments go on from there.
    pub began: Timestamp,
    /// Now among the archived records.
    pub archived: bool,
    /// HubSpot's cursor.
    pub after: Option<String>,
    /// Live records listed so far.
    pub listed: u64,
    /// Every record listed so far had an id that we could read.
    pub whole: bool,
    /// The token may not read the types linked to: links are left out.
    pub bare: bool,
}

/// The increments.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SincePlace {
    /// All changes before this instant have been seen.
    pub to: Timestamp,
    /// What the vendor's clock was ahead of ours, milliseconds, where that is more than networks explain.
    pub skew: i64,
    /// Versions seen within the last overlap, so that reading them again is no news.
    pub recent: Recent,
    /// The window that is being read.
    pub window: Option<Window>,
}

/// A window of modification times, frozen while it is read by id.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Window {
    /// From, inclusive.
    pub from: Timestamp,
    /// Until, exclusive.
    pub to: Timestamp,
    /// Highest id read.
    pub last: String,
    /// What will be the `recent` of the next window.
    pub next: Recent,
}

/// A bounded set of record versions, 8 bytes each.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Recent(Option<String>);

impl Recent {
    /// Most versions; past it the set is given up, and the overlap is read as if new.
    const MOST: usize = 1_024;
    const DIGITS: usize = 16;

    /// Adds a version.
    pub fn add(&mut self, id: &str, modified: Timestamp) {
        let list = self.0.get_or_insert_default();
        if list.len() < Self::MOST * Self::DIGITS {
            list.push_str(&hash(id, modified));
        } else if list.len() == Self::MOST * Self::DIGITS {
            // One digit too many marks the set as given up.
            list.push('-');
        }
    }
    /// Is it certain that this version was seen?
    pub fn has(&self, id: &str, modified: Timestamp) -> bool {
        let list = self.0.as_deref().unwrap_or_default();
        let wanted = hash(id, modified);
        let given_up = !list.len().is_multiple_of(Self::DIGITS);
        !given_up && list.as_bytes().chunks(Self::DIGITS).any(|one| one == wanted.as_bytes())
    }
    /// Drops the content of a set that was given up.
    pub fn trimmed(self) -> Self {
        Self(self.0.filter(|list| list.len().is_multiple_of(Self::DIGITS)))
    }
}

/// FNV-1a; a collision would hide one change until the next audit, at 2^-64 per pair.
fn hash(id: &str, modified: Timestamp) -> String {
    let bytes = id.bytes().chain(modified.as_millis().to_be_bytes());
    let mix = |sum: u64, byte: u8| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    format!("{:016x}", bytes.fold(0xcbf2_9ce4_8422_2325, mix))
}

/// One slice of an audit, by rank of id.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AuditPlace {
    /// Highest id passed.
    pub last: String,
    /// Records left in the slice; `None` in the last slice, which reads to the end.
    pub left: Option<u64>,
}

/// A list that is always read whole.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct WholePlace {
    /// Digest of what was answered last.
    pub digest: String,
}

/// Where a pass stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "pass")]
pub enum Place {
    /// Full pass or census.
    List(ListPlace),
    /// Increments.
    Since(SincePlace),
    /// Audit.
    Audit(AuditPlace),
    /// Owners and pipelines.
    Whole(WholePlace),
    /// Ids of a request done so far.
    These {
        /// How many.
        done: usize,
    },
    /// A pass that leaves nothing to go on from.
    Over,
}

impl Place {
    /// As a cursor.
    pub fn cursor(&self) -> Cursor {
        Cursor::write(VERSION, self)
    }
    /// Reads a cursor back.
    pub fn read(cursor: &Cursor) -> Option<Self> {
        cursor.read(VERSION)
    }
}

/// The answer to a cursor that is of no use.
pub fn expired() -> Error {
    Error::unsent(ErrorKind::CursorExpired, "hubspot: there is no place to go on from")
}

impl ListPlace {
    /// The beginning.
    pub fn begin(now: Timestamp) -> Self {
        Self { began: now, archived: false, after: None, listed: 0, whole: true, bare: false }
    }
}

impl SincePlace {
    /// After a full pass that began at `began`.
    pub fn after_full(began: Timestamp, guard: Duration) -> Self {
        Self { to: began - guard, skew: 0, recent: Recent::default(), window: None }
    }
    /// The window that is being read, else the next one.
    pub fn window(&self, now: Timestamp, guard: Duration, overlap: Duration) -> Window {
        let theirs = Timestamp::from_millis(now.as_millis().saturating_add(self.skew));
        self.window.clone().unwrap_or_else(|| Window {
            from: self.to - overlap,
            to: theirs - guard,
            last: "0".to_owned(),
            next: Recent::default(),
        })
    }
    /// After the last page of a window. What the vendor's clock has not reached yet is not done with, and a
    /// clock of ours that ran back takes nothing back.
    pub fn finished(self, window: Window, now: Timestamp, date: Option<Timestamp>, guard: Duration) -> Self {
        let skew = date.map_or(0, |date| date.as_millis().saturating_sub(now.as_millis()));
        let to = self.to.max(window.to);
        Self {
            to: date.map_or(to, |date| to.min(date - guard)),
            skew: if skew.abs() > NETWORK { skew } else { 0 },
            recent: window.next.trimmed(),
            window: None,
        }
    }
}

/// Clocks that differ by less are taken for equal: the header has whole seconds and the way takes time.
const NETWORK: i64 = 5_000;

#[cfg(test)]
mod tests {
    use super::*;

    const GUARD: Duration = Duration::from_secs(30);
    const OVERLAP: Duration = Duration::from_mins(10);
    const DAY: i64 = 86_400_000;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    /// One empty poll: what was asked for and what is known after it.
    fn poll(place: SincePlace, now: i64, date: i64) -> (Window, SincePlace) {
        let window = place.window(at(now), GUARD, OVERLAP);
        (window.clone(), place.finished(window, at(now), Some(at(date)), GUARD))
    }

    #[test]
    fn windows_follow_each_other_without_a_gap() {
        let place = SincePlace::after_full(at(DAY), GUARD);
        let (first, place) = poll(place, DAY + 60_000, DAY + 60_000);
        assert_eq!((first.from, first.to), (at(DAY) - GUARD - OVERLAP, at(DAY + 30_000)));
        let (second, _) = poll(place, DAY + 120_000, DAY + 120_000);
        assert_eq!(second.from, first.to - OVERLAP);
    }

    #[test]
    fn a_clock_that_jumps_a_day_ahead_skips_nothing() {
        // given: our clock jumps ahead while the vendor's goes on
        let place = SincePlace::after_full(at(DAY), GUARD);
        let (_, place) = poll(place, 2 * DAY, DAY + 1_000);
        let (_, place) = poll(place, 2 * DAY + 7_200_000, DAY + 7_201_000);
        // when: it is set right after two hours
        let (window, place) = poll(place, DAY + 7_300_000, DAY + 7_300_000);
        // then: the windows cover the vendor's time without a gap
        assert!(window.from <= at(DAY + 7_201_000), "{window:?}");
        let (window, _) = poll(place, DAY + 7_400_000, DAY + 7_400_000);
        assert_eq!(window.to, at(DAY + 7_370_000), "and follow the vendor again");
    }

    #[test]
    fn a_clock_that_jumps_a_day_back_is_caught_up_with_on_the_second_poll() {
        let place = SincePlace::after_full(at(2 * DAY), GUARD);
        let (_, place) = poll(place, DAY, 2 * DAY + 60_000);
        assert_eq!(place.to, at(2 * DAY) - GUARD, "nothing was read, nothing is taken for read");
        let (window, _) = poll(place, DAY + 60_000, 2 * DAY + 120_000);
        assert_eq!(window.to, at(2 * DAY + 90_000));
    }

    #[test]
    fn a_full_set_of_versions_is_given_up_rather_than_trusted_in_part() {
        let mut recent = Recent::default();
        for id in 0..1_024 {
            recent.add(&id.to_string(), at(7));
        }
        assert!(recent.has("1023", at(7)) && !recent.has("1023", at(8)) && !recent.has("1024", at(7)));
        recent.add("1024", at(7));
        recent.add("1025", at(7));
        assert!(!recent.has("1", at(7)));
        assert_eq!(recent.trimmed(), Recent::default());
    }

    #[test]
    fn cursors_read_back_and_those_of_another_layout_do_not() {
        let place = Place::Since(SincePlace::after_full(at(5), GUARD));
        assert_eq!(Place::read(&place.cursor()), Some(place.clone()));
        assert_eq!(Place::read(&Cursor { version: 9, ..place.cursor() }), None);
    }
}
