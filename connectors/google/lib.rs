//! Gmail and Google Calendar as streams and writes.
