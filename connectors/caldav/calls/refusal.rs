//! What refusals mean. Their bodies name preconditions (RFC 4918, 16; RFC 4791, 5.3.2; RFC 6578, 3.2).

use crate::xml;
use bytes::Bytes;
use connect::{Error, ErrorKind};
use http::{StatusCode, header, response::Parts};
use std::time::Duration;

/// The error for an answer that is none of those hoped for.
pub fn error(call: &str, parts: &Parts, body: &Bytes) -> Error {
    let names = xml::preconditions(body);
    let why = names.join(", ");
    let detail = format!("{call}: {} {why}", parts.status.as_u16());
    Error::answered(kind(parts, &names), detail.trim_end())
}

/// True when the server says that it does not know this sync token (any more).
pub fn token_refused(parts: &Parts, body: &Bytes) -> bool {
    parts.status.is_client_error() && xml::preconditions(body).iter().any(|name| name == "valid-sync-token")
}

fn kind(parts: &Parts, names: &[String]) -> ErrorKind {
    let says = |wanted: &str| names.iter().any(|name| name == wanted);
    let status = parts.status;
    match status {
        StatusCode::UNAUTHORIZED => ErrorKind::Unauthorized,
        // The same event under another name is a matter of who was first, whatever the status.
        _ if status.is_client_error()
            && (says("no-uid-conflict") || says("unique-scheduling-object-resource")) =>
        {
            ErrorKind::Conflict { existing: None }
        }
        StatusCode::FORBIDDEN if names.is_empty() || says("need-privileges") => {
            ErrorKind::Forbidden { missing: names.to_vec() }
        }
        // 507: full, for good as far as we can see.
        StatusCode::FORBIDDEN | StatusCode::INSUFFICIENT_STORAGE => ErrorKind::Invalid,
        StatusCode::NOT_FOUND | StatusCode::GONE => ErrorKind::NotFound,
        StatusCode::PRECONDITION_FAILED if names.is_empty() => ErrorKind::Conflict { existing: None },
        // The collection that the object should go into is not there.
        StatusCode::CONFLICT if names.is_empty() => ErrorKind::NotFound,
        StatusCode::LOCKED => ErrorKind::Busy { after: retry_after(parts) },
        StatusCode::TOO_MANY_REQUESTS => ErrorKind::RateLimited { after: retry_after(parts) },
        StatusCode::SERVICE_UNAVAILABLE => match retry_after(parts) {
            Some(after) => ErrorKind::Busy { after: Some(after) },
            None => ErrorKind::Server,
        },
        StatusCode::NOT_IMPLEMENTED | StatusCode::METHOD_NOT_ALLOWED => ErrorKind::Config,
        _ if status.is_server_error() => ErrorKind::Server,
        _ if status.is_redirection() => ErrorKind::Config,
        _ if status.is_client_error() => ErrorKind::Invalid,
        _ => ErrorKind::Garbled,
    }
}

fn retry_after(parts: &Parts) -> Option<Duration> {
    let text = parts.headers.get(header::RETRY_AFTER)?.to_str().ok()?;
    text.parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::tests::answer;

    fn of(status: u16, body: &str) -> ErrorKind {
        let (parts, body) = answer(status, &[], body);
        error("caldav.put", &parts, &body).kind
    }

    #[test]
    fn each_refusal_has_its_meaning() {
        let named = |name: &str| format!("<D:error xmlns:D=\"DAV:\"><D:{name}/></D:error>");
        let conflict = ErrorKind::Conflict { existing: None };
        assert_eq!(of(401, ""), ErrorKind::Unauthorized);
        assert_eq!(of(403, ""), ErrorKind::Forbidden { missing: vec![] });
        assert!(matches!(of(403, &named("need-privileges")), ErrorKind::Forbidden { .. }));
        assert_eq!(of(403, &named("valid-calendar-data")), ErrorKind::Invalid);
        assert_eq!(of(404, ""), ErrorKind::NotFound);
        assert_eq!(of(409, ""), ErrorKind::NotFound);
        assert_eq!(of(412, ""), conflict);
        // The three servers say this each in its own way.
        for (status, name) in
            [(409, "no-uid-conflict"), (412, "no-uid-conflict"), (403, "unique-scheduling-object-resource")]
        {
            assert_eq!(of(status, &named(name)), conflict, "{status}");
        }
        assert_eq!(of(423, ""), ErrorKind::Busy { after: None });
        assert_eq!(of(507, ""), ErrorKind::Invalid);
        assert_eq!(of(500, "<html>"), ErrorKind::Server);
        assert_eq!(of(302, ""), ErrorKind::Config);
        assert_eq!(of(200, ""), ErrorKind::Garbled);
    }
}
