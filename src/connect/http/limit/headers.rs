//! What a vendor's headers say of its limits. Names are data: each vendor has its own.

use http::{HeaderMap, HeaderName};

/// Names of the headers that speak of limits; `None` where the vendor has no such header.
#[derive(Clone, Debug, Default)]
pub struct HeaderNames {
    /// The bucket that `max`, `remaining` and `interval_millis` speak of, whatever call was answered.
    pub bucket: &'static str,
    /// Most requests in the window.
    pub max: Option<HeaderName>,
    /// Requests left in the window.
    pub remaining: Option<HeaderName>,
    /// Length of the window in milliseconds.
    pub interval_millis: Option<HeaderName>,
    /// Most requests in a day.
    pub daily: Option<HeaderName>,
    /// Requests left today.
    pub daily_remaining: Option<HeaderName>,
}

/// What one answer said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Spoken {
    pub max: Option<u32>,
    pub remaining: Option<u32>,
    pub interval_millis: Option<u64>,
    pub daily: Option<u64>,
    pub daily_remaining: Option<u64>,
}

impl HeaderNames {
    pub(super) fn read(&self, headers: &HeaderMap) -> Spoken {
        let number = |name: &Option<HeaderName>| -> Option<u64> {
            headers.get(name.as_ref()?)?.to_str().ok()?.trim().parse().ok()
        };
        let short = |name| number(name).and_then(|n| u32::try_from(n).ok());
        Spoken {
            max: short(&self.max).filter(|max| *max > 0),
            remaining: short(&self.remaining),
            interval_millis: number(&self.interval_millis).filter(|millis| (1..=3_600_000).contains(millis)),
            daily: number(&self.daily).filter(|daily| *daily > 0),
            daily_remaining: number(&self.daily_remaining),
        }
    }
}
