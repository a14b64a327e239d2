//! Google's refusals as kinds of failure. The reason decides, never the status alone: a 403 may be a limit.

use bytes::Bytes;
use connect::{Error, ErrorKind};
use http::{StatusCode, response::Parts};
use serde::Deserialize;
use std::time::Duration;

/// Google's error body; it may be HTML instead.
#[derive(Deserialize, Default)]
struct Body {
    #[serde(default)]
    error: Said,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Said {
    message: String,
    errors: Vec<Detail>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Detail {
    reason: String,
}

/// Longest part of Google's message that is kept.
const WORDS: usize = 300;
/// "Calendar usage limits exceeded" takes hours to clear, and holds for writes only.
const ABUSE: Duration = Duration::from_hours(2);

/// `Ok` for an answer that carries a result.
pub fn accepted(call: &str, parts: &Parts, body: &Bytes) -> Result<(), Error> {
    if parts.status.is_success() { Ok(()) } else { Err(refusal(call, parts, body)) }
}

/// What a refusal means.
pub fn refusal(call: &str, parts: &Parts, body: &Bytes) -> Error {
    let said = serde_json::from_slice::<Body>(body).unwrap_or_default().error;
    let reason = said.errors.first().map_or("", |detail| detail.reason.as_str());
    let words: String = said.message.chars().filter(|c| !c.is_control()).take(WORDS).collect();
    let detail = format!("{call}: {} {reason} {words}", parts.status.as_u16());
    Error::answered(kind(parts, reason, &said.message), detail.trim_end())
}

/// An answer that can't be read although its status is good.
pub fn garbled(call: &str, why: impl std::fmt::Display) -> Error {
    Error::answered(ErrorKind::Garbled, format!("{call}: the answer can't be read: {why}"))
}

fn kind(parts: &Parts, reason: &str, message: &str) -> ErrorKind {
    let status = parts.status;
    match reason {
        "rateLimitExceeded" | "userRateLimitExceeded" => {
            return ErrorKind::RateLimited { after: retry_after(parts) };
        }
        "quotaExceeded" if message.starts_with("Calendar usage") => {
            return ErrorKind::Busy { after: Some(ABUSE) };
        }
        "dailyLimitExceeded" | "quotaExceeded" => return ErrorKind::DailyLimit { until: None },
        "fullSyncRequired" | "updatedMinTooLongAgo" => return ErrorKind::CursorExpired,
        _ => {}
    }
    match status {
        StatusCode::UNAUTHORIZED => ErrorKind::Unauthorized,
        StatusCode::FORBIDDEN => ErrorKind::Forbidden { missing: missing(reason) },
        StatusCode::NOT_FOUND | StatusCode::GONE => ErrorKind::NotFound,
        StatusCode::CONFLICT => ErrorKind::Conflict { existing: None },
        StatusCode::TOO_MANY_REQUESTS => ErrorKind::RateLimited { after: retry_after(parts) },
        status if status.is_server_error() => ErrorKind::Server,
        status if status.is_client_error() => ErrorKind::Invalid,
        _ => ErrorKind::Garbled,
    }
}

fn missing(reason: &str) -> Vec<String> {
    if reason.is_empty() { Vec::new() } else { vec![reason.to_owned()] }
}

fn retry_after(parts: &Parts) -> Option<Duration> {
    let text = parts.headers.get(http::header::RETRY_AFTER)?.to_str().ok()?;
    text.trim().parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, reason: &str, message: &str) -> ErrorKind {
        let (parts, ()) = http::Response::builder().status(status).body(()).unwrap().into_parts();
        let body = serde_json::json!({"error": {"message": message, "errors": [{"reason": reason}]}});
        refusal("google.test", &parts, &body.to_string().into()).kind
    }

    #[test]
    fn a_403_is_a_limit_or_a_missing_permission_by_its_reason() {
        let limited = ErrorKind::RateLimited { after: None };
        assert_eq!(answer(403, "rateLimitExceeded", ""), limited);
        assert_eq!(answer(403, "userRateLimitExceeded", ""), limited);
        assert_eq!(answer(429, "rateLimitExceeded", ""), limited);
        let missing = vec!["insufficientPermissions".to_owned()];
        assert_eq!(answer(403, "insufficientPermissions", ""), ErrorKind::Forbidden { missing });
        assert_eq!(answer(403, "dailyLimitExceeded", ""), ErrorKind::DailyLimit { until: None });
    }

    #[test]
    fn abused_calendars_hold_writes_for_hours_and_leave_the_day_to_reads() {
        let kind = answer(403, "quotaExceeded", "Calendar usage limits exceeded.");
        assert_eq!(kind, ErrorKind::Busy { after: Some(ABUSE) });
    }

    #[test]
    fn a_410_is_an_expired_token_or_a_deleted_event_by_its_reason() {
        assert_eq!(answer(410, "fullSyncRequired", ""), ErrorKind::CursorExpired);
        assert_eq!(answer(410, "deleted", "Resource has been deleted"), ErrorKind::NotFound);
    }

    #[test]
    fn a_page_of_a_proxy_is_judged_by_its_status() {
        let (parts, ()) = http::Response::builder().status(502).body(()).unwrap().into_parts();
        assert_eq!(refusal("x", &parts, &Bytes::from_static(b"<html>")).kind, ErrorKind::Server);
    }
}
