//! Time as the sandbox sees it: a function the caller hands in, and HubSpot's ways of writing an instant.

use std::sync::Arc;

/// Milliseconds since the epoch. The sandbox reads no other clock, and never sleeps for an in-memory call.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// A clock that a test moves by hand.
#[derive(Clone, Debug)]
pub struct Hand(Arc<std::sync::atomic::AtomicI64>);

impl Hand {
    pub fn at(epoch_ms: i64) -> Self {
        Self(Arc::new(std::sync::atomic::AtomicI64::new(epoch_ms)))
    }

    pub fn now(&self) -> i64 {
        self.0.load(std::sync::atomic::Ordering::SeqCst)
    }

    pub fn set(&self, epoch_ms: i64) {
        self.0.store(epoch_ms, std::sync::atomic::Ordering::SeqCst);
    }

    pub fn advance(&self, ms: i64) {
        self.0.fetch_add(ms, std::sync::atomic::Ordering::SeqCst);
    }

    pub fn clock(&self) -> Clock {
        let hand = self.clone();
        Arc::new(move || hand.now())
    }
}

/// The machine's own clock, for a sandbox that runs as a process of its own.
pub fn wall() -> Clock {
    #[expect(clippy::disallowed_methods, reason = "a sandbox process stands for a vendor, which has a clock")]
    Arc::new(|| {
        std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX))
    })
}

/// `2026-11-22T07:40:00.123Z`: always three fraction digits, as in nearly every recorded answer.
pub fn iso(ms: i64) -> String {
    match jiff::Timestamp::from_millisecond(ms) {
        Ok(at) => format!("{at:.3}"),
        Err(_) => "1970-01-01T00:00:00Z".to_owned(),
    }
}

/// `YYYY-MM-DD` in UTC.
pub fn day(ms: i64) -> String {
    iso(ms).chars().take(10).collect()
}

/// Reads what clients send as a time: epoch milliseconds, an ISO instant, or a plain day (UTC midnight).
pub fn parse(text: &str) -> Option<i64> {
    if let Ok(ms) = text.parse::<i64>() {
        return Some(ms);
    }
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Some(at.as_millisecond());
    }
    let date: jiff::civil::Date = text.parse().ok()?;
    Some(date.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_millisecond())
}

/// The first instant of the next day in `zone` (daily quotas end there); an unknown zone counts as UTC.
pub fn next_midnight(ms: i64, zone: &str) -> i64 {
    let tz = jiff::tz::TimeZone::get(zone).unwrap_or(jiff::tz::TimeZone::UTC);
    let next = jiff::Timestamp::from_millisecond(ms)
        .ok()
        .and_then(|t| t.to_zoned(tz).tomorrow().ok())
        .and_then(|t| t.start_of_day().ok());
    next.map_or(ms + 86_400_000, |t| t.timestamp().as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_and_reads_the_forms_on_the_wire() {
        assert_eq!(iso(1_763_797_200_000), "2025-11-22T07:40:00.000Z");
        assert_eq!(parse("1763797200000"), Some(1_763_797_200_000));
        assert_eq!(parse("2025-11-22T07:40:00Z"), Some(1_763_797_200_000));
        assert_eq!(parse("2025-11-22"), Some(1_763_769_600_000));
        assert_eq!(parse("soon"), None);
    }

    #[test]
    fn the_day_of_a_portal_ends_at_its_own_midnight() {
        // given 07:40 UTC, which is 08:40 in Berlin
        let midnight = next_midnight(1_763_797_200_000, "Europe/Berlin");
        // then the quota is reset at 23:00 UTC
        assert_eq!(iso(midnight), "2025-11-22T23:00:00.000Z");
    }
}
