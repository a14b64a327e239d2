//! What really happened in mailboxes and calendars: the judge in tests of "exactly once".

use crate::journal::Actor;

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    EventInserted,
    EventUpdated,
    EventDeleted,
    MailArrived,
    MailSent,
    MailLabelled,
    MailDeleted,
}

/// One effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// Epoch milliseconds.
    pub at: i64,
    pub actor: Actor,
    pub user: String,
    /// Empty for mail.
    pub calendar: String,
    /// Of the event or the mail.
    pub id: String,
    pub what: What,
    /// The resource as JSON afterwards, for events.
    pub text: String,
}
