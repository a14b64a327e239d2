//! Calendars and task lists on any CalDAV server as streams and writes.
#![warn(missing_docs)]

mod ical;
#[cfg(test)]
mod testing;
