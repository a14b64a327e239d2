//! What Odoo's refusals mean. Error bodies are `{name, message, arguments, context, debug}`; `debug` is the
//! server's traceback, with paths and sometimes data: it is never read here, so it can't be logged.

use bytes::Bytes;
use connect::{Error, ErrorKind};
use http::{StatusCode, header, response::Parts};
use serde::Deserialize;
use std::{borrow::Cow, time::Duration};

/// Longest part of the server's words that is passed on, in characters.
const WORDS: usize = 300;

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    message: Cow<'a, str>,
}

/// The error for an answer that is not 200.
pub fn error(call: &str, parts: &Parts, body: &Bytes) -> Error {
    let status = parts.status;
    let told = serde_json::from_slice::<Body<'_>>(body).ok();
    let kind = kind(parts, told.as_ref());
    let detail = match &told {
        Some(told) => format!("{call}: {} {}", status.as_u16(), cut(&told.message)),
        None if matches!(kind, ErrorKind::Config) => {
            format!(
                "{call}: {} and no Odoo error: is this the base URL of an Odoo 19 or later?",
                status.as_u16()
            )
        }
        None => format!("{call}: {}", status.as_u16()),
    };
    Error::answered(kind, detail)
}

/// The server's words in one line, no longer than we pass on.
pub fn cut(words: &str) -> String {
    words.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(WORDS).collect()
}

fn kind(parts: &Parts, told: Option<&Body<'_>>) -> ErrorKind {
    match parts.status {
        StatusCode::UNAUTHORIZED => ErrorKind::Unauthorized,
        StatusCode::FORBIDDEN => {
            ErrorKind::Forbidden { missing: told.map(|told| cut(&told.message)).into_iter().collect() }
        }
        StatusCode::NOT_FOUND if told.is_none() => ErrorKind::Config,
        StatusCode::NOT_FOUND => ErrorKind::NotFound,
        // Odoo itself gave up retrying: another transaction holds the record.
        StatusCode::CONFLICT => ErrorKind::Busy { after: retry_after(parts) },
        // Odoo has no limit of its own; a proxy in front of it may.
        StatusCode::TOO_MANY_REQUESTS => ErrorKind::RateLimited { after: retry_after(parts) },
        StatusCode::INTERNAL_SERVER_ERROR => match told {
            // An unknown field or a wrong argument: a Python exception that comes again however often one asks.
            Some(told) if told.name.starts_with("builtins.") => ErrorKind::Invalid,
            Some(_) | None => ErrorKind::Server,
        },
        status if status.is_server_error() => ErrorKind::Server,
        status if status.is_redirection() => ErrorKind::Config,
        status if status.is_client_error() => ErrorKind::Invalid,
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
    use crate::calls::tests::recorded;

    fn of(name: &str) -> Error {
        let (parts, body) = recorded(name);
        error("crm.lead.search", &parts, &body)
    }

    #[test]
    fn each_recorded_refusal_has_its_meaning() {
        assert_eq!(of("error_401").kind, ErrorKind::Unauthorized);
        assert_eq!(of("error_404").kind, ErrorKind::NotFound);
        assert_eq!(of("error_404_model").kind, ErrorKind::NotFound);
        assert_eq!(of("error_422").kind, ErrorKind::Invalid);
        assert!(matches!(of("error_403").kind, ErrorKind::Forbidden { .. }));
    }

    #[test]
    fn a_500_for_an_unknown_field_is_never_tried_again() {
        let error = of("error_500_field");
        assert_eq!(error.kind, ErrorKind::Invalid);
        assert_eq!(error.detail, "crm.lead.search: 500 Invalid field 'nope' on 'crm.lead'");
    }

    #[test]
    fn other_failures_of_the_server_are_passing() {
        let (mut parts, _) = recorded("error_500_field");
        let body = Bytes::from_static(br#"{"name":"psycopg2.OperationalError","message":"server closed"}"#);
        assert_eq!(error("c", &parts, &body).kind, ErrorKind::Server);
        parts.status = StatusCode::BAD_GATEWAY;
        assert_eq!(error("c", &parts, &Bytes::from_static(b"<html>")).kind, ErrorKind::Server);
    }

    #[test]
    fn an_answer_that_is_not_odoos_points_at_the_base_url() {
        let (mut parts, _) = recorded("error_404");
        assert_eq!(error("c", &parts, &Bytes::from_static(b"<html>")).kind, ErrorKind::Config);
        parts.status = StatusCode::MOVED_PERMANENTLY;
        assert_eq!(error("c", &parts, &Bytes::new()).kind, ErrorKind::Config);
    }

    #[test]
    fn the_traceback_is_never_passed_on() {
        for name in ["error_401", "error_404", "error_422", "error_500_field"] {
            let detail = of(name).detail;
            assert!(!detail.contains("Traceback") && !detail.contains('\n'), "{detail}");
        }
    }
}
