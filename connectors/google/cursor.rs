//! Where a pass stands: the body of our cursors.

use connect::{Error, ErrorKind};
use model::{Cursor, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Layout of the bodies below.
const VERSION: u16 = 1;

/// Where a pass stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "pass")]
pub enum Place {
    /// Over the list of mails.
    Mails(MailList),
    /// In the history of mails.
    History(MailHistory),
    /// Through the calendars.
    Calendars(Calendars),
    /// So many of the asked ids are done.
    These {
        /// How many.
        done: usize,
    },
    /// At an end from which nothing goes on.
    Over,
}

/// A pass over the list of mails.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MailList {
    /// Where the history stood when the pass began: increments go on from there.
    pub history: String,
    /// Token of the next page.
    pub page: Option<String>,
}

/// The increments of mails.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MailHistory {
    /// Everything up to this number has been seen.
    pub start: String,
    /// In the middle of a walk: token of the next page, and where the history stood at the first one.
    pub walk: Option<(String, String)>,
}

/// A pass through the calendars.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Calendars {
    /// Where each calendar stands, by id.
    pub marks: BTreeMap<String, Mark>,
    /// What is still to be read, in order.
    pub legs: Vec<Leg>,
    /// A calendar could not be read: the pass proves nothing.
    pub broken: bool,
}

/// Where a calendar stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Mark {
    /// Google's sync token.
    pub sync: String,
    /// Occurrences of series were read up to here.
    pub horizon: Timestamp,
}

/// One calendar, or a part of it, to be read.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Leg {
    /// The calendar's id.
    pub calendar: String,
    /// How.
    pub how: How,
    /// Token of the next page.
    pub page: Option<String>,
    /// Occurrences that begin later are left for later.
    pub horizon: Timestamp,
}

/// How a calendar is read.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// For the first time, whole.
    Full,
    /// Whole again, because its sync token has expired: what was cancelled meanwhile is told.
    Again,
    /// What changed since the mark.
    Since,
    /// Occurrences between the old horizon and the new one.
    Ahead {
        /// The old one.
        from: Timestamp,
    },
    /// Whole, and nothing goes on from it.
    Once,
}

impl Place {
    /// As a cursor.
    pub fn cursor(&self) -> Cursor {
        Cursor::write(VERSION, self)
    }
    /// Read back; `None` for another layout or a broken body.
    pub fn read(cursor: &Cursor) -> Option<Self> {
        cursor.read(VERSION)
    }
}

/// The place in the stream is lost.
pub fn expired() -> Error {
    Error::unsent(ErrorKind::CursorExpired, "google: the stored place can't be read: a full pass is due")
}
