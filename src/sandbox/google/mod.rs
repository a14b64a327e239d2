//! Gmail and Google Calendar, typed from Google's discovery documents and guides: mailboxes with their history,
//! calendars with sync tokens, expiring tokens, and quotas per user and minute.

mod access;
mod calendar;
mod events;
mod gmail;
pub(crate) mod hub;
mod journal;
mod letter;
mod mailbox;
mod mime;
mod people;
mod problem;
mod quota;
mod recur;
mod route;
mod setup;
mod story;
mod when;

pub(crate) use access::pkce;
pub use journal::{Deed, What};
pub use letter::Letter;
pub use people::{Booking, EventShot, MailShot, People};
pub(crate) use route::is_google;
pub use setup::{Quota, Setup, all_scopes};
pub(crate) use story::Story;
