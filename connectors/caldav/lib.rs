//! Calendars and task lists on any CalDAV server as streams and writes.
