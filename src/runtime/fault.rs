//! Places where tests let the process die, between two steps whose order matters.

/// A place in the dispatch of a write or the intake of a page.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Place {
    /// A page was fetched and is not committed.
    Fetched,
    /// A page was committed.
    Committed,
    /// Writes were claimed (durably `Sending`), none has left.
    Claimed,
    /// About to call the vendor.
    BeforeSend,
    /// The vendor answered, the outcome is not stored.
    Answered,
    /// The outcome is stored.
    Settled,
    /// Progress was decided and not committed.
    Progressed,
    /// Assignments were decided and not committed.
    Assigned,
}

impl Place {
    /// All places.
    pub const ALL: [Self; 8] = [
        Self::Fetched,
        Self::Committed,
        Self::Claimed,
        Self::BeforeSend,
        Self::Answered,
        Self::Settled,
        Self::Progressed,
        Self::Assigned,
    ];
}

/// The cycle was cut off at a planned place, as by a crash: it does nothing more.
#[derive(Debug)]
pub struct Cut;

#[cfg(feature = "faults")]
mod armed {
    use super::{Cut, Place};
    use std::cell::Cell;

    thread_local! {
        static NEXT: Cell<Option<(Place, u32)>> = const { Cell::new(None) };
    }

    /// Dies at the `nth` visit (from 0) of a place on this thread; `None` never.
    pub fn arm(at: Option<(Place, u32)>) {
        NEXT.set(at);
    }

    /// True while a planned death is still to come.
    pub fn armed() -> bool {
        NEXT.get().is_some()
    }

    pub fn point(place: Place) -> Result<(), Cut> {
        match NEXT.get() {
            Some((planned, 0)) if planned == place => {
                NEXT.set(None);
                Err(Cut)
            }
            Some((planned, nth)) if planned == place => {
                NEXT.set(Some((planned, nth - 1)));
                Ok(())
            }
            _ => Ok(()),
        }
    }
}
#[cfg(feature = "faults")]
pub use armed::{arm, armed, point};

/// Does nothing in a build without planned crashes.
#[cfg(not(feature = "faults"))]
#[inline]
pub const fn point(_place: Place) -> Result<(), Cut> {
    Ok(())
}
