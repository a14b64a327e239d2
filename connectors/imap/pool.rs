//! Sessions between two calls. They are caches: whatever is wrong with one, it is thrown away and opened anew.

use crate::session::Session;
use std::sync::{Mutex, PoisonError};
use tokio::sync::{Semaphore, SemaphorePermit};

/// Signed-in sessions that nobody uses at the moment, and how many there may be at all.
pub struct Pool {
    idle: Mutex<Vec<Session>>,
    room: Semaphore,
}

impl Pool {
    /// At most so many sessions at the same time.
    pub fn new(most: usize) -> Self {
        Self { idle: Mutex::default(), room: Semaphore::new(most) }
    }

    /// Waits until there is room for one more. The permit is held as long as the session is.
    pub async fn room(&self) -> Option<SemaphorePermit<'_>> {
        self.room.acquire().await.ok()
    }

    /// The session that was used last.
    pub fn take(&self) -> Option<Session> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    /// Keeps a session for the next call.
    pub fn put(&self, session: Session) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(session);
    }
}
