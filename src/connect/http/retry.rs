//! Which failures are worth another try at once, and after how long.

use crate::{Disposition, Effect, Error, ErrorKind};
use std::time::Duration;

/// Tries of one call, the first included. Whoever wants more comes back later.
pub const ATTEMPTS: u32 = 4;
/// A longer wait is the caller's: its cycle has other work meanwhile.
const LONGEST: Duration = Duration::from_secs(30);
const AFTER_FAULT: Duration = Duration::from_millis(200);
const AFTER_REFUSAL: Duration = Duration::from_secs(1);

/// How long to wait before the next attempt; `None` when there is to be none here. A call that creates is not
/// repeated here even when it certainly did not happen: its outbox row decides.
pub fn wait(error: &Error, effect: Effect, attempt: u32) -> Option<Duration> {
    if attempt >= ATTEMPTS || effect == Effect::Creates || matches!(error.kind, ErrorKind::DailyLimit { .. })
    {
        return None;
    }
    match error.disposition(effect) {
        Disposition::Retry(Some(after)) if after <= LONGEST => Some(after),
        Disposition::Retry(None) => Some(base(&error.kind) * 2_u32.pow(attempt.saturating_sub(1))),
        Disposition::Retry(Some(_))
        | Disposition::Verify
        | Disposition::Resync
        | Disposition::Reconnect
        | Disposition::Refuse => None,
    }
}

/// A wait made up to a quarter longer, never shorter: by how much depends only on `seed`, so that many callers
/// come back apart and a run can be repeated exactly.
pub fn jitter(wait: Duration, seed: &[&str]) -> Duration {
    let [first, ..] = model::hash::digest(seed);
    wait + wait * u32::from(first) / 1_024
}

fn base(kind: &ErrorKind) -> Duration {
    match kind {
        // The limiter holds the bucket besides; this counts where there is no bucket.
        ErrorKind::RateLimited { .. } | ErrorKind::Busy { .. } => AFTER_REFUSAL,
        _ => AFTER_FAULT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_and_end_after_four_attempts() {
        let error = Error::answered(ErrorKind::Server, "503");
        let waits: Vec<_> = (1..=4).map(|attempt| wait(&error, Effect::None, attempt)).collect();
        let millis = |n| Some(Duration::from_millis(n));
        assert_eq!(waits, [millis(200), millis(400), millis(800), None]);
    }

    #[test]
    fn what_the_vendor_asks_for_is_honoured_unless_it_is_too_long_to_wait_here() {
        let limited = |secs| {
            Error::answered(ErrorKind::RateLimited { after: Some(Duration::from_secs(secs)) }, "slow down")
        };
        assert_eq!(wait(&limited(10), Effect::None, 1), Some(Duration::from_secs(10)));
        assert_eq!(wait(&limited(600), Effect::None, 1), None);
    }

    #[test]
    fn a_creation_is_never_repeated_here() {
        for error in [
            Error::unsent(ErrorKind::Network, "refused"),
            Error::answered(ErrorKind::RateLimited { after: None }, "429"),
            Error::answered(ErrorKind::Busy { after: None }, "423"),
            Error::answered(ErrorKind::Server, "500"),
        ] {
            assert_eq!(wait(&error, Effect::Creates, 1), None, "{error}");
        }
    }

    #[test]
    fn jitter_is_the_same_for_the_same_seed_and_within_a_quarter() {
        let wait = Duration::from_secs(4);
        assert_eq!(jitter(wait, &["a", "b"]), jitter(wait, &["a", "b"]));
        let waits: Vec<_> = (0..50).map(|n: u32| jitter(wait, &[&n.to_string()])).collect();
        assert!(waits.iter().all(|jittered| (wait..=Duration::from_secs(5)).contains(jittered)));
        assert!(waits.windows(2).any(|pair| pair[0] != pair[1]));
    }
}
