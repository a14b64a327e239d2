//! Which failures are worth another try at once, and after how long.

use crate::{Disposition, Effect, Error, ErrorKind};
use std::time::Duration;

const ATTEMPTS: u32 = 4;
const LONGEST: Duration = Duration::from_secs(30);

/// How long to wait before the next attempt; `None` when there is to be none here.
pub fn wait(error: &Error, effect: Effect, attempt: u32) -> Option<Duration> {
    if attempt >= ATTEMPTS || effect == Effect::Creates || matches!(error.kind, ErrorKind::DailyLimit { .. })
    {
        return None;
    }
    match error.disposition(effect) {
        Disposition::Retry(Some(after)) if after <= LONGEST => Some(after),
        Disposition::Retry(None) => Some(Duration::from_millis(200 << attempt.min(6))),
        Disposition::Retry(Some(_))
        | Disposition::Verify
        | Disposition::Resync
        | Disposition::Reconnect
        | Disposition::Refuse => None,
    }
}
