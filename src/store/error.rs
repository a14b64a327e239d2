//! What can go wrong in the store, by what the caller must do about it.

/// A failed transaction; nothing of it was stored.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another holder has the lease by now: stop.
    #[error("the lease {name:?} was taken over (we hold epoch {held}, the store is at {now})")]
    Fenced {
        /// Lease.
        name: Box<str>,
        /// Epoch that we hold.
        held: i64,
        /// Epoch in the store.
        now: i64,
    },
    /// No room: writing pauses, reading goes on.
    #[error("the disk that holds {path} is full")]
    Full {
        /// Database file.
        path: String,
    },
    /// The file is not what it should be.
    #[error("{path} is damaged or not a database: {detail}; restore a backup or move it away to start anew")]
    Corrupt {
        /// Database file.
        path: String,
        /// SQLite's words.
        detail: String,
    },
    /// Somebody else holds a lock for too long.
    #[error("{path} is locked by another process")]
    Locked {
        /// Database file.
        path: String,
    },
    /// Another instance runs on this data folder.
    #[error("another instance (process {pid}) runs on {path}")]
    Running {
        /// Data folder.
        path: String,
        /// Its process id as it wrote it; `?` when unreadable.
        pid: String,
    },
    /// The file was written by a newer version of this program.
    #[error("{path} has schema {found}, this program knows up to {known}: use a newer version")]
    TooNew {
        /// Database file.
        path: String,
        /// Schema found.
        found: i64,
        /// Newest schema known.
        known: i64,
    },
    /// A change of state that the table of states does not allow: a defect, shown and not ignored.
    #[error("a write may not go from {from} to {to} (row {row})")]
    IllegalMove {
        /// Outbox row.
        row: i64,
        /// State it has.
        from: &'static str,
        /// State asked for.
        to: &'static str,
    },
    /// The same write key with another payload: two decisions claim to be the same.
    #[error("write {key} was decided before with another payload")]
    KeyCollision {
        /// The key.
        key: String,
    },
    /// What was decided on is no longer so: read again.
    #[error("the board changed (revision {was}, now {now})")]
    Stale {
        /// Revision of the decision.
        was: i64,
        /// Revision in the store.
        now: i64,
    },
    /// Another agent holds that responsibility: the decision broke a rule that the store keeps.
    #[error("{responsibility} of {subject} is held by {holder}")]
    Taken {
        /// Subject, such as `deal:0192...`.
        subject: String,
        /// Which responsibility.
        responsibility: String,
        /// Who holds it.
        holder: String,
    },
    /// What an agent or a person asked for is not done.
    #[error("{why}")]
    Refused {
        /// What kind of mistake it is.
        refusal: Refusal,
        /// In one line, for whoever asked.
        why: String,
    },
    /// Anything else from the database.
    #[error("{doing}: {source}")]
    Database {
        /// What was being done.
        doing: &'static str,
        /// The cause.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Why what an agent or a person asked for is not done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// Somebody else's, or nothing that this party may know of.
    NotYours,
    /// There is no such thing.
    Unknown,
    /// Its state does not allow it.
    State,
    /// It answers or follows something that is not there, or comes from the future.
    Order,
    /// The id was used for something else.
    Reused,
    /// It makes no sense.
    Wrong,
}
